//! What is durable, as the auditor wrote it down while it was committed. Across a restart nothing of
//! it may be missing or changed, whatever happened to the disk.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use fabric::{GapReason, Log, MarkDoes, Record, SessionChange, Tail, TailItem};
use uns_model::{NodeNo, Sequence, SessionNo};

use super::history::Due;
use super::marks::Marks;
use crate::client::{Got, number_in};
use crate::worker::TOPIC;

/// A record, as far as auditors compare it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum What {
    /// A publish to a node or to a plain topic.
    Published { got: Got, retain: bool, is_node: bool },
    /// The log introduces a node; more than once, where publishes to it came at once.
    Minted { topic: String, node: NodeNo },
    /// A node with its history is no more.
    Purged { topic: String, node: NodeNo },
    /// The session of this client is over.
    SessionEnded { client: String },
    /// A durable consumer says how far it is.
    Marked { position: Vec<u8> },
    /// Something else.
    Other,
}

/// One record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    pub(crate) sequence: Sequence,
    pub(crate) what: What,
}

/// The topics of nodes, and where in the log they were deleted. What was published to one before, and
/// comes into the log behind that, counts as deleted with it; the log may never have introduced a node
/// whose first publish was overtaken so.
#[derive(Default)]
struct Nodes {
    topics: BTreeMap<NodeNo, Arc<str>>,
    deleted: BTreeMap<NodeNo, Sequence>,
    /// The node that lives on each topic.
    living: BTreeMap<String, NodeNo>,
    /// Whose sessions they are.
    sessions: BTreeMap<SessionNo, String>,
}

/// Every record that was ever visible, retention or not.
#[derive(Default)]
pub(crate) struct Journal {
    entries: Vec<Entry>,
    numbers: HashSet<Got>,
    /// Those of publishes that are deleted with a node the log never introduced.
    overtaken: HashSet<u32>,
    nodes: Nodes,
    /// What history has of each topic: the sequences and numbers since it was purged last.
    samples: BTreeMap<String, Vec<(Sequence, u32)>>,
    /// When topics were purged, each time.
    purges: BTreeMap<String, Vec<Sequence>>,
    marks: Marks,
    tail: Option<Box<dyn Tail>>,
    /// Records that retention dropped, over all restarts.
    pub(crate) dropped: usize,
}

impl Journal {
    /// The hub has started: what is in its log, from the beginning, is what was there before.
    ///
    /// # Errors
    /// Something is missing, or is another one.
    pub(crate) fn restarted(&mut self, log: &dyn Log) -> Result<(), String> {
        let mut tail = log.tail(Sequence::ZERO);
        // What is no longer in the log was read when it was.
        let mut known = self.entries.iter();
        let mut fresh = Vec::new();
        let mut forgotten = 0;
        while let Some(item) = tail.next().map_err(|error| unreadable(&error))? {
            let frame = match item {
                TailItem::Frame(frame) => frame,
                TailItem::Gap { until, reason: GapReason::Retention, .. } => {
                    let gone = known.as_slice().partition_point(|one| one.sequence <= until);
                    forgotten = gone;
                    known = self.entries[gone..].iter();
                    continue;
                }
                gap @ TailItem::Gap { .. } => return Err(format!("the log has a hole: {gap:?}")),
            };
            for (sequence, record) in frame.records() {
                let entry = Entry { sequence, what: self.nodes.what((sequence, &record)) };
                match known.next() {
                    Some(before) if *before == entry => {}
                    Some(before) => {
                        return Err(format!("{before:?} was durable, and now there is {entry:?}"));
                    }
                    // It was written when the power failed, and nobody was told.
                    None => fresh.push(entry),
                }
            }
        }
        if let Some(lost) = known.next() {
            return Err(format!("{lost:?} was durable and is gone"));
        }
        self.dropped = self.dropped.max(forgotten);
        fresh.into_iter().try_for_each(|entry| self.add(entry))?;
        self.tail = Some(tail);
        Ok(())
    }

