//! The sub-trees of the topics whose routes are remembered, level by level.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ahash::RandomState;
use hashbrown::HashTable;
use uns_model::OrgId;

use crate::routing::tree::node::split;

/// Sub-trees that are known, of all organisations. Topics for which there is no room share the
/// version of the nearest sub-tree above that is known.
pub(super) const SUBTREES_MAX: usize = 16_384;
/// Below this many there is no need to look for those that no route notes any more.
const SUBTREES_MIN: usize = 256;
/// A change walks over so many sub-trees at most: the lock is held meanwhile, and whoever subscribes
/// with many wildcards often must not delay others.
pub(super) const WALK_MAX: usize = 1_024;

/// The topics with the same levels above their last one.
#[derive(Debug, Default)]
pub(super) struct Subtree {
    version: AtomicU64,
    /// Tells it from others, so that its topics do not share a version with topics of the same
    /// name elsewhere.
    number: u64,
}

impl Subtree {
    #[inline]
    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }
}

/// The topics that a filter names itself, one in each of some sub-trees.
#[derive(Debug, Default)]
pub(super) struct Named<'a> {
    /// The numbers of the sub-trees.
    pub(super) subtrees: Vec<u64>,
    /// The last level.
    pub(super) topic: &'a str,
}

/// One level of the known sub-trees.
#[derive(Debug, Default)]
struct Level {
    name: Box<str>,
    subtree: Arc<Subtree>,
    below: HashTable<Self>,
    /// Topics further down belong to this one too, as there was no room.
    deep: bool,
}

#[derive(Debug, Default)]
pub(super) struct Known {
    orgs: HashMap<OrgId, Level, RandomState>,
    /// How many sub-trees there are.
    count: usize,
    /// How many there may be.
    max: usize,
    /// How many a change looks at.
    walk: usize,
    /// With so many, those that are not in use are let go.
    limit: usize,
    /// How many topics found no room since that was done.
    refused: usize,
    /// The number of the last one.
    last: u64,
    hasher: RandomState,
}

impl Known {
    /// With room for so many, of which a change looks at so many.
    pub(super) fn new(max: usize, walk: usize) -> Self {
        Self { max, walk, ..Self::default() }
    }

    /// The sub-tree of the topics below these levels; of those without, the root.
    pub(super) fn subtree(&mut self, org: OrgId, above: Option<&str>) -> Arc<Subtree> {
        if self.count >= self.limit.max(SUBTREES_MIN) || self.refused > self.max {
            self.let_go();
        }
        let Self { orgs, count, max, last, hasher, .. } = self;
        let mut level = orgs.entry(org).or_default();
        let mut rest = above;
        while let Some(path) = rest {
            let (name, below) = split(path);
            let hash = hasher.hash_one(name);
            if level.find(hash, name).is_none() {
                if *count >= *max {
                    level.deep = true;
                    self.refused += 1;
                    break;
                }
                *count += 1;
                *last += 1;
                level.insert(hash, name, *last, hasher);
            }
            level = level.below.find_mut(hash, |next| *next.name == *name).expect("it is there");
            rest = below;
        }
        Arc::clone(&level.subtree)
    }

    /// Raises the versions of the sub-trees of which a filter could match every topic; gives the
    /// topics of others that it names. `None`: those are too many to look at, and anything of the
    /// organisation may match.
    pub(super) fn change<'a>(&self, org: OrgId, filter: &'a str) -> Option<Named<'a>> {
        let mut change = Change { hasher: &self.hasher, named: Named::default(), left: self.walk };
        if let Some(root) = self.orgs.get(&org) {
            change.walk(root, filter, true)?;
        }
        Some(change.named)
    }

    /// The organisations that have topics here.
    pub(super) fn orgs(&self) -> impl Iterator<Item = OrgId> {
        self.orgs.keys().copied()
    }

    /// Forgets sub-trees that no route notes.
    fn let_go(&mut self) {
        let hasher = &self.hasher;
        self.orgs.retain(|_, root| !root.let_go(hasher));
        self.count = self.orgs.values().map(Level::count).sum();
        // What is full looks again after so many that found no room.
        self.limit = if self.count < self.max { 2 * self.count } else { usize::MAX };
        self.refused = 0;
    }
}

impl Level {
    fn find(&self, hash: u64, name: &str) -> Option<&Self> {
        self.below.find(hash, |next| *next.name == *name)
    }

    fn insert(&mut self, hash: u64, name: &str, number: u64, hasher: &RandomState) {
        let subtree = Arc::new(Subtree { version: AtomicU64::new(0), number });
        let next = Self { name: name.into(), subtree, ..Self::default() };
        self.below.insert_unique(hash, next, |next| hasher.hash_one(&*next.name));
    }

    fn raise(&self) {
        self.subtree.version.fetch_add(1, Ordering::Release);
    }

    /// How many sub-trees there are below.
    fn count(&self) -> usize {
        self.below.iter().map(|next| 1 + next.count()).sum()
    }

    /// Forgets what is not in use below; whether it is not in use itself.
    fn let_go(&mut self, hasher: &RandomState) -> bool {
        self.below.retain(|next| !next.let_go(hasher));
        if self.below.len() < self.below.capacity() / 4 {
            self.below.shrink_to_fit(|next| hasher.hash_one(&*next.name));
        }
        self.below.is_empty() && Arc::strong_count(&self.subtree) == 1
    }

    /// What is below as a wildcard sees it: a leading one leaves out what begins with `$`.
    fn under_wildcard(&self, root: bool) -> impl Iterator<Item = &Self> {
        self.below.iter().filter(move |next| !(root && next.name.starts_with('$')))
    }
}

/// A walk of one changed filter.
struct Change<'a, 'h> {
    hasher: &'h RandomState,
    named: Named<'a>,
    /// How many sub-trees may still be looked at.
    left: usize,
}

impl<'a> Change<'a, '_> {
    /// Raises the versions of what the rest of a filter could match below a level; `None` if that is
    /// too much.
    fn walk(&mut self, level: &Level, filter: &'a str, root: bool) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        let (name, rest) = split(filter);
        // A topic further down that found no room may be one of those that match.
        if level.deep {
            level.raise();
        }
        match (name, rest) {
            // What ends in `#` matches the level above it too.
            ("#", _) | ("+", Some("#")) => {
                level.raise();
                level.under_wildcard(root).try_for_each(|next| self.raise_all(next))?;
            }
            ("+", None) => level.raise(),
            (_, None) => self.note(level, name),
            ("+", Some(rest)) => {
                level.under_wildcard(root).try_for_each(|next| self.walk(next, rest, false))?;
            }
            (_, Some(rest)) => {
                if rest == "#" {
                    self.note(level, name);
                }
                if let Some(next) = level.find(self.hasher.hash_one(name), name) {
                    self.walk(next, rest, false)?;
                }
            }
        }
        Some(())
    }

    fn raise_all(&mut self, level: &Level) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        level.raise();
        level.below.iter().try_for_each(|next| self.raise_all(next))
    }

    fn note(&mut self, level: &Level, name: &'a str) {
        self.named.subtrees.push(level.subtree.number);
        self.named.topic = name;
    }
}
