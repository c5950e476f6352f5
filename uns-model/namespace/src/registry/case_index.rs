//! Finds siblings that differ in ASCII case only (NS-5). Names themselves are found in the
//! registry's own table, whose hash ignores case under `uns/v1/`; here are the levels above them,
//! with one small entry each and no copy of any name.

use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use ahash::RandomState;
use hashbrown::HashTable;
use uns_model::OrgId;

use crate::node::{Node, UNS_PREFIX};

/// Every level above the living nodes under `uns/v1/`, compared ignoring ASCII case.
#[derive(Debug, Default)]
pub(crate) struct CaseIndex {
    levels: HashTable<Level>,
}

#[derive(Debug)]
struct Level {
    /// A node whose name begins with the level's path.
    of: Arc<Node>,
    bytes: u32,
    /// Paths one level below: at zero the entry goes.
    users: u32,
}

/// The registry, as the index asks it.
pub(super) trait Names {
    /// How names are hashed.
    fn hasher(&self) -> &RandomState;
    /// The living node of this name, however it is spelled.
    fn living(&self, org: OrgId, name: &str) -> Option<Arc<Node>>;
}

/// An existing path that a name differs from in case only.
#[derive(Clone, Debug)]
pub(crate) struct Collision {
    /// How it is spelled.
    pub(crate) path: String,
    /// The node that lives there, or one that lives below.
    pub(crate) of: Arc<Node>,
}

impl Level {
    fn text(&self) -> &str {
        self.of.name.get(..self.bytes as usize).unwrap_or_default()
    }

    fn is(&self, org: OrgId, text: &str) -> bool {
        self.of.org == org && self.text().eq_ignore_ascii_case(text)
    }
}

impl CaseIndex {
    /// The existing path that collides with this name. The longest known path decides: the paths
    /// above it were checked when it came in.
    pub(super) fn collision(&self, names: &dyn Names, org: OrgId, name: &str) -> Option<Collision> {
        let collides = |known: &str, of: &Arc<Node>, text: &str| {
            let collision = || Collision { path: known.to_owned(), of: of.clone() };
            (known != text).then(collision)
        };
        for text in paths(name) {
            if let Some(level) = self.find(names, org, text) {
                return collides(level.text(), &level.of, text);
            }
            if let Some(node) = names.living(org, text) {
                return collides(&node.name, &node, text);
            }
        }
        None
    }

    /// Adds the levels above a node that collides with nothing. Is called before the registry
    /// knows it.
    pub(super) fn insert(&mut self, names: &dyn Names, node: &Arc<Node>) {
        let known = self.find(names, node.org, &node.name).is_some();
        if known || names.living(node.org, &node.name).is_some() {
            return;
        }
        for text in paths(&node.name).skip(1) {
            let hash = folded_hash(names.hasher(), node.org, text);
            if let Some(known) = self.levels.find_mut(hash, |level| level.is(node.org, text)) {
                known.users += 1;
                return;
            }
            let bytes = u32::try_from(text.len()).expect("a topic is at most 65,535 bytes");
            let level = Level { of: node.clone(), bytes, users: 1 };
            let rehash = |level: &Level| folded_hash(names.hasher(), level.of.org, level.text());
            self.levels.insert_unique(hash, level, rehash);
            if names.living(node.org, text).is_some() {
                return;
            }
        }
    }

    /// Removes the levels above a node that was inserted and lives no more.
    pub(super) fn remove(&mut self, names: &dyn Names, node: &Node) {
        if self.find(names, node.org, &node.name).is_some() {
            return;
        }
        for text in paths(&node.name).skip(1) {
            let hash = folded_hash(names.hasher(), node.org, text);
            let is = |level: &Level| level.is(node.org, text);
            let Ok(mut entry) = self.levels.find_entry(hash, is) else { return };
            entry.get_mut().users -= 1;
            if entry.get().users > 0 {
                return;
            }
            entry.remove();
            if names.living(node.org, text).is_some() {
                return;
            }
        }
    }

    fn find(&self, names: &dyn Names, org: OrgId, text: &str) -> Option<&Level> {
        let hash = folded_hash(names.hasher(), org, text);
        self.levels.find(hash, |level| level.is(org, text))
    }
}

