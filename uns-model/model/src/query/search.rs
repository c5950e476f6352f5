//! Nodes by words of their topic.

use std::sync::Arc;

use super::LastValue;
use crate::OrgId;

/// What to search for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SearchQuery {
    /// The asking organisation.
    pub org: OrgId,
    /// Words, all of which occur in a topic that is found, in any case.
    pub text: String,
    /// Continue after the page that gave this as `next`.
    pub after: Option<String>,
    /// At most so many nodes.
    pub limit: usize,
}

/// One node found.
#[derive(Clone, PartialEq, Debug)]
pub struct SearchHit {
    /// The topic.
    pub topic: Arc<str>,
    /// Its own last value, where it has one.
    pub last: Option<LastValue>,
}
