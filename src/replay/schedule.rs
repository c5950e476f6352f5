//! When each row of a recording is due, and which time it carries.

use std::str::FromStr;
use std::time::Duration;

use anyhow::Result;
use uns_model::{Clock, Timestamp};

/// How fast a recording runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Speed {
    /// A factor of real time.
    Factor(f64),
    /// As fast as the broker takes it.
    Max,
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        match text.parse::<f64>() {
            Ok(factor) if factor > 0.0 && factor.is_finite() => Ok(Self::Factor(factor)),
            _ => Err(format!("`{text}` is no speed; write 1, 60 or max")),
        }
    }
}

/// The schedule of one replay over all its rounds.
#[derive(Debug)]
pub(super) struct Schedule {
    speed: Speed,
    now: bool,
    /// Wall time and recording time of the first row, and when it was sent.
    origin: Option<(Timestamp, Duration)>,
    /// Added to each recorded time.
    shift: i64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    step: i64,
}

/// Distance of rows that carry no time.
const ROW_STEP: i64 = 1_000_000_000;

impl Schedule {
    /// A schedule that starts with the first row it sees.
    pub(super) fn new(speed: Speed, now: bool) -> Self {
        Self { speed, now, origin: None, shift: 0, first: None, last: None, step: ROW_STEP }
    }

    /// Waits until the row is due, `idle` first so that nothing sits in a buffer meanwhile;
    /// answers the time to publish it with.
    pub(super) fn wait_for(
        &mut self,
        recorded: Option<Timestamp>,
        clock: &dyn Clock,
        idle: impl FnOnce() -> Result<()>,
    ) -> Result<Timestamp> {
        let recorded = match (recorded, self.last) {
            (Some(time), _) => time,
            (None, Some(last)) => Timestamp(last.0 + ROW_STEP),
            (None, None) => clock.now(),
        };
        if self.first.is_none() {
            self.first = Some(recorded);
            if self.now && self.origin.is_none() {
                self.shift = clock.now().0 - recorded.0;
            }
        }
        if let Some(last) = self.last
            && recorded.0 > last.0
        {
            self.step = recorded.0 - last.0;
        }
        self.last = Some(recorded);
        let time = Timestamp(recorded.0 + self.shift);
        let (origin, sent) = *self.origin.get_or_insert_with(|| (time, clock.monotonic()));
        if let Speed::Factor(factor) = self.speed {
            let ahead = u64::try_from(time.0 - origin.0).unwrap_or(0);
            let due = sent + Duration::from_nanos(ahead).div_f64(factor);
            let left = due.saturating_sub(clock.monotonic());
            if !left.is_zero() {
                idle()?;
                std::thread::sleep(left);
            }
        }
        Ok(time)
    }

    /// Moves the next round's times behind this one's.
    pub(super) fn next_round(&mut self) {
        if let (Some(first), Some(last)) = (self.first, self.last) {
            self.shift += last.0 - first.0 + self.step;
        }
        self.first = None;
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uns_model::ManualClock;

    #[test]
    fn rounds_follow_each_other_without_overlap() {
        let clock = ManualClock::new(Timestamp(5_000));
        let mut schedule = Schedule::new(Speed::Max, true);
        let mut at = |t| schedule.wait_for(Some(Timestamp(t)), &clock, || Ok(())).unwrap().0;
        assert_eq!((at(100), at(110), at(120)), (5_000, 5_010, 5_020));
        schedule.next_round();
        let mut at = |t| schedule.wait_for(Some(Timestamp(t)), &clock, || Ok(())).unwrap().0;
        assert_eq!((at(100), at(120)), (5_030, 5_050));
    }

    #[test]
    fn speeds_are_factors_or_max() {
        assert_eq!("60".parse(), Ok(Speed::Factor(60.0)));
        assert_eq!("max".parse(), Ok(Speed::Max));
        assert!("0".parse::<Speed>().is_err() && "fast".parse::<Speed>().is_err());
    }
}
