//! Which remembered routes a change of the subscriptions makes stale: those whose topics its filter
//! could match, so that clients who subscribe elsewhere cost a publish nothing.
//!
//! Topics whose routes are remembered are kept here by the levels above their last one, each such
//! sub-tree with a version. A change walks down its filter and raises the versions of the sub-trees
//! it reaches. A filter that names the last level as well concerns one topic of a sub-tree: for those
//! there is a table of versions that topics share by a hash, and in the same table one more by the
//! name of their last level alone, for filters that reach many sub-trees, and one by their organisation,
//! for filters that reach more sub-trees than a change looks at. A route notes the sum of its four
//! versions before it looks at the tree, and is current while the sum is the same: all four only rise.

mod known;

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ahash::RandomState;
use parking_lot::Mutex;
use uns_model::OrgId;

use known::{Known, Subtree};

/// Versions that topics share by a hash.
const SHARED: usize = 4_096;
/// A filter that names a topic in more sub-trees than these raises the version of that name.
const NAMED_MAX: usize = 16;

/// What a route was derived from.
#[derive(Clone, Debug)]
pub(crate) struct Stamp {
    subtree: Arc<Subtree>,
    /// Which of the shared versions is the topic's.
    topic: u16,
    /// Which of them is that of its last level.
    name: u16,
    /// Which of them is that of its organisation.
    org: u16,
    /// The sum of the four.
    sum: u64,
}

#[cfg(test)]
impl Stamp {
    /// Whether what names one of the topics makes the other one stale.
    pub(crate) fn shares_version(&self, other: &Self) -> bool {
        let mark = |place: u16| usize::from(place) % SHARED;
        let own = [self.topic, self.name, self.org].map(mark);
        own.contains(&mark(other.topic)) || own.contains(&mark(other.name))
    }
}

/// The versions of all sub-trees.
#[derive(Debug)]
pub(super) struct Versions {
    known: Mutex<Known>,
    shared: Box<[AtomicU64; SHARED]>,
    hasher: RandomState,
}

impl Default for Versions {
    fn default() -> Self {
        Self::new(known::SUBTREES_MAX, known::WALK_MAX)
    }
}

impl Versions {
    /// With room for so many sub-trees, of which a change looks at so many.
    pub(super) fn new(max: usize, walk: usize) -> Self {
        Self {
            known: Mutex::new(Known::new(max, walk)),
            shared: Box::new([const { AtomicU64::new(0) }; SHARED]),
            hasher: RandomState::default(),
        }
    }

    /// What is derived from the tree for a topic after this call is noted under this.
    pub(super) fn stamp(&self, org: OrgId, topic: &str) -> Stamp {
        let (above, last) = match topic.rsplit_once('/') {
            Some((above, last)) => (Some(above), last),
            None => (None, topic),
        };
        let subtree = self.known.lock().subtree(org, above);
        let (topic, name) = (self.place((subtree.number(), last)), self.place(last));
        self.again(&Stamp { subtree, topic, name, org: self.place(org), sum: 0 })
    }

    /// The same for a topic that has one. It takes no lock.
    pub(super) fn again(&self, stamp: &Stamp) -> Stamp {
        Stamp { sum: self.sum(stamp), ..stamp.clone() }
    }

    /// Whether what was derived under a stamp still holds.
    #[inline]
    pub(super) fn is_current(&self, stamp: &Stamp) -> bool {
        self.sum(stamp) == stamp.sum
    }

    #[inline]
    fn sum(&self, stamp: &Stamp) -> u64 {
        let own = stamp.subtree.version();
        let shared = [stamp.topic, stamp.name, stamp.org].map(|place| self.shared(place));
        shared.into_iter().fold(own, u64::wrapping_add)
    }

    #[inline]
    fn shared(&self, place: u16) -> u64 {
        self.shared[usize::from(place) % SHARED].load(Ordering::Acquire)
    }

    fn raise_shared(&self, place: u16) {
        self.shared[usize::from(place) % SHARED].fetch_add(1, Ordering::Release);
    }

    /// Makes everything stale that a filter could match. To be called when the change is visible.
    pub(super) fn change(&self, org: OrgId, filter: &str) {
        let named = self.known.lock().change(org, filter);
        let Some(named) = named else { return self.raise_shared(self.place(org)) };
        if named.subtrees.len() > NAMED_MAX {
            self.raise_shared(self.place(named.topic));
        } else {
            let topics = named.subtrees.iter().map(|number| self.place((*number, named.topic)));
            topics.for_each(|place| self.raise_shared(place));
        }
    }

    /// Makes everything stale.
    pub(super) fn change_all(&self) {
        let places: HashSet<_> = self.known.lock().orgs().map(|org| self.place(org)).collect();
        places.into_iter().for_each(|place| self.raise_shared(place));
    }

    /// Where the version is that something shares with others.
    fn place(&self, of: impl Hash) -> u16 {
        #[expect(clippy::cast_possible_truncation, reason = "only the lowest bits count")]
        let low = self.hasher.hash_one(of) as u16;
        low
    }
}
