//! Which code concerns one connection alone: a panic in it ends that connection and nothing else.
//!
//! Everything is taken to be shared that is not run through [`PanicScope::run`]: a panic in the tree, the
//! routes, the gate or a delivery may leave them half changed, and ends the process. What runs
//! through it reads shared state at most, or changes its own connection, which is thrown away then.

use std::cell::Cell;

/// Whether the code that runs now concerns one connection alone.
#[derive(Debug, Default)]
pub(crate) struct PanicScope(Cell<bool>);

impl PanicScope {
    /// Runs what concerns one connection. The note of it stays after a panic, and only then; there is
    /// no guard, so a packet pays for it with two stores.
    #[inline]
    pub(crate) fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        self.0.set(true);
        let done = work();
        self.0.set(false);
        done
    }

    /// Whether a panic that was just caught happened in such code.
    pub(crate) fn take(&self) -> bool {
        self.0.take()
    }
}

/// A connection that a panic ended, for the operators' log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Panicked {
    /// Whose it was; empty before CONNECT.
    pub client_id: Box<str>,
    /// Where it came from.
    pub address: Box<str>,
    /// Where it came to.
    pub listener: Box<str>,
}
