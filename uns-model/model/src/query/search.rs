//! Nodes by words of their topic, and fields by words of theirs.

use std::sync::Arc;

use super::LastValue;
use crate::OrgId;

/// What to search for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SearchQuery {
    /// The asking organisation.
    pub org: OrgId,
    /// Words, in any case: all of them occur in a topic that is found, or in the topic and the name of
    /// a field that is.
    pub text: String,
    /// Continue after the page that gave this as `next`.
    pub after: Option<String>,
    /// At most so many nodes and fields.
    pub limit: usize,
}

/// One node or field found.
#[derive(Clone, PartialEq, Debug)]
pub struct SearchHit {
    /// The topic.
    pub topic: Arc<str>,
    /// The field, where its name and not the topic alone has all words.
    pub field: Option<Arc<str>>,
    /// Its last value, where it has one.
    pub last: Option<LastValue>,
}
