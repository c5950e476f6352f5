//! All nodes: by their number in the log, and by topic. There are millions of them, so what every
//! sample asks for is apart from what queries want to know: eight bytes of a node, eight nodes in one
//! cache line.

use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::Arc;

use ahash::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use uns_model::{NodeNo, OrgId, Plane};

use super::latest::{DELETED, KNOWN, Latest, PURGED};
use super::node::Node;
use crate::names::SharedNames;

/// Node numbers are dense; beyond this a record is nonsense.
const NODES_MAX: u32 = 1 << 26;
/// From here on numbers are our own: of nodes whose number in the log is lost with an old catalog.
const UNNUMBERED: u32 = 1 << 30;
/// The number to give a node whose number is lost; the registry finds the real one by topic.
pub(crate) const NO_NUMBER: NodeNo = NodeNo(UNNUMBERED);

/// Whether a number is the log's, not our own.
pub(crate) fn is_numbered(number: NodeNo) -> bool {
    number.0 < UNNUMBERED
}

/// All nodes.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    nodes: Vec<Option<Node>>,
    /// Of each node what samples ask for.
    latest: Vec<Latest>,
    /// Nodes that files of format 1 name, of which nobody knows the number any more.
    unnumbered: Vec<(Node, Latest)>,
    hasher: RandomState,
    /// The newest node of each topic.
    topics: HashTable<NodeNo>,
}

impl Nodes {
    /// Puts a node in its place, with a new topic if it was there; `false` if its number is nonsense.
    pub(super) fn insert(&mut self, number: NodeNo, org: OrgId, name: Arc<str>) -> bool {
        if number.0 >= NODES_MAX {
            return false;
        }
        let index = number.0 as usize;
        if self.nodes.len() <= index {
            self.nodes.resize_with(index + 1, || None);
            self.latest.resize_with(index + 1, Latest::default);
        }
        self.unlink(number);
        // What was purged stays gone, even if its number should come back.
        let kept = self.nodes[index].take().filter(|_| !self.latest[index].is(PURGED));
        let latest = if kept.is_some() { self.latest[index] } else { Latest::default() };
        let more = kept.and_then(|old| old.more);
        let brownfield = Plane::of(&name) == Plane::Brownfield;
        self.latest[index] = latest.minted(brownfield);
        let older = self.link(number, (org, &name));
        self.nodes[index] = Some(Node { name, org, older, more });
        true
    }

    /// Adds a node whose number is lost, under one of our own.
    pub(super) fn insert_unnumbered(&mut self, org: OrgId, name: &Arc<str>) -> NodeNo {
        let number = NodeNo(UNNUMBERED + u32::try_from(self.unnumbered.len()).unwrap_or_default());
        let latest = Latest::default().minted(Plane::of(name) == Plane::Brownfield);
        self.unnumbered
            .push((Node { name: Arc::clone(name), org, older: None, more: None }, latest));
        let older = self.link(number, (org, name));
        if let Some((node, _)) = self.unnumbered.last_mut() {
            node.older = older;
        }
        number
    }

    /// Makes a node the newest of its topic; gives the one before.
    fn link(&mut self, number: NodeNo, key: (OrgId, &str)) -> Option<NonZeroU32> {
        let Self { nodes, unnumbered, hasher, topics, .. } = self;
        let key_of = |of: &NodeNo| {
            let node = match of.0.checked_sub(UNNUMBERED) {
                Some(at) => unnumbered.get(at as usize).map(|(node, _)| node),
                None => nodes.get(of.0 as usize).and_then(Option::as_ref),
            };
            node.map_or((OrgId::default(), ""), |node| (node.org, &*node.name))
        };
        let entry = topics.entry(
            hasher.hash_one(key),
            |of| key_of(of) == key,
            |of| hasher.hash_one(key_of(of)),
        );
        match entry {
            Entry::Occupied(mut known) => plus_one(std::mem::replace(known.get_mut(), number)),
            Entry::Vacant(place) => {
                place.insert(number);
                None
            }
        }
    }

