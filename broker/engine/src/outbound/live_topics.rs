//! Of which topics a connection was sent a newer message live, while older retained ones are still to be
//! sent to it: a publish is delivered when it is admitted, and retained only once it is committed and
//! folded. What is noted here is left out, or a client would end with the older message.

use std::collections::HashMap;

use ahash::RandomState;

/// Topics of one connection, as long as walks of it are pending. Without them nothing is noted.
#[derive(Debug, Default)]
pub(crate) struct LiveTopics {
    /// By the hash of a topic: the last walk whose filter the message matched when it was published.
    /// Walks after that one still send what is retained, since their subscription has got nothing.
    newer: HashMap<u64, u64, RandomState>,
    /// There was no room for one.
    is_incomplete: bool,
    /// The last walk that was asked for.
    asked: u64,
    /// The last one whose log has decided.
    begun: u64,
    /// Walks up to this one have to wait until all that is missing here is in the store.
    complete_after: u64,
}

/// Topics of one connection. All that one core may have on the way to the fold is less.
const TOPICS_MAX: usize = 1 << 16;
/// Topics of all connections of one core; beyond them each has few.
const CORE_TOPICS_MAX: usize = 1 << 18;
const TOPICS_MIN: usize = 256;

impl LiveTopics {
    /// This walk is asked for, and those up to it.
    pub(crate) fn expect(&mut self, walk: u64) {
        self.asked = walk;
    }

    /// The log has decided about what was before this walk. `false` if the walks up to it wait for more.
    pub(crate) fn begin(&mut self, walk: u64) -> bool {
        self.begun = self.begun.max(walk);
        walk >= self.complete_after
    }

    /// Whether no walk that was asked for is still to begin.
    pub(crate) fn all_begun(&self) -> bool {
        self.begun >= self.asked
    }

    /// How many are noted.
    pub(crate) fn len(&self) -> usize {
        self.newer.len()
    }

    /// A message was sent that matched the filters of the walks up to this one. `core` says how many
    /// topics are noted for all connections of the core.
    pub(super) fn note(&mut self, topic: &str, walk: u64, core: &mut usize) {
        let max = if *core < CORE_TOPICS_MAX { TOPICS_MAX } else { TOPICS_MIN };
        let is_full = self.newer.len() >= max;
        let topic = self.newer.hasher().hash_one(topic);
        if let Some(known) = self.newer.get_mut(&topic) {
            *known = walk.max(*known);
        } else if is_full {
            self.is_incomplete = true;
        } else {
            self.newer.insert(topic, walk);
            *core += 1;
        }
    }

    /// Whether a walk has to leave a topic out.
    pub(crate) fn has_newer(&self, topic: &str, walk: u64) -> bool {
        let noted = || self.newer.get(&self.newer.hasher().hash_one(topic));
        !self.newer.is_empty() && noted().is_some_and(|last| *last >= walk)
    }

    /// Whether something is missing.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.is_incomplete
    }

    /// Whether topics were forgotten that a walk would have had to leave out: it sends nothing before its
    /// store has what was published until then, however long that takes.
    pub(crate) fn has_forgotten(&self, walk: u64) -> bool {
        walk <= self.complete_after && self.complete_after > 0
    }

    /// Forgets all topics. Walks up to this one begin when what was sent until now is in the store, where
    /// they see it.
    pub(crate) fn begin_anew(&mut self, walk: u64) {
        self.newer.clear();
        self.is_incomplete = false;
        self.complete_after = walk;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_leaves_out_what_came_after_its_subscription() {
        let (mut live, mut core) = (LiveTopics::default(), 0);
        assert!(!live.has_newer("a", 0));
        for walk in [3, 7, 5] {
            live.note("a", walk, &mut core);
        }
        assert!(live.has_newer("a", 7) && !live.has_newer("a", 8) && !live.has_newer("b", 1));
        assert_eq!((live.len(), core), (1, 1));
    }

    #[test]
    fn more_than_may_be_noted_makes_the_walks_wait_for_the_next_decision() {
        let (mut live, mut core) = (LiveTopics::default(), 0);
        live.expect(1);
        assert!(!live.all_begun() && live.begin(1) && live.all_begun());
        for n in 0..TOPICS_MAX {
            live.note(&n.to_string(), 1, &mut core);
        }
        live.note("0", 1, &mut core);
        assert!(!live.is_incomplete(), "it is noted already");
        live.note("one more", 1, &mut core);
        assert!(live.is_incomplete());
        live.begin_anew(2);
        live.expect(2);
        assert!(!live.is_incomplete() && !live.has_newer("0", 1));
        assert!(!live.begin(1), "what is forgotten may not be in the store");
        assert!(live.begin(2) && live.all_begun());
    }

    #[test]
    fn where_other_connections_have_all_the_room_a_few_are_noted() {
        let (mut live, mut core) = (LiveTopics::default(), CORE_TOPICS_MAX);
        for n in 0..=TOPICS_MIN {
            assert!(!live.is_incomplete());
            live.note(&n.to_string(), 1, &mut core);
        }
        assert!(live.is_incomplete());
    }
}
