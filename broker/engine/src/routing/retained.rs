//! Retained messages of all cores, in topic order: a filter is a few runs of neighbours, read in slices
//! that resume after the last topic they delivered.

mod message;
mod order;
mod position;
mod size;
mod topics;
mod walk;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ahash::RandomState;
use arc_swap::ArcSwap;
use parking_lot::RwLock;
use uns_model::{Kept, OrgId, Sequence};

pub(crate) use message::Content;
use message::OVERHEAD;
pub use message::{Held, Retained};
use position::Position;
pub use size::Quota;
use size::{Size, SizeChange};
use topics::Topics;
pub use walk::Walk;

/// What one organisation retains.
#[derive(Debug, Default)]
struct Root {
    messages: RwLock<Messages>,
    /// Without the broker's figures.
    size: Size,
}

#[derive(Debug, Default)]
struct Messages {
    topics: Topics,
    expiries: BinaryHeap<Reverse<(Duration, Arc<str>)>>,
}

type Roots = HashMap<OrgId, Arc<Root>, RandomState>;

/// Whether a topic counts for its organisation: the broker's figures do not.
fn is_own(topic: &str) -> bool {
    !topic.starts_with("$SYS/")
}

/// The retained messages of all organisations: where there is a log, a fold over it, which somebody
/// keeps with [`RetainedMessages::set`] and [`RetainedMessages::clear`] in the order of the log.
///
/// Cores share no lock here while there is room: a publish compares sums. What is read or written by
/// topic takes the lock of its organisation.
#[derive(Debug)]
pub struct RetainedMessages {
    /// Those that ever retained something. There are no more than organisations.
    orgs: ArcSwap<Roots>,
    size: Size,
    /// Before this nothing expires, in nanoseconds of the monotonic clock.
    next_expiry: AtomicU64,
    quota: Quota,
    /// Of each organisation.
    each: Quota,
    position: Position,
}

impl RetainedMessages {
    /// Starts empty; with a quota for all, and one for each organisation.
    pub fn new(quota: Quota, each: Quota) -> Self {
        Self {
            orgs: ArcSwap::default(),
            size: Size::default(),
            next_expiry: AtomicU64::new(u64::MAX),
            quota,
            each,
            position: Position::default(),
        }
    }

    /// Has this called when the fold moves and a core waits for it: then the embedder says
    /// [`crate::Signal::Folded`] to every core.
    pub fn set_wake(&self, wake: impl Fn() + Send + Sync + 'static) {
        self.position.set_wake(Box::new(wake));
    }

    /// Everything up to this sequence is in here.
    pub fn applied(&self, sequence: Sequence) {
        self.position.move_to(sequence);
    }

    /// Whether everything up to this sequence is in here; if not, cores are told when it may be.
    pub(crate) fn has_applied(&self, sequence: Sequence) -> bool {
        self.position.is_at(sequence)
    }

    /// How many messages and bytes are retained.
    pub fn size(&self) -> (usize, usize) {
        self.size.get()
    }

    /// Whether a message of this size on this topic would be kept. One that takes the place of an
    /// equal or larger one always is.
    pub fn has_room(&self, org: OrgId, topic: &str, bytes: usize) -> bool {
        let bytes = bytes + OVERHEAD;
        let orgs = self.orgs.load();
        let root = orgs.get(&org);
        // Mostly there is room even for a new topic, and nobody has to look whether it is one.
        self.fits(root, 1, bytes) || {
            let old = root.and_then(|root| root.bytes_of(topic));
            old.is_some_and(|old| old >= bytes || self.fits(root, 0, bytes - old))
        }
    }

    /// Whether there may be so much more.
    fn fits(&self, root: Option<&Arc<Root>>, count: usize, bytes: usize) -> bool {
        let holds = |quota: Quota, (old_count, old_bytes): (usize, usize)| {
            quota.holds(old_count + count, old_bytes + bytes)
        };
        let own = root.map_or((0, 0), |root| root.size.get());
        holds(self.quota, self.size.get()) && holds(self.each, own)
    }

    /// Whether a message of this size takes the place of one about as large.
    pub(crate) fn replaces(&self, org: OrgId, topic: &str, bytes: usize) -> bool {
        const SLACK: usize = 64;
        let old = self.orgs.load().get(&org).and_then(|root| root.bytes_of(topic));
        old.is_some_and(|old| old + SLACK >= bytes + OVERHEAD)
    }

    /// Makes room for so many messages that an organisation is about to get.
    pub fn reserve(&self, org: OrgId, more: usize) {
        let orgs = self.orgs.load();
        let root = orgs.get(&org).map_or_else(|| self.new_root(org), Arc::clone);
        root.messages.write().topics.reserve(more);
    }

