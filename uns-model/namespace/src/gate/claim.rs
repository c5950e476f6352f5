//! Which node a publish goes to, and how the records of new ones get into the log (ADR 0019).

use std::sync::Arc;

use fabric::{Batch, OnCommit, Record, Rejection, Resolved};
use uns_model::Timestamp;

use super::mint::{Minted, storage_full};
use super::{Gate, NODE_BYTES, PublisherRights};
use crate::node::Node;
use crate::registry::Underway;

impl Gate {
    /// The node that a publish goes to, which is another one than it was judged for if that was deleted
    /// or not minted yet. `None`: its topic passes as plain MQTT now.
    ///
    /// # Errors
    /// Those of [`Gate::resolve`]; counted.
    #[cold]
    pub(super) fn destination(
        &mut self,
        judged: &Arc<Node>,
        rights: &dyn PublisherRights,
    ) -> Result<Option<Arc<Node>>, Rejection> {
        let mut node = Arc::clone(judged);
        loop {
            if node.is_deleted() {
                match self.resolve(node.org, &node.name, rights)? {
                    Resolved::Node(living) => node = living,
                    Resolved::Guarded | Resolved::Plain => return Ok(None),
                }
            }
            if node.is_prospect() {
                let minted = self.counted(self.space.mint(&node, rights))?;
                // Who keeps the prospect resolves its topic again.
                node.set_deleted(true);
                let Some(Minted { node: living, is_new }) = minted else { return Ok(None) };
                if is_new {
                    self.grown += NODE_BYTES + living.name.len();
                    self.newcomers.add(&living);
                    // The prospect was asked for; that it has its answer is for the node to remember.
                    self.rules.of(&self.space.rules, &living);
                    return Ok(Some(living));
                }
                node = living;
            }
            if !node.is_unlogged() || self.newcomers.has(&node) {
                return Ok(Some(node));
            }
            if self.space.underway.claim(&node) {
                self.newcomers.add(&node);
                return Ok(Some(node));
            }
            if !node.is_deleted() {
                return Ok(Some(node));
            }
        }
    }

    /// Writes the record of a node in front of the first publish to it.
    #[inline]
    pub(super) fn introduce(&mut self, node: &Node, ingest: Timestamp) {
        if self.newcomers.has_unwritten() && self.newcomers.write(node) {
            // Times in the log increase, and the publish keeps its own.
            push_record(&mut self.batch, node, Timestamp(ingest.0.saturating_sub(1)));
        }
    }

    /// Takes back the nodes of a publish that is refused after all.
    #[inline]
    pub(super) fn give_up_unwritten(&mut self) {
        if self.newcomers.has_unwritten() {
            self.space.take_back(&self.newcomers.take_unwritten());
        }
    }

    /// Appends the records of the nodes that were minted while the batch was renewed, ahead of it: in it
    /// every place is given to somebody.
    pub(super) fn append_ahead(&mut self) -> Result<(), Rejection> {
        let nodes = self.newcomers.take_unwritten();
        if nodes.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new();
        let ingest = self.space.clock.now();
        nodes.iter().for_each(|node| push_record(&mut batch, node, ingest));
        self.append(batch, &nodes, None).map_err(|error| {
            self.space.take_back(&nodes);
            storage_full(&error)
        })
    }

    /// Appends a batch with the records of new nodes. If the log does not take it, the caller takes them
    /// back, once it holds no lock.
    pub(super) fn append(
        &self,
        batch: Batch,
        nodes: &[Arc<Node>],
        on_commit: Option<OnCommit>,
    ) -> Result<(), fabric::Error> {
        if nodes.is_empty() {
            return self.space.log.append(batch, on_commit);
        }
        // With this somebody waits, so a full disk refuses the batch instead of dropping it in silence.
        let on_commit = confirming(&self.space.underway, nodes, on_commit);
        self.space.log.append(batch, Some(on_commit))
    }
}

fn push_record(batch: &mut Batch, node: &Node, ingest: Timestamp) {
    let Node { org, topic, number, id, name, .. } = node;
    let (org, topic, node, id) = (*org, *topic, *number, *id);
    batch.push(&Record::NodeMinted { org, topic, node, id, name, ingest });
}

/// Tells what became of the records of new nodes, and then who waits for the batch.
fn confirming(underway: &Arc<Underway>, nodes: &[Arc<Node>], then: Option<OnCommit>) -> OnCommit {
    let (underway, nodes) = (Arc::clone(underway), nodes.to_vec());
    Box::new(move |result| {
        match &result {
            Ok(_) => underway.confirm(&nodes),
            Err(_) => underway.lose_later(&nodes),
        }
        if let Some(then) = then {
            then(result);
        }
    })
}
