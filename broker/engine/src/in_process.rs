//! What producers inside this process publish: batches, of which each is one append.

use std::sync::Arc;

use bytes::Bytes;
use fabric::{Mark, MarkDoes, Rejection};
use uns_model::OrgId;

use crate::access::Access;
use crate::message::Message;
use crate::now::Now;

/// A publish from inside the process.
#[derive(Clone, Debug, Default)]
pub struct InProcess {
    /// Where to.
    pub topic: String,
    /// What.
    pub payload: Bytes,
    /// 0 to 2. The outcome follows the commit, whatever it is.
    pub qos: u8,
    /// Whether it is retained.
    pub retain: bool,
    /// Message Expiry Interval.
    pub expiry: Option<u32>,
    /// MQTT 5 properties that pass unchanged, in wire form.
    pub properties: Bytes,
}

impl InProcess {
    pub(crate) fn message(&self) -> Message<'_> {
        Message {
            topic: &self.topic,
            qos: self.qos.min(2),
            retain: self.retain,
            expiry: self.expiry,
            properties: &self.properties,
            payload: &self.payload,
            publisher: None,
        }
    }
}

/// How far a durable consumer is with what it publishes, as [`Mark`] says it in the log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// Its name.
    pub consumer: String,
    /// Rises whenever its work is taken over. One below the highest there was is refused.
    pub epoch: u64,
    /// Where it goes on, in its own words, at most [`Mark::POSITION_BYTES_MAX`].
    pub position: Bytes,
    /// What it has to remember, in its own words, at most [`Mark::STATE_BYTES_MAX`].
    pub state: Bytes,
    /// What is said: how far it is, that it is taken over, or that it ends.
    pub does: MarkDoes,
}

impl Progress {
    pub(crate) fn mark(&self, org: OrgId, now: Now) -> Mark<'_> {
        let Self { consumer, epoch, position, state, does } = self;
        Mark { org, consumer, epoch: *epoch, position, state, does: *does, ingest: now.wall }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.consumer.len() + self.position.len() + self.state.len()
    }
}

/// What one producer in this process publishes together: in this order, as one append.
#[derive(Clone, Debug, Default)]
pub struct Together {
    /// Whose topics.
    pub org: OrgId,
    /// Who publishes.
    pub client_id: String,
    /// What they may publish, asked for the topic of each item and of each row of a batch (NS-21),
    /// and what a refusal may tell them of. Without it, everything.
    pub access: Option<Arc<dyn Access>>,
    /// What, in order.
    pub items: Vec<InProcess>,
    /// How far the producer is once this is in the log. It is answered behind the items, and where it
    /// is refused, nothing of the batch is taken.
    pub mark: Option<Progress>,
}

/// A batch that is offered until it is taken.
#[derive(Debug)]
pub struct Offer {
    pub(crate) batch: Together,
    /// So many of its items have passed the rate.
    pub(crate) charged: usize,
    /// It had to wait for the rate, which is counted once.
    pub(crate) limited: bool,
    /// What was refused while it was looked at, by position: a refusal is counted once.
    pub(crate) refused: Vec<Option<Rejection>>,
}

impl Offer {
    /// Nothing of it was looked at yet.
    pub fn new(batch: Together) -> Self {
        Self { batch, charged: 0, limited: false, refused: Vec::new() }
    }

    /// Whose topics it is for.
    pub fn org(&self) -> OrgId {
        self.batch.org
    }

    /// How many answers it gets: one for each item, and one for its mark.
    pub fn len(&self) -> usize {
        self.batch.items.len() + usize::from(self.batch.mark.is_some())
    }

    /// It has neither items nor a mark.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn take_refused(&mut self, at: usize) -> Option<Rejection> {
        self.refused.get_mut(at).and_then(Option::take)
    }
}
