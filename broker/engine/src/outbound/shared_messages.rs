//! Messages that a share gave to one of its members, until that acknowledges them: if it goes first,
//! and its session with it, they are for another member (4.8.2, TRAP-16).

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use ahash::RandomState;
use broker_codec::PacketId;

use super::delivery::Delivery;
use super::stored::Stored;
use crate::owed_live::OwedLive;
use crate::routing::tree::ShareName;

/// One message.
#[derive(Debug)]
pub(crate) struct SharedMessage {
    pub(crate) message: Rc<Stored>,
    pub(crate) share: Arc<ShareName>,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    /// The record that is owed to the client, if the log has one.
    pub(crate) owed_live: Option<Arc<OwedLive>>,
}

impl SharedMessage {
    pub(crate) fn new(
        message: Rc<Stored>,
        share: &Arc<ShareName>,
        delivery: &Delivery<'_>,
    ) -> Self {
        Self {
            message,
            share: Arc::clone(share),
            qos: delivery.qos,
            retain: delivery.retain,
            owed_live: delivery.owed_live.cloned(),
        }
    }
}

/// Those a client has not acknowledged. QoS 2 is not among them: what began there may not be sent
/// to anybody else [MQTT-4.8.2-5].
#[derive(Debug, Default)]
pub(crate) struct SharedMessages {
    held: HashMap<PacketId, (u64, SharedMessage), RandomState>,
    /// The records of what was too much to keep.
    owed_live: HashMap<PacketId, Arc<OwedLive>, RandomState>,
    bytes: usize,
    count: u64,
}

impl SharedMessages {
    /// Notes what was sent, unless that would be too much to keep.
    pub(crate) fn keep(&mut self, id: PacketId, one: SharedMessage, bytes_max: usize) {
        let bytes = one.message.bytes();
        if self.bytes + bytes <= bytes_max {
            self.bytes += bytes;
            self.count += 1;
            self.held.insert(id, (self.count, one));
        } else {
            self.owed_live.extend(one.owed_live.map(|owed| (id, owed)));
        }
    }

    /// It arrived.
    pub(crate) fn settle(&mut self, id: PacketId) {
        if let Some((_, one)) = self.held.remove(&id) {
            self.bytes -= one.message.bytes();
        } else if !self.owed_live.is_empty() {
            self.owed_live.remove(&id);
        }
    }

    /// What did not, in the order it was sent. What was too much to keep stays owed until the next start,
    /// if the log has it.
    pub(crate) fn left(self) -> impl Iterator<Item = SharedMessage> {
        self.owed_live.values().for_each(|owed| owed.keep());
        let mut left: Vec<_> = self.held.into_values().collect();
        left.sort_unstable_by_key(|(number, _)| *number);
        left.into_iter().map(|(_, one)| one)
    }
}
