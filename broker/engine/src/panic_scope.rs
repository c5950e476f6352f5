//! Marks code that concerns one connection alone: a panic in it ends that connection and nothing else.
//!
//! Code that does not run through [`PanicScope::run`] counts as shared. A panic in the subscription tree, the
//! routes, the gate or a delivery may leave them half changed, so it ends the process. Code that runs through it
//! only reads shared state, or changes its own connection, which is closed after a panic.

use std::cell::Cell;

/// Whether the code that runs now concerns one connection alone.
#[derive(Debug, Default)]
pub(crate) struct PanicScope(Cell<bool>);

impl PanicScope {
    /// Runs code that concerns one connection alone. The mark stays set only after a panic. There is no
    /// guard object, so a packet pays two stores for it.
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
