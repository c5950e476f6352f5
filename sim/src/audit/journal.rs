//! What is durable, as the auditor wrote it down while it was committed. Across a restart nothing of
//! it may be missing or changed, whatever happened to the disk.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use fabric::{GapReason, Log, Tail, TailItem};
use uns_model::{NodeNo, Sequence};

use super::frames::Frames;
use super::history::Due;
use super::marks::Marks;
use super::records::{Entry, Nodes, What};
use crate::client::Got;
use crate::worker::TOPIC;

/// Every record that was ever visible, retention or not.
#[derive(Default)]
pub(crate) struct Journal {
    entries: Vec<Entry>,
    numbers: HashSet<Got>,
    /// What was in the log when each number was about to be published.
    begun: HashMap<u32, Sequence>,
    /// Those of publishes that are deleted with a node the log never introduced.
    overtaken: HashSet<u32>,
    nodes: Nodes,
    /// What was published to the nodes of each topic: sequences and numbers.
    samples: BTreeMap<String, Vec<(NodeNo, Sequence, u32)>>,
    /// When the history of a node was purged.
    purges: BTreeMap<NodeNo, Sequence>,
    marks: Marks,
    pub(crate) frames: Frames,
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
        let (mut forgotten, mut is_named) = (0, false);
        while let Some(item) = tail.next().map_err(|error| unreadable(&error))? {
            let frame = match item {
                TailItem::Frame(frame) => frame,
                TailItem::Gap { until, reason: GapReason::Retention, .. } => {
                    let gone = known.as_slice().partition_point(|one| one.sequence <= until);
                    forgotten = gone;
                    known = self.entries[gone..].iter();
                    continue;
                }
                TailItem::Gap { after, until, reason: GapReason::Damage }
                    if self.frames.damaged() == Some((after, until)) =>
                {
                    is_named = true;
                    let past = known.as_slice().partition_point(|one| one.sequence <= until);
                    known = known.as_slice()[past..].iter();
                    continue;
                }
                gap @ TailItem::Gap { .. } => return Err(format!("the log has a hole: {gap:?}")),
            };
            self.frames.saw(&frame);
            for (sequence, record) in frame.records() {
                let entry = self.nodes.entry(sequence, &record);
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
        if !is_named {
            self.frames.judge_unnamed(log.oldest())?;
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
            self.frames.saw(&frame);
            for (sequence, record) in frame.records() {
                fresh.push(self.nodes.entry(sequence, &record));
            }
        }
        let count = fresh.len();
        for entry in fresh {
            self.add(entry)?;
        }
        Ok(count)
    }

    /// A record that nobody has seen before: its sequence and its time are beyond those of all others,
    /// wherever somebody has set the clock.
    fn add(&mut self, entry: Entry) -> Result<(), String> {
        let follows = |last: &Entry| last.sequence < entry.sequence && last.ingest < entry.ingest;
        if let Some(last) = self.entries.last().filter(|last| !follows(last)) {
            return Err(format!("{entry:?} does not follow {last:?}"));
        }
        match &entry.what {
            What::Published { got, node, is_node, .. } => {
                self.numbers.insert(got.clone());
                if got.topic.is_empty() {
                    self.overtaken.insert(got.number);
                }
                self.judge_late(got, *node, *is_node)?;
                if got.topic == TOPIC {
                    self.marks.published(got.number)?;
                }
                // What is not seen any more of a node that was deleted is history all the same.
                let is_kept = |node: &NodeNo| *is_node || !self.purges.contains_key(node);
                if let Some(node) = node.filter(|node| !got.topic.is_empty() && is_kept(node)) {
                    let samples = self.samples.entry(got.topic.clone()).or_default();
                    samples.push((node, entry.sequence, got.number));
                }
            }
            What::Minted { topic, node } => self.nodes.minted(entry.sequence, topic, *node)?,
            What::Deleted { node, purge, .. } => {
                self.nodes.living.retain(|_, living| living != node);
                if *purge {
                    self.purges.entry(*node).or_insert(entry.sequence);
                }
            }
            What::Marked { position } => self.marks.said(position)?,
            What::SessionEnded { .. } | What::Other => {}
        }
        self.entries.push(entry);
        Ok(())
    }

    /// A number is about to be published by a client or a program.
    pub(crate) fn begins(&mut self, number: u32) {
        let newest = self.entries.last().map_or(Sequence::ZERO, |entry| entry.sequence);
        self.begun.insert(number, newest);
    }

    /// Only what was under way when a node was deleted may be deleted with it.
    fn judge_late(&self, got: &Got, node: Option<NodeNo>, is_node: bool) -> Result<(), String> {
        let Some(node) = node.filter(|_| !is_node && got.topic.starts_with("t/")) else {
            return Ok(());
        };
        let deleted = self.nodes.deleted.get(&node).copied().unwrap_or_default();
        match self.begun.get(&got.number) {
            Some(begun) if *begun >= deleted => Err(format!(
                "{got:?} was published after {begun}, and went to {node:?}, deleted at {deleted}"
            )),
            _ => Ok(()),
        }
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

    /// Whether a log that begins there has every record there ever was, and can give all of them.
    pub(crate) fn is_whole(&self, oldest: Sequence) -> bool {
        let first = self.entries.first().map_or(Sequence::ZERO, |entry| entry.sequence);
        self.frames.damaged().is_none() && oldest <= first
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

    /// Whether the topic had a node before this publish was logged. One that was deleted has none again
    /// before something is logged for it.
    pub(crate) fn is_node(&self, topic: &str) -> bool {
        self.nodes.living.contains_key(topic)
    }

    /// The topics that ever had a sample.
    pub(crate) fn topics(&self) -> impl Iterator<Item = &str> {
        self.samples.keys().map(String::as_str)
    }

    /// What history has of a topic when everything up to here is folded in: what was published to all its
    /// nodes, the deleted ones too, but for those that were purged.
    pub(crate) fn due(&self, topic: &str, applied: Sequence) -> Due {
        let (mut samples, mut optional) = (Vec::new(), Vec::new());
        for (node, sequence, number) in self.samples.get(topic).into_iter().flatten() {
            let sample = (*sequence, *number);
            match self.purges.get(node) {
                Some(purged) if *purged <= applied => {}
                Some(_) => optional.push(sample),
                None if *sequence > applied => optional.push(sample),
                None => samples.push(sample),
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
                What::Deleted { topic, .. } => drop(newest.remove(topic)),
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

fn unreadable(error: &fabric::Error) -> String {
    format!("the log cannot be read: {error}")
}