    /// Keeps a message in place of the topic's last one.
    pub fn set(&self, org: OrgId, message: Retained) {
        let Retained { topic, expires, kept } = message;
        self.keep(org, &topic, || Arc::clone(&topic), Content { expires, kept });
    }

    /// As [`RetainedMessages::set`]; the topic's string is asked for only where it is not known.
    pub(crate) fn keep(
        &self,
        org: OrgId,
        topic: &str,
        name: impl FnOnce() -> Arc<str>,
        Content { expires, kept }: Content,
    ) {
        let bytes = Held { topic, expires, kept: &kept }.bytes();
        let orgs = self.orgs.load();
        let own;
        let root = match orgs.get(&org) {
            Some(root) => root,
            None => {
                own = self.new_root(org);
                &own
            }
        };
        let mut messages = root.messages.write();
        let before = messages.topics.set(topic, name, Content { expires, kept });
        self.note_size(root, topic, SizeChange { before, after: Some(bytes) });
        if let Some(at) = expires {
            messages.note_expiry(at, topic);
            // After the entry is there: a search for expired messages may have missed it.
            self.next_expiry.fetch_min(nanos(at), Ordering::AcqRel);
        }
    }

    /// Forgets the topic's message.
    pub fn clear(&self, org: OrgId, topic: &str) {
        if let Some(root) = self.orgs.load().get(&org) {
            let before = root.messages.write().topics.remove(topic);
            self.note_size(root, topic, SizeChange { before, after: None });
        }
    }

    /// The topic's message.
    pub fn get(&self, org: OrgId, topic: &str) -> Option<Retained> {
        let orgs = self.orgs.load();
        let messages = orgs.get(&org)?.messages.read();
        let held = messages.topics.get(topic)?;
        let (expires, kept) = (held.expires, held.kept.clone());
        Some(Retained { topic: held.topic.into(), expires, kept })
    }

    /// The topic's message, if it says the same: to keep one allocation instead of two.
    pub fn same(&self, org: OrgId, topic: &str, kept: &Kept) -> Option<Kept> {
        let orgs = self.orgs.load();
        let messages = orgs.get(&org)?.messages.read();
        Some(messages.topics.get(topic)?.kept).filter(|held| *held == kept).cloned()
    }

    /// The topic's string, if it has a message.
    pub fn name(&self, org: OrgId, topic: &str) -> Option<Arc<str>> {
        self.orgs.load().get(&org)?.messages.read().topics.name(topic)
    }

    /// Removes what expired; at most `limit` messages per call.
    pub fn expire(&self, now: Duration, limit: usize) {
        if self.next_expiry.load(Ordering::Acquire) > nanos(now) {
            return;
        }
        // What is kept from here on says itself when it expires, and what was kept before is seen below.
        self.next_expiry.swap(u64::MAX, Ordering::AcqRel);
        let mut left = limit;
        for root in self.orgs.load().values() {
            let mut messages = root.messages.write();
            while left > 0
                && let Some(topic) = messages.take_due(now)
            {
                left -= 1;
                // One that was replaced may expire later, or never.
                if messages.topics.get(&topic).is_some_and(|message| message.expired(now)) {
                    let before = messages.topics.remove(&topic);
                    self.note_size(root, &topic, SizeChange { before, after: None });
                }
            }
            if let Some(Reverse((at, _))) = messages.expiries.peek() {
                self.next_expiry.fetch_min(nanos(*at), Ordering::AcqRel);
            }
        }
    }

    fn new_root(&self, org: OrgId) -> Arc<Root> {
        self.orgs.rcu(|orgs| {
            let mut orgs = Roots::clone(orgs);
            orgs.entry(org).or_default();
            orgs
        });
        self.orgs.load().get(&org).map(Arc::clone).expect("organisations are never taken out")
    }

    fn note_size(&self, root: &Root, topic: &str, change: SizeChange) {
        self.size.replace(change);
        if is_own(topic) {
            root.size.replace(change);
        }
    }
}

impl Root {
    /// What a topic's message takes.
    fn bytes_of(&self, topic: &str) -> Option<usize> {
        self.messages.read().topics.get(topic).map(|held| held.bytes())
    }
}

impl Messages {
    /// The topic of the next entry that is due.
    fn take_due(&mut self, now: Duration) -> Option<Arc<str>> {
        self.expiries.peek().filter(|Reverse((at, _))| *at <= now)?;
        self.expiries.pop().map(|Reverse((_, topic))| topic)
    }

    fn note_expiry(&mut self, at: Duration, topic: &str) {
        let Self { topics, expiries } = self;
        // Replaced messages leave their entries behind: drop them before they outgrow the store.
        if expiries.len() > 2 * topics.len() + 1024 {
            expiries.retain(|Reverse((at, topic))| {
                topics.get(topic).is_some_and(|message| message.expires == Some(*at))
            });
        }
        expiries.extend(topics.name(topic).map(|name| Reverse((at, name))));
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
