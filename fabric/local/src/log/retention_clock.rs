//! The time that retention goes by: a clock that jumps ahead makes no record old.
//!
//! The rule: age counts at most twice as fast as time passes. A clock that is right after it was
//! behind, or after the machine slept, is caught up with; one that jumped ahead by years has dropped
//! next to nothing by the time somebody sets it right. When a log is opened it is not known how long
//! nobody ran it: then the clock is believed for as much as ingest times may be ahead of it.

use std::time::Duration;

use uns_model::Timestamp;

use super::ingest_clock::AHEAD_MAX;

#[derive(Debug)]
pub(super) struct RetentionClock {
    now: Timestamp,
    /// When that was on the monotonic clock.
    at: Duration,
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    Timestamp(time.0.saturating_add(i64::try_from(by.as_nanos()).unwrap_or(i64::MAX)))
}

impl RetentionClock {
    /// Of a log whose newest record is from this time, where it has any.
    pub(super) fn new(newest: Option<Timestamp>, (now, monotonic): (Timestamp, Duration)) -> Self {
        let bound = newest.map_or(now, |newest| later(newest, AHEAD_MAX));
        Self { now: now.min(bound), at: monotonic }
    }

    /// The time it is for retention.
    pub(super) fn now(&mut self, (now, monotonic): (Timestamp, Duration)) -> Timestamp {
        let passed = monotonic.saturating_sub(self.at);
        self.now = now.min(later(self.now, passed.saturating_mul(2)));
        self.at = monotonic;
        self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_262_400_000_000_000);

    fn hours(hours: u64) -> Duration {
        Duration::from_hours(hours)
    }

    fn at(hour: u64) -> Timestamp {
        later(NOW, hours(hour))
    }

    #[test]
    fn age_counts_at_most_twice_as_fast_as_time_passes() {
        let mut clock = RetentionClock::new(Some(NOW), (NOW, hours(0)));
        assert_eq!(clock.now((at(1), hours(1))), at(1), "as time passes");
        assert_eq!(clock.now((at(87_600), hours(2))), at(3), "ten years ahead");
        assert_eq!(clock.now((at(87_601), hours(3))), at(5));
        assert_eq!(clock.now((at(4), hours(4))), at(4), "it was set right");
        assert_eq!(clock.now((at(10), hours(5))), at(6), "the machine slept for five hours");
        assert_eq!(clock.now((at(15), hours(10))), at(15), "that is caught up with");
    }

    #[test]
    fn a_log_that_is_opened_believes_a_clock_that_is_two_days_ahead() {
        for (newest, now, believed) in [
            (None, at(87_600), at(87_600)),
            (Some(NOW), at(40), at(40)),
            (Some(NOW), at(87_600), at(48)),
            (Some(at(87_600)), NOW, NOW),
        ] {
            assert_eq!(RetentionClock::new(newest, (now, hours(9))).now, believed, "{newest:?}");
        }
    }
}
