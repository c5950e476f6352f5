//! Retained messages that a client is still to get for one subscription.

use std::num::NonZeroU32;
use std::time::Duration;

use uns_model::Sequence;

use super::live_topics::LiveTopics;
use crate::routing::retained::{RetainedMessages, Walk};
use crate::routing::tree::Wish;

/// Retained messages still owed for one subscription.
#[derive(Debug)]
pub(crate) struct OwedRetained {
    pub(crate) walk: Walk,
    pub(crate) qos: u8,
    pub(crate) identifier: Option<NonZeroU32>,
    pub(crate) start: Start,
    /// The number of the walk. The subscription has it too, as
    /// [`Subscriber::walk`](crate::Subscriber::walk).
    pub(crate) number: u64,
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

impl OwedRetained {
    /// All that match a filter.
    pub(crate) fn new(filter: &str, wish: &Wish, start: Start) -> Self {
        let (qos, identifier, number) = (wish.qos, wish.identifier, start.number());
        Self { walk: Walk::new(filter), qos, identifier, start, number }
    }

    /// The number that a topic is compared by which came live: where the store may not have all that was
    /// published before the subscription, any newer message counts.
    pub(crate) fn compared_by(&self, retained: &RetainedMessages) -> u64 {
        if self.start.is_folded(retained) { self.number } else { 0 }
    }

    /// Whether it may start or go on: what was published before is in the store, or a log that is stuck was
    /// waited for long enough, and it is known what came live since.
    pub(crate) fn is_due(
        &self,
        retained: &RetainedMessages,
        now: Duration,
        live: Option<&LiveTopics>,
    ) -> bool {
        let (Start::Decided(_, since) | Start::Folded(_, since)) = self.start;
        let is_known = live.is_none_or(|live| !live.has_forgotten(self.number));
        self.start.is_folded(retained) || (is_known && now.saturating_sub(since) >= WAIT_MAX)
    }

    /// Whether it waits for a place in the log before this one.
    pub(crate) fn is_before(&self, sequence: Sequence) -> bool {
        matches!(self.start, Start::Folded(at, _) if at < sequence)
    }

    /// Some of it was sent: where it has to start again, it waits from now on.
    pub(crate) fn went_on(&mut self, retained: &RetainedMessages, now: Duration) {
        if self.start.is_folded(retained)
            && let Start::Folded(_, since) = &mut self.start
        {
            *since = now;
        }
    }

    /// It starts again where it is, as walk `number`.
    pub(crate) fn start_again(&mut self, number: u64) {
        let (Start::Decided(_, since) | Start::Folded(_, since)) = self.start;
        self.start = Start::Decided(number, since);
    }
}

impl Start {
    /// The number of a walk that waits for the log; 0 where there is none.
    pub(crate) fn number(self) -> u64 {
        match self {
            Self::Decided(number, _) => number,
            Self::Folded(..) => 0,
        }
    }

    /// Whether all that was published before is in the store.
    fn is_folded(self, retained: &RetainedMessages) -> bool {
        matches!(self, Self::Folded(sequence, _) if retained.has_applied(sequence))
    }
}
