//! Questions about rights in the midst of what connections share: for a row of a batch, a will, a
//! receiver. Whoever answers is no part of the engine. A panic there is an answer, the one that gives
//! the least, so nothing stays half changed, and nobody but the one it is about notices. Where nothing
//! is under way, `panic_scope.rs` ends the connection instead.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::access::{Access, Action};

/// The answer; none if there was a panic, which its hook has logged and counted.
pub(crate) fn answer<T>(ask: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(ask)).ok()
}

/// Whether this may be done with a topic.
pub(crate) fn allows(access: &dyn Access, action: Action, topic: &str) -> bool {
    answer(|| access.allows(action, topic)).unwrap_or(false)
}

/// Whether the right to be connected is lost.
pub(crate) fn is_revoked(access: &dyn Access) -> bool {
    answer(|| access.is_revoked()).unwrap_or(true)
}

/// What the log keeps beside the account of whoever leaves a will.
pub(crate) fn noted(access: &dyn Access) -> Option<String> {
    answer(|| access.noted()).flatten()
}
