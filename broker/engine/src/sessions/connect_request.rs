//! What a CONNECT said, without the bytes it came in.

use broker_codec::Connect;
use bytes::Bytes;
use fabric::Will;

use crate::outbound::receiver_limits::ReceiverLimits;

/// What a CONNECT said, for as long as it takes to find out who it is.
#[derive(Debug)]
pub(crate) struct ConnectRequest {
    /// Empty if the broker is to choose one.
    pub(crate) client_id: Box<str>,
    /// Clean Start; Clean Session in MQTT 3.1.1.
    pub(crate) clean_start: bool,
    pub(crate) keep_alive: u16,
    pub(crate) session_expiry: Option<u32>,
    pub(crate) limits: ReceiverLimits,
    pub(crate) will: Option<Box<Will>>,
}

impl ConnectRequest {
    /// Takes over what is needed later.
    pub(crate) fn of(connect: &Connect<'_>) -> Self {
        let properties = &connect.properties;
        let will = connect.will.as_ref().map(|will| {
            let mut scratch = Vec::new();
            Box::new(Will {
                topic: will.topic.into(),
                payload: Bytes::copy_from_slice(will.payload),
                properties: Bytes::copy_from_slice(
                    will.properties.pass_through.bytes(&mut scratch),
                ),
                qos: will.qos.level(),
                retain: will.retain,
                expiry: will.properties.message_expiry,
                delay: will.delay_interval.unwrap_or(0),
            })
        });
        Self {
            client_id: connect.client_id.into(),
            clean_start: connect.clean_start,
            keep_alive: connect.keep_alive,
            session_expiry: properties.session_expiry_interval,
            limits: ReceiverLimits::of(connect),
            will,
        }
    }
}
