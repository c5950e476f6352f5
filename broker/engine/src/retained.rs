//! Retained messages of all cores: a trie keyed by level, so that a look-up walks matches only, read
//! in slices that resume after the last topic they delivered.

mod walk;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::RwLock;
use uns_model::OrgId;

use crate::tree::split;
pub use walk::Walk;

/// One retained message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Retained {
    /// Its topic.
    pub topic: Box<str>,
    /// The QoS it was published with.
    pub qos: u8,
    /// When it expires, on the monotonic clock: counted from its arrival (TRAP-05).
    pub expires: Option<Duration>,
    /// MQTT 5 properties that pass unchanged, in wire form.
    pub properties: Bytes,
    /// The payload, never empty.
    pub payload: Bytes,
}

/// What a message costs beside its bytes.
const OVERHEAD: usize = 160;

impl Retained {
    fn bytes(&self) -> usize {
        self.topic.len() + self.properties.len() + self.payload.len() + OVERHEAD
    }

    pub(crate) fn expired(&self, now: Duration) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }
}

#[derive(Debug, Default)]
struct Node {
    children: BTreeMap<Box<str>, Self>,
    value: Option<Arc<Retained>>,
}

impl Node {
    fn is_empty(&self) -> bool {
        self.children.is_empty() && self.value.is_none()
    }

    fn get(&self, topic: Option<&str>) -> Option<&Arc<Retained>> {
        let Some(topic) = topic else { return self.value.as_ref() };
        let (level, rest) = split(topic);
        self.children.get(level)?.get(rest)
    }

    fn set(&mut self, topic: Option<&str>, value: Arc<Retained>) -> Option<Arc<Retained>> {
        let Some(topic) = topic else { return self.value.replace(value) };
        let (level, rest) = split(topic);
        if let Some(next) = self.children.get_mut(level) {
            return next.set(rest, value);
        }
        self.children.entry(level.into()).or_default().set(rest, value)
    }

    fn clear(&mut self, topic: Option<&str>) -> Option<Arc<Retained>> {
        let Some(topic) = topic else { return self.value.take() };
        let (level, rest) = split(topic);
        let next = self.children.get_mut(level)?;
        let old = next.clear(rest);
        if next.is_empty() {
            self.children.remove(level);
        }
        old
    }
}

/// Whether a topic counts for its organisation: the broker's figures do not.
fn is_own(topic: &str) -> bool {
    !topic.starts_with('$')
}

/// What one organisation retains.
#[derive(Debug, Default)]
struct Root {
    node: Node,
    count: usize,
    bytes: usize,
}

#[derive(Debug, Default)]
struct State {
    roots: HashMap<OrgId, Root>,
    count: usize,
    bytes: usize,
    expiries: BinaryHeap<Reverse<(Duration, OrgId, Box<str>)>>,
}

/// How much may be retained; 0 for as much as there is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quota {
    /// Messages.
    pub count: usize,
    /// Bytes, with topics, properties and what the trie costs.
    pub bytes: usize,
}

impl Quota {
    /// Whether what is there may become this much.
    fn holds(&self, count: usize, bytes: usize) -> bool {
        (self.count == 0 || count <= self.count) && (self.bytes == 0 || bytes <= self.bytes)
    }
}

/// The retained messages of all organisations.
#[derive(Debug)]
pub struct RetainedMessages {
    state: RwLock<State>,
    quota: Quota,
    /// Of each organisation.
    each: Quota,
}

impl RetainedMessages {
    /// Starts empty; with a quota for all, and one for each organisation.
    pub fn new(quota: Quota, each: Quota) -> Self {
        Self { state: RwLock::default(), quota, each }
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
        let root = state.roots.get(&org);
        let old = root.and_then(|root| root.node.get(Some(topic))).map(|old| old.bytes());
        if old.is_some_and(|old| old >= bytes) {
            return true;
        }
        let new = usize::from(old.is_none());
        let grown = bytes - old.unwrap_or(0);
        let (count, size) = root.map_or((0, 0), |root| (root.count, root.bytes));
        self.quota.holds(state.count + new, state.bytes + grown)
            && self.each.holds(count + new, size + grown)
    }

    /// Keeps a message in place of the topic's last one.
    pub fn set(&self, org: OrgId, message: Retained) {
        let mut state = self.state.write();
        if let Some(at) = message.expires {
            // Replaced messages leave their entries behind: drop them before they outgrow the trie.
            if state.expiries.len() > 2 * state.count + 1024 {
                state.rebuild_expiries();
            }
            state.expiries.push(Reverse((at, org, message.topic.clone())));
        }
        let message = Arc::new(message);
        let bytes = message.bytes();
        let topic = message.topic.clone();
        let root = state.roots.entry(org).or_default();
        let (gone, new) = match root.node.set(Some(&topic), message) {
            Some(old) => (old.bytes(), 0),
            None => (0, 1),
        };
        if is_own(&topic) {
            root.bytes = root.bytes + bytes - gone;
            root.count += new;
        }
        state.bytes = state.bytes + bytes - gone;
        state.count += new;
    }

    /// Forgets the topic's message.
    pub fn clear(&self, org: OrgId, topic: &str) {
        self.state.write().clear(org, topic);
    }

    /// The topic's message.
    pub fn get(&self, org: OrgId, topic: &str) -> Option<Arc<Retained>> {
        self.state.read().roots.get(&org)?.node.get(Some(topic)).cloned()
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
            let held = state.roots.get(&org).and_then(|root| root.node.get(Some(&topic)));
            if held.is_some_and(|message| message.expired(now)) {
                state.clear(org, &topic);
            }
        }
    }
}

impl State {
    fn clear(&mut self, org: OrgId, topic: &str) {
        let Some(root) = self.roots.get_mut(&org) else { return };
        let Some(old) = root.node.clear(Some(topic)) else { return };
        if is_own(topic) {
            root.count -= 1;
            root.bytes -= old.bytes();
        }
        self.count -= 1;
        self.bytes -= old.bytes();
        if root.node.is_empty() {
            self.roots.remove(&org);
        }
    }

    fn rebuild_expiries(&mut self) {
        let roots = &self.roots;
        self.expiries.retain(|Reverse((at, org, topic))| {
            let held = roots.get(org).and_then(|root| root.node.get(Some(topic)));
            held.is_some_and(|message| message.expires == Some(*at))
        });
    }
}

#[cfg(test)]
mod tests;
