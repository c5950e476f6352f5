//! A will as the message that is published.

use fabric::Will;

use crate::message::Message;

pub(crate) fn message(will: &Will) -> Message<'_> {
    Message {
        topic: &will.topic,
        qos: will.qos,
        retain: will.retain,
        expiry: will.expiry,
        properties: &will.properties,
        payload: &will.payload,
        publisher: None,
    }
}
