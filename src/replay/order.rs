//! The times of a recording's rows, one after the other: where clocks were set back, the order of
//! the rows says which of two instants a row is of.

use uns_model::{Instants, TimeText, Timestamp, Zone};

/// Rows this far apart or further show the doubled hour as one time twice.
const HOUR_NANOS: i64 = 3_600_000_000_000;

/// What the rows before tell of the next one.
#[derive(Debug, Default)]
pub(super) struct Order {
    last: Option<Timestamp>,
    /// From the row before that to the last one, where they differed.
    step: i64,
}

impl Order {
    /// The time of the next row: with an offset, of the zone, or an epoch number.
    ///
    /// # Errors
    /// What is wrong with it, in words that follow the text.
    pub(super) fn time(&mut self, text: &str, zone: &Zone) -> Result<Timestamp, &'static str> {
        let time = self.read(text.trim(), zone)?;
        if let Some(last) = self.last
            && last != time
        {
            self.step = time.0.saturating_sub(last.0);
        }
        self.last = Some(time);
        Ok(time)
    }

    fn read(&self, text: &str, zone: &Zone) -> Result<Timestamp, &'static str> {
        const NO_TIME: &str = "is no time";
        if let Ok(number) = text.parse::<i64>() {
            return Timestamp::from_epoch_int(number).ok_or(NO_TIME);
        }
        if let Ok(number) = text.parse::<f64>() {
            return Timestamp::from_epoch_f64(number).ok_or(NO_TIME);
        }
        let wall = match Timestamp::parse(text).or_else(|| day_first(text)).ok_or(NO_TIME)? {
            TimeText::Instant(time) => return Ok(time),
            TimeText::Wall(wall) => wall,
        };
        match zone.instants(wall).ok_or(NO_TIME)? {
            Instants::Once(time) => Ok(time),
            Instants::Twice(first, second) => Ok(self.which(first, second)),
            Instants::Never(_) => Err(
                "does not exist in this zone: clocks were set forward over it; is --zone right?",
            ),
        }
    }

    fn which(&self, first: Timestamp, second: Timestamp) -> Timestamp {
        let Some(last) = self.last else { return first };
        let is_second = if self.step < 0 {
            // The newest row comes first.
            second <= last && (second < last || self.step > -HOUR_NANOS)
        } else {
            first < last || (first == last && self.step >= HOUR_NANOS)
        };
        if is_second { second } else { first }
    }
}

/// A date with points, which has its day first, and perhaps a time of day behind it: `21.11.2026 8:00:00,5`.
fn day_first(text: &str) -> Option<TimeText> {
    let (date, time) = match text.split_once([' ', 'T', ',']) {
        Some((date, time)) => (date, time.trim()),
        None => (text, ""),
    };
    let digits = |part: &str, lengths: &[usize]| {
        lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let &[day, month, year] = date.split('.').collect::<Vec<_>>().as_slice() else { return None };
    if !digits(day, &[1, 2]) || !digits(month, &[1, 2]) || !digits(year, &[2, 4]) {
        return None;
    }
    let century = if year.len() == 2 { "20" } else { "" };
    let hour = if time.find(':') == Some(1) { "0" } else { "" };
    let part = if time.is_empty() { "" } else { " " };
    let time = time.replacen(',', ".", 1);
    Timestamp::parse(&format!("{century}{year}-{month:0>2}-{day:0>2}{part}{hour}{time}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rows: &[&str], expected: &[&str]) {
        let zone = crate::zone::rule("Europe/Berlin").unwrap();
        let mut order = Order::default();
        let mut shown = |text: &&str| match order.time(text, &zone) {
            Ok(time) => time.to_string(),
            Err(why) => why.to_owned(),
        };
        let read: Vec<String> = rows.iter().map(&mut shown).collect();
        assert_eq!(read, expected, "{rows:?}");
    }

    #[test]
    fn every_row_of_the_doubled_hour_has_its_own_time() {
        let zone = crate::zone::rule("Europe/Berlin").unwrap();
        let ten = |hour: u32| (0..6).map(move |n| format!("2026-10-25 {hour:02}:{n}0:00"));
        let rows: Vec<String> = [0, 1, 2, 2, 3, 4].into_iter().flat_map(ten).collect();
        let start = Timestamp::parse_in("2026-10-24T22:00:00Z", &zone, Timestamp(0)).unwrap();
        for backwards in [false, true] {
            let mut order = Order::default();
            let mut rows: Vec<_> = (0..).zip(&rows).collect();
            if backwards {
                rows.reverse();
            }
            for (n, row) in rows {
                let expected = Timestamp(start.0 + n * HOUR_NANOS / 6);
                assert_eq!(order.time(row, &zone), Ok(expected), "{row} {backwards}");
            }
        }
    }

    #[test]
    fn an_hourly_recording_shows_the_doubled_hour_as_one_time_twice() {
        check(
            &["2026-10-25 01:00", "2026-10-25 02:00", "2026-10-25 02:00", "2026-10-25 03:00"],
            &[
                "2026-10-24T23:00:00Z",
                "2026-10-25T00:00:00Z",
                "2026-10-25T01:00:00Z",
                "2026-10-25T02:00:00Z",
            ],
        );
        // Two rows of one second are no second hour.
        check(
            &["2026-10-25 02:00:00", "2026-10-25 02:00:01", "2026-10-25 02:00:01"],
            &["2026-10-25T00:00:00Z", "2026-10-25T00:00:01Z", "2026-10-25T00:00:01Z"],
        );
    }

    #[test]
    fn a_time_that_never_was_is_a_bad_row() {
        let missing =
            "does not exist in this zone: clocks were set forward over it; is --zone right?";
        check(
            &["2026-03-29 01:59:59", "2026-03-29 02:00:00", "2026-03-29 03:00:00"],
            &["2026-03-29T00:59:59Z", missing, "2026-03-29T01:00:00Z"],
        );
    }

    #[test]
    fn local_times_follow_their_zone() {
        check(&["2020-07-09 10:14:33"], &["2020-07-09T08:14:33Z"]);
        check(&["2020-07-09T10:14:33.5+01:00"], &["2020-07-09T09:14:33.5Z"]);
        check(&["1583748873", "1583748873000"], &["2020-03-09T10:14:33Z"; 2]);
        check(&["yesterday"], &["is no time"]);
    }

    #[test]
    fn dates_with_points_have_their_day_first() {
        check(&["09.07.2020 10:14:33", "9.7.2020 10:14:33"], &["2020-07-09T08:14:33Z"; 2]);
        check(&["09.07.20 10:14", "09.07.2020, 10:14"], &["2020-07-09T08:14:00Z"; 2]);
        check(&["09.07.2020 8:14:33,25"], &["2020-07-09T06:14:33.25Z"]);
        check(&["09.07.2020"], &["2020-07-08T22:00:00Z"]);
        check(&["31.02.2020 10:00", "07/09/2020 10:14", "1.2.3.4"], &["is no time"; 3]);
    }
}
