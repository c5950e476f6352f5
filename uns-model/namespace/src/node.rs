//! A node as the gate knows it: one allocation shared by registry, gates and view.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use uns_model::{NodeId, NodeNo, OrgId, TopicId};

/// Which rules a node's publishes pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rules {
    /// Under `uns/v1/`: grammar, payload limits, no malformed JSON.
    Uns,
    /// As plants publish it today: never refused for its name or its content (NS-1).
    Brownfield,
}

/// A node. Callers cache the `Arc` per topic; [`Node::is_deleted`] tells them to resolve again.
#[derive(Debug)]
pub struct Node {
    /// Whose it is.
    pub org: OrgId,
    /// The interned topic it lives on.
    pub topic: TopicId,
    /// Its dense number in this data directory.
    pub number: NodeNo,
    /// Its global identity (NS-10).
    pub id: NodeId,
    /// The topic string.
    pub name: Arc<str>,
    /// The rules of its plane.
    pub rules: Rules,
    deleted: AtomicBool,
    refused: AtomicBool,
    /// The committed namespace has let go of it; [`Node::is_deleted`] runs ahead of this.
    buried: AtomicBool,
}

impl Node {
    pub(crate) fn new(minted: Minted) -> Self {
        let Minted { org, topic, number, id, name } = minted;
        let rules = if name.starts_with(UNS_PREFIX) { Rules::Uns } else { Rules::Brownfield };
        let (deleted, refused, buried) = Default::default();
        Self { org, topic, number, id, name, rules, deleted, refused, buried }
    }

    /// Whether it was deleted: a publish on its topic now mints a new node (NS-14).
    pub fn is_deleted(&self) -> bool {
        self.deleted.load(Ordering::Acquire) || self.refused.load(Ordering::Acquire)
    }

    /// Whether it still counts as living: not even one whose record the log refused is gone before
    /// the registry has let go of it.
    pub(crate) fn counts(&self) -> bool {
        !self.deleted.load(Ordering::Acquire)
    }

    /// The log refused its record after all: it never came to be.
    pub(crate) fn set_refused(&self) {
        self.refused.store(true, Ordering::Release);
    }

    pub(crate) fn is_buried(&self) -> bool {
        self.buried.load(Ordering::Relaxed)
    }

    /// Only the view says so, under its lock.
    pub(crate) fn bury(&self) {
        self.buried.store(true, Ordering::Relaxed);
    }

    pub(crate) fn set_deleted(&self, deleted: bool) {
        self.deleted.store(deleted, Ordering::Release);
    }
}

/// What makes a node: the content of its record.
#[derive(Debug)]
pub(crate) struct Minted {
    pub(crate) org: OrgId,
    pub(crate) topic: TopicId,
    pub(crate) number: NodeNo,
    pub(crate) id: NodeId,
    pub(crate) name: Arc<str>,
}

/// The data plane.
pub(crate) const UNS_PREFIX: &str = "uns/v1/";

#[cfg(test)]
impl Node {
    /// A node for tests.
    pub(crate) fn named(number: u32, name: &str) -> Arc<Self> {
        let (topic, number, id) = (TopicId(number), NodeNo(number), NodeId(0));
        Arc::new(Self::new(Minted { org: OrgId::DEFAULT, topic, number, id, name: name.into() }))
    }
}
