//! Timers on monotonic time: one per will and two per session.

use std::collections::BTreeSet;
use std::time::Duration;

use ahash::AHashMap;
use uns_model::SessionNo;

/// What is due. A will is due before the expiry of the same moment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Timer {
    /// The will of a session.
    Will,
    /// The session itself.
    Expiry,
    /// The log is to say that its connection has gone.
    Absent,
}

/// All of them, in order.
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

    /// When one is due.
    pub(crate) fn at(&self, timer: Timer, session: SessionNo) -> Option<Duration> {
        self.at.get(&(timer, session)).copied()
    }

    /// When the next one is due.
    pub(crate) fn next(&self) -> Option<Duration> {
        self.order.first().map(|(at, ..)| *at)
    }

    /// The next one that is due by now; it is stopped.
    pub(crate) fn pop(&mut self, now: Duration) -> Option<(Timer, SessionNo)> {
        let (_, timer, session) = *self.order.first().filter(|(at, ..)| *at <= now)?;
        self.clear(timer, session);
        Some((timer, session))
    }
}
