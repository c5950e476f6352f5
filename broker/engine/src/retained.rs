//! Retained messages of all cores, in topic order: a filter is a few runs of neighbours, read in slices
//! that resume after the last topic they delivered.

mod order;
mod position;
mod topics;
mod walk;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use uns_model::{Kept, OrgId, Sequence};

use position::Position;
use topics::Topics;
pub use walk::Walk;

/// One retained message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Retained {
    /// Its topic.
    pub topic: Arc<str>,
    /// When it expires, on the monotonic clock: counted from its arrival (TRAP-05).
    pub expires: Option<Duration>,
    /// The message; its payload is never empty.
    pub kept: Kept,
}

/// A retained message as it lies in the store.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    /// Its topic.
    pub topic: &'a str,
    /// When it expires.
    pub expires: Option<Duration>,
    /// The message.
    pub kept: &'a Kept,
}

/// What a message costs beside its bytes.
const OVERHEAD: usize = 80;

impl Held<'_> {
    pub(crate) fn expired(&self, now: Duration) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }

    fn bytes(&self) -> usize {
        self.topic.len() + self.kept.properties().len() + self.kept.payload().len() + OVERHEAD
    }
}

/// What one organisation retains.
#[derive(Debug, Default)]
struct Root {
    topics: Topics,
    count: usize,
    bytes: usize,
}

#[derive(Debug, Default)]
struct State {
    orgs: HashMap<OrgId, Root>,
    count: usize,
    bytes: usize,
    expiries: BinaryHeap<Reverse<(Duration, OrgId, Arc<str>)>>,
}

/// How much may be retained; 0 for as much as there is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quota {
    /// Messages.
    pub count: usize,
    /// Bytes, with topics, properties and what the store costs.
    pub bytes: usize,
}

impl Quota {
    /// Whether what is there may become this much.
    fn holds(&self, count: usize, bytes: usize) -> bool {
        (self.count == 0 || count <= self.count) && (self.bytes == 0 || bytes <= self.bytes)
    }
}

/// Whether a topic counts for its organisation: the broker's figures do not.
fn is_own(topic: &str) -> bool {
    !topic.starts_with("$SYS/")
}

/// The retained messages of all organisations: where there is a log, a fold over it, which somebody
/// keeps with [`RetainedMessages::set`] and [`RetainedMessages::clear`] in the order of the log.
#[derive(Debug)]
pub struct RetainedMessages {
    state: RwLock<State>,
    quota: Quota,
    /// Of each organisation.
    each: Quota,
    position: Position,
}

impl RetainedMessages {
    /// Starts empty; with a quota for all, and one for each organisation.
    pub fn new(quota: Quota, each: Quota) -> Self {
        Self { state: RwLock::default(), quota, each, position: Position::default() }
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
        let state = self.state.read();
        (state.count, state.bytes)
    }

    /// Whether a message of this size on this topic would be kept. One that takes the place of an
    /// equal or larger one always is.
    pub fn has_room(&self, org: OrgId, topic: &str, bytes: usize) -> bool {
        let state = self.state.read();
        let bytes = bytes + OVERHEAD;
        let old = state.held(org, topic).map(|old| old.bytes());
        if old.is_some_and(|old| old >= bytes) {
            return true;
        }
        let new = usize::from(old.is_none());
        let grown = bytes - old.unwrap_or(0);
        let (count, size) = state.orgs.get(&org).map_or((0, 0), |root| (root.count, root.bytes));
        self.quota.holds(state.count + new, state.bytes + grown)
            && self.each.holds(count + new, size + grown)
    }

    /// Whether a message of this size takes the place of one about as large.
    pub(crate) fn replaces(&self, org: OrgId, topic: &str, bytes: usize) -> bool {
        const SLACK: usize = 64;
        let state = self.state.read();
        state.held(org, topic).is_some_and(|old| old.bytes() + SLACK >= bytes + OVERHEAD)
    }

