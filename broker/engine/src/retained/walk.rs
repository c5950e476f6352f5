//! Reading the retained messages that match a filter, a slice at a time. Between two slices the
//! trie may change freely: the walk goes on after the last topic it saw, in topic order.

use std::cmp::Ordering;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use uns_model::OrgId;

use super::{Node, Retained, RetainedMessages};
use crate::tree::split;

/// Where a walk over the matches of one filter stands.
#[derive(Clone, Debug)]
pub struct Walk {
    filter: Box<str>,
    /// The last topic delivered; its successors are still to come.
    after: Option<Box<str>>,
}

impl Walk {
    /// Starts before the first match.
    pub fn new(filter: &str) -> Self {
        Self { filter: filter.into(), after: None }
    }

    /// Starts with the first match behind a topic, which need not be there.
    pub fn behind(filter: &str, topic: &str) -> Self {
        Self { filter: filter.into(), after: Some(topic.into()) }
    }

    /// Whether both walk the same filter.
    pub(crate) fn same_filter(&self, other: &Self) -> bool {
        self.filter == other.filter
    }
}

impl RetainedMessages {
    /// Hands out matches until `take` answers `false` (that message counts as taken) or none is
    /// left. Returns whether the walk is over.
    pub fn walk(
        &self,
        org: OrgId,
        walk: &mut Walk,
        now: Duration,
        take: &mut dyn FnMut(&Arc<Retained>) -> bool,
    ) -> bool {
        let state = self.state.read();
        let Some(root) = state.roots.get(&org) else { return true };
        let mut stopped = None;
        let after = walk.after.take();
        let mut take = |message: &Arc<Retained>| {
            if message.expired(now) {
                return true;
            }
            let more = take(message);
            if !more {
                stopped = Some(message.topic.clone());
            }
            more
        };
        let over = root.node.descend(&walk.filter, after.as_deref().map(Some), true, &mut take);
        walk.after = stopped;
        over
    }
}

type Take<'a> = dyn FnMut(&Arc<Retained>) -> bool + 'a;

/// The rest of the resume topic below a node: `None` when the node is not on its path, `Some(None)`
/// when the path ends there.
type After<'a> = Option<Option<&'a str>>;

fn step(after: After<'_>) -> Option<(&str, Option<&str>)> {
    after.flatten().map(split)
}

impl Node {
    fn walk(&self, filter: Option<&str>, after: After<'_>, take: &mut Take<'_>) -> bool {
        match filter {
            None => self.own(after, take),
            Some(filter) => self.descend(filter, after, false, take),
        }
    }

    fn descend(&self, filter: &str, after: After<'_>, root: bool, take: &mut Take<'_>) -> bool {
        let (level, rest) = split(filter);
        match level {
            "#" => self.own(after, take) && self.each(Some("#"), after, root, take),
            "+" => self.each(rest, after, root, take),
            _ => {
                let Some(next) = self.children.get(level) else { return true };
                let Some((first, deeper)) = step(after) else {
                    return next.walk(rest, None, take);
                };
                match level.cmp(first) {
                    Ordering::Less => true,
                    Ordering::Equal => next.walk(rest, Some(deeper), take),
                    Ordering::Greater => next.walk(rest, None, take),
                }
            }
        }
    }

    /// A node on the resume path was delivered before.
    fn own(&self, after: After<'_>, take: &mut Take<'_>) -> bool {
        match &self.value {
            Some(message) if after.is_none() => take(message),
            _ => true,
        }
    }

    fn each(&self, rest: Option<&str>, after: After<'_>, root: bool, take: &mut Take<'_>) -> bool {
        let resume = step(after);
        let from = match resume {
            Some((first, _)) => Bound::Included(first),
            None => Bound::Unbounded,
        };
        for (level, next) in self.children.range::<str, _>((from, Bound::Unbounded)) {
            if root && level.starts_with('$') {
                continue;
            }
            let deeper = resume.filter(|(first, _)| *first == &**level).map(|(_, deeper)| deeper);
            if !next.walk(rest, deeper, take) {
                return false;
            }
        }
        true
    }
}
