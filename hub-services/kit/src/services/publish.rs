//! The publish gate, for modules: the same checks an MQTT client passes.

use std::sync::Arc;

use bytes::Bytes;
use uns_model::{OrgId, Sequence};

use crate::Refusal;
use crate::caller::Rights;
use crate::services::Boxed;

/// Publishes into the namespace and to its MQTT subscribers.
pub trait Publish: Send + Sync {
    /// Publishes what one producer has to say together: in the order of the items, as one append.
    /// Answers after the commit, one result per item in their order; one refused item stops no
    /// other. Batches never wait for each other: who needs an order between two waits for the
    /// answer of the first.
    ///
    /// With a mark, the answer has one result more, behind those of the items: what became of it. In
    /// the log it is beside the items, or neither is. A mark that is refused stops all of them.
    fn together(&self, batch: PublishBatch) -> Boxed<'_, Vec<Result<Published, Refusal>>>;

    /// Takes over the work of a durable consumer, from a task that ended or a process that died: gives
    /// the epoch its marks carry from now on, and where the last one left it. Marks of epochs before
    /// are refused (`fenced`).
    fn resume(&self, org: OrgId, consumer: &str) -> Boxed<'_, Result<Resumed, Refusal>>;
}

/// Where a durable consumer goes on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resumed {
    /// For its marks.
    pub epoch: u64,
    /// The position of its last mark, empty if there is none.
    pub position: Bytes,
    /// The state of its last mark, empty if there is none.
    pub state: Bytes,
}

/// How far a durable consumer is once what it publishes beside this is in the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// Its name, at most 255 bytes.
    pub consumer: String,
    /// As [`Publish::resume`] gave it.
    pub epoch: u64,
    /// Where it goes on, in its own words, at most 1 KiB. Places in the log are cursors.
    pub position: Bytes,
    /// What it has to remember, in its own words, at most 64 KiB.
    pub state: Bytes,
    /// Its work is over for good: it is forgotten.
    pub ends: bool,
}

/// What one producer publishes together.
#[derive(Clone, Debug)]
pub struct PublishBatch {
    /// The publishing organisation.
    pub org: OrgId,
    /// Who publishes, as the log and the subscribers will know it.
    pub client_id: Arc<str>,
    /// What they may do. The topic of each item and of each row of a batch in a payload is judged by
    /// it, and no refusal tells of a topic that it keeps from them.
    pub rights: Arc<dyn Rights>,
    /// What, in order.
    pub items: Vec<PublishItem>,
    /// How far its producer is then, if it has to find its place again.
    pub mark: Option<Mark>,
}

/// One message to publish.
#[derive(Clone, Debug)]
pub struct PublishItem {
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
    /// Where it is a batch: all of its rows, or none (NS-21).
    pub atomic: bool,
}

/// A published message, durable.
#[derive(Clone, Debug, Default)]
pub struct Published {
    /// Its own place in the log; `None` where nothing is kept of it, such as a command.
    pub sequence: Option<Sequence>,
    /// Where it is a batch: how many of its rows were refused.
    pub refused: u32,
    /// The first of them; the dead letters have all.
    pub refused_rows: Vec<RefusedRow>,
}

/// A row of a batch that was refused by itself.
#[derive(Clone, Debug)]
pub struct RefusedRow {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// Where it was to go.
    pub topic: String,
    /// Why.
    pub refusal: Refusal,
}
