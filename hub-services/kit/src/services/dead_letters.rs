//! What was published and refused.

use std::sync::Arc;

use uns_model::OrgId;

use super::{Answer, Page};
use crate::Rights;

/// The log of refused publishes.
pub trait DeadLetters: Send + Sync {
    /// At most so many letters, oldest first, each as the JSON it was published as: those after the page that gave this as
    /// `next`, and that somebody with these rights may look at.
    fn page(
        &self,
        org: OrgId,
        after: Option<String>,
        limit: usize,
        rights: Arc<dyn Rights>,
    ) -> Answer<'_, Page<String>>;
}
