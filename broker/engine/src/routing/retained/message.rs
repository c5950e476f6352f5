//! A retained message, and one as it lies in the store.

use std::sync::Arc;
use std::time::Duration;

use uns_model::Kept;

/// One retained message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Retained {
    /// Its topic.
    pub topic: Arc<str>,
    /// When it expires, on the monotonic clock: counted from its arrival (TRAP-05).
    pub expires: Option<Duration>,
    /// The message; its payload is never empty.
    pub kept: Kept,
}

/// A message to be retained on a topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Content {
    /// When it expires, on the monotonic clock.
    pub(crate) expires: Option<Duration>,
    pub(crate) kept: Kept,
}

/// A retained message as it lies in the store.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    /// Its topic.
    pub topic: &'a str,
    /// When it expires.
    pub expires: Option<Duration>,
    /// The message.
    pub kept: &'a Kept,
}

/// What a message costs beside its bytes.
pub(super) const OVERHEAD: usize = 80;

impl Held<'_> {
    pub(crate) fn expired(&self, now: Duration) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }

    pub(super) fn bytes(&self) -> usize {
        self.topic.len() + self.kept.properties().len() + self.kept.payload().len() + OVERHEAD
    }
}
