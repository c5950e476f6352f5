//! Nodes and their series, folded from the log. There are millions of them, so a node is small: what
//! the catalog alone wants to know is kept until the catalog has it, and only a node with fields, or
//! with values of several types, holds more than one series number. What every sample asks for is
//! apart from what queries want to know: eight bytes of a node, eight nodes in one cache line.

mod adopt;
mod changes;
mod latest;
mod series;
mod types;

use std::collections::HashMap;
use std::hint::black_box;
use std::num::{NonZeroU16, NonZeroU32};
use std::sync::Arc;

use ahash::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use historian_segment::SeriesId;
use uns_model::{NodeId, NodeNo, OrgId, Plane, TopicId};

#[cfg(test)]
use adopt::Contradiction;
pub(crate) use adopt::NO_NUMBER;
pub(crate) use changes::{Changes, NodeRow, SeriesRow};
use latest::{BROWNFIELD, DELETED, KNOWN, Latest, PURGED};
use series::Series;
pub(crate) use series::{NoSeries, Of};
use types::More;
pub use types::ValueType;

use crate::names::SharedNames;

/// One node, beside what is in [`Latest`].
#[derive(Debug)]
struct Node {
    name: Arc<str>,
    org: OrgId,
    /// The node that had the topic before: its number plus one.
    older: Option<NonZeroU32>,
    more: Option<Box<More>>,
}

/// Node numbers are dense; beyond this a record is nonsense.
const NODES_MAX: u32 = 1 << 26;
/// From here on numbers are our own: of nodes whose number in the log is lost with an old catalog.
const UNNUMBERED: u32 = 1 << 30;
/// The topic of a node of which only files told.
const TOPIC_LOST: TopicId = TopicId(u32::MAX);

/// All nodes and series.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    nodes: Vec<Option<Node>>,
    /// Of each node what samples ask for.
    latest: Vec<Latest>,
    /// Nodes that files of format 1 name, of which nobody knows the number any more.
    unnumbered: Vec<(Node, Latest)>,
    series: Vec<Series>,
    /// The names of fields, one for each series of a field.
    fields: Vec<Arc<str>>,
    /// The units of series, each once.
    units: Vec<Arc<str>>,
    unit_numbers: HashMap<Arc<str>, NonZeroU16, RandomState>,
    units_refused: u64,
    hasher: RandomState,
    /// The newest node of each topic.
    topics: HashTable<NodeNo>,
    /// What the catalog does not know yet.
    minted: Vec<(NodeNo, TopicId, [u8; 16])>,
    deleted: Vec<NodeNo>,
    saved_series: usize,
}

impl Registry {
    /// Introduces a node, or gives it another topic.
    pub(crate) fn mint(
        &mut self,
        number: NodeNo,
        (org, topic, id): (OrgId, TopicId, NodeId),
        name: Arc<str>,
    ) {
        if self.insert(number, org, name) {
            self.minted.push((number, topic, id.0.to_ne_bytes()));
        }
    }

