//! Handing a batch over although nodes may have been deleted since its publishes were admitted.

use std::sync::Arc;

use fabric::{Batch, OnCommit, Publish, Record, Rejection, Resolved};
use uns_model::{NodeNo, OrgId, Reason};

use super::{AllRights, Gate, mint};
use crate::node::Node;

impl Gate {
    /// Appends the batch. No deletion comes between the look at them and the append, so no publish
    /// follows the deletion of its own node in the log, where nobody would see it.
    pub(super) fn hand_over(&mut self, on_commit: Option<OnCommit>) -> Result<(), Rejection> {
        self.introduce_unnamed();
        let space = self.space.clone();
        let mut deletions = space.deletions.read();
        while *deletions != self.deletions {
            self.deletions = *deletions;
            // Minting takes the lock that a deletion holds while it waits for this one.
            drop(deletions);
            self.renew().inspect_err(|_| self.give_up())?;
            deletions = space.deletions.read();
        }
        let room = self.batch.bytes_len();
        let alone = self.batch.len() - self.newcomers.records() == 1;
        let batch = std::mem::replace(&mut self.batch, Batch::with_capacity(room));
        let nodes = self.newcomers.take();
        let appended = self.append(batch, &nodes, on_commit);
        drop(deletions);
        appended.map_err(|error| {
            self.space.take_back(&nodes);
            match error {
                // Trying again would never help.
                fabric::Error::TooLarge { .. } if alone => {
                    Rejection::new(Reason::PayloadTooLarge, error.to_string())
                }
                _ => mint::storage_full(&error),
            }
        })
    }

    /// Half a batch is none.
    fn give_up(&mut self) {
        self.batch.clear();
        self.space.take_back(&self.newcomers.take());
    }

    /// Gives the publishes of deleted nodes the nodes that live on their topics now. One that can
    /// have none stays as it is: it counts as published before the deletion. So does one whose topic has
    /// a node again that comes further behind in the batch: nobody sees a publish before its node. Every
    /// record keeps its place, which its publisher may know.
    ///
    /// # Errors
    /// `storage_full`: nothing of the batch is kept.
    fn renew(&mut self) -> Result<(), Rejection> {
        let old = std::mem::take(&mut self.batch);
        let mut behind: Vec<NodeNo> = old.records().filter_map(|record| minted(&record)).collect();
        for record in old.records() {
            behind.retain(|node| minted(&record) != Some(*node));
            match record {
                Record::Publish(publish) => {
                    let name = self.space.registry.topic(publish.topic);
                    let living = match name {
                        Some(name) => self.living(publish.org, &name)?,
                        None => None,
                    };
                    let living = living.filter(|node| !behind.contains(&node.number));
                    let (node, topic) = living
                        .map_or((publish.node, publish.topic), |node| (node.number, node.topic));
                    self.batch.push(&Record::Publish(Publish { node, topic, ..publish }));
                }
                Record::NodeMinted { org, node, name, ingest, .. } => {
                    match self.living(org, name)? {
                        // What comes behind a deletion must not bring its node back.
                        None => {
                            let purge = false;
                            self.batch.push(&Record::NodeDeleted { org, node, purge, ingest });
                        }
                        Some(living) => {
                            let Node { topic, number: node, id, .. } = *living;
                            let minted = Record::NodeMinted { org, topic, node, id, name, ingest };
                            self.batch.push(&minted);
                        }
                    }
                }
                other => self.batch.push(&other),
            }
        }
        self.append_ahead()
    }

    /// The node that lives on a topic, minted if need be.
    fn living(&mut self, org: OrgId, name: &str) -> Result<Option<Arc<Node>>, Rejection> {
        let known = self.space.registry.find(org, name).filter(|node| !node.is_deleted());
        let resolved = match known {
            Some(node) if node.is_settled() => return Ok(Some(node)),
            Some(node) => self.destination(&node, &AllRights),
            // Why a topic is refused here is told to nobody.
            None => match self.space.resolve_unknown(org, name, &AllRights) {
                Ok(Resolved::Node(node)) => self.destination(&node, &AllRights),
                Ok(Resolved::Guarded | Resolved::Plain) => Ok(None),
                Err(reject) => Err(reject),
            },
        };
        match resolved {
            Err(reject) if reject.reason != Reason::StorageFull => Ok(None),
            resolved => resolved,
        }
    }
}

/// The node a record introduces.
fn minted(record: &Record<'_>) -> Option<NodeNo> {
    match record {
        Record::NodeMinted { node, .. } => Some(*node),
        _ => None,
    }
}
