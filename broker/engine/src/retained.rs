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

impl Retained {
    fn bytes(&self) -> usize {
        const OVERHEAD: usize = 160;
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

#[derive(Debug, Default)]
struct State {
    roots: HashMap<OrgId, Node>,
    count: usize,
    bytes: usize,
    expiries: BinaryHeap<Reverse<(Duration, OrgId, Box<str>)>>,
}

/// How much may be retained.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// Messages.
    pub count: usize,
    /// Bytes, with topics, properties and what the trie costs.
    pub bytes: usize,
}

/// The retained messages of all organisations.
#[derive(Debug)]
pub struct RetainedMessages {
    state: RwLock<State>,
    quota: Quota,
}

impl RetainedMessages {
    /// Starts empty.
    pub fn new(quota: Quota) -> Self {
        Self { state: RwLock::default(), quota }
    }

    /// How many messages and bytes are retained.
    pub fn size(&self) -> (usize, usize) {
        let state = self.state.read();
        (state.count, state.bytes)
    }

    /// Whether a message of this size on this topic would be kept.
    pub fn has_room(&self, org: OrgId, topic: &str, bytes: usize) -> bool {
        let state = self.state.read();
        (state.count < self.quota.count && state.bytes + bytes <= self.quota.bytes)
            || state.roots.get(&org).is_some_and(|root| root.get(Some(topic)).is_some())
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
        let old = state.roots.entry(org).or_default().set(Some(&topic), message);
        state.bytes += bytes;
        match old {
            Some(old) => state.bytes -= old.bytes(),
            None => state.count += 1,
        }
    }

    /// Forgets the topic's message.
    pub fn clear(&self, org: OrgId, topic: &str) {
        self.state.write().clear(org, topic);
    }

    /// The topic's message.
    pub fn get(&self, org: OrgId, topic: &str) -> Option<Arc<Retained>> {
        self.state.read().roots.get(&org)?.get(Some(topic)).cloned()
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
            let held = state.roots.get(&org).and_then(|root| root.get(Some(&topic)));
            if held.is_some_and(|message| message.expired(now)) {
                state.clear(org, &topic);
            }
        }
    }
}

impl State {
    fn clear(&mut self, org: OrgId, topic: &str) {
        let Some(root) = self.roots.get_mut(&org) else { return };
        let old = root.clear(Some(topic));
        if root.is_empty() {
            self.roots.remove(&org);
        }
        if let Some(old) = old {
            self.count -= 1;
            self.bytes -= old.bytes();
        }
    }

    fn rebuild_expiries(&mut self) {
        let roots = &self.roots;
        self.expiries.retain(|Reverse((at, org, topic))| {
            let held = roots.get(org).and_then(|root| root.get(Some(topic)));
            held.is_some_and(|message| message.expires == Some(*at))
        });
    }
}

#[cfg(test)]
mod tests;
