//! How many connections of all cores are congested: publishers look no further while none is.

use std::sync::atomic::{AtomicU32, Ordering};

/// The number of congested connections.
#[derive(Debug, Default)]
pub(crate) struct Congestion(AtomicU32);

impl Congestion {
    /// Whether there is one.
    #[inline]
    pub(crate) fn is_any(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    /// One more is congested, or one less.
    pub(crate) fn set(&self, congested: bool) {
        if congested {
            self.0.fetch_add(1, Ordering::Relaxed);
        } else {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
