//! The tree of path levels. Interior levels need no record: paths make them.

use std::collections::BTreeMap;

use ahash::AHashMap;
use uns_model::{NodeNo, OrgId};

/// Place of a level in the arena.
pub(crate) type LevelNo = u32;

/// One level of a path.
#[derive(Debug, Default)]
pub(crate) struct Level {
    pub(crate) children: BTreeMap<Box<str>, LevelNo>,
    /// The node that lives here, if any.
    pub(crate) node: Option<NodeNo>,
    /// Nodes below, this one not included.
    pub(crate) nodes_below: u32,
}

/// Every level of every organisation, in one arena: no recursion, however deep a path is.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    arena: Vec<Level>,
    free: Vec<LevelNo>,
    roots: AHashMap<OrgId, LevelNo>,
}

impl Tree {
    /// The root of an organisation that has nodes.
    pub(crate) fn root(&self, org: OrgId) -> Option<LevelNo> {
        self.roots.get(&org).copied()
    }

    pub(crate) fn level(&self, number: LevelNo) -> &Level {
        &self.arena[number as usize]
    }

    /// The level at a path.
    pub(crate) fn find<'a>(
        &self,
        org: OrgId,
        mut path: impl Iterator<Item = &'a str>,
    ) -> Option<LevelNo> {
        let root = self.root(org)?;
        path.try_fold(root, |at, name| self.level(at).children.get(name).copied())
    }

    /// Whether nothing lives at or below a path; wildcards are never known. The empty path is the
    /// root, which is always known.
    pub(crate) fn is_unknown(&self, org: OrgId, path: &str) -> bool {
        !path.is_empty() && self.find(org, path.split('/')).is_none()
    }

    /// Puts a node onto its path; one that was there gives way and is returned.
    pub(crate) fn insert(&mut self, org: OrgId, topic: &str, node: NodeNo) -> Option<NodeNo> {
        let mut trail = Vec::with_capacity(16);
        let mut at = match self.root(org) {
            Some(root) => root,
            None => {
                let root = self.add();
                self.roots.insert(org, root);
                root
            }
        };
        for name in topic.split('/') {
            trail.push(at);
            at = match self.level(at).children.get(name) {
                Some(child) => *child,
                None => {
                    let child = self.add();
                    self.arena[at as usize].children.insert(name.into(), child);
                    child
                }
            };
        }
        let before = self.arena[at as usize].node.replace(node);
        if before.is_none() {
            for above in trail {
                self.arena[above as usize].nodes_below += 1;
            }
        }
        before
    }

    /// Takes a node off its path, and every level that leads to nothing any more.
    pub(crate) fn remove(&mut self, org: OrgId, topic: &str, node: NodeNo) {
        let Some(mut at) = self.root(org) else { return };
        let mut trail = Vec::with_capacity(16);
        for name in topic.split('/') {
            let Some(child) = self.level(at).children.get(name) else { return };
            trail.push((at, name));
            at = *child;
        }
        if self.level(at).node != Some(node) {
            return;
        }
        self.arena[at as usize].node = None;
        for (above, name) in trail.into_iter().rev() {
            let parent = &mut self.arena[above as usize];
            parent.nodes_below -= 1;
            let child = &self.arena[at as usize];
            if child.node.is_none() && child.children.is_empty() {
                self.arena[above as usize].children.remove(name);
                self.free.push(at);
            }
            at = above;
        }
    }

    fn add(&mut self) -> LevelNo {
        if let Some(number) = self.free.pop() {
            return number;
        }
        let number = u32::try_from(self.arena.len()).expect("quotas keep levels below 2^32");
        self.arena.push(Level::default());
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removing_everything_leaves_nothing_but_the_root() {
        let mut tree = Tree::default();
        let org = OrgId::DEFAULT;
        for (n, topic) in ["a/b/c", "a/b", "a//x", "/a", "a"].into_iter().enumerate() {
            let before = tree.insert(org, topic, NodeNo(u32::try_from(n).unwrap()));
            assert_eq!(before, None);
        }
        let root = tree.root(org).unwrap();
        assert_eq!(tree.level(root).nodes_below, 5);
        let a = tree.find(org, "a".split('/')).unwrap();
        assert_eq!((tree.level(a).nodes_below, tree.level(a).children.len()), (3, 2));

        tree.remove(org, "a/b", NodeNo(9));
        assert_eq!(tree.level(root).nodes_below, 5, "another node's number removes nothing");
        tree.remove(org, "a/b", NodeNo(1));
        assert!(tree.find(org, "a/b/c".split('/')).is_some());
        for (n, topic) in [(0, "a/b/c"), (2, "a//x"), (3, "/a"), (4, "a")] {
            tree.remove(org, topic, NodeNo(n));
        }
        assert_eq!((tree.level(root).nodes_below, tree.level(root).children.len()), (0, 0));
        assert_eq!(tree.free.len() + 1, tree.arena.len());
        tree.insert(org, "z/y", NodeNo(7));
        assert_eq!(tree.level(tree.find(org, "z/y".split('/')).unwrap()).node, Some(NodeNo(7)));
    }
}