    /// Writes down what was committed since it was called last; how many records.
    ///
    /// # Errors
    /// The log does not give them.
    pub(crate) fn read(&mut self) -> Result<usize, String> {
        let tail = self.tail.as_mut().expect("the hub has started");
        let mut fresh = Vec::new();
        while let Some(item) = tail.next().map_err(|error| unreadable(&error))? {
            let TailItem::Frame(frame) = item else {
                return Err(format!("what was just committed is missing: {item:?}"));
            };
            for (sequence, record) in frame.records() {
                fresh.push(Entry { sequence, what: self.nodes.what((sequence, &record)) });
            }
        }
        let count = fresh.len();
        for entry in fresh {
            if self.entries.last().is_some_and(|last| last.sequence >= entry.sequence) {
                return Err(format!("{entry:?} does not follow {:?}", self.entries.last()));
            }
            self.add(entry)?;
        }
        Ok(count)
    }

    fn add(&mut self, entry: Entry) -> Result<(), String> {
        match &entry.what {
            What::Published { got, is_node, .. } => {
                self.numbers.insert(got.clone());
                if got.topic.is_empty() {
                    self.overtaken.insert(got.number);
                }
                if got.topic == TOPIC {
                    self.marks.published(got.number)?;
                }
                if *is_node {
                    let samples = self.samples.entry(got.topic.clone()).or_default();
                    samples.push((entry.sequence, got.number));
                }
            }
            What::Minted { topic, node } => self.nodes.minted(entry.sequence, topic, *node)?,
            What::Purged { topic, node } => {
                self.nodes.living.retain(|_, living| living != node);
                self.purges.entry(topic.clone()).or_default().push(entry.sequence);
            }
            What::Marked { position } => self.marks.said(position)?,
            What::SessionEnded { .. } | What::Other => {}
        }
        self.entries.push(entry);
        Ok(())
    }

    /// A number is about to be published for a position of the durable consumer.
    pub(crate) fn made(&mut self, number: u32, position: u64) {
        self.marks.made(number, position);
    }

    /// Somebody has taken its work over, and goes on from there.
    ///
    /// # Errors
    /// That is not where the log says.
    pub(crate) fn judge_resumed(&self, position: u64, state: &[u8]) -> Result<(), String> {
        self.marks.judge_resumed(position, state)
    }

    /// Everything, in order.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether a publish is durable.
    pub(crate) fn has(&self, topic: &str, number: u32) -> bool {
        self.numbers.contains(&Got { topic: topic.to_owned(), number })
            || self.overtaken.contains(&number)
    }

    /// Whether the topic had a node before this publish was logged. One that was purged has none again
    /// before something is logged for it.
    pub(crate) fn is_node(&self, topic: &str) -> bool {
        match self.purges.get(topic).and_then(|purges| purges.last()) {
            None => self.nodes.topics.values().any(|known| &**known == topic),
            Some(purged) => {
                let last = self.samples.get(topic).and_then(|samples| samples.last());
                last.is_some_and(|(sequence, _)| sequence > purged)
            }
        }
    }

    /// The topics that ever had a sample.
    pub(crate) fn topics(&self) -> impl Iterator<Item = &str> {
        self.samples.keys().map(String::as_str)
    }

    /// What history has of a topic when everything up to here is folded in.
    pub(crate) fn due(&self, topic: &str, applied: Sequence) -> Due {
        let purges = || self.purges.get(topic).into_iter().flatten().copied();
        let gone = purges().filter(|purged| *purged <= applied).max().unwrap_or_default();
        let going = purges().max().unwrap_or_default();
        let (mut samples, mut optional) = (Vec::new(), Vec::new());
        for sample in self.samples.get(topic).into_iter().flatten() {
            match sample.0 {
                sequence if sequence <= gone => {}
                sequence if sequence <= going || sequence > applied => optional.push(*sample),
                _ => samples.push(*sample),
            }
        }
        Due { topic: topic.to_owned(), applied, samples, optional }
    }

    /// The publishes, in order, and whether each is to be retained.
    pub(crate) fn published(&self) -> Vec<(Got, bool)> {
        let published = self.entries.iter().filter_map(|entry| match &entry.what {
            What::Published { got, retain, .. } => Some((got.clone(), *retain)),
            _ => None,
        });
        published.collect()
    }

