//! `tree`: the levels below a path, with counts and what lives there.

use std::sync::Arc;

use uns_model::Coverage;
use uns_model::grammar::Marker;
use uns_model::query::{TreeNode, TreeQuery};

use super::last::own_value;
use super::page::{PAGE_BYTES_MAX, PAGE_MAX, Page, STEPS_MAX, Token, WORK_MAX, size};
use super::sight::{Everywhere, Looker, Seen, Sight};
use crate::node::UNS_PREFIX;
use crate::view::{Entry, Pattern, Step, View, Walk};
use crate::{Error, Namespace};

impl Namespace {
    /// One page of the subtree below a path; empty if nothing lives there.
    ///
    /// # Errors
    /// When `after` is no page token.
    pub fn tree(&self, query: &TreeQuery) -> Result<Page<TreeNode>, Error> {
        self.tree_for(query, &Everywhere)
    }

    /// The same, as somebody sees it.
    ///
    /// # Errors
    /// When `after` is no page token.
    pub fn tree_for(&self, query: &TreeQuery, sight: &dyn Sight) -> Result<Page<TreeNode>, Error> {
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
                return Ok(Page { sequence: as_of, items: nodes, next: None });
            }
            let mut walk = Walk::new(&view.tree, query.org, &pattern, after.as_deref());
            while looker.work < STEPS_MAX {
                let Some(step) = walk.step() else {
                    return Ok(Page { sequence: as_of, items: nodes, next: None });
                };
                let seen = looker.look(&step, walk.path());
                if let Some(seen) = seen.filter(|_| step.depth > skipped) {
                    let node = show(&view, (&step, seen), walk.path());
                    bytes +=
                        node.path.len() + node.last.as_ref().map_or(0, |last| size(&last.value));
                    nodes.push(node);
                }
                if looker.below(&step, walk.path()) == Coverage::None {
                    walk.leave(step.depth);
                }
                let worked = work + looker.work >= WORK_MAX;
                if nodes.len() >= limit || bytes >= PAGE_BYTES_MAX || worked {
                    let next = Some(Token::write(as_of, walk.path()));
                    return Ok(Page { sequence: as_of, items: nodes, next });
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
        leaf: node.is_some(),
        children: seen.children,
        // Where not every child is seen, how many nodes there are is not told either.
        descendants: match seen.children == step.children as u64 {
            true => u64::from(step.nodes_below),
            false => seen.children,
        },
        contract: contract(path),
        last_ingest: entry.and_then(Entry::last_ingest),
        last: entry.and_then(own_value),
    }
}

fn contract(path: &str) -> Option<Arc<str>> {
    let mut segments = path.strip_prefix(UNS_PREFIX)?.split('/');
    segments
        .find(|segment| matches!(Marker::parse(segment), Some(Marker::Contract { .. })))
        .map(Arc::from)
}