    fn insert(&mut self, number: NodeNo, org: OrgId, name: Arc<str>) -> bool {
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
        let Some(node) = self.node(number) else { return };
        let older = node.older;
        let hash = self.hasher.hash_one((node.org, &*node.name));
        let mut newer = None;
        let nodes = self.nodes_of(node.org, &node.name).map(|(at, _)| at);
        for at in nodes.take_while(|at| *at != number) {
            newer = Some(at);
        }
        if let Some(newer) = newer {
            if let Some(newer) = self.node_mut(newer) {
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
    fn nodes_of<'a>(
        &'a self,
        org: OrgId,
        topic: &'a str,
    ) -> impl Iterator<Item = (NodeNo, &'a Node)> {
        let is = |of: &NodeNo| {
            self.node(*of).is_some_and(|node| node.org == org && *node.name == *topic)
        };
        let newest = self.topics.find(self.hasher.hash_one((org, topic)), is).copied();
        std::iter::successors(newest, |at| {
            self.node(*at)?.older.map(|older| NodeNo(older.get() - 1))
        })
        .filter_map(|at| Some((at, self.node(at)?)))
    }

    fn node(&self, number: NodeNo) -> Option<&Node> {
        match number.0.checked_sub(UNNUMBERED) {
            Some(at) => self.unnumbered.get(at as usize).map(|(node, _)| node),
            None => self.nodes.get(number.0 as usize)?.as_ref(),
        }
    }

    fn node_mut(&mut self, number: NodeNo) -> Option<&mut Node> {
        self.parts_mut(number).map(|(node, _)| node)
    }

    fn latest(&self, number: NodeNo) -> Option<&Latest> {
        match number.0.checked_sub(UNNUMBERED) {
            Some(at) => self.unnumbered.get(at as usize).map(|(_, latest)| latest),
            None => self.latest.get(number.0 as usize),
        }
    }

    fn parts_mut(&mut self, number: NodeNo) -> Option<(&mut Node, &mut Latest)> {
        match number.0.checked_sub(UNNUMBERED) {
            Some(at) => self.unnumbered.get_mut(at as usize).map(|(node, latest)| (node, latest)),
            None => {
                let node = self.nodes.get_mut(number.0 as usize)?.as_mut()?;
                Some((node, self.latest.get_mut(number.0 as usize)?))
            }
        }
    }

    /// Whether all of this is so of a node that is there.
    fn is(&self, number: NodeNo, state: u8) -> bool {
        self.latest(number).is_some_and(|latest| latest.is(KNOWN | state))
    }

    /// Nodes have numbers below this one.
    pub(crate) fn nodes_end(&self) -> u32 {
        u32::try_from(self.nodes.len()).expect("numbers beyond NODES_MAX are refused")
    }

    /// Marks a node deleted; gives the series to forget when it is purged.
    pub(crate) fn delete(&mut self, number: NodeNo, purge: bool) -> Vec<SeriesId> {
        let latest = self.latest.get_mut(number.0 as usize);
        let Some(latest) = latest.filter(|latest| latest.is(KNOWN)) else { return Vec::new() };
        latest.set(DELETED);
        if !purge {
            self.deleted.push(number);
            return Vec::new();
        }
        let mut purged = vec![number];
        if let Some(node) = self.node(number) {
            // What lost its number counts as the node that has its topic now.
            let others = self.nodes_of(node.org, &node.name).map(|(other, _)| other);
            purged.extend(others.filter(|other| other.0 >= UNNUMBERED));
        }
        let mut series = Vec::new();
        for number in purged {
            if let Some((_, latest)) = self.parts_mut(number) {
                latest.set(DELETED | PURGED);
            }
            series.extend(self.series_of(number, None, true));
            self.deleted.push(number);
        }
        series
    }

    /// The series of a topic or field: every generation, of every node the topic has had and that
    /// was not purged. `None` when the topic was never seen.
    pub(crate) fn find(
        &self,
        org: OrgId,
        topic: &str,
        field: Option<&str>,
    ) -> Option<Vec<SeriesId>> {
        let mut found = Vec::new();
        let mut known = false;
        for (number, _) in self.nodes_of(org, topic) {
            if !self.is(number, PURGED) {
                known = true;
                found.extend(self.series_of(number, field, false));
            }
        }
        found.sort_unstable();
        known.then_some(found)
    }

    pub(crate) fn is_purged(&self, sid: SeriesId) -> bool {
        let series = self.series.get(sid.0 as usize);
        series.is_some_and(|series| self.is(series.node, PURGED))
    }

    /// Reads a little of some nodes. Among a million each is far from the processor: asked for one
    /// behind the other here, they come at the same time.
    pub(crate) fn touch(&self, nodes: &[NodeNo]) {
        let latest = nodes.iter().filter_map(|node| self.latest.get(node.0 as usize));
        black_box(latest.filter(|latest| latest.is(DELETED)).count());
    }

    /// Whether a node lives outside our own prefixes.
    pub(crate) fn is_brownfield(&self, number: NodeNo) -> bool {
        self.is(number, BROWNFIELD)
    }

    /// Puts back a node from the catalog.
    pub(crate) fn restore_node(&mut self, row: &NodeRow) {
        if row.number.0 < UNNUMBERED {
            self.insert(row.number, row.org, Arc::clone(&row.name));
        } else {
            self.insert_unnumbered(row.org, &row.name);
        }
        if let Some((_, latest)) = self.parts_mut(row.number) {
            for (state, is) in [(DELETED, row.deleted), (PURGED, row.purged)] {
                if is {
                    latest.set(state);
                }
            }
        }
    }

    /// Lets nodes share the strings of their topics with who else has them; from a place on, so
    /// many at a time. Gives the next place while there is one.
    pub(crate) fn share_names(
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

#[cfg(test)]
mod tests;
