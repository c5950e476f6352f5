//! How far the fold is that keeps the retained messages: who has just subscribed waits for it.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use uns_model::Sequence;

type Wake = Box<dyn Fn() + Send + Sync>;

/// The last sequence whose changes are in the store.
#[derive(Default)]
pub(super) struct Position {
    applied: AtomicU64,
    /// A core waits for it to move.
    awaited: AtomicBool,
    wake: OnceLock<Wake>,
}

impl Position {
    pub(super) fn set_wake(&self, wake: Wake) {
        // There is one server for a broker; a second one changes nothing.
        self.wake.set(wake).ok();
    }

    /// The fold is here.
    pub(super) fn move_to(&self, sequence: Sequence) {
        // In one order with what a core does that waits, or both could overlook the other.
        self.applied.fetch_max(sequence.0, Ordering::SeqCst);
        if self.awaited.load(Ordering::SeqCst)
            && self.awaited.swap(false, Ordering::SeqCst)
            && let Some(wake) = self.wake.get()
        {
            wake();
        }
    }

    /// Whether the fold is there; if not, cores are woken when it moves.
    pub(super) fn is_at(&self, sequence: Sequence) -> bool {
        let there = || self.applied.load(Ordering::SeqCst) >= sequence.0;
        there() || {
            self.awaited.store(true, Ordering::SeqCst);
            there()
        }
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Position").field(&self.applied).finish()
    }
}
