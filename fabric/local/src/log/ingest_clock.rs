//! Ingest times and the machine's clock, which may be wrong.
//!
//! The rule: ingest times strictly increase, so while the clock is behind the newest record, records
//! are stamped right behind that one, a nanosecond apart, in order. That goes on for
//! [`AHEAD_MAX`] at most. A clock that is further behind was wrong when the newest record was
//! stamped: the log follows it back, once, and ingest times increase from there. A clock that
//! cannot be right, since it is older than this software, is not followed. What is ahead, and each
//! step back, shows in health.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use fabric::{ClockHealth, ClockStep};
use parking_lot::Mutex;
use uns_model::{Sequence, Timestamp};

/// How far ingest times may be ahead of the clock: a clock set back by a day, or to another time
/// zone, reorders nothing.
pub(crate) const AHEAD_MAX: Duration = Duration::from_hours(48);
/// Less than this is no news.
const AHEAD_SHOWN: Duration = Duration::from_mins(1);
/// How long a step back shows in health.
const STEP_SHOWN: Duration = Duration::from_hours(1);
/// 2026-01-01T00:00:00Z: no clock before it is right.
const BELIEVED_FROM: Timestamp = Timestamp(1_767_225_600_000_000_000);

/// What is known of ingest times.
#[derive(Debug, Default)]
pub(super) struct IngestClock {
    /// The newest record's, 0 while there is none.
    newest: AtomicI64,
    steps: AtomicU64,
    /// The last step back, and when it was on the monotonic clock.
    last_step: Mutex<Option<(ClockStep, Duration)>>,
}

fn ahead(newest: Timestamp, now: Timestamp) -> Duration {
    Duration::from_nanos(u64::try_from(newest.0.saturating_sub(now.0)).unwrap_or_default())
}

/// Behind which time the next record is stamped, after one of `newest`.
fn bounded(newest: Timestamp, now: Timestamp) -> Timestamp {
    if ahead(newest, now) > AHEAD_MAX && now >= BELIEVED_FROM { now } else { newest }
}

impl IngestClock {
    /// The newest record was taken in at this time.
    pub(super) fn set_newest(&self, newest: Timestamp) {
        self.newest.store(newest.0, Relaxed);
    }

    /// When the newest record was taken in.
    pub(super) fn newest(&self) -> Option<Timestamp> {
        Some(Timestamp(self.newest.load(Relaxed))).filter(|newest| newest.0 != 0)
    }

    /// Behind which time the next record is stamped, after `last`, the newest one, of `newest`.
    pub(super) fn follow(
        &self,
        (last, newest): (Sequence, Timestamp),
        (now, monotonic): (Timestamp, Duration),
    ) -> Timestamp {
        let from = bounded(newest, now);
        if from != newest {
            let back = ahead(newest, now);
            self.steps.fetch_add(1, Relaxed);
            *self.last_step.lock() = Some((ClockStep { after: last, back }, monotonic));
            tracing::error!(
                after = last.0,
                seconds = back.as_secs(),
                "the clock is far behind the newest record: it was ahead when that was written, and \
                 ingest times follow it back now"
            );
        }
        from
    }

    pub(super) fn health(&self, now: Timestamp, monotonic: Duration) -> ClockHealth {
        let newest = Timestamp(self.newest.load(Relaxed));
        let ahead = ahead(newest, now);
        let recent = |(step, at): (ClockStep, Duration)| {
            (monotonic.saturating_sub(at) < STEP_SHOWN).then_some(step)
        };
        let mut health = ClockHealth::default();
        health.ahead = (ahead > AHEAD_SHOWN).then_some(ahead);
        health.ahead_max = AHEAD_MAX;
        health.steps = self.steps.load(Relaxed);
        health.last_step = (*self.last_step.lock()).and_then(recent);
        health
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_262_400_000_000_000);
    const SECOND: i64 = 1_000_000_000;

    fn later(seconds: i64) -> Timestamp {
        Timestamp(NOW.0 + seconds * SECOND)
    }

    #[test]
    fn ingest_times_are_ahead_of_the_clock_by_two_days_at_most() {
        for (newest, from) in [
            (later(-5), later(-5)),
            (later(5), later(5)),
            (later(86_400 + 3_600), later(86_400 + 3_600)),
            (later(2 * 86_400), later(2 * 86_400)),
            (later(2 * 86_400 + 1), NOW),
            (later(315_360_000), NOW),
        ] {
            assert_eq!(bounded(newest, NOW), from, "{newest:?}");
        }
        let without_a_battery = Timestamp(0);
        assert_eq!(bounded(NOW, without_a_battery), NOW, "1970 is not believed");
    }

    #[test]
    fn what_is_ahead_and_a_step_back_are_shown() {
        let clock = IngestClock::default();
        let at = |seconds| Duration::from_secs(seconds);
        clock.set_newest(later(30));
        assert_eq!(clock.health(NOW, at(0)).ahead, None);
        clock.set_newest(later(3_600));
        assert_eq!(clock.health(NOW, at(0)).ahead, Some(at(3_600)));
        assert_eq!(clock.follow((Sequence(7), later(315_360_000)), (NOW, at(10))), NOW);
        let health = clock.health(NOW, at(20));
        let step = ClockStep { after: Sequence(7), back: at(315_360_000) };
        assert_eq!((health.steps, health.last_step), (1, Some(step)));
        assert_eq!(clock.health(NOW, at(10 + 3_600)).last_step, None, "it is over");
    }
}
