//! The namespace as it is now: tree, last values, search, delete.

use std::sync::Arc;

use fabric::Cursor;
use uns_model::{Filter, NodeNo, OrgId, Quality, Sequence, Timestamp, TopicId, Value};

use crate::Rights;
use crate::services::{Answer, Boxed, ClockViolation};

/// The committed namespace. Everything it says is at least as new as [`Live::caught_up`] promised.
pub trait Live: Send + Sync {
    /// Waits until everything committed before this call is applied: callers read their own writes.
    fn caught_up(&self) -> Boxed<'_, ()>;

    /// One page of the subtree below `query.path`, depth first, in topic order; nothing below an
    /// unknown path.
    fn tree(&self, query: TreeQuery) -> Answer<'_, TreePage>;

    /// The last values of every node the filter matches, in topic order.
    fn current(&self, query: CurrentQuery) -> Answer<'_, CurrentPage>;

    /// One page of the nodes whose topic contains every word of the text, in topic order.
    fn search(&self, query: SearchQuery) -> Answer<'_, SearchPage>;

    /// Removes a node and everything below it that its caller may look at, and answers after the
    /// commit: how many nodes went, zero where nothing lives there.
    fn delete(&self, query: DeleteQuery) -> Answer<'_, u64>;

    /// The publishers whose clocks cannot be right, the farthest off first.
    fn clock_violations(&self, org: OrgId) -> Vec<ClockViolation>;

    /// The topic string behind an interned id.
    fn topic(&self, topic: TopicId) -> Option<Arc<str>>;

    /// The node that lives on a topic now.
    fn node_of_topic(&self, org: OrgId, topic: &str) -> Option<NodeNo>;
}

/// Which part of the tree.
#[derive(Clone, Debug)]
pub struct TreeQuery {
    /// The asking organisation.
    pub org: OrgId,
    /// The subtree's path; without one, the root. The empty path is the level without a name that
    /// topics such as `/l/x` begin with.
    pub path: Option<String>,
    /// How many levels below it, at least 1.
    pub depth: u32,
    /// With whose eyes: what they may not read is as if it were not there.
    pub rights: Arc<dyn Rights>,
    /// Continue after this page's `next`.
    pub after: Option<String>,
    /// At most so many nodes.
    pub limit: usize,
}

/// One page of the tree.
#[derive(Clone, Debug, Default)]
pub struct TreePage {
    /// The nodes.
    pub nodes: Vec<TreeNode>,
    /// Pass as `after` for the next page; `None` on the last.
    pub next: Option<String>,
}

/// One level of a path, with or without a value of its own.
#[derive(Clone, Debug)]
pub struct TreeNode {
    /// The whole path from the root.
    pub path: Arc<str>,
    /// The last level of the path.
    pub name: Arc<str>,
    /// How many children it has directly.
    pub children: u64,
    /// Whether it is a node itself; else the level only groups others.
    pub leaf: bool,
    /// Its last value, where it has one.
    pub last: Option<LastValue>,
}

/// The last value of a node.
#[derive(Clone, Debug)]
pub struct LastValue {
    /// The value.
    pub value: Value,
    /// Its quality.
    pub quality: Quality,
    /// Source time, or ingest time where the source named none.
    pub timestamp: Timestamp,
    /// What is said of it beside its value.
    pub remarks: Remarks,
}

/// What is said of a last value beside it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Remarks {
    /// The unit of its series (NS-23a).
    pub unit: Option<Arc<str>>,
    /// A field that the newest document no longer has (NS-19f).
    pub superseded: bool,
    /// The fields of the document there was no room for (NS-20).
    pub fields_left_out: u32,
    /// The payload was no UTF-8 and read as Windows-1252 (NS-19d).
    pub windows_1252: bool,
}

/// Which last values.
#[derive(Clone, Debug)]
pub struct CurrentQuery {
    /// The asking organisation.
    pub org: OrgId,
    /// The MQTT filter.
    pub filter: Filter,
    /// With whose eyes: what they may not read is as if it were not there.
    pub rights: Arc<dyn Rights>,
    /// Continue after this page's `next`.
    pub after: Option<String>,
    /// At most so many values.
    pub limit: usize,
}

/// One page of last values.
#[derive(Clone, Debug, Default)]
pub struct CurrentPage {
    /// The place in the log the values are as of: subscribing from it leaves no gap (NS-39).
    pub cursor: Cursor,
    /// The values.
    pub values: Vec<CurrentValue>,
    /// Pass as `after` for the next page; `None` on the last.
    pub next: Option<String>,
}

/// One last value of a node or of one of its fields.
#[derive(Clone, Debug)]
pub struct CurrentValue {
    /// The topic.
    pub topic: Arc<str>,
    /// The JSON field; `None` is the node's own value.
    pub field: Option<Arc<str>>,
    /// The value.
    pub value: Value,
    /// Its quality.
    pub quality: Quality,
    /// Source time, or ingest time where the source named none.
    pub timestamp: Timestamp,
    /// The record it came with.
    pub sequence: Sequence,
    /// What is said of it beside its value.
    pub remarks: Remarks,
}

/// What to search for.
#[derive(Clone, Debug)]
pub struct SearchQuery {
    /// The asking organisation.
    pub org: OrgId,
    /// Words, all of which must occur in the topic, in any case.
    pub text: String,
    /// With whose eyes: what they may not read is as if it were not there.
    pub rights: Arc<dyn Rights>,
    /// Continue after this page's `next`.
    pub after: Option<String>,
    /// At most so many hits.
    pub limit: usize,
}

/// One page of what was found.
#[derive(Clone, Debug, Default)]
pub struct SearchPage {
    /// The nodes.
    pub hits: Vec<SearchHit>,
    /// Pass as `after` for the next page, which a page that is not full may have too; `None` on the
    /// last.
    pub next: Option<String>,
}

/// One node found.
#[derive(Clone, Debug)]
pub struct SearchHit {
    /// The topic.
    pub topic: Arc<str>,
    /// Its last value, where it has one.
    pub last: Option<LastValue>,
}

/// What to delete.
#[derive(Clone, Debug)]
pub struct DeleteQuery {
    /// The asking organisation.
    pub org: OrgId,
    /// The node or subtree.
    pub path: String,
    /// Who deletes: what they may not look at stays, and is not counted.
    pub rights: Arc<dyn Rights>,
    /// Remove its history too.
    pub purge: bool,
}
