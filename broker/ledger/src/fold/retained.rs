//! Retained messages of topics without a node; the namespace keeps those of nodes. A snapshot copies
//! them in pieces while the fold goes on: a message that changes before its turn is copied as it was.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use ahash::{AHashMap, AHashSet};
use fabric::Message;
use uns_model::{Kept, OrgId, PublisherId, Sequence, Timestamp, TopicMap};

const NANOS: i64 = 1_000_000_000;
/// The most topics that are tried again. Others are not shared until they change.
const UNSHARED_MAX: usize = 4_096;
/// How often a topic is tried again. The broker may have removed its message, because it expired.
const TRIED_MAX: u8 = 16;

/// The broker, which keeps the same retained messages. Strings and messages that both have are in
/// memory once.
pub trait SharedRetained: Send + Sync {
    /// The broker's string of a topic.
    fn name(&self, org: OrgId, topic: &str) -> Option<Arc<str>>;

    /// The broker's message of a topic, if it is the same.
    fn same(&self, org: OrgId, topic: &str, kept: &Kept) -> Option<Kept>;
}

/// The last retained message of each topic. There is no limit here: the broker limits them when they
/// are published, and a publisher whose message is in the log was told that it is retained.
#[derive(Default)]
pub(crate) struct Retained {
    by_org: AHashMap<OrgId, TopicMap<Stored>>,
    count: usize,
    bytes: usize,
    pub(crate) shared: Option<Arc<dyn SharedRetained>>,
    /// Topics whose message the broker did not have when it was folded.
    unshared: Vec<Unshared>,
    copying: Option<Copying>,
}

/// A topic that is tried again.
#[derive(Debug)]
struct Unshared {
    org: OrgId,
    topic: Arc<str>,
    /// How often it was tried.
    tried: u8,
}

/// A retained message in a snapshot.
#[derive(Clone, Debug)]
pub(crate) struct RetainedCopy {
    pub(crate) org: OrgId,
    pub(crate) topic: Arc<str>,
    pub(crate) stored: Stored,
}

/// How far a snapshot is. It copies slot by slot, one organisation after the other.
#[derive(Debug)]
struct Copying {
    /// The organisations that are not copied yet. The last one is copied next.
    organisations: BTreeMap<OrgId, Slots>,
    /// Slots that have changed before their turn.
    changed: AHashSet<(OrgId, u32)>,
    /// The messages that were in them when the snapshot began.
    saved: Vec<RetainedCopy>,
}

/// The slots of an organisation that are not copied yet.
#[derive(Debug)]
struct Slots {
    next: u32,
    /// The number of slots when the snapshot began.
    end: u32,
}

