//! The time that retention goes by: a clock that jumps ahead makes no record old.
//!
//! The rule: age counts at most twice as fast as time passes. A clock that is right after it was
//! behind, or after the machine slept, is caught up with; one that jumped ahead by years has dropped
//! next to nothing by the time somebody sets it right. When a log is opened it is not known how long
//! nobody ran it, nor whether its newest records were stamped by a clock that was ahead: then it is
//! as late as the log itself shows, and a step ahead in it counts for an eighth of what is kept. So
//! a log is opened with the clock wrong again and again, and keeps most of what it should; one that
//! fills its segments slowly, or rested, keeps a few of them longer until it runs.

use std::time::Duration;

use uns_model::Timestamp;

/// The part of what is kept that one step from segment to segment may count for.
const STEP_PART: u32 = 8;

#[derive(Debug)]
pub(super) struct RetentionClock {
    now: Timestamp,
    /// When that was on the monotonic clock.
    at: Duration,
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    Timestamp(time.0.saturating_add(i64::try_from(by.as_nanos()).unwrap_or(i64::MAX)))
}

/// How late it is by the segments of a log. A step back is none: the clock was set right, or wrong.
fn shown(ends: impl IntoIterator<Item = Timestamp>, keep: Duration) -> Option<Timestamp> {
    let mut ends = ends.into_iter();
    let mut newest = ends.next()?;
    let mut shown = newest;
    for end in ends {
        let ahead = u64::try_from(end.0.saturating_sub(newest.0)).unwrap_or_default();
        shown = later(shown, Duration::from_nanos(ahead).min(keep / STEP_PART));
        newest = end;
    }
    Some(shown.min(newest))
}

impl RetentionClock {
    /// Of a log that keeps records for so long, and whose segments end at these times, the newest
    /// last.
    pub(super) fn new(
        ends: impl IntoIterator<Item = Timestamp>,
        keep: Duration,
        (now, monotonic): (Timestamp, Duration),
    ) -> Self {
        Self { now: shown(ends, keep).map_or(now, |shown| now.min(shown)), at: monotonic }
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
        let mut clock = RetentionClock::new([NOW], hours(24), (NOW, hours(0)));
        assert_eq!(clock.now((at(1), hours(1))), at(1), "as time passes");
        assert_eq!(clock.now((at(87_600), hours(2))), at(3), "ten years ahead");
        assert_eq!(clock.now((at(87_601), hours(3))), at(5));
        assert_eq!(clock.now((at(4), hours(4))), at(4), "it was set right");
        assert_eq!(clock.now((at(10), hours(5))), at(6), "the machine slept for five hours");
        assert_eq!(clock.now((at(15), hours(10))), at(15), "that is caught up with");
    }

    #[test]
    fn a_log_that_is_opened_is_as_late_as_it_shows_itself() {
        let year = 365 * 24;
        let cases: [(&[u64], u64, u64); 10] = [
            // A new log; one that is current; one that nobody ran for a week.
            (&[], 5, 5),
            (&[0, 1, 2], 2, 2),
            (&[0, 1, 2], 170, 2),
            // The clock is ahead by ten years; and was already when the newest records were written.
            (&[0, 1, 2], 10 * year, 2),
            (&[0, 1, 2, 10 * year], 10 * year, 5),
            (&[0, 1, 2, 10 * year, 10 * year + 1], 10 * year + 2, 6),
            // It was set right since, and is ahead again.
            (&[0, 1, 10 * year, 2, 3], 10 * year, 3),
            (&[0, 1, 10 * year, 2, 3], 3, 3),
            // The records before that are gone.
            (&[10 * year, 2, 3], 10 * year, 3),
            // It was behind for a while.
            (&[year, year + 1, 0, year + 2], year + 3, year + 2),
        ];
        for (ends, now, believed) in cases {
            let times = ends.iter().map(|hour| at(*hour));
            let clock = RetentionClock::new(times, hours(24), (at(now), hours(9)));
            assert_eq!(clock.now, at(believed), "{ends:?} at {now}");
        }
    }
}
