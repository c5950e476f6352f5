//! Many filters as one tree. The cost of matching a topic depends on its levels, and not on the number
//! of filters.

use std::collections::HashMap;

use uns_model::Filter;

/// The index of a node in its tree.
pub(super) type NodeIndex = usize;

/// The nodes of the tree. Levels that filters have in common are stored once.
#[derive(Clone, Debug)]
pub(crate) struct FilterTree(Vec<Node>);

#[derive(Clone, Debug, Default)]
struct Node {
    children: HashMap<Box<str>, NodeIndex>,
    /// The child for `+`.
    any: Option<NodeIndex>,
    /// A filter ends here.
    here: bool,
    /// A filter with `#` ends here, which matches everything from here on.
    below: bool,
}

/// The index of the root.
pub(super) const ROOT: NodeIndex = 0;

impl Default for FilterTree {
    fn default() -> Self {
        Self(vec![Node::default()])
    }
}

impl FilterTree {
    /// Adds a filter.
    pub(crate) fn insert(&mut self, filter: &Filter) {
        let mut at = ROOT;
        for level in filter.as_str().split('/') {
            if level == "#" {
                self.0[at].below = true;
                return;
            }
            let new = self.0.len();
            let node = &mut self.0[at];
            let next = match level {
                "+" => *node.any.get_or_insert(new),
                level => *node.children.entry(level.into()).or_insert(new),
            };
            if next == new {
                self.0.push(Node::default());
            }
            at = next;
        }
        self.0[at].here = true;
    }

    /// Whether a filter matches this topic. Each node is visited once at most.
    pub(crate) fn matches(&self, topic: &str) -> bool {
        let mut nodes = vec![(ROOT, topic.split('/'))];
        while let Some((at, mut levels)) = nodes.pop() {
            let node = &self.0[at];
            // A leading wildcard does not match `$…` (MQTT 5, 4.7.2).
            let wild = at != ROOT || !topic.starts_with('$');
            if node.below && wild {
                return true;
            }
            match levels.next() {
                None if node.here => return true,
                None => {}
                Some(level) => {
                    let next = [node.children.get(level).copied(), node.any.filter(|_| wild)];
                    nodes.extend(next.into_iter().flatten().map(|next| (next, levels.clone())));
                }
            }
        }
        false
    }

    /// Whether a topic that ends at one of these nodes is matched.
    pub(super) fn ends(&self, nodes: &[NodeIndex]) -> bool {
        nodes.iter().any(|at| self.0[*at].here || self.0[*at].below)
    }

    /// Whether everything at and below one of these nodes is matched.
    pub(super) fn takes_all(&self, nodes: &[NodeIndex]) -> bool {
        nodes.iter().any(|at| self.0[*at].below)
    }

    /// Whether any of these nodes has children.
    pub(super) fn leads_on(&self, nodes: &[NodeIndex]) -> bool {
        nodes.iter().any(|at| self.0[*at].any.is_some() || !self.0[*at].children.is_empty())
    }

    /// The names of the children of these nodes.
    pub(super) fn names<'t>(&'t self, nodes: &[NodeIndex]) -> impl Iterator<Item = &'t str> {
        let names = |at: &NodeIndex| self.0[*at].children.keys().map(|name| &**name);
        nodes.iter().flat_map(names).collect::<Vec<_>>().into_iter()
    }

    /// The children for a level; `None` stands for a name that no filter has. `wild` says whether `+`
    /// matches the level.
    pub(super) fn step(
        &self,
        nodes: &[NodeIndex],
        level: Option<&str>,
        wild: bool,
    ) -> Vec<NodeIndex> {
        let mut next = Vec::new();
        for node in nodes.iter().map(|at| &self.0[*at]) {
            next.extend(level.and_then(|level| node.children.get(level)));
            next.extend(node.any.filter(|_| wild));
        }
        next
    }
}
