//! Walks the levels an MQTT filter matches, in topic order (level by level), and can go on behind
//! any path. The cost follows the levels the filter leads through, not the size of the tree.

use uns_model::{NodeNo, OrgId};

use super::children::{Child, InOrder};
use super::tree::{Level, Seen, Tree};

/// The levels of a filter, with an optional end of depth.
#[derive(Clone, Debug)]
pub(crate) struct Pattern<'f> {
    levels: Vec<&'f str>,
    /// Deeper levels are not entered.
    depth_max: usize,
}

/// Where the children of one level come from.
enum Children<'t> {
    /// A literal level of the filter: at most one.
    One(Option<&'t Child>),
    /// A wildcard: those left of all.
    Many(InOrder<'t>),
    /// There are none.
    Nothing,
}

/// A walk in progress.
pub(crate) struct Walk<'t, 'f> {
    tree: &'t Tree,
    pattern: &'f Pattern<'f>,
    /// One entry per level of the current path, the root first.
    stack: Vec<(Children<'t>, usize)>,
    path: String,
}

/// One level the walk came to.
pub(crate) struct Step {
    /// The node that lives here.
    pub(crate) node: Option<NodeNo>,
    /// How many levels are directly below.
    pub(crate) children: usize,
    /// How many nodes are below.
    pub(crate) nodes_below: u32,
    /// Whether the filter matches its path; if not, it only leads there.
    pub(crate) matched: bool,
    /// How many levels its path has.
    pub(crate) depth: usize,
}

impl<'f> Pattern<'f> {
    /// A filter.
    pub(crate) fn filter(filter: &'f str) -> Self {
        Self { levels: filter.split('/').collect(), depth_max: usize::MAX }
    }

    /// Everything below a path, so many levels deep; without one, below the root. The empty path is
    /// the level without a name that topics such as `/l/x` begin with.
    pub(crate) fn below(path: Option<&'f str>, depth: u32) -> Self {
        let mut levels: Vec<_> = path.map(|path| path.split('/').collect()).unwrap_or_default();
        let depth_max = levels.len().saturating_add(depth as usize);
        levels.push("#");
        Self { levels, depth_max }
    }

    /// The filter's level at a depth, `#` standing for all that follow it.
    fn at(&self, depth: usize) -> Option<&'f str> {
        match self.levels.get(depth) {
            Some(level) => Some(level),
            None => self.levels.last().filter(|last| **last == "#").copied(),
        }
    }

    fn matches_at(&self, depth: usize) -> bool {
        depth == self.levels.len() || self.at(depth) == Some("#")
    }
}

impl<'t, 'f> Walk<'t, 'f> {
    /// A walk from the start, or from behind the path `after`.
    pub(crate) fn new(
        tree: &'t Tree,
        org: OrgId,
        pattern: &'f Pattern<'f>,
        after: Option<&str>,
    ) -> Self {
        let mut walk = Self { tree, pattern, stack: Vec::new(), path: String::new() };
        let Some(root) = tree.root(org) else { return walk };
        let Some(after) = after else {
            walk.push(Some(root), None);
            return walk;
        };
        let mut level = Some(root);
        for name in after.split('/') {
            if walk.pattern.depth_max == walk.stack.len() {
                return walk;
            }
            walk.push(level, Some(name));
            let depth = walk.stack.len() - 1;
            let leads = match pattern.at(depth) {
                Some("+" | "#") => true,
                Some(literal) => literal == name,
                None => false,
            };
            match level.and_then(|level| level.children.get(name)).filter(|_| leads) {
                Some(child) => level = tree.seen(child).level,
                None => return walk,
            }
            walk.enter(name, depth);
        }
        if walk.stack.len() < walk.pattern.depth_max {
            walk.push(level, None);
        }
        walk
    }

    /// The path of the last step.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Leaves out what is below the last step, which came to this depth.
    pub(crate) fn leave(&mut self, depth: usize) {
        self.stack.truncate(depth);
    }

    /// The next level.
    pub(crate) fn step(&mut self) -> Option<Step> {
        loop {
            let depth = self.stack.len();
            let (children, path_bytes) = self.stack.last_mut()?;
            let next = match children {
                Children::One(one) => one.take(),
                Children::Many(range) => range.next(),
                Children::Nothing => None,
            };
            let Some(child) = next else {
                self.stack.pop();
                continue;
            };
            let path_bytes = *path_bytes;
            self.path.truncate(path_bytes);
            self.enter(child.name(), depth - 1);
            let seen = self.tree.seen(child);
            if depth < self.pattern.depth_max {
                self.push(seen.level, None);
            }
            return Some(self.came_to(seen, depth));
        }
    }

    fn came_to(&self, seen: Seen<'_>, depth: usize) -> Step {
        let matched = self.pattern.matches_at(depth);
        let (children, nodes_below) = (seen.children(), seen.nodes_below());
        Step { node: seen.node, children, nodes_below, matched, depth }
    }

    /// Adds the children of the current level that the filter leads to and that lie behind `after`.
    fn push(&mut self, level: Option<&'t Level>, after: Option<&str>) {
        let children = match (level, self.pattern.at(self.stack.len())) {
            (None, _) | (_, None) => Children::Nothing,
            (Some(level), Some("+" | "#")) => Children::Many(level.children.behind(after)),
            (Some(level), Some(literal)) => {
                let behind = after.is_none_or(|after| after < literal);
                Children::One(level.children.get(literal).filter(|_| behind))
            }
        };
        self.stack.push((children, self.path.len()));
    }

    fn enter(&mut self, name: &str, depth: usize) {
        if depth > 0 {
            self.path.push('/');
        }
        self.path.push_str(name);
    }
}

#[cfg(test)]
mod tests;
