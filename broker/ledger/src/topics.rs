//! The topics of publishes to nodes. The log has their ids, and the namespace their strings.

use std::sync::Arc;

use uns_model::TopicId;

/// Knows the string of every topic id that is in the log.
pub trait Topics: Send + Sync {
    /// The topic; `None` for an id that was never given out.
    fn topic(&self, id: TopicId) -> Option<Arc<str>>;
}
