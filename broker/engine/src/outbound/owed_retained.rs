//! Retained messages that a client is still to get for one subscription.

use std::num::NonZeroU32;
use std::time::Duration;

use uns_model::Sequence;

use crate::routing::retained::{RetainedMessages, Walk};

/// Retained messages still owed for one subscription.
#[derive(Debug)]
pub(crate) struct OwedRetained {
    pub(crate) walk: Walk,
    pub(crate) qos: u8,
    pub(crate) identifier: Option<NonZeroU32>,
    pub(crate) start: Start,
}

/// When a walk over retained messages may start: what was published before somebody subscribed is
/// retained at its commit, and belongs to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Start {
    /// When the log has decided about that; its number, and since when.
    Decided(u64, Duration),
    /// When the fold is there; since when it waits.
    Folded(Sequence, Duration),
}

/// Longest that somebody who subscribed waits for a log that is stuck; then it gets what is retained
/// by then. One that is full decides at once, so nobody waits for space.
const WAIT_MAX: Duration = Duration::from_secs(10);

impl Start {
    pub(crate) fn is_due(self, retained: &RetainedMessages, now: Duration) -> bool {
        match self {
            Self::Decided(_, since) => now.saturating_sub(since) >= WAIT_MAX,
            Self::Folded(sequence, since) => {
                retained.has_applied(sequence) || now.saturating_sub(since) >= WAIT_MAX
            }
        }
    }
}
