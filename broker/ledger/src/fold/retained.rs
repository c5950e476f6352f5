//! Retained messages of topics without a node: the namespace keeps those of nodes.

use std::fmt;
use std::sync::Arc;

use ahash::AHashMap;
use fabric::Message;
use uns_model::{Kept, OrgId, PublisherId, Sequence, Timestamp, TopicMap};

const NANOS: i64 = 1_000_000_000;
/// Most topics looked at again; what is beyond them is not shared until it changes.
const UNSHARED_MAX: usize = 4_096;
/// How often: the other may have seen it expire.
const TRIED_MAX: u8 = 16;

/// Who else keeps retained messages, as the broker does: what both have exists once.
pub trait SharedRetained: Send + Sync {
    /// The other's string of a topic.
    fn name(&self, org: OrgId, topic: &str) -> Option<Arc<str>>;

    /// The other's message of a topic, if it says the same.
    fn same(&self, org: OrgId, topic: &str, kept: &Kept) -> Option<Kept>;
}

/// The last retained message of each topic. How many there may be is decided once, where the broker
/// admits them: who published what is in the log was told that it is kept, so here is no limit.
#[derive(Default)]
pub(crate) struct Retained {
    by_org: AHashMap<OrgId, TopicMap<Stored>>,
    count: usize,
    bytes: usize,
    pub(crate) shared: Option<Arc<dyn SharedRetained>>,
    /// Topics whose message the other does not have yet; it follows the log by itself.
    unshared: Vec<Unshared>,
}

/// A topic that is looked at again, and how often it was.
type Unshared = (OrgId, Arc<str>, u8);

/// One message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stored {
    pub(crate) kept: Kept,
    pub(crate) sequence: Sequence,
    pub(crate) ingest: Timestamp,
    pub(crate) publisher: PublisherId,
}

impl Stored {
    /// Of properties and payload.
    pub(crate) fn bytes_len(&self) -> usize {
        self.kept.properties().len() + self.kept.payload().len()
    }

    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        let seconds = |expiry: u32| i64::from(expiry).saturating_mul(NANOS);
        let age = now.0.saturating_sub(self.ingest.0);
        self.kept.expiry().is_some_and(|expiry| age >= seconds(expiry))
    }
}

impl Retained {
    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Their bytes, topics included.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Applies a message; one without RETAIN changes nothing.
    pub(super) fn fold(&mut self, sequence: Sequence, message: &Message<'_>) {
        if !message.retain {
            return;
        }
        let Message { org, topic, publisher, ingest, .. } = *message;
        let slot = self.by_org.get(&org).and_then(|topics| topics.find(topic));
        if message.payload.is_empty() {
            return self.remove(org, topic);
        }
        let size = topic.len() + message.properties.len() + message.payload.len();
        let old = slot.and_then(|slot| self.by_org.get(&org)?.get(slot));
        let gone = old.map_or(0, |(name, old)| name.len() + old.bytes_len());
        let kept = Kept::new(message.qos, message.expiry, message.properties, message.payload);
        let shared = self.shared.as_ref();
        let same = shared.filter(|_| !kept.is_in_place());
        let same = same.map(|shared| shared.same(org, topic, &kept));
        let is_late = matches!(same, Some(None));
        let kept = same.flatten().unwrap_or(kept);
        let stored = Stored { kept, sequence, ingest, publisher };
        let topics = self.by_org.get_mut(&org);
        match slot.zip(topics).and_then(|(slot, topics)| topics.get_mut(slot)) {
            Some(old) => {
                self.bytes = self.bytes - gone + size;
                *old = stored;
            }
            None => {
                let name = shared.and_then(|shared| shared.name(org, topic));
                let is_late = is_late || (shared.is_some() && name.is_none());
                let name = name.unwrap_or_else(|| topic.into());
                if is_late && self.unshared.len() < UNSHARED_MAX {
                    self.unshared.push((org, Arc::clone(&name), 0));
                }
                return self.insert(org, name, stored);
            }
        }
        if is_late && self.unshared.len() < UNSHARED_MAX {
            self.unshared.push((org, topic.into(), 0));
        }
    }

    /// Shares what the other has meanwhile.
    pub(crate) fn share_late(&mut self) {
        let Some(shared) = self.shared.clone() else { return };
        for (org, topic, tried) in std::mem::take(&mut self.unshared) {
            let Some(topics) = self.by_org.get_mut(&org) else { continue };
            let Some(name) = shared.name(org, &topic) else {
                if tried < TRIED_MAX {
                    self.unshared.push((org, topic, tried + 1));
                }
                continue;
            };
            let found = topics.find(&topic).and_then(|slot| topics.remove(slot));
            let Some((_, mut stored)) = found else { continue };
            if let Some(same) = shared.same(org, &topic, &stored.kept) {
                stored.kept = same;
            }
            topics.insert(name, stored);
        }
    }

    /// Adds a message of a topic that has none.
    pub(crate) fn insert(&mut self, org: OrgId, topic: Arc<str>, stored: Stored) {
        self.count += 1;
        self.bytes += topic.len() + stored.bytes_len();
        self.by_org.entry(org).or_default().insert(topic, stored);
    }

    pub(super) fn remove(&mut self, org: OrgId, topic: &str) {
        let Some(topics) = self.by_org.get_mut(&org) else { return };
        if let Some((topic, old)) = topics.find(topic).and_then(|slot| topics.remove(slot)) {
            self.count -= 1;
            self.bytes -= topic.len() + old.bytes_len();
        }
        if topics.is_empty() {
            self.by_org.remove(&org);
        }
    }

    /// Every message.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (OrgId, &Arc<str>, &Stored)> {
        self.by_org
            .iter()
            .flat_map(|(org, topics)| topics.iter().map(|(topic, one)| (*org, topic, one)))
    }
}

impl fmt::Debug for Retained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Retained({} messages)", self.count)
    }
}
