//! The new nodes of the open batch: each has its record in it, before the first publish to it. So a
//! publish and the node it makes are in the log together, or neither is (NS-7).

use std::sync::Arc;

use ahash::AHashMap;
use uns_model::NodeNo;

use crate::node::Node;

/// The nodes this gate has claims on.
#[derive(Debug, Default)]
pub(super) struct Newcomers {
    /// In the order of their claims.
    nodes: Vec<Arc<Node>>,
    /// Whether their records are in the batch.
    written: AHashMap<NodeNo, bool>,
    /// How many are not.
    unwritten: usize,
}

impl Newcomers {
    /// How many have their record in the batch.
    pub(super) fn records(&self) -> usize {
        self.nodes.len() - self.unwritten
    }

    pub(super) fn add(&mut self, node: &Arc<Node>) {
        self.nodes.push(Arc::clone(node));
        self.written.insert(node.number, false);
        self.unwritten += 1;
    }

    /// Whether there is a claim on a node.
    pub(super) fn has(&self, node: &Node) -> bool {
        self.written.contains_key(&node.number)
    }

    /// Whether there are claims on nodes whose records are not in the batch.
    #[inline]
    pub(super) fn has_unwritten(&self) -> bool {
        self.unwritten > 0
    }

    /// Whether the record of a node has to be written now.
    pub(super) fn write(&mut self, node: &Node) -> bool {
        match self.written.get_mut(&node.number) {
            Some(written @ false) => {
                *written = true;
                self.unwritten -= 1;
                true
            }
            Some(true) | None => false,
        }
    }

    /// Those whose records are not in the batch.
    pub(super) fn take_unwritten(&mut self) -> Vec<Arc<Node>> {
        if self.unwritten == 0 {
            return Vec::new();
        }
        let Self { nodes, written, .. } = self;
        let is_unwritten = |node: &mut Arc<Node>| written.get(&node.number) == Some(&false);
        let taken: Vec<_> = nodes.extract_if(.., is_unwritten).collect();
        for node in &taken {
            written.remove(&node.number);
        }
        self.unwritten = 0;
        taken
    }

    /// All of them: the batch is handed over, or given up.
    pub(super) fn take(&mut self) -> Vec<Arc<Node>> {
        self.written.clear();
        self.unwritten = 0;
        std::mem::take(&mut self.nodes)
    }
}
