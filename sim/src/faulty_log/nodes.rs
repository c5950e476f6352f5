//! Mistakes about nodes.

use std::collections::{BTreeMap, BTreeSet};

use fabric::{Batch, Publish, Record};
use parking_lot::Mutex;
use uns_model::{NodeNo, TopicId};

/// Nodes that were introduced once get a number with this added the second time.
const ANOTHER: u32 = 1 << 20;

/// The nodes that were introduced.
#[derive(Default)]
pub(super) struct Minted(Mutex<BTreeSet<NodeNo>>);

impl Minted {
    /// A batch in which nodes that another one has introduced are others.
    pub(super) fn mint_twice(&self, batch: &Batch) -> Batch {
        let mut known = self.0.lock();
        let mut again = BTreeSet::new();
        let mut spoilt = Batch::new();
        for record in batch.records() {
            let record = match record {
                Record::NodeMinted { org, topic, node, id, name, ingest } => {
                    if !known.insert(node) {
                        again.insert(node);
                    }
                    let node = another(node, &again);
                    Record::NodeMinted { org, topic, node, id, name, ingest }
                }
                Record::Publish(publish) => {
                    Record::Publish(Publish { node: another(publish.node, &again), ..publish })
                }
                record => record,
            };
            spoilt.push(&record);
        }
        spoilt
    }
}

fn another(node: NodeNo, again: &BTreeSet<NodeNo>) -> NodeNo {
    if again.contains(&node) { NodeNo(node.0 + ANOTHER) } else { node }
}

/// Nodes that were deleted.
#[derive(Default)]
pub(super) struct Gone(Mutex<Deletions>);

#[derive(Default)]
struct Deletions {
    topics: BTreeMap<NodeNo, TopicId>,
    /// The last one of each topic.
    deleted: BTreeMap<TopicId, NodeNo>,
}

impl Gone {
    /// A batch in which whatever is published to a topic that had another node is that one's.
    pub(super) fn publish_to_the_deleted(&self, batch: &Batch) -> Batch {
        let mut known = self.0.lock();
        let Deletions { topics, deleted } = &mut *known;
        let mut spoilt = Batch::new();
        for record in batch.records() {
            spoilt.push(&match record {
                Record::Publish(publish) => {
                    topics.insert(publish.node, publish.topic);
                    let node = deleted.get(&publish.topic).copied().unwrap_or(publish.node);
                    Record::Publish(Publish { node, ..publish })
                }
                Record::NodeDeleted { node, .. } => {
                    deleted.extend(topics.get(&node).map(|topic| (*topic, node)));
                    record
                }
                record => record,
            });
        }
        spoilt
    }
}

/// A batch that deletes the first of its nodes twice, and the last one not.
pub(super) fn forget_a_deletion(batch: &Batch) -> Batch {
    let is_deletion = |record: &Record<'_>| matches!(record, Record::NodeDeleted { .. });
    let deletions = batch.records().filter(is_deletion).count();
    let (mut first, mut seen) = (None, 0);
    let mut spoilt = Batch::new();
    for record in batch.records() {
        seen += usize::from(is_deletion(&record));
        match record {
            Record::NodeDeleted { org, node, purge, ingest } => {
                let first = *first.get_or_insert(node);
                let node = if seen == deletions { first } else { node };
                spoilt.push(&Record::NodeDeleted { org, node, purge, ingest });
            }
            record => spoilt.push(&record),
        }
    }
    spoilt
}
