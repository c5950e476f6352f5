//! New nodes whose record no commit has confirmed yet, and nodes whose deletion the log has refused
//! after it had taken it.
//!
//! The record of a new node is in the batch of its first publish. Who publishes to it from another core
//! cannot know when that batch will be handed over, so its own batch carries the record too, and
//! whichever comes first in the log counts. Each of these batches has a claim on the node: when the last
//! claim is lost before one was confirmed, the node never came to be.

use std::sync::Arc;

use ahash::AHashMap;
use parking_lot::Mutex;
use uns_model::NodeNo;

use crate::node::Node;

/// The claims on new nodes.
#[derive(Debug, Default)]
pub(crate) struct Underway {
    /// How many claims a node has. One without an entry is confirmed, or never came to be.
    claims: Mutex<AHashMap<NodeNo, u32>>,
    /// Nodes that never came to be and are in the registry still: their last claim was lost where the
    /// registry cannot be changed.
    lost: Mutex<Vec<Arc<Node>>>,
    /// Nodes that count as deleted still and live on: the log refused their deletion after it had taken
    /// it.
    kept: Mutex<Vec<Arc<Node>>>,
}

impl Underway {
    /// A node is about to be minted: whoever mints it has the first claim. Comes before anybody can
    /// find the node.
    pub(crate) fn begin(&self, number: NodeNo) {
        self.claims.lock().insert(number, 1);
    }

    /// One more batch will carry the record. `false`: it need not, the node is confirmed; or it may not,
    /// the node is deleted.
    pub(crate) fn claim(&self, node: &Node) -> bool {
        match self.claims.lock().get_mut(&node.number) {
            Some(claims) => {
                *claims += 1;
                true
            }
            None => false,
        }
    }

    /// The records of these nodes are committed. Only now do publishes need no record of their own: one
    /// that relied on the record of a batch under way would be nobody's if the log refused that batch.
    pub(crate) fn confirm(&self, nodes: &[Arc<Node>]) {
        let mut claims = self.claims.lock();
        for node in nodes {
            claims.remove(&node.number);
            node.set_logged();
        }
    }

    /// A claim ends although its record is not in the log. Whether the node never came to be by that:
    /// then it counts as deleted.
    pub(crate) fn lose(&self, node: &Node) -> bool {
        let mut claims = self.claims.lock();
        let Some(left) = claims.get_mut(&node.number) else { return false };
        *left -= 1;
        if *left > 0 {
            return false;
        }
        claims.remove(&node.number);
        node.set_refused();
        true
    }

    /// The same after the log had taken the records, on its own thread: the registry hears of it with
    /// [`Underway::take_lost`].
    pub(crate) fn lose_later(&self, nodes: &[Arc<Node>]) {
        let lost = nodes.iter().filter(|node| self.lose(node)).cloned();
        self.lost.lock().extend(lost);
    }

    /// Deletions of these nodes are refused after the log had taken them, on its own thread: the
    /// registry hears of it with [`Underway::take_kept`].
    pub(crate) fn keep_later(&self, nodes: &[Arc<Node>]) {
        self.kept.lock().extend_from_slice(nodes);
    }

    /// The nodes that the registry is to take for living again.
    pub(crate) fn take_kept(&self) -> Vec<Arc<Node>> {
        std::mem::take(&mut self.kept.lock())
    }

    /// Whether there are any.
    pub(crate) fn has_kept(&self) -> bool {
        !self.kept.lock().is_empty()
    }

    /// The nodes that the registry is to let go of.
    pub(crate) fn take_lost(&self) -> Vec<Arc<Node>> {
        std::mem::take(&mut self.lost.lock())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_lost_with_its_last_claim_and_never_once_it_is_confirmed() {
        let underway = Underway::default();
        let node = Node::named(3, "uns/v1/a");
        assert!(!underway.claim(&node) && !underway.lose(&node), "it is old");
        underway.begin(node.number);
        assert!(underway.claim(&node));
        assert!(!underway.lose(&node) && !node.is_deleted());
        assert!(underway.lose(&node) && node.is_deleted());
        assert!(!underway.claim(&node));

        let node = Node::named(4, "uns/v1/b");
        underway.begin(node.number);
        assert!(underway.claim(&node));
        underway.confirm(&[Arc::clone(&node)]);
        underway.lose_later(&[Arc::clone(&node)]);
        assert!(!node.is_deleted() && underway.take_lost().is_empty());

        let node = Node::named(5, "uns/v1/c");
        underway.begin(node.number);
        underway.lose_later(&[Arc::clone(&node)]);
        assert_eq!(underway.take_lost().len(), 1);
        assert!(node.is_deleted() && node.counts(), "the registry has it still");
    }
}