    /// Keeps a message in place of the topic's last one.
    pub fn set(&self, org: OrgId, message: Retained) {
        let Retained { topic, expires, kept } = message;
        self.keep(org, &topic, || Arc::clone(&topic), (expires, kept));
    }

    /// As [`RetainedMessages::set`]; the topic's string is asked for only where it is not known.
    pub(crate) fn keep(
        &self,
        org: OrgId,
        topic: &str,
        name: impl FnOnce() -> Arc<str>,
        (expires, kept): (Option<Duration>, Kept),
    ) {
        let bytes = Held { topic, expires, kept: &kept }.bytes();
        let mut state = self.state.write();
        let root = state.orgs.entry(org).or_default();
        let before = root.topics.set(topic, name, (expires, kept));
        let new = usize::from(before.is_none());
        let gone = before.unwrap_or(0);
        if is_own(topic) {
            root.bytes = root.bytes + bytes - gone;
            root.count += new;
        }
        let name = expires.and_then(|_| root.topics.name(topic));
        state.bytes = state.bytes + bytes - gone;
        state.count += new;
        if let Some(at) = expires {
            state.note_expiry(at, org, name);
        }
    }

    /// Forgets the topic's message.
    pub fn clear(&self, org: OrgId, topic: &str) {
        self.state.write().clear(org, topic);
    }

    /// The topic's message.
    pub fn get(&self, org: OrgId, topic: &str) -> Option<Retained> {
        let state = self.state.read();
        let held = state.held(org, topic)?;
        let (expires, kept) = (held.expires, held.kept.clone());
        Some(Retained { topic: held.topic.into(), expires, kept })
    }

    /// The topic's message, if it says the same: to keep one allocation instead of two.
    pub fn same(&self, org: OrgId, topic: &str, kept: &Kept) -> Option<Kept> {
        let state = self.state.read();
        Some(state.held(org, topic)?.kept).filter(|held| *held == kept).cloned()
    }

    /// The topic's string, if it has a message.
    pub fn name(&self, org: OrgId, topic: &str) -> Option<Arc<str>> {
        self.state.read().orgs.get(&org)?.topics.name(topic)
    }

    /// Removes what expired; at most `limit` messages per call.
    pub fn expire(&self, now: Duration, limit: usize) {
        if self.state.read().expiries.peek().is_none_or(|Reverse((at, ..))| *at > now) {
            return;
        }
        let mut state = self.state.write();
        for _ in 0..limit {
            match state.expiries.peek() {
                Some(Reverse((at, ..))) if *at <= now => {}
                _ => return,
            }
            let Some(Reverse((_, org, topic))) = state.expiries.pop() else { return };
            if state.held(org, &topic).is_some_and(|message| message.expired(now)) {
                state.clear(org, &topic);
            }
        }
    }
}

impl State {
    fn held(&self, org: OrgId, topic: &str) -> Option<Held<'_>> {
        self.orgs.get(&org)?.topics.get(topic)
    }

    fn clear(&mut self, org: OrgId, topic: &str) {
        let Some(root) = self.orgs.get_mut(&org) else { return };
        let Some(bytes) = root.topics.remove(topic) else { return };
        if is_own(topic) {
            root.count -= 1;
            root.bytes -= bytes;
        }
        self.count -= 1;
        self.bytes -= bytes;
        if root.topics.is_empty() {
            self.orgs.remove(&org);
        }
    }

    fn note_expiry(&mut self, at: Duration, org: OrgId, name: Option<Arc<str>>) {
        // Replaced messages leave their entries behind: drop them before they outgrow the store.
        if self.expiries.len() > 2 * self.count + 1024 {
            let orgs = &self.orgs;
            self.expiries.retain(|Reverse((at, org, topic))| {
                let held = orgs.get(org).and_then(|root| root.topics.get(topic));
                held.is_some_and(|message| message.expires == Some(*at))
            });
        }
        self.expiries.extend(name.map(|name| Reverse((at, org, name))));
    }
}

#[cfg(test)]
mod tests;
