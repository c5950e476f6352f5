//! `tree`: the levels below a path, with counts and what lives there.

use super::sight::{Looker, Seen};
use super::{Arc, Error, NodeId, NodeNo, OrgId, PAGE_BYTES_MAX, PAGE_MAX, Quality, STEPS_MAX};
use super::{Below, Everywhere, Sight, WORK_MAX};
use super::{Sequence, Timestamp, Token, Value, ValueRemarks, size};
use uns_model::grammar::Marker;

use crate::Namespace;
use crate::node::UNS_PREFIX;
use crate::view::{Entry, Pattern, Step, View, Walk};

/// Which part of the tree.
#[derive(Clone, Debug)]
pub struct TreeQuery {
    /// The asking organisation.
    pub org: OrgId,
    /// The subtree's path; without one, the root. The empty path is the level without a name.
    pub path: Option<String>,
    /// How many levels below it, at least 1.
    pub depth: u32,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// At most so many levels.
    pub limit: usize,
}

/// One page of the tree, depth first, in topic order.
#[derive(Clone, PartialEq, Debug)]
pub struct TreePage {
    /// What every page of the walk is at least as new as.
    pub sequence: Sequence,
    /// The levels.
    pub nodes: Vec<TreeNode>,
    /// Pass as `after` for the next page; `None` on the last.
    pub next: Option<String>,
}

/// One level of a path, with or without a node of its own.
#[derive(Clone, PartialEq, Debug)]
pub struct TreeNode {
    /// The whole path from the root.
    pub path: Arc<str>,
    /// The last level of the path.
    pub name: Arc<str>,
    /// The node that lives here; `None` where the level only groups others.
    pub node: Option<NodeNo>,
    /// The node's identity.
    pub node_id: Option<NodeId>,
    /// How many children it has directly; a leaf has none.
    pub children: u64,
    /// How many nodes live below it.
    pub descendants: u64,
    /// The contract marker in its path, as in the topic (NS-6).
    pub contract: Option<Arc<str>>,
    /// When its last sample came in.
    pub last_ingest: Option<Timestamp>,
    /// The node's own last value.
    pub own: Option<OwnValue>,
}

/// A node's own last value.
#[derive(Clone, PartialEq, Debug)]
pub struct OwnValue {
    /// The value.
    pub value: Value,
    /// Its quality.
    pub quality: Quality,
    /// Source time, or ingest time where the source named none.
    pub timestamp: Timestamp,
    /// The record it came with.
    pub sequence: Sequence,
    /// What is said of it beside its value.
    pub remarks: ValueRemarks,
}

impl OwnValue {
    /// That of an entry.
    pub(super) fn of(entry: &Entry) -> Option<Self> {
        let last = entry.own.as_ref()?;
        Some(Self {
            value: last.value(),
            quality: last.quality(),
            timestamp: last.time(),
            sequence: last.sequence,
            remarks: ValueRemarks::of(entry),
        })
    }
}

impl Namespace {
    /// One page of the subtree below a path; empty if nothing lives there.
    ///
    /// # Errors
    /// When `after` is no page token.
    pub fn tree(&self, query: &TreeQuery) -> Result<TreePage, Error> {
        self.tree_for(query, &Everywhere)
    }

    /// The same, as somebody sees it.
    ///
    /// # Errors
    /// When `after` is no page token.
    pub fn tree_for(&self, query: &TreeQuery, sight: &dyn Sight) -> Result<TreePage, Error> {
        let token = query.after.as_deref().map(Token::parse).transpose()?;
        let mut sequence = token.as_ref().map(|token| token.sequence);
        let mut after = token.map(|token| token.path.to_owned());
        let path = query.path.as_deref();
        let pattern = Pattern::below(path, query.depth.max(1));
        let skipped = path.map_or(0, |path| path.split('/').count());
        let limit = query.limit.clamp(1, PAGE_MAX);
        let (mut nodes, mut bytes, mut work) = (Vec::new(), 0, 0);
        loop {
            let view = self.view.read();
            let as_of = *sequence.get_or_insert(view.applied);
            let mut looker = Looker { view: &view, org: query.org, sight, work: 0 };
            if path.is_some_and(|path| view.tree.is_unknown(query.org, path)) {
                return Ok(TreePage { sequence: as_of, nodes, next: None });
            }
            let mut walk = Walk::new(&view.tree, query.org, &pattern, after.as_deref());
            while looker.work < STEPS_MAX {
                let Some(step) = walk.step() else {
                    return Ok(TreePage { sequence: as_of, nodes, next: None });
                };
                let seen = looker.look(&step, walk.path());
                if let Some(seen) = seen.filter(|_| step.depth > skipped) {
                    let node = show(&view, (&step, seen), walk.path());
                    bytes += node.path.len() + node.own.as_ref().map_or(0, |own| size(&own.value));
                    nodes.push(node);
                }
                if looker.below(&step, walk.path()) == Below::Nothing {
                    walk.leave(step.depth);
                }
                let worked = work + looker.work >= WORK_MAX;
                if nodes.len() >= limit || bytes >= PAGE_BYTES_MAX || worked {
                    let next = Some(Token::write(as_of, walk.path()));
                    return Ok(TreePage { sequence: as_of, nodes, next });
                }
            }
            work += looker.work;
            after = Some(walk.path().to_owned());
        }
    }
}

fn show(view: &View, (step, seen): (&Step, Seen), path: &str) -> TreeNode {
    // A node that may not be seen is a level like any other.
    let node = step.node.filter(|_| seen.own);
    let entry = node.and_then(|node| view.entry(node));
    let name = path.rsplit('/').next().unwrap_or(path);
    TreeNode {
        path: entry.map_or_else(|| path.into(), |entry| entry.node.name.clone()),
        name: name.into(),
        node,
        node_id: entry.map(|entry| entry.node.id),
        children: seen.children,
        // Where not every child is seen, how many nodes there are is not told either.
        descendants: match seen.children == step.children as u64 {
            true => u64::from(step.nodes_below),
            false => seen.children,
        },
        contract: contract(path),
        last_ingest: entry.and_then(Entry::last_ingest),
        own: entry.and_then(OwnValue::of),
    }
}

fn contract(path: &str) -> Option<Arc<str>> {
    let mut segments = path.strip_prefix(UNS_PREFIX)?.split('/');
    segments
        .find(|segment| matches!(Marker::parse(segment), Some(Marker::Contract { .. })))
        .map(Arc::from)
}
