//! What somebody may do, as it travels with a request.

use std::sync::Arc;

use crate::access::{Access, Action};
use crate::access_guard;

/// What a publisher may do with topics. A publisher that nobody knows may do nothing.
#[derive(Clone, Copy, Debug)]
pub struct Rights<'a>(Option<&'a Arc<dyn Access>>);

impl<'a> Rights<'a> {
    /// These.
    pub fn of(access: Option<&'a Arc<dyn Access>>) -> Self {
        Self(access)
    }

    /// Whether this may be done with a topic. A panic in the answer counts as a refusal.
    pub fn may(&self, action: Action, topic: &str) -> bool {
        self.0.is_some_and(|access| access_guard::allows(&**access, action, topic))
    }
}