impl Copying {
    /// A slot is about to get another message, or none. `before` is what it has.
    fn before_change(&mut self, org: OrgId, slot: u32, before: Option<(&Arc<str>, &Stored)>) {
        let slots = self.organisations.get(&org);
        let is_pending = slots.is_some_and(|slots| (slots.next..slots.end).contains(&slot));
        if is_pending && self.changed.insert((org, slot)) {
            self.saved.extend(before.map(|(topic, stored)| RetainedCopy {
                org,
                topic: Arc::clone(topic),
                stored: stored.clone(),
            }));
        }
    }
}

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
        if message.payload.is_empty() {
            return self.remove(org, topic);
        }
        let kept = Kept::new(message.qos, message.expiry, message.properties, message.payload);
        let shared = self.shared.as_ref();
        let same = shared.filter(|_| !kept.is_in_place());
        let same = same.map(|shared| shared.same(org, topic, &kept));
        let is_late = matches!(same, Some(None));
        let kept = same.flatten().unwrap_or(kept);
        let stored = Stored { kept, sequence, ingest, publisher };
        let slot = self.by_org.get(&org).and_then(|topics| topics.find(topic));
        if let Some(slot) = slot {
            self.replace(org, slot, stored);
            return self.share_later(is_late, org, || topic.into());
        }
        let name = shared.and_then(|shared| shared.name(org, topic));
        let is_late = is_late || (shared.is_some() && name.is_none());
        let name = name.unwrap_or_else(|| topic.into());
        self.share_later(is_late, org, || Arc::clone(&name));
        self.insert(org, name, stored);
    }

    /// Remembers a topic that could not be shared yet.
    fn share_later(&mut self, is_late: bool, org: OrgId, topic: impl FnOnce() -> Arc<str>) {
        if is_late && self.unshared.len() < UNSHARED_MAX {
            self.unshared.push(Unshared { org, topic: topic(), tried: 0 });
        }
    }

    /// Shares what the broker has by now.
    pub(crate) fn share_late(&mut self) {
        let Some(shared) = self.shared.clone() else { return };
        for Unshared { org, topic, tried } in std::mem::take(&mut self.unshared) {
            if !self.by_org.contains_key(&org) {
                continue;
            }
            let Some(name) = shared.name(org, &topic) else {
                if tried < TRIED_MAX {
                    self.unshared.push(Unshared { org, topic, tried: tried + 1 });
                }
                continue;
            };
            let Some((_, mut stored)) = self.take(org, &topic) else { continue };
            if let Some(same) = shared.same(org, &topic, &stored.kept) {
                stored.kept = same;
            }
            self.insert(org, name, stored);
        }
    }

    /// Adds a message of a topic that has none.
    pub(crate) fn insert(&mut self, org: OrgId, topic: Arc<str>, stored: Stored) {
        self.count += 1;
        self.bytes += topic.len() + stored.bytes_len();
        let slot = self.by_org.entry(org).or_default().insert(topic, stored);
        if let Some(copying) = &mut self.copying {
            copying.before_change(org, slot, None);
        }
    }

    /// Replaces the message in a slot.
    fn replace(&mut self, org: OrgId, slot: u32, stored: Stored) {
        let Some(topics) = self.by_org.get_mut(&org) else { return };
        let Some((topic, old)) = topics.get(slot) else { return };
        if let Some(copying) = &mut self.copying {
            copying.before_change(org, slot, Some((topic, old)));
        }
        self.bytes = self.bytes - old.bytes_len() + stored.bytes_len();
        if let Some(old) = topics.get_mut(slot) {
            *old = stored;
        }
    }

    pub(super) fn remove(&mut self, org: OrgId, topic: &str) {
        self.take(org, topic);
    }

    /// Removes a message and returns it.
    fn take(&mut self, org: OrgId, topic: &str) -> Option<(Arc<str>, Stored)> {
        let topics = self.by_org.get_mut(&org)?;
        let slot = topics.find(topic)?;
        let (topic, old) = topics.remove(slot)?;
        if let Some(copying) = &mut self.copying {
            copying.before_change(org, slot, Some((&topic, &old)));
        }
        self.count -= 1;
        self.bytes -= topic.len() + old.bytes_len();
        if topics.is_empty() {
            self.by_org.remove(&org);
        }
        Some((topic, old))
    }

    /// Begins a snapshot.
    pub(super) fn begin_copy(&mut self) {
        let slots = |topics: &TopicMap<Stored>| Slots { next: 0, end: topics.slots() };
        let organisations = self.by_org.iter().map(|(org, topics)| (*org, slots(topics))).collect();
        let (changed, saved) = (AHashSet::new(), Vec::new());
        self.copying = Some(Copying { organisations, changed, saved });
    }

    pub(super) fn cancel_copy(&mut self) {
        self.copying = None;
    }

    /// Copies the messages of the next `limit` slots. Returns whether the snapshot has all of them.
    pub(super) fn copy_piece(&mut self, limit: usize, into: &mut Vec<RetainedCopy>) -> bool {
        let Some(copying) = &mut self.copying else { return true };
        into.append(&mut copying.saved);
        let mut left = limit;
        while let Some(mut entry) = copying.organisations.last_entry() {
            let (org, slots) = (*entry.key(), entry.get_mut());
            let topics = self.by_org.get(&org);
            while slots.next < slots.end {
                if left == 0 {
                    return false;
                }
                left -= 1;
                let slot = slots.next;
                slots.next += 1;
                let found = topics.and_then(|topics| topics.get(slot));
                let is_changed = copying.changed.contains(&(org, slot));
                if let Some((topic, stored)) = found.filter(|_| !is_changed) {
                    let (topic, stored) = (Arc::clone(topic), stored.clone());
                    into.push(RetainedCopy { org, topic, stored });
                }
            }
            entry.remove();
        }
        self.copying = None;
        true
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
