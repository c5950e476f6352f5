//! Deliveries to another core: each publish once, with its matched receivers, in one buffer that is
//! handed over whole.

use std::sync::Arc;

use crate::key::Address;
use crate::message::Message;
use crate::owed_live::OwedLive;
use crate::routing::route::{Receivers, Target};
use crate::routing::tree::ShareName;

/// Publishes from one core to another.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    receivers: Vec<NotedReceivers>,
    /// The records that are owed to receivers without a session that lasts, by entry, in order.
    owed_live: Vec<(usize, Arc<OwedLive>)>,
}

/// Receivers of one core; of a share one member.
#[derive(Debug)]
struct NotedReceivers {
    targets: Arc<[Target]>,
    share: Option<Arc<ShareName>>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    targets: u32,
    topic: u32,
    properties: u32,
    payload: u32,
    expiry: Option<u32>,
    publisher: Option<Address>,
    qos: u8,
    retain: bool,
}

impl Batch {
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many bytes wait, with what their entries cost.
    pub fn bytes_len(&self) -> usize {
        self.bytes.len() + self.entries.len() * size_of::<Entry>()
    }

    /// How many publishes wait.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Empties it for reuse; unusually large memory is given back.
    pub fn clear(&mut self) {
        const KEEP: usize = 1 << 20;
        self.bytes.clear();
        self.bytes.shrink_to(KEEP);
        self.entries.clear();
        self.receivers.clear();
        self.owed_live.clear();
    }

    /// Notes receivers and returns their number within this batch.
    pub(crate) fn add_targets(
        &mut self,
        targets: &Arc<[Target]>,
        share: Option<&Arc<ShareName>>,
    ) -> u32 {
        self.receivers.push(NotedReceivers { targets: Arc::clone(targets), share: share.cloned() });
        narrow(self.receivers.len() - 1)
    }

    pub(crate) fn push(
        &mut self,
        message: &Message<'_>,
        targets: u32,
        owed_live: Option<&Arc<OwedLive>>,
    ) {
        self.owed_live.extend(owed_live.map(|owed| (self.entries.len(), Arc::clone(owed))));
        self.bytes.extend_from_slice(message.topic.as_bytes());
        self.bytes.extend_from_slice(message.properties);
        self.bytes.extend_from_slice(message.payload);
        self.entries.push(Entry {
            targets,
            topic: narrow(message.topic.len()),
            properties: narrow(message.properties.len()),
            payload: narrow(message.payload.len()),
            expiry: message.expiry,
            publisher: message.publisher,
            qos: message.qos,
            retain: message.retain,
        });
    }

    /// Every publish with its receivers, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Message<'_>, Receivers<'_>)> {
        let mut rest = self.bytes.as_slice();
        let mut take = move |len: u32| {
            let (piece, after) = rest.split_at_checked(len as usize).unwrap_or_default();
            rest = after;
            piece
        };
        let mut owed_live = self.owed_live.iter().peekable();
        self.entries.iter().enumerate().map(move |(nth, entry)| {
            let owed_live = owed_live.next_if(|(of, _)| *of == nth).map(|(_, owed)| owed);
            let topic = take(entry.topic);
            let message = Message {
                topic: std::str::from_utf8(topic).unwrap_or_default(),
                qos: entry.qos,
                retain: entry.retain,
                expiry: entry.expiry,
                properties: take(entry.properties),
                payload: take(entry.payload),
                publisher: entry.publisher,
            };
            let noted = self.receivers.get(entry.targets as usize);
            let to = noted.map(|noted| Receivers {
                targets: &noted.targets,
                share: noted.share.as_ref(),
                owed_live,
            });
            (message, to.unwrap_or_default())
        })
    }
}

/// Lengths of one packet, and places in a batch of bounded size, fit 32 bits.
fn narrow(len: usize) -> u32 {
    u32::try_from(len).expect("packets and batches are far below 4 GiB")
}