    /// Of each topic the newest retained message.
    pub(crate) fn newest_retained(&self) -> BTreeMap<String, u32> {
        let mut newest = BTreeMap::new();
        for entry in &self.entries {
            match &entry.what {
                What::Published { got, retain: true, .. } if got.topic.starts_with("t/") => {
                    newest.insert(got.topic.clone(), got.number);
                }
                What::Purged { topic, .. } => drop(newest.remove(topic)),
                _ => {}
            }
        }
        newest
    }

    /// The living nodes of a branch: the one at its path, and those below.
    pub(crate) fn living_below(&self, path: &str) -> BTreeSet<NodeNo> {
        let is_below = |topic: &str| {
            topic.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let below = self.nodes.living.iter().filter(|(topic, _)| is_below(topic));
        below.map(|(_, node)| *node).collect()
    }

    /// Whether a node is deleted.
    pub(crate) fn is_deleted(&self, node: NodeNo) -> bool {
        self.nodes.deleted.contains_key(&node)
    }

    /// The newest publish before the last end of a session of one of these: it may be one that nobody heard of, since
    /// the client went away before its CONNACK.
    pub(crate) fn newest_before_an_end(&self, clients: &[&str]) -> Option<u32> {
        let (mut newest, mut found) = (None, None);
        for entry in &self.entries {
            match &entry.what {
                What::Published { got, .. } if got.topic.starts_with("t/") => {
                    newest = newest.max(Some(got.number));
                }
                What::SessionEnded { client } if clients.contains(&&**client) => found = newest,
                _ => {}
            }
        }
        found
    }
}

impl Nodes {
    /// Whichever cores take publishes to a new topic at once, it becomes one node; and none comes back.
    fn minted(&mut self, sequence: Sequence, topic: &str, node: NodeNo) -> Result<(), String> {
        if self.deleted.get(&node).is_some_and(|deleted| *deleted < sequence) {
            return Err(format!("{node:?} on {topic} was deleted, and comes back at {sequence}"));
        }
        let before = self.living.insert(topic.to_owned(), node);
        match before.filter(|before| *before != node) {
            Some(before) => Err(format!("{topic} is {before:?}, and becomes {node:?} as well")),
            None => Ok(()),
        }
    }

    fn what(&mut self, (sequence, record): (Sequence, &Record<'_>)) -> What {
        match record {
            Record::NodeMinted { node, name, .. } => {
                self.topics.insert(*node, (*name).into());
                What::Minted { topic: (*name).to_owned(), node: *node }
            }
            Record::NodeDeleted { node, .. } => {
                self.deleted.insert(*node, sequence);
                let purged =
                    |topic: &Arc<str>| What::Purged { topic: topic.to_string(), node: *node };
                self.topics.get(node).map_or(What::Other, purged)
            }
            Record::Publish(publish) => {
                let topic = self.topics.get(&publish.node).map_or("", |topic| &**topic).to_owned();
                let got = Got { topic, number: number_in(publish.payload) };
                let deleted = self.deleted.get(&publish.node);
                let is_node = deleted.is_none_or(|deleted| sequence < *deleted);
                What::Published { got, retain: publish.retain && is_node, is_node }
            }
            Record::Message(message) => {
                let (topic, number) = (message.topic.to_owned(), number_in(message.payload));
                let got = Got { topic, number };
                What::Published { got, retain: message.retain, is_node: false }
            }
            Record::Session {
                session, change: SessionChange::Opened { client_id, .. }, ..
            } => {
                self.sessions.insert(*session, (*client_id).to_owned());
                What::Other
            }
            Record::Session { session, change: SessionChange::Ended, .. } => {
                let client = self.sessions.get(session).cloned().unwrap_or_default();
                What::SessionEnded { client }
            }
            Record::Mark(mark) if mark.does == MarkDoes::Says => {
                What::Marked { position: mark.position.to_vec() }
            }
            _ => What::Other,
        }
    }
}

fn unreadable(error: &fabric::Error) -> String {
    format!("the log cannot be read: {error}")
}
