//! The tree: levels below a path.

use std::sync::Arc;

use super::LastValue;
use crate::{OrgId, Timestamp};

/// Which part of the tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TreeQuery {
    /// The asking organisation.
    pub org: OrgId,
    /// The subtree's path; without one, the root. The empty path is the level without a name that
    /// topics such as `/l/x` begin with.
    pub path: Option<String>,
    /// How many levels below it, at least 1.
    pub depth: u32,
    /// Continue after the page that gave this as `next`.
    pub after: Option<String>,
    /// At most so many levels.
    pub limit: usize,
}

/// One level of a path, with or without a node of its own.
#[derive(Clone, PartialEq, Debug)]
pub struct TreeNode {
    /// The whole path from the root.
    pub path: Arc<str>,
    /// The last level of the path.
    pub name: Arc<str>,
    /// Whether it is a node itself; else the level only groups others.
    pub leaf: bool,
    /// How many children it has directly.
    pub children: u64,
    /// How many nodes live below it.
    pub descendants: u64,
    /// The contract marker in its path, as in the topic (NS-6).
    pub contract: Option<Arc<str>>,
    /// When its last sample came in.
    pub last_ingest: Option<Timestamp>,
    /// Its own last value, where it has one.
    pub last: Option<LastValue>,
}
