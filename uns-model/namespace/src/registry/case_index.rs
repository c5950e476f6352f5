//! Finds siblings that differ in ASCII case only (NS-5), with one small entry per path prefix and
//! no copy of any name.

use std::sync::Arc;

use ahash::RandomState;
use hashbrown::HashTable;
use uns_model::OrgId;

use crate::node::{Node, UNS_PREFIX};

/// Every path prefix of the living nodes under `uns/v1/`, compared ignoring ASCII case.
#[derive(Debug, Default)]
pub(crate) struct CaseIndex {
    hasher: RandomState,
    prefixes: HashTable<Prefix>,
}

#[derive(Debug)]
struct Prefix {
    hash: u64,
    /// A node whose name begins with the prefix.
    of: Arc<Node>,
    bytes: u32,
    /// Entries one level below, plus one if a node lives here: at zero the entry goes.
    users: u32,
}

impl Prefix {
    fn text(&self) -> &[u8] {
        &self.of.name.as_bytes()[..self.bytes as usize]
    }

    fn is(&self, org: OrgId, text: &[u8]) -> bool {
        self.of.org == org && self.text().eq_ignore_ascii_case(text)
    }
}

impl CaseIndex {
    /// The existing spelling that collides with this name. The longest known prefix decides: its
    /// own prefixes were checked when it came in.
    pub(crate) fn collision(&self, org: OrgId, name: &str) -> Option<String> {
        let folded = name.to_ascii_lowercase();
        for end in prefix_ends(name) {
            let text = &name.as_bytes()[..end];
            let hash = self.hash(org, &folded.as_bytes()[..end]);
            if let Some(known) = self.prefixes.find(hash, |p| p.is(org, text)) {
                let collides = known.text() != text;
                return collides.then(|| String::from_utf8_lossy(known.text()).into_owned());
            }
        }
        None
    }

    /// Adds a node that collides with nothing.
    pub(crate) fn insert(&mut self, node: &Arc<Node>) {
        let folded = node.name.to_ascii_lowercase();
        for end in prefix_ends(&node.name) {
            let text = &node.name.as_bytes()[..end];
            let hash = self.hash(node.org, &folded.as_bytes()[..end]);
            if let Some(known) = self.prefixes.find_mut(hash, |p| p.is(node.org, text)) {
                known.users += 1;
                return;
            }
            let bytes = u32::try_from(end).expect("a topic is at most 65,535 bytes");
            let prefix = Prefix { hash, of: node.clone(), bytes, users: 1 };
            self.prefixes.insert_unique(hash, prefix, |p| p.hash);
        }
    }

    /// Removes a node that was inserted.
    pub(crate) fn remove(&mut self, node: &Node) {
        let folded = node.name.to_ascii_lowercase();
        for end in prefix_ends(&node.name) {
            let text = &node.name.as_bytes()[..end];
            let hash = self.hash(node.org, &folded.as_bytes()[..end]);
            let Ok(mut entry) = self.prefixes.find_entry(hash, |p| p.is(node.org, text)) else {
                return;
            };
            entry.get_mut().users -= 1;
            if entry.get().users > 0 {
                return;
            }
            entry.remove();
        }
    }

    fn hash(&self, org: OrgId, folded: &[u8]) -> u64 {
        self.hasher.hash_one((org, folded))
    }
}

/// Where the prefixes of a name end, longest first, down to the first level below the plane.
fn prefix_ends(name: &str) -> impl Iterator<Item = usize> {
    let slashes = name.bytes().enumerate().rev().filter(|(_, byte)| *byte == b'/');
    let ends = slashes.map(|(at, _)| at).take_while(|at| *at >= UNS_PREFIX.len());
    std::iter::once(name.len()).chain(ends)
}

#[cfg(test)]
mod tests {
    use uns_model::{NodeId, NodeNo, TopicId};

    use super::*;
    use crate::node::Minted;

    fn node(name: &str) -> Arc<Node> {
        Arc::new(Node::new(Minted {
            org: OrgId::DEFAULT,
            topic: TopicId(0),
            number: NodeNo(0),
            id: NodeId(0),
            name: name.into(),
        }))
    }

    #[test]
    fn collisions_are_found_at_every_level_and_end_with_the_last_user() {
        let mut index = CaseIndex::default();
        let (temp, rpm) = (node("uns/v1/Acme/Line/Temp"), node("uns/v1/Acme/Line/rpm"));
        index.insert(&temp);
        index.insert(&rpm);
        let collision = |index: &CaseIndex, name: &str| index.collision(OrgId::DEFAULT, name);
        assert_eq!(collision(&index, "uns/v1/Acme/Line/Temp/a"), None);
        assert_eq!(collision(&index, "uns/v1/Acme/Lines"), None);
        let expected = Some("uns/v1/Acme/Line/Temp".to_owned());
        assert_eq!(collision(&index, "uns/v1/Acme/Line/temp"), expected);
        assert_eq!(collision(&index, "uns/v1/acme/x"), Some("uns/v1/Acme".to_owned()));
        assert_eq!(index.collision(OrgId(2), "uns/v1/acme/x"), None);

        index.remove(&temp);
        assert_eq!(collision(&index, "uns/v1/Acme/Line/temp"), None);
        assert!(collision(&index, "uns/v1/acme").is_some());
        index.remove(&rpm);
        assert_eq!(collision(&index, "uns/v1/acme"), None);
        assert!(index.prefixes.is_empty());
    }
}
