//! Time zones as rules: which instants a clock on a wall may mean (NS-23).

use std::sync::Arc;

use super::{SECOND, Timestamp};

/// No zone is further from UTC than this, and no rule changes twice within it.
const REACH_SECONDS: i64 = 86_400;

/// A time zone: its offset at every instant. Pure data, so that whoever folds the log reads the
/// same times from it as anybody else, in every season; the root makes one from the name of a zone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Zone {
    /// The offset before the first change, in seconds east of UTC.
    first: i32,
    changes: Arc<[Change]>,
}

/// From an instant on, another offset counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Change {
    /// Seconds since 1970 UTC.
    at: i64,
    offset: i32,
}

/// A date and a time of day that name no zone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct WallTime(pub(super) i128);

/// The instants at which clocks of a zone show a [`WallTime`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Instants {
    /// One, as nearly always.
    Once(Timestamp),
    /// Clocks were set back over it: the first time and the second time.
    Twice(Timestamp, Timestamp),
    /// Clocks were set forward over it. What one shows that was not set forward.
    Never(Timestamp),
}

impl Default for Zone {
    fn default() -> Self {
        Self::fixed(0)
    }
}

impl Zone {
    /// A zone whose clocks never change.
    pub fn fixed(offset_seconds: i32) -> Self {
        Self { first: offset_seconds, changes: Arc::new([]) }
    }

    /// A zone that starts with an offset and then has others, each from an instant on, in seconds
    /// since 1970 UTC. Those that do not rise, or change nothing, are left out.
    pub fn new(first: i32, changes: impl IntoIterator<Item = (i64, i32)>) -> Self {
        let mut rising: Vec<Change> = Vec::new();
        for (at, offset) in changes {
            let last = rising.last().map_or((i64::MIN, first), |last| (last.at, last.offset));
            if last.0 < at && last.1 != offset {
                rising.push(Change { at, offset });
            }
        }
        Self { first, changes: rising.into() }
    }

    /// The instants a wall time may mean. `None`: outside 1677..2262.
    pub fn instants(&self, wall: WallTime) -> Option<Instants> {
        let seconds = i64::try_from(wall.0.div_euclid(i128::from(SECOND))).ok()?;
        let from = self.changes.partition_point(|change| change.at < seconds - REACH_SECONDS);
        let mut offset = match from.checked_sub(1).and_then(|before| self.changes.get(before)) {
            Some(change) => change.offset,
            None => self.first,
        };
        let mut start = i64::MIN;
        let mut found = None;
        let mut skipped = None;
        let near = self.changes.iter().skip(from);
        for change in near.take_while(|change| change.at <= seconds + REACH_SECONDS) {
            let instant = seconds - i64::from(offset);
            if (start..change.at).contains(&instant) {
                found = Some(instants(found, wall.at(offset)?));
            }
            if instant >= change.at && seconds - i64::from(change.offset) < change.at {
                skipped = Some(wall.at(offset)?);
            }
            (start, offset) = (change.at, change.offset);
        }
        if seconds - i64::from(offset) >= start {
            found = Some(instants(found, wall.at(offset)?));
        }
        found.or(skipped.map(Instants::Never))
    }

    /// The one instant a wall time most probably means, if nothing but another time near it is
    /// known: of two the nearer one.
    pub fn nearest(&self, wall: WallTime, near: Timestamp) -> Option<Timestamp> {
        Some(match self.instants(wall)? {
            Instants::Once(time) | Instants::Never(time) => time,
            Instants::Twice(first, second) => {
                let far = |time: Timestamp| time.0.abs_diff(near.0);
                if far(second) < far(first) { second } else { first }
            }
        })
    }
}

impl WallTime {
    fn at(self, offset: i32) -> Option<Timestamp> {
        i64::try_from(self.0 - i128::from(offset) * i128::from(SECOND)).ok().map(Timestamp)
    }
}

fn instants(first: Option<Instants>, another: Timestamp) -> Instants {
    match first {
        Some(Instants::Once(first)) => Instants::Twice(first, another),
        Some(known) => known,
        None => Instants::Once(another),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::TimeText;

    /// Berlin around the years of the tests: summer from 2026-03-29T01:00Z to 2026-10-25T01:00Z.
    fn berlin() -> Zone {
        Zone::new(3_600, [(1_774_746_000, 7_200), (1_792_890_000, 3_600), (1_806_195_600, 7_200)])
    }

    fn check(zone: &Zone, text: &str, expected: &str) {
        let Some(TimeText::Wall(wall)) = Timestamp::parse(text) else { unreachable!("{text}") };
        let shown = match zone.instants(wall) {
            None => "none".to_owned(),
            Some(Instants::Once(time)) => time.to_string(),
            Some(Instants::Twice(first, second)) => format!("{first} or {second}"),
            Some(Instants::Never(time)) => format!("never, {time}"),
        };
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn a_zone_is_a_rule_and_no_offset() {
        let berlin = berlin();
        check(&berlin, "2026-01-01T12:00:00", "2026-01-01T11:00:00Z");
        check(&berlin, "2026-07-01T12:00:00", "2026-07-01T10:00:00Z");
        check(&berlin, "2026-12-01T12:00:00.5", "2026-12-01T11:00:00.5Z");
        check(&berlin, "2027-07-01", "2027-06-30T22:00:00Z");
        check(&Zone::default(), "2026-07-01T12:00:00", "2026-07-01T12:00:00Z");
        check(&Zone::fixed(-19_800), "2026-07-01T12:00:00", "2026-07-01T17:30:00Z");
        check(&berlin, "9999-01-01", "none");
    }

    #[test]
    fn the_hour_of_a_change_comes_twice_or_never() {
        let berlin = berlin();
        check(&berlin, "2026-10-25T01:59:59", "2026-10-24T23:59:59Z");
        check(&berlin, "2026-10-25T02:00:00", "2026-10-25T00:00:00Z or 2026-10-25T01:00:00Z");
        check(&berlin, "2026-10-25T02:59:59", "2026-10-25T00:59:59Z or 2026-10-25T01:59:59Z");
        check(&berlin, "2026-10-25T03:00:00", "2026-10-25T02:00:00Z");
        check(&berlin, "2026-03-29T01:59:59", "2026-03-29T00:59:59Z");
        check(&berlin, "2026-03-29T02:00:00", "never, 2026-03-29T01:00:00Z");
        check(&berlin, "2026-03-29T02:59:59", "never, 2026-03-29T01:59:59Z");
        check(&berlin, "2026-03-29T03:00:00", "2026-03-29T01:00:00Z");
    }

    #[test]
    fn of_two_instants_the_one_near_another_time_is_meant() {
        let Some(TimeText::Wall(wall)) = Timestamp::parse("2026-10-25T02:30:00") else {
            unreachable!()
        };
        for (near, meant) in [
            ("2026-10-25T00:30:01Z", "2026-10-25T00:30:00Z"),
            ("2026-10-25T01:30:01Z", "2026-10-25T01:30:00Z"),
            ("2026-12-01T00:00:00Z", "2026-10-25T01:30:00Z"),
        ] {
            let Some(TimeText::Instant(near)) = Timestamp::parse(near) else { unreachable!() };
            assert_eq!(berlin().nearest(wall, near).unwrap().to_string(), meant);
        }
    }
}
