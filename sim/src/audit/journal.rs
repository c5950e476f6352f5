//! What is durable, as the auditor wrote it down while it was committed. Across a restart nothing of
//! it may be missing or changed, whatever happened to the disk.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use fabric::{GapReason, Log, Record, SessionChange, Tail, TailItem};
use uns_model::{Sequence, TopicId};

use crate::client::{Got, number_in};

/// A record, as far as auditors compare it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum What {
    /// A publish to a node or to a plain topic.
    Published { got: Got, retain: bool, is_node: bool },
    /// A session is over.
    SessionEnded,
    /// Something else.
    Other,
}

/// One record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    pub(crate) sequence: Sequence,
    pub(crate) what: What,
}

/// Every record that was ever visible, retention or not.
#[derive(Default)]
pub(crate) struct Journal {
    entries: Vec<Entry>,
    numbers: HashSet<Got>,
    topics: BTreeMap<TopicId, Arc<str>>,
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
                let entry = Entry { sequence, what: what(&mut self.topics, &record) };
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
        fresh.into_iter().for_each(|entry| self.add(entry));
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
                fresh.push(Entry { sequence, what: what(&mut self.topics, &record) });
            }
        }
        let count = fresh.len();
        for entry in fresh {
            if self.entries.last().is_some_and(|last| last.sequence >= entry.sequence) {
                return Err(format!("{entry:?} does not follow {:?}", self.entries.last()));
            }
            self.add(entry);
        }
        Ok(count)
    }

    fn add(&mut self, entry: Entry) {
        if let What::Published { got, .. } = &entry.what {
            self.numbers.insert(got.clone());
        }
        self.entries.push(entry);
    }

    /// Everything, in order.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether a publish is durable.
    pub(crate) fn has(&self, topic: &str, number: u32) -> bool {
        self.numbers.contains(&Got { topic: topic.to_owned(), number })
    }

    /// Whether the topic had a node before this publish was logged.
    pub(crate) fn is_node(&self, topic: &str) -> bool {
        self.topics.values().any(|known| &**known == topic)
    }

    /// The publishes, in order, and whether each is to be retained.
    pub(crate) fn published(&self) -> Vec<(Got, bool)> {
        let published = self.entries.iter().filter_map(|entry| match &entry.what {
            What::Published { got, retain, .. } => Some((got.clone(), *retain)),
            _ => None,
        });
        published.collect()
    }

    /// The newest publish before the last end of a session: it may be one that nobody heard of, since
    /// the client went away before its CONNACK.
    pub(crate) fn newest_before_an_end(&self) -> Option<u32> {
        let (mut newest, mut found) = (None, None);
        for entry in &self.entries {
            match &entry.what {
                What::Published { got, .. } if got.topic.starts_with("t/") => {
                    newest = newest.max(Some(got.number));
                }
                What::SessionEnded => found = newest,
                _ => {}
            }
        }
        found
    }
}

fn what(topics: &mut BTreeMap<TopicId, Arc<str>>, record: &Record<'_>) -> What {
    match record {
        Record::NodeMinted { topic, name, .. } => {
            topics.insert(*topic, (*name).into());
            What::Other
        }
        Record::Publish(publish) => {
            let topic = topics.get(&publish.topic).map_or("", |topic| &**topic).to_owned();
            let got = Got { topic, number: number_in(publish.payload) };
            What::Published { got, retain: publish.retain, is_node: true }
        }
        Record::Message(message) => {
            let (topic, number) = (message.topic.to_owned(), number_in(message.payload));
            let got = Got { topic, number };
            What::Published { got, retain: message.retain, is_node: false }
        }
        Record::Session { change: SessionChange::Ended, .. } => What::SessionEnded,
        _ => What::Other,
    }
}

fn unreadable(error: &fabric::Error) -> String {
    format!("the log cannot be read: {error}")
}
