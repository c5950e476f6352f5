//! Asks for rights where shared state is being changed: for a row of a batch, a will, a receiver. The code that
//! answers is not part of the engine. If it panics, the answer is the one that allows least, so no shared state
//! stays half changed and only the client in question notices. Where no shared state is being changed,
//! `panic_scope.rs` ends the connection instead.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::access::{Access, Action};

/// The answer; none after a panic, which the panic hook has logged and counted.
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

/// What the log keeps beside the account of a client that leaves a will.
pub(crate) fn noted(access: &dyn Access) -> Option<String> {
    answer(|| access.noted()).flatten()
}
