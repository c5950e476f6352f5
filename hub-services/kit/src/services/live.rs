//! The namespace as it is now: tree, last values, search, delete.

use std::sync::Arc;

use fabric::Cursor;
use uns_model::query::{
    ClockViolation, CurrentQuery, CurrentValue, SearchHit, SearchQuery, TreeNode, TreeQuery,
};
use uns_model::{NodeNo, OrgId, TopicId};

use super::{Answer, Boxed, Page};
use crate::Rights;

/// The committed namespace. Everything it says is at least as new as [`Live::caught_up`] promised.
/// Where it takes somebody's rights, what they may not read is as if it were not there.
pub trait Live: Send + Sync {
    /// Waits until everything committed before this call is applied: callers read their own writes.
    fn caught_up(&self) -> Boxed<'_, ()>;

    /// One page of the subtree below `query.path`, depth first, in topic order; nothing below an
    /// unknown path.
    fn tree(&self, query: TreeQuery, rights: Arc<dyn Rights>) -> Answer<'_, Page<TreeNode>>;

    /// The last values of every node the filter matches, in topic order.
    fn current(&self, query: CurrentQuery, rights: Arc<dyn Rights>) -> Answer<'_, CurrentPage>;

    /// One page of the nodes whose topic contains every word of the text, in topic order.
    fn search(&self, query: SearchQuery, rights: Arc<dyn Rights>) -> Answer<'_, Page<SearchHit>>;

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
