//! The publish gate, for modules: the same checks an MQTT client passes.

use std::sync::Arc;

use bytes::Bytes;
use uns_model::{OrgId, Sequence};

use crate::Refusal;
use crate::services::Boxed;

/// Publishes into the namespace and to its MQTT subscribers.
pub trait Publish: Send + Sync {
    /// Publishes every item and answers after the commit, one result per item in their order. One
    /// refused item stops no other.
    fn publish(&self, items: Vec<PublishItem>) -> Boxed<'_, Vec<Result<Published, Refusal>>>;
}

/// One message to publish.
#[derive(Clone, Debug)]
pub struct PublishItem {
    /// The publishing organisation.
    pub org: OrgId,
    /// The topic.
    pub topic: String,
    /// The payload, passed on unchanged.
    pub payload: Bytes,
    /// MQTT QoS of the live delivery, 0 to 2.
    pub qos: u8,
    /// Keep as the topic's retained message.
    pub retain: bool,
    /// Seconds after which undelivered copies die.
    pub expiry: Option<u32>,
    /// The MQTT 5 Content Type.
    pub content_type: Option<String>,
    /// Who publishes, as the log and the subscribers will know it.
    pub client_id: Arc<str>,
}

/// A published message, durable.
#[derive(Clone, Copy, Debug)]
pub struct Published {
    /// The end of the commit it was part of; `None` where nothing is kept of it, such as a command.
    pub sequence: Option<Sequence>,
}
