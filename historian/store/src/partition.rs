//! Time partitions: hours where few are touched, else days, months, years.

use std::collections::BTreeMap;
use std::fmt;

use historian_segment::TimeUnit;
use uns_model::Timestamp;

const HOUR: i64 = 3_600_000_000_000;
const DAY: i64 = 24 * HOUR;

/// How much time one file covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Level {
    Hour,
    Day,
    Month,
    Year,
}

/// One partition: a level and the numbers of its start.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Partition {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
}

impl Level {
    /// The partition that holds `time`.
    pub(crate) fn of(self, time: Timestamp) -> Partition {
        let (year, month, day) = civil(time.0.div_euclid(DAY));
        let hour = time.0.rem_euclid(DAY) / HOUR;
        match self {
            Self::Hour => Partition { year, month, day, hour },
            Self::Day => Partition { year, month, day, hour: -1 },
            Self::Month => Partition { year, month, day: 0, hour: -1 },
            Self::Year => Partition { year, month: 0, day: 0, hour: -1 },
        }
    }

    /// The partition a text names, as [`Partition`] is displayed.
    pub(crate) fn parse(text: &str) -> Option<(Self, Partition)> {
        let (date, hour) = match text.split_once('T') {
            Some((date, hour)) => (date, Some(hour.parse().ok()?)),
            None => (text, None),
        };
        let mut parts = date.splitn(3, '-').map(str::parse);
        let year = parts.next()?.ok()?;
        let mut next = || parts.next().transpose().ok();
        let (month, day) = (next()?, next()?);
        let level = match (month, day, hour) {
            (Some(_), Some(_), Some(_)) => Self::Hour,
            (Some(_), Some(_), None) => Self::Day,
            (Some(_), None, None) => Self::Month,
            (None, None, None) => Self::Year,
            _ => return None,
        };
        let (month, day) = (month.unwrap_or_default(), day.unwrap_or_default());
        let partition = Partition { year, month, day, hour: hour.unwrap_or(-1) };
        (partition.to_string() == text).then_some((level, partition))
    }

    /// The finest partition that holds both times.
    pub(crate) fn finest(first: Timestamp, last: Timestamp) -> Partition {
        let levels = [Self::Hour, Self::Day, Self::Month, Self::Year];
        let finest = levels.into_iter().find(|level| level.is_one(first, last));
        finest.unwrap_or(Self::Year).of(first)
    }

    /// Whether one partition holds both times; most have the hour in common.
    pub(crate) fn is_one(self, a: Timestamp, b: Timestamp) -> bool {
        a.0.div_euclid(HOUR) == b.0.div_euclid(HOUR) || self.of(a) == self.of(b)
    }

    /// The finest level that splits these hours into at most `max` partitions; years at worst.
    pub(crate) fn choose(hours: &Hours, max: usize) -> (Self, BTreeMap<Partition, TimeUnit>) {
        let mut chosen = (Self::Year, BTreeMap::new());
        for level in [Self::Hour, Self::Day, Self::Month, Self::Year] {
            let mut units = BTreeMap::new();
            for (hour, unit) in &hours.units {
                let held = units.entry(level.of(Timestamp(hour * HOUR))).or_insert(*unit);
                *held = (*held).max(*unit);
            }
            chosen = (level, units);
            if chosen.1.len() <= max {
                break;
            }
        }
        chosen
    }
}

/// The hours some samples touch, each with the unit its times need.
#[derive(Debug, Default)]
pub(crate) struct Hours {
    units: BTreeMap<i64, TimeUnit>,
}

impl Hours {
    /// Takes a run of samples in time order.
    pub(crate) fn add(&mut self, times: impl Iterator<Item = Timestamp>) {
        let mut run: Option<(i64, TimeUnit)> = None;
        for time in times {
            let hour = time.0.div_euclid(HOUR);
            let unit = TimeUnit::coarsest([time]);
            match &mut run {
                Some((at, held)) if *at == hour => *held = (*held).max(unit),
                _ => {
                    self.keep(run);
                    run = Some((hour, unit));
                }
            }
        }
        self.keep(run);
    }

    fn keep(&mut self, run: Option<(i64, TimeUnit)>) {
        if let Some((hour, unit)) = run {
            let held = self.units.entry(hour).or_insert(unit);
            *held = (*held).max(unit);
        }
    }
}

impl fmt::Display for Partition {
    /// `2026-11-21T14`, `2026-11-21`, `2026-11` or `2026`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        if self.month > 0 {
            write!(f, "-{:02}", self.month)?;
        }
        if self.day > 0 {
            write!(f, "-{:02}", self.day)?;
        }
        if self.hour >= 0 {
            write!(f, "T{:02}", self.hour)?;
        }
        Ok(())
    }
}

/// Year, month and day of a day number since 1970 (proleptic Gregorian calendar), counting in
/// eras of 400 years that start on 1 March, so that the leap day is the last of its year.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + i64::from(month < 3), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_dates() {
        let check = |days, text: &str| {
            assert_eq!(Level::Day.of(Timestamp(days * DAY)).to_string(), text);
        };
        check(0, "1970-01-01");
        check(-1, "1969-12-31");
        check(11_016, "2000-02-29");
        check(11_017, "2000-03-01");
        check(20_778, "2026-11-21");
        check(47_846, "2100-12-31");
    }

    #[test]
    fn a_partition_is_read_as_it_is_written() {
        for level in [Level::Hour, Level::Day, Level::Month, Level::Year] {
            let partition = level.of(Timestamp(20_778 * DAY + 14 * HOUR));
            assert_eq!(Level::parse(&partition.to_string()), Some((level, partition)));
        }
        for text in ["", "x", "2026-1", "2026-11-21T", "2026T14", "2026-11-21-1", "+2026"] {
            assert_eq!(Level::parse(text), None, "{text}");
        }
        let finest = |a, b| Level::finest(Timestamp(a), Timestamp(b)).to_string();
        assert_eq!(
            (finest(0, HOUR - 1), finest(0, HOUR)),
            ("1970-01-01T00".into(), "1970-01-01".into())
        );
        assert_eq!((finest(0, DAY), finest(0, 40 * DAY)), ("1970-01".into(), "1970".into()));
    }

    #[test]
    fn the_finest_level_that_stays_within_the_limit() {
        let choose = |count: i64, step: i64| {
            let mut hours = Hours::default();
            hours.add((0..count).map(|n| Timestamp(n * step)));
            let (level, units) = Level::choose(&hours, 64);
            (level, units.len())
        };
        assert_eq!(choose(64, HOUR), (Level::Hour, 64));
        assert_eq!(choose(65, HOUR), (Level::Day, 3));
        assert_eq!(choose(65, DAY), (Level::Month, 3));
        assert_eq!(choose(100, 31 * DAY), (Level::Year, 9));
        assert_eq!(choose(0, HOUR), (Level::Hour, 0));
    }

    #[test]
    fn a_partition_needs_the_unit_of_its_finest_time() {
        let mut hours = Hours::default();
        hours.add([0, 1_000, HOUR, HOUR + 1_000_000].into_iter().map(Timestamp));
        let (_, units) = Level::choose(&hours, 64);
        let named: Vec<_> = units.iter().map(|(p, u)| (p.to_string(), *u)).collect();
        let expected = [("1970-01-01T00", TimeUnit::Micros), ("1970-01-01T01", TimeUnit::Millis)];
        assert_eq!(named, expected.map(|(p, u)| (p.to_owned(), u)));
        let (_, units) = Level::choose(&hours, 1);
        assert_eq!(units.values().copied().collect::<Vec<_>>(), [TimeUnit::Micros]);
    }
}
