//! Records of the log as the journal notes them, and the nodes they tell of.

use std::collections::BTreeMap;
use std::sync::Arc;

use fabric::{MarkDoes, Record, SessionChange};
use uns_model::{NodeNo, Sequence, SessionNo, Timestamp};

use crate::client::{Got, number_in};

/// A record, as far as auditors compare it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum What {
    /// A publish to a plain topic, or to a node, and whether that lived.
    Published { got: Got, retain: bool, node: Option<NodeNo>, is_node: bool },
    /// The log introduces a node; more than once, where publishes to it came at once.
    Minted { topic: String, node: NodeNo },
    /// A node is no more, and perhaps nor is its history.
    Deleted { topic: String, node: NodeNo, purge: bool },
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
    /// When the hub took it in.
    pub(super) ingest: Timestamp,
    pub(crate) what: What,
}

/// The topics of nodes, and where in the log they were deleted. What was published to one before, and
/// comes into the log behind that, counts as deleted with it; the log may never have introduced a node
/// whose first publish was overtaken so.
#[derive(Default)]
pub(super) struct Nodes {
    pub(super) topics: BTreeMap<NodeNo, Arc<str>>,
    pub(super) deleted: BTreeMap<NodeNo, Sequence>,
    /// The node that lives on each topic.
    pub(super) living: BTreeMap<String, NodeNo>,
    /// Whose sessions they are.
    sessions: BTreeMap<SessionNo, String>,
}

impl Nodes {
    /// Whichever cores take publishes to a new topic at once, it becomes one node; and none comes back.
    pub(super) fn minted(
        &mut self,
        sequence: Sequence,
        topic: &str,
        node: NodeNo,
    ) -> Result<(), String> {
        if self.deleted.get(&node).is_some_and(|deleted| *deleted < sequence) {
            return Err(format!("{node:?} on {topic} was deleted, and comes back at {sequence}"));
        }
        let before = self.living.insert(topic.to_owned(), node);
        match before.filter(|before| *before != node) {
            Some(before) => Err(format!("{topic} is {before:?}, and becomes {node:?} as well")),
            None => Ok(()),
        }
    }

    pub(super) fn entry(&mut self, sequence: Sequence, record: &Record<'_>) -> Entry {
        Entry { sequence, ingest: record.ingest(), what: self.what((sequence, record)) }
    }

    fn what(&mut self, (sequence, record): (Sequence, &Record<'_>)) -> What {
        match record {
            Record::NodeMinted { node, name, .. } => {
                self.topics.insert(*node, (*name).into());
                What::Minted { topic: (*name).to_owned(), node: *node }
            }
            Record::NodeDeleted { node, purge, .. } => {
                let first = *self.deleted.entry(*node).or_insert(sequence);
                let topic = self.topics.get(node).filter(|_| first == sequence);
                topic.map_or(What::Other, |topic| {
                    let (topic, node, purge) = (topic.to_string(), *node, *purge);
                    What::Deleted { topic, node, purge }
                })
            }
            Record::Publish(publish) => {
                let topic = self.topics.get(&publish.node).map_or("", |topic| &**topic).to_owned();
                let got = Got { topic, number: number_in(publish.payload) };
                let deleted = self.deleted.get(&publish.node);
                let is_node = deleted.is_none_or(|deleted| sequence < *deleted);
                let (retain, node) = (publish.retain && is_node, Some(publish.node));
                What::Published { got, retain, node, is_node }
            }
            Record::Message(message) => {
                let (topic, number) = (message.topic.to_owned(), number_in(message.payload));
                let got = Got { topic, number };
                What::Published { got, retain: message.retain, node: None, is_node: false }
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
