//! Who lives where, ahead of commit: topic string → node. Gates read it through sharded locks; new
//! nodes are minted one at a time under the mint lock. Until the log has the record of one
//! ([`Underway`]), every batch that publishes to it carries that record in front.

mod case_index;
mod gone;
mod publishers;
mod underway;

use std::array;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use ahash::RandomState;
use hashbrown::HashTable;
use parking_lot::{Mutex, MutexGuard, RwLock};
use uns_model::grammar::Names;
use uns_model::{NodeNo, OrgId, TopicId};

pub(crate) use case_index::Collision;
use case_index::{CaseIndex, folded_hash};
pub(crate) use publishers::{Publisher, Publishers};
pub(crate) use underway::Underway;

use crate::blocks::Blocks;
use crate::node::{Node, Side, UNS_PREFIX};

const SHARDS: usize = 64;
/// Topics whose nodes are read side by side.
const TOUCHED: usize = 16;

/// The nodes by topic, living and deleted, and the interned topics.
#[derive(Debug)]
pub(crate) struct Registry {
    hasher: RandomState,
    shards: Box<[RwLock<HashTable<Arc<Node>>>]>,
    /// A node that has had the topic, by topic id: the string is interned in it.
    topics: RwLock<Blocks<Arc<Node>>>,
    mint: Mutex<Mint>,
    living: AtomicU32,
    living_brownfield: AtomicU32,
    /// How often a node has made room for others.
    room: AtomicU64,
    /// Whether siblings are compared for their case.
    check_case: bool,
}

/// The right to mint and delete. A deletion holds it while its record is appended.
#[derive(Debug, Default)]
pub(crate) struct Mint {
    next_node: u32,
    next_topic: u32,
    cases: CaseIndex,
}

impl Registry {
    pub(crate) fn new(names: Names) -> Self {
        Self {
            hasher: RandomState::new(),
            shards: std::iter::repeat_with(RwLock::default).take(SHARDS).collect(),
            topics: RwLock::default(),
            mint: Mutex::default(),
            living: AtomicU32::new(0),
            living_brownfield: AtomicU32::new(0),
            room: AtomicU64::new(0),
            check_case: names == Names::Portable,
        }
    }

    /// The node last minted on a topic, deleted or not.
    pub(crate) fn find(&self, org: OrgId, topic: &str) -> Option<Arc<Node>> {
        let hash = self.hash(org, topic);
        self.shard(hash).read().find(hash, |node| is(node, org, topic)).cloned()
    }

    /// Reads a little of what [`Registry::find`] will read for some topics. One topic leads from place
    /// to place, each of them far away among a million; asked for side by side, they come at the
    /// same time. No lock is waited for, and none is taken between two reads.
    pub(crate) fn touch(&self, org: OrgId, topics: &[&str]) {
        for topics in topics.chunks(TOUCHED) {
            let hashes: [_; TOUCHED] =
                array::from_fn(|at| topics.get(at).map(|topic| self.hash(org, topic)));
            let tables = hashes.map(|hash| self.shard(hash?).try_read_recursive());
            let found: [_; TOUCHED] =
                array::from_fn(|at| tables[at].as_ref()?.find(hashes[at]?, |_| true));
            let places = found.iter().flatten().map(|node| Arc::as_ptr(node).addr());
            black_box(places.fold(0, usize::wrapping_add));
            let names = found.iter().flatten().filter_map(|node| node.name.as_bytes().last());
            black_box(names.fold(0, |sum: u8, byte| sum.wrapping_add(*byte)));
        }
    }

    /// A node, deleted or not, that has had the topic.
    pub(crate) fn interned(&self, topic: TopicId) -> Option<Arc<Node>> {
        self.topics.read().get(topic.0).cloned()
    }

    /// The topic string of an id; known from minting on, so that readers of the log always find it.
    pub(crate) fn topic(&self, topic: TopicId) -> Option<Arc<str>> {
        self.topics.read().get(topic.0).map(|node| node.name.clone())
    }

    /// Living nodes in all, and those of them that are brownfield.
    pub(crate) fn living(&self) -> (u32, u32) {
        let brownfield = self.living_brownfield.load(Ordering::Relaxed);
        (self.living.load(Ordering::Relaxed), brownfield)
    }

    /// Rises when a node makes room for others. Who asks before it asks how many live, and finds no
    /// room, can tell by it when to ask again.
    #[inline]
    pub(crate) fn room(&self) -> u64 {
        self.room.load(Ordering::Acquire)
    }

