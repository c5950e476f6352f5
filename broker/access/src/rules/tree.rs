//! Many filters as one tree: whether any of them matches a topic costs the topic's levels, not the
//! number of filters.

use std::collections::HashMap;

use uns_model::Filter;

/// A node's place in its tree.
pub(super) type Place = usize;

/// The levels filters have in common, once.
#[derive(Clone, Debug)]
pub(crate) struct FilterTree(Vec<Node>);

#[derive(Clone, Debug, Default)]
struct Node {
    children: HashMap<Box<str>, Place>,
    /// Where `+` leads.
    any: Option<Place>,
    /// A filter ends here.
    here: bool,
    /// `#` follows: everything from here on.
    below: bool,
}

/// The root's place.
pub(super) const ROOT: Place = 0;

impl Default for FilterTree {
    fn default() -> Self {
        Self(vec![Node::default()])
    }
}

impl FilterTree {
    /// Takes a filter in.
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
        let mut places = vec![(ROOT, topic.split('/'))];
        while let Some((at, mut levels)) = places.pop() {
            let node = &self.0[at];
            // A leading wildcard leaves `$…` alone (MQTT 5, 4.7.2).
            let wild = at != ROOT || !topic.starts_with('$');
            if node.below && wild {
                return true;
            }
            match levels.next() {
                None if node.here => return true,
                None => {}
                Some(level) => {
                    let next = [node.children.get(level).copied(), node.any.filter(|_| wild)];
                    places.extend(next.into_iter().flatten().map(|next| (next, levels.clone())));
                }
            }
        }
        false
    }

    /// Whether a topic that ends in one of these places is matched.
    pub(super) fn ends(&self, places: &[Place]) -> bool {
        places.iter().any(|at| self.0[*at].here || self.0[*at].below)
    }

    /// Whether everything at and below one of these places is matched.
    pub(super) fn takes_all(&self, places: &[Place]) -> bool {
        places.iter().any(|at| self.0[*at].below)
    }

    /// Whether any place leads on.
    pub(super) fn leads_on(&self, places: &[Place]) -> bool {
        places.iter().any(|at| self.0[*at].any.is_some() || !self.0[*at].children.is_empty())
    }

    /// The names that these places know by themselves.
    pub(super) fn names<'t>(&'t self, places: &[Place]) -> impl Iterator<Item = &'t str> {
        let names = |at: &Place| self.0[*at].children.keys().map(|name| &**name);
        places.iter().flat_map(names).collect::<Vec<_>>().into_iter()
    }

    /// Where a level leads; `None` stands for a name no filter knows. `wild` says whether `+` takes
    /// it.
    pub(super) fn step(&self, places: &[Place], level: Option<&str>, wild: bool) -> Vec<Place> {
        let mut next = Vec::new();
        for node in places.iter().map(|at| &self.0[*at]) {
            next.extend(level.and_then(|level| node.children.get(level)));
            next.extend(node.any.filter(|_| wild));
        }
        next
    }
}
