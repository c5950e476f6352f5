//! The tree of path levels. Interior levels need no record: paths make them. A level with nothing
//! below it is no more than its place among its siblings, and its name is part of its node's.

use std::sync::Arc;

use ahash::AHashMap;
use uns_model::{NodeNo, OrgId};

use super::children::{Child, Children};
use super::level::LevelNo;
use crate::node::Node;

/// One level of a path that has others below it.
#[derive(Debug, Default)]
pub(crate) struct Level {
    pub(crate) children: Children,
    /// The node that lives here, if any.
    node: Option<NodeNo>,
    /// Nodes below, this one not included.
    nodes_below: u32,
}

/// A level as it is seen from outside.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen<'t> {
    /// The node that lives here.
    pub(crate) node: Option<NodeNo>,
    /// What is below, if anything.
    pub(crate) level: Option<&'t Level>,
}

impl Seen<'_> {
    /// How many levels are directly below.
    pub(crate) fn children(&self) -> usize {
        self.level.map_or(0, |level| level.children.len())
    }

    /// How many nodes are below, its own not included.
    pub(crate) fn nodes_below(&self) -> u32 {
        self.level.map_or(0, |level| level.nodes_below)
    }
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
    pub(crate) fn root(&self, org: OrgId) -> Option<&Level> {
        self.roots.get(&org).map(|root| self.level(*root))
    }

    /// A child as it is seen from outside.
    pub(crate) fn seen(&self, child: &Child) -> Seen<'_> {
        match child.level {
            LevelNo::LEAF => Seen { node: Some(child.of.number), level: None },
            number => {
                let level = self.level(number);
                Seen { node: level.node, level: Some(level) }
            }
        }
    }

    /// The level at a path.
    pub(crate) fn find<'a>(
        &self,
        org: OrgId,
        mut path: impl Iterator<Item = &'a str>,
    ) -> Option<Seen<'_>> {
        let root = Seen { node: None, level: self.root(org) };
        path.try_fold(root, |at, name| Some(self.seen(at.level?.children.get(name)?)))
    }

    /// Whether nothing lives at or below a path; wildcards are never known.
    pub(crate) fn is_unknown(&self, org: OrgId, path: &str) -> bool {
        self.find(org, path.split('/')).is_none()
    }

    /// Puts a node onto its path; one that was there gives way and is returned.
    pub(crate) fn insert(&mut self, node: &Arc<Node>) -> Option<NodeNo> {
        let mut at = match self.roots.get(&node.org) {
            Some(root) => *root,
            None => {
                let root = self.add(Level::default());
                self.roots.insert(node.org, root);
                root
            }
        };
        let mut trail = vec![at];
        let mut start = 0;
        let mut before = None;
        for name in node.name.split('/') {
            let end = start + name.len();
            let short =
                |place: usize| u16::try_from(place).expect("a topic is at most 65,535 bytes");
            let last = end == node.name.len();
            let known = self.level(at).children.get(name);
            let known = known.map(|child| (child.level, self.seen(child).node));
            let (mut level, lives) = known.unwrap_or((LevelNo::LEAF, None));
            if last {
                before = lives;
                if level != LevelNo::LEAF {
                    self.arena[level.place()].node = Some(node.number);
                }
            } else if level == LevelNo::LEAF {
                level = self.add(Level { node: lives, ..Level::default() });
            }
            let children = &mut self.arena[at.place()].children;
            match children.get_mut(name) {
                Some(child) => {
                    child.level = level;
                    if last && level == LevelNo::LEAF {
                        child.of = node.clone();
                    }
                }
                None => {
                    let (start, end) = (short(start), short(end));
                    children.insert(Child { of: node.clone(), start, end, level });
                }
            }
            start = end + 1;
            if !last {
                trail.push(level);
                at = level;
            }
        }
        if before.is_none() {
            for above in trail {
                self.arena[above.place()].nodes_below += 1;
            }
        }
        before
    }

    /// Takes a node off its path, and every level that leads to nothing any more.
    pub(crate) fn remove(&mut self, node: &Node) {
        let Some(root) = self.roots.get(&node.org).copied() else { return };
        let mut trail = Vec::with_capacity(16);
        let mut at = root;
        for name in node.name.split('/') {
            if at == LevelNo::LEAF {
                return;
            }
            let Some(child) = self.level(at).children.get(name) else { return };
            trail.push((at, name));
            at = child.level;
        }
        let lives = match (at, trail.last()) {
            (LevelNo::LEAF, Some((parent, name))) => {
                self.level(*parent).children.get(name).map(|child| child.of.number)
            }
            _ => self.level(at).node,
        };
        if lives != Some(node.number) {
            return;
        }
        if at != LevelNo::LEAF {
            self.arena[at.place()].node = None;
        }
        for (above, name) in trail.into_iter().rev() {
            let gone = at == LevelNo::LEAF || {
                let level = self.level(at);
                level.node.is_none() && level.children.is_empty()
            };
            let parent = &mut self.arena[above.place()];
            parent.nodes_below -= 1;
            if gone {
                parent.children.remove(name);
                if at != LevelNo::LEAF {
                    self.free.push(at);
                }
            }
            at = above;
        }
    }

    fn level(&self, number: LevelNo) -> &Level {
        &self.arena[number.place()]
    }

    fn add(&mut self, level: Level) -> LevelNo {
        if let Some(number) = self.free.pop() {
            self.arena[number.place()] = level;
            return number;
        }
        let number = LevelNo::of(self.arena.len());
        self.arena.push(level);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORG: OrgId = OrgId::DEFAULT;

    fn find<'t>(tree: &'t Tree, path: &str) -> Option<Seen<'t>> {
        tree.find(ORG, path.split('/'))
    }

    #[test]
    fn removing_everything_leaves_nothing_but_the_root() {
        let mut tree = Tree::default();
        for (n, topic) in (0..).zip(["a/b/c", "a/b", "a//x", "/a", "a"]) {
            assert_eq!(tree.insert(&Node::named(n, topic)), None);
        }
        assert_eq!(tree.root(ORG).unwrap().nodes_below, 5);
        let a = find(&tree, "a").unwrap();
        assert_eq!((a.node, a.nodes_below(), a.children()), (Some(NodeNo(4)), 3, 2));

        tree.remove(&Node::named(9, "a/b"));
        assert_eq!(tree.root(ORG).unwrap().nodes_below, 5, "another node's number removes nothing");
        tree.remove(&Node::named(1, "a/b"));
        assert!(find(&tree, "a/b/c").is_some());
        for (n, topic) in [(0, "a/b/c"), (2, "a//x"), (3, "/a"), (4, "a")] {
            tree.remove(&Node::named(n, topic));
        }
        let root = tree.root(ORG).unwrap();
        assert_eq!((root.nodes_below, root.children.len()), (0, 0));
        assert_eq!(tree.free.len() + 1, tree.arena.len());
        tree.insert(&Node::named(7, "z/y"));
        assert_eq!(find(&tree, "z/y").unwrap().node, Some(NodeNo(7)));
    }

    #[test]
    fn a_leaf_gives_way_and_grows() {
        let mut tree = Tree::default();
        assert_eq!(tree.insert(&Node::named(0, "a/b")), None);
        assert_eq!(tree.insert(&Node::named(1, "a/b")), Some(NodeNo(0)));
        assert_eq!(tree.insert(&Node::named(2, "a/b/c")), None);
        let b = find(&tree, "a/b").unwrap();
        assert_eq!((b.node, b.nodes_below(), b.children()), (Some(NodeNo(1)), 1, 1));
        assert_eq!(tree.insert(&Node::named(3, "a/b")), Some(NodeNo(1)));
        tree.remove(&Node::named(2, "a/b/c"));
        assert_eq!(find(&tree, "a/b").unwrap().node, Some(NodeNo(3)));
        assert!(find(&tree, "a/b/c").is_none());
        assert_eq!(tree.root(ORG).unwrap().nodes_below, 1);
    }
}
