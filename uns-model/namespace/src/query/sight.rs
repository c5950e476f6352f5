//! What somebody may see of the namespace. What they may not is as if it were not there: it is not
//! listed, not counted, and takes no place of a page.

use uns_model::{Coverage, OrgId};

use crate::view::{Pattern, Step, View, Walk};

/// Somebody's rights to read.
pub trait Sight {
    /// Whether they may read this topic.
    fn sees(&self, topic: &str) -> bool;

    /// How much they may read below this path, the path itself not included.
    fn below(&self, path: &str) -> Coverage;
}

/// Everything is seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Everywhere;

impl Sight for Everywhere {
    fn sees(&self, _: &str) -> bool {
        true
    }

    fn below(&self, _: &str) -> Coverage {
        Coverage::All
    }
}

/// Levels looked at to find one that may be seen below another.
const SEARCH_MAX: usize = 2_048;

/// A level of the tree, as somebody sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// Whether its own node may be seen.
    pub(super) own: bool,
    /// How many of its children may be.
    pub(super) children: u64,
}

/// Looks at levels with somebody's eyes, and counts what that takes.
pub(super) struct Looker<'v> {
    pub(super) view: &'v View,
    pub(super) org: OrgId,
    pub(super) sight: &'v dyn Sight,
    /// Levels looked at.
    pub(super) work: usize,
}

impl Looker<'_> {
    /// What is seen of a level; nothing if it is as if it did not exist.
    pub(super) fn look(&mut self, step: &Step, path: &str) -> Option<Seen> {
        self.work += 1;
        let own = step.node.is_some() && self.sight.sees(path);
        let children = match self.below(step, path) {
            Coverage::None => 0,
            Coverage::All => step.children as u64,
            Coverage::Part => self.count_children(path),
        };
        (own || children > 0).then_some(Seen { own, children })
    }

    /// How much is seen below a level that may have nothing below it.
    pub(super) fn below(&self, step: &Step, path: &str) -> Coverage {
        if step.children == 0 { Coverage::None } else { self.sight.below(path) }
    }

    fn count_children(&mut self, path: &str) -> u64 {
        let pattern = Pattern::below(Some(path), 1);
        let mut walk = Walk::new(&self.view.tree, self.org, &pattern, None);
        let depth = path.split('/').count() + 1;
        let (mut found, until) = (0, self.work + SEARCH_MAX);
        while let Some(step) = walk.step() {
            if step.depth < depth {
                continue;
            }
            self.work += 1;
            let child = walk.path();
            let seen = step.node.is_some() && self.sight.sees(child)
                || match self.below(&step, child) {
                    Coverage::None => false,
                    Coverage::All => true,
                    Coverage::Part => self.finds_below(child),
                };
            found += u64::from(seen);
            if self.work >= until {
                break;
            }
        }
        found
    }

    /// Whether something below a path may be seen. Where that takes too long to find out it is
    /// taken for so: then no more is told than that the path exists, below which a rule allows
    /// something.
    fn finds_below(&mut self, path: &str) -> bool {
        let pattern = Pattern::below(Some(path), u32::MAX);
        let mut walk = Walk::new(&self.view.tree, self.org, &pattern, None);
        let depth = path.split('/').count();
        for _ in 0..SEARCH_MAX {
            let Some(step) = walk.step() else { return false };
            if step.depth <= depth {
                continue;
            }
            self.work += 1;
            if step.node.is_some() && self.sight.sees(walk.path()) {
                return true;
            }
            match self.below(&step, walk.path()) {
                Coverage::All => return true,
                Coverage::None => walk.leave(step.depth),
                Coverage::Part => {}
            }
        }
        true
    }
}
