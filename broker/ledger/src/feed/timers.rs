//! Timers on monotonic time: one for each will and two for each session.

use std::collections::BTreeSet;
use std::time::Duration;

use ahash::AHashMap;
use uns_model::SessionNo;

/// What a timer is for. At the same time, wills come before expiries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Timer {
    /// The will of a session.
    Will,
    /// The session itself.
    Expiry,
    /// The log should have said by then that its connection is gone.
    Absent,
}

/// All timers, in order.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    order: BTreeSet<(Duration, Timer, SessionNo)>,
    at: AHashMap<(Timer, SessionNo), Duration>,
}

impl Timers {
    /// Sets or moves a timer.
    pub(crate) fn set(&mut self, timer: Timer, session: SessionNo, at: Duration) {
        self.clear(timer, session);
        self.at.insert((timer, session), at);
        self.order.insert((at, timer, session));
    }

    /// Stops a timer.
    pub(crate) fn clear(&mut self, timer: Timer, session: SessionNo) {
        if let Some(at) = self.at.remove(&(timer, session)) {
            self.order.remove(&(at, timer, session));
        }
    }

    /// When a timer is due.
    pub(crate) fn at(&self, timer: Timer, session: SessionNo) -> Option<Duration> {
        self.at.get(&(timer, session)).copied()
    }

    /// When the next timer is due.
    pub(crate) fn next(&self) -> Option<Duration> {
        self.order.first().map(|(at, ..)| *at)
    }

    /// Removes and returns the next timer that is due by now.
    pub(crate) fn pop(&mut self, now: Duration) -> Option<(Timer, SessionNo)> {
        let (_, timer, session) = *self.order.first().filter(|(at, ..)| *at <= now)?;
        self.clear(timer, session);
        Some((timer, session))
    }
}