    /// Gives every node that a publish may find.
    pub(crate) fn each(&self, mut each: impl FnMut(&Node)) {
        for shard in &self.shards {
            shard.read().iter().for_each(|node| each(node));
        }
    }

    /// Takes the right to mint and delete.
    pub(crate) fn mint(&self) -> MutexGuard<'_, Mint> {
        self.mint.lock()
    }

    /// The path a new node would collide with (NS-5).
    pub(crate) fn collision(&self, mint: &Mint, org: OrgId, topic: &str) -> Option<Collision> {
        if self.check_case { mint.cases.collision(self, org, topic) } else { None }
    }

    /// What the next node on this topic is called; nothing is taken until [`Registry::insert`].
    pub(crate) fn next(
        &self,
        mint: &Mint,
        org: OrgId,
        topic: &Arc<str>,
    ) -> (TopicId, NodeNo, Arc<str>) {
        let number = NodeNo(mint.next_node);
        match self.find(org, topic) {
            Some(old) => (old.topic, number, old.name.clone()),
            None => (TopicId(mint.next_topic), number, Arc::clone(topic)),
        }
    }

    /// Makes a node known; a deleted one on the same topic gives way.
    pub(crate) fn insert(&self, mint: &mut Mint, node: Node) -> Arc<Node> {
        let node = Arc::new(node);
        self.reserve_ids(mint, &node);
        self.count(&node, |living| living.fetch_add(1, Ordering::Relaxed));
        if self.check_case && node.side() == Side::Uns {
            mint.cases.insert(self, &node);
        }
        let hash = self.hash(node.org, &node.name);
        let mut shard = self.shard(hash).write();
        match shard.find_mut(hash, |known| is(known, node.org, &node.name)) {
            Some(known) => *known = node.clone(),
            None => {
                let rehash = |node: &Arc<Node>| self.hash(node.org, &node.name);
                shard.insert_unique(hash, node.clone(), rehash);
            }
        }
        node
    }

    /// Keeps the numbers of a node whose own record is lost from being given to another one.
    pub(crate) fn reserve(&self, topic: TopicId, node: NodeNo) {
        let mut mint = self.mint.lock();
        mint.next_node = mint.next_node.max(node.0.saturating_add(1));
        mint.next_topic = mint.next_topic.max(topic.0.saturating_add(1));
    }

    /// Gives no numbers below these to anybody.
    pub(crate) fn reserve_below(&self, node: u32, topic: u32) {
        let mut mint = self.mint.lock();
        mint.next_node = mint.next_node.max(node);
        mint.next_topic = mint.next_topic.max(topic);
    }

    /// The numbers that come next, for the checkpoint.
    pub(crate) fn next_numbers(&self) -> (u32, u32) {
        let mint = self.mint.lock();
        (mint.next_node, mint.next_topic)
    }

    fn reserve_ids(&self, mint: &mut Mint, node: &Arc<Node>) {
        mint.next_node = mint.next_node.max(node.number.0 + 1);
        mint.next_topic = mint.next_topic.max(node.topic.0 + 1);
        self.topics.write().place(node.topic.0).get_or_insert_with(|| node.clone());
    }

    fn count(&self, node: &Node, change: impl Fn(&AtomicU32) -> u32) {
        change(&self.living);
        if node.side() == Side::Brownfield {
            change(&self.living_brownfield);
        }
    }

    /// Where siblings must not differ in case only, they meet in the table. Elsewhere anybody could
    /// make many names of one hash by changing their case.
    fn hash(&self, org: OrgId, topic: &str) -> u64 {
        if self.check_case && topic.starts_with(UNS_PREFIX) {
            folded_hash(&self.hasher, org, topic)
        } else {
            self.hasher.hash_one((org, topic))
        }
    }

    fn shard(&self, hash: u64) -> &RwLock<HashTable<Arc<Node>>> {
        // The table itself uses the lowest and the highest bits.
        &self.shards[(hash >> 40) as usize % SHARDS]
    }
}

impl case_index::Names for Registry {
    fn hasher(&self) -> &RandomState {
        &self.hasher
    }

    fn living(&self, org: OrgId, name: &str) -> Option<Arc<Node>> {
        let hash = folded_hash(&self.hasher, org, name);
        let is = |node: &Arc<Node>| {
            node.org == org && node.name.eq_ignore_ascii_case(name) && node.counts()
        };
        self.shard(hash).read().find(hash, is).cloned()
    }
}

fn is(node: &Node, org: OrgId, topic: &str) -> bool {
    node.org == org && *node.name == *topic
}