    /// Takes a node that is there already from its topic.
    fn unlink(&mut self, number: NodeNo) {
        let Some(node) = self.get(number) else { return };
        let older = node.older;
        let hash = self.hasher.hash_one((node.org, &*node.name));
        let mut newer = None;
        let nodes = self.of_topic(node.org, &node.name).map(|(at, _)| at);
        for at in nodes.take_while(|at| *at != number) {
            newer = Some(at);
        }
        if let Some(newer) = newer {
            if let Some((newer, _)) = self.get_mut(newer) {
                newer.older = older;
            }
            return;
        }
        if let Ok(mut entry) = self.topics.find_entry(hash, |of| *of == number) {
            match older {
                Some(older) => *entry.get_mut() = NodeNo(older.get() - 1),
                None => drop(entry.remove()),
            }
        }
    }

    /// Every node a topic has had, the newest first.
    pub(super) fn of_topic<'a>(
        &'a self,
        org: OrgId,
        topic: &'a str,
    ) -> impl Iterator<Item = (NodeNo, &'a Node)> {
        let is =
            |of: &NodeNo| self.get(*of).is_some_and(|node| node.org == org && *node.name == *topic);
        let newest = self.topics.find(self.hasher.hash_one((org, topic)), is).copied();
        std::iter::successors(newest, |at| {
            self.get(*at)?.older.map(|older| NodeNo(older.get() - 1))
        })
        .filter_map(|at| Some((at, self.get(at)?)))
    }

    pub(super) fn get(&self, number: NodeNo) -> Option<&Node> {
        match number.0.checked_sub(UNNUMBERED) {
            Some(at) => self.unnumbered.get(at as usize).map(|(node, _)| node),
            None => self.nodes.get(number.0 as usize)?.as_ref(),
        }
    }

    /// A node with what samples ask for of it.
    pub(super) fn get_mut(&mut self, number: NodeNo) -> Option<(&mut Node, &mut Latest)> {
        match number.0.checked_sub(UNNUMBERED) {
            Some(at) => self.unnumbered.get_mut(at as usize).map(|(node, latest)| (node, latest)),
            None => {
                let node = self.nodes.get_mut(number.0 as usize)?.as_mut()?;
                Some((node, self.latest.get_mut(number.0 as usize)?))
            }
        }
    }

    /// What samples ask for of a node.
    pub(super) fn latest(&self, number: NodeNo) -> Option<&Latest> {
        match number.0.checked_sub(UNNUMBERED) {
            Some(at) => self.unnumbered.get(at as usize).map(|(_, latest)| latest),
            None => self.latest_numbered(number),
        }
    }

    /// The same of a node whose number is the log's.
    pub(super) fn latest_numbered(&self, number: NodeNo) -> Option<&Latest> {
        self.latest.get(number.0 as usize)
    }

    /// Whether all of this is so of a node that is there.
    pub(super) fn is(&self, number: NodeNo, state: u8) -> bool {
        self.latest(number).is_some_and(|latest| latest.is(KNOWN | state))
    }

    /// Nodes have numbers below this one.
    pub(super) fn end(&self) -> u32 {
        u32::try_from(self.nodes.len()).expect("numbers beyond NODES_MAX are refused")
    }

    /// Those under numbers of our own.
    pub(super) fn unnumbered(&self) -> impl Iterator<Item = (NodeNo, &Node)> {
        (UNNUMBERED..).map(NodeNo).zip(self.unnumbered.iter().map(|(node, _)| node))
    }

    /// Reads a little of some nodes. Among a million each is far from the processor: asked for one
    /// behind the other here, they come at the same time.
    pub(super) fn touch(&self, nodes: &[NodeNo]) {
        let latest = nodes.iter().filter_map(|node| self.latest_numbered(*node));
        black_box(latest.filter(|latest| latest.is(DELETED)).count());
    }

    /// See [`Registry::share_names`](super::Registry::share_names).
    pub(super) fn share_names(
        &mut self,
        from: usize,
        count: usize,
        names: &SharedNames,
    ) -> Option<usize> {
        for node in self.nodes.iter_mut().skip(from).take(count).flatten() {
            if let Some(name) = names.find(node.org, &node.name).filter(|name| *name == node.name) {
                node.name = name;
            }
        }
        (from + count < self.nodes.len()).then_some(from + count)
    }
}

fn plus_one(number: NodeNo) -> Option<NonZeroU32> {
    NonZeroU32::new(number.0 + 1)
}