/// A hash that ignores ASCII case.
pub(super) fn folded_hash(state: &RandomState, org: OrgId, text: &str) -> u64 {
    let mut hasher = state.build_hasher();
    hasher.write_u32(org.0);
    let mut folded = [0; 64];
    for piece in text.as_bytes().chunks(folded.len()) {
        let folded = &mut folded[..piece.len()];
        folded.copy_from_slice(piece);
        folded.make_ascii_lowercase();
        hasher.write(folded);
    }
    hasher.finish()
}

/// The paths of a name, the longest first, down to the first level below the plane.
fn paths(name: &str) -> impl Iterator<Item = &str> {
    let slashes = name.bytes().enumerate().rev().filter(|(_, byte)| *byte == b'/');
    let ends = slashes.map(|(at, _)| at).take_while(|at| *at >= UNS_PREFIX.len());
    std::iter::once(name.len()).chain(ends).filter_map(|end| name.get(..end))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A registry as simple as can be.
    #[derive(Default)]
    struct Known {
        hasher: RandomState,
        living: BTreeMap<String, Arc<Node>>,
        index: CaseIndex,
    }

    struct Living<'a>(&'a RandomState, &'a BTreeMap<String, Arc<Node>>);

    impl Names for Living<'_> {
        fn hasher(&self) -> &RandomState {
            self.0
        }

        fn living(&self, org: OrgId, name: &str) -> Option<Arc<Node>> {
            self.1.get(&name.to_ascii_lowercase()).filter(|node| node.org == org).cloned()
        }
    }

    impl Known {
        fn insert(&mut self, name: &str) {
            let node = Node::named(0, name);
            self.index.insert(&Living(&self.hasher, &self.living), &node);
            self.living.insert(name.to_ascii_lowercase(), node);
        }

        fn remove(&mut self, name: &str) {
            let node = self.living.remove(&name.to_ascii_lowercase()).unwrap();
            self.index.remove(&Living(&self.hasher, &self.living), &node);
        }

        fn collision(&self, name: &str) -> Option<String> {
            let living = Living(&self.hasher, &self.living);
            Some(self.index.collision(&living, OrgId::DEFAULT, name)?.path)
        }
    }

    #[test]
    fn collisions_are_found_at_every_level_and_end_with_the_last_user() {
        let mut known = Known::default();
        known.insert("uns/v1/Acme/Line/Temp");
        known.insert("uns/v1/Acme/Line/rpm");
        assert_eq!(known.collision("uns/v1/Acme/Line/Temp/a"), None);
        assert_eq!(known.collision("uns/v1/Acme/Lines"), None);
        let expected = Some("uns/v1/Acme/Line/Temp".to_owned());
        assert_eq!(known.collision("uns/v1/Acme/Line/temp"), expected);
        assert_eq!(known.collision("uns/v1/Acme/Line/temp/a"), expected);
        assert_eq!(known.collision("uns/v1/acme/x"), Some("uns/v1/Acme".to_owned()));
        let names = Living(&known.hasher, &known.living);
        assert!(known.index.collision(&names, OrgId(2), "uns/v1/acme/x").is_none());

        known.remove("uns/v1/Acme/Line/Temp");
        assert_eq!(known.collision("uns/v1/Acme/Line/temp"), None);
        assert!(known.collision("uns/v1/acme").is_some());
        known.remove("uns/v1/Acme/Line/rpm");
        assert_eq!(known.collision("uns/v1/acme"), None);
        assert!(known.index.levels.is_empty());
    }

    #[test]
    fn a_node_above_others_counts_once_in_any_order() {
        let names = ["uns/v1/A", "uns/v1/A/b", "uns/v1/A/b/c", "uns/v1/A/d"];
        for turn in 0..24_usize {
            let mut left: Vec<_> = names.into();
            let (first, second) = (turn % 4, turn / 4 % 3);
            let order = [left.remove(first), left.remove(second), left.remove(turn % 2)];
            let order = [order[0], order[1], order[2], left[0]];
            let mut known = Known::default();
            order.iter().for_each(|name| known.insert(name));
            assert_eq!(known.collision("uns/v1/a/x"), Some("uns/v1/A".to_owned()), "{order:?}");
            order.iter().rev().skip(1).for_each(|name| known.remove(name));
            assert!(known.collision("uns/v1/a/x").is_some(), "{order:?}");
            known.remove(order[3]);
            assert_eq!(known.collision("uns/v1/a/x"), None, "{order:?}");
            assert!(known.index.levels.is_empty(), "{order:?}");
        }
    }
}
