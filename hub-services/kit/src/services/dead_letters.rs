//! What was published and refused.

use std::sync::Arc;

use uns_model::OrgId;

use super::Answer;
use crate::Rights;

/// Some dead letters, oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DeadPage {
    /// Each as the JSON it was published as.
    pub letters: Vec<String>,
    /// Pass as `after` for the next page; `None` on the last.
    pub next: Option<String>,
}

/// The log of refused publishes.
pub trait DeadLetters: Send + Sync {
    /// At most so many letters after the page that gave this as `next`, the oldest if there is none;
    /// those that somebody with these rights may look at.
    fn page(
        &self,
        org: OrgId,
        after: Option<String>,
        limit: usize,
        rights: Arc<dyn Rights>,
    ) -> Answer<'_, DeadPage>;
}
