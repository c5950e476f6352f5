//! Nodes that go: deleted, forgotten, or never come to be.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Mint, Registry, Underway, is};
use crate::node::{Minted, Node, Side};

impl Registry {
    /// Marks a node deleted: gates that hold it resolve again.
    pub(crate) fn delete(&self, mint: &mut Mint, node: &Node) {
        if !node.counts() {
            return;
        }
        node.set_deleted(true);
        self.count(node, |living| living.fetch_sub(1, Ordering::Relaxed));
        // Only now: whoever sees it sees the room.
        self.room.fetch_add(1, Ordering::Release);
        if self.check_case && node.side() == Side::Uns {
            mint.cases.remove(self, node);
        }
    }

    /// Does what the log's own thread could only note: lets go of nodes whose record was refused, and
    /// takes back deletions that were.
    pub(crate) fn settle(&self, mint: &mut Mint, underway: &Underway) {
        for lost in underway.take_lost() {
            self.delete(mint, &lost);
        }
        let mut undecided = Vec::new();
        for node in underway.take_kept() {
            let other = self.find(node.org, &node.name).filter(|other| !other.is_deleted());
            match other {
                _ if node.counts() || node.is_deletion_folded() => {}
                None => self.undelete(mint, &node),
                // Nobody knows yet whether it comes to be.
                Some(other) if other.is_unlogged() => undecided.push(node),
                // In the log it comes behind the old one, and takes its place in the view.
                Some(_) => {}
            }
        }
        if !undecided.is_empty() {
            underway.keep_later(&undecided);
        }
    }

    /// Takes a deletion back whose record did not reach the log.
    pub(crate) fn undelete(&self, mint: &mut Mint, node: &Arc<Node>) {
        if self.check_case && node.side() == Side::Uns {
            mint.cases.insert(self, node);
        }
        // A newer one on its topic never came to be.
        let hash = self.hash(node.org, &node.name);
        let mut shard = self.shard(hash).write();
        if let Some(known) = shard.find_mut(hash, |known| is(known, node.org, &node.name)) {
            *known = Arc::clone(node);
        }
        drop(shard);
        node.set_deleted(false);
        self.count(node, |living| living.fetch_add(1, Ordering::Relaxed));
    }

    /// Keeps a topic string of a checkpoint that no node lives on any more.
    pub(crate) fn insert_deleted(&self, mint: &mut Mint, minted: Minted) -> Arc<Node> {
        let node = Arc::new(Node::new(minted));
        node.set_deleted(true);
        self.reserve_ids(mint, &node);
        let hash = self.hash(node.org, &node.name);
        let mut shard = self.shard(hash).write();
        match shard.find(hash, |known| is(known, node.org, &node.name)) {
            Some(_) => {}
            None => {
                let rehash = |node: &Arc<Node>| self.hash(node.org, &node.name);
                shard.insert_unique(hash, node.clone(), rehash);
            }
        }
        node
    }

    /// Forgets a deleted node that no record names any more. Its topic keeps its id if another node
    /// has the topic now; else a later one gets a new id.
    pub(crate) fn forget(&self, mint: &mut Mint, node: &Arc<Node>) {
        let hash = self.hash(node.org, &node.name);
        let mut shard = self.shard(hash).write();
        let newer = match shard.find_entry(hash, |known| is(known, node.org, &node.name)) {
            Ok(known) if !Arc::ptr_eq(known.get(), node) => Some(known.get().clone()),
            Ok(known) => {
                drop(known.remove());
                None
            }
            Err(_) => None,
        };
        drop(shard);
        // A node whose record was refused has the id too, and no record names it.
        mint.next_topic = mint.next_topic.max(node.topic.0 + 1);
        let mut topics = self.topics.write();
        match newer.filter(|newer| newer.topic == node.topic) {
            Some(newer) => *topics.place(node.topic.0) = Some(newer),
            None => drop(topics.remove(node.topic.0)),
        }
    }

    /// Takes back a node whose record the log did not take and nobody else carries: it never came to be.
    /// Its numbers are given again where no later ones are out, so that whoever goes on trying on a full
    /// disk uses none up.
    pub(crate) fn take_back(&self, mint: &mut Mint, node: &Arc<Node>) {
        self.delete(mint, node);
        let mut topics = self.topics.write();
        // The topic may be that of nodes that were deleted before: then records name its id.
        let older = topics.get(node.topic.0).filter(|first| !Arc::ptr_eq(first, node)).cloned();
        let hash = self.hash(node.org, &node.name);
        let mut shard = self.shard(hash).write();
        if let Ok(mut known) = shard.find_entry(hash, |known| Arc::ptr_eq(known, node)) {
            match &older {
                Some(older) => *known.get_mut() = Arc::clone(older),
                None => drop(known.remove()),
            }
        }
        if older.is_none() {
            drop(topics.remove(node.topic.0));
            mint.next_topic -= u32::from(mint.next_topic == node.topic.0 + 1);
        }
        mint.next_node -= u32::from(mint.next_node == node.number.0 + 1);
    }
}
