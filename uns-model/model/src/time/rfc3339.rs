//! RFC 3339 in and out: any offset in, UTC with as many digits as needed out (NS-23).

use std::fmt;

use super::{SECOND, Timestamp, WallTime, Zone};

const DAY_SECONDS: i64 = 86_400;

/// Room for the longest text a [`Timestamp`] has: `2262-04-11T23:47:16.854775807Z`.
pub const TEXT_BYTES: usize = 30;

/// What a time that was read says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimeText {
    /// An instant: it names its offset.
    Instant(Timestamp),
    /// What a clock on a wall shows: which instant that is, is for a zone to say.
    Wall(WallTime),
}

impl Timestamp {
    /// Reads `2026-11-21T12:00:00.5+01:00` and what people and devices make of it: a space for the
    /// `T` and before the offset, small letters, a comma before the fraction, no seconds, a date
    /// alone (its midnight), an offset of hours or without its colon, the form without separators
    /// (`20261121T120000Z`), slashes behind a year, `UTC` or `GMT`, 24:00, and the name of a zone in
    /// brackets behind the offset, which says no more (RFC 9557). Digits past the ninth are cut, a leap second is the second after it.
    /// `None`: not a time, or outside 1677..2262, which nanoseconds in 64 bits cannot hold.
    pub fn parse(text: &str) -> Option<TimeText> {
        let (days, rest) = date(text.as_bytes())?;
        let (of_day, rest) = match rest.split_first() {
            None => (0, rest),
            Some((b'T' | b't' | b' ', rest)) => time_of_day(rest)?,
            Some(_) => return None,
        };
        let wall = i128::from(days * DAY_SECONDS) * i128::from(SECOND) + i128::from(of_day);
        if rest.is_empty() {
            return Some(TimeText::Wall(WallTime(wall)));
        }
        let rest = without_zone_name(rest.strip_prefix(b" ").unwrap_or(rest));
        let offset = i128::from(offset(rest)?);
        i64::try_from(wall - offset * i128::from(SECOND)).ok().map(Self).map(TimeText::Instant)
    }

    /// Reads a time like [`Timestamp::parse`]. What names no offset is of `zone`, and where that
    /// leaves two instants, the one nearer to `near`.
    pub fn parse_in(text: &str, zone: &Zone, near: Self) -> Option<Self> {
        match Self::parse(text)? {
            TimeText::Instant(time) => Some(time),
            TimeText::Wall(wall) => zone.nearest(wall, near),
        }
    }

    /// Writes the text of [`Display`](fmt::Display) without going through a formatter.
    pub fn encode(self, buffer: &mut [u8; TEXT_BYTES]) -> &str {
        let seconds = self.0.div_euclid(SECOND);
        let mut nanos = self.0.rem_euclid(SECOND);
        let (year, month, day) = civil_from_days(seconds.div_euclid(DAY_SECONDS));
        let of_day = seconds.rem_euclid(DAY_SECONDS);
        *buffer = *b"0000-00-00T00:00:00.000000000Z";
        put(&mut buffer[0..4], year);
        put(&mut buffer[5..7], month);
        put(&mut buffer[8..10], day);
        put(&mut buffer[11..13], of_day / 3_600);
        put(&mut buffer[14..16], of_day / 60 % 60);
        put(&mut buffer[17..19], of_day % 60);
        let mut end = 19;
        if nanos != 0 {
            let mut places = 9;
            while nanos % 10 == 0 {
                nanos /= 10;
                places -= 1;
            }
            end = 20 + places;
            put(&mut buffer[20..end], nanos);
        }
        buffer[end] = b'Z';
        std::str::from_utf8(&buffer[..=end]).expect("digits and separators are ASCII")
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.encode(&mut [0; TEXT_BYTES]))
    }
}

/// Two digits, of which most of a time consists.
#[inline]
fn pair([tens, ones]: [u8; 2]) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then(|| i64::from(tens) * 10 + i64::from(ones))
}

/// A run of at most nine digits.
fn digits(bytes: &[u8]) -> Option<i64> {
    bytes
        .iter()
        .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

/// Fills the whole slice with a number, zeros in front.
fn put(to: &mut [u8], mut number: i64) {
    for byte in to.iter_mut().rev() {
        *byte = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
}

/// Splits days since 1970 off the front.
fn date(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (year, month, day, rest) = match *bytes {
        [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, ref rest @ ..]
        | [y1, y2, y3, y4, b'/', m1, m2, b'/', d1, d2, ref rest @ ..] => {
            ([y1, y2, y3, y4], [m1, m2], [d1, d2], rest)
        }
        // Eight digits alone are a number.
        [y1, y2, y3, y4, m1, m2, d1, d2, ref rest @ ..]
            if matches!(rest.first(), Some(b'T' | b't')) =>
        {
            ([y1, y2, y3, y4], [m1, m2], [d1, d2], rest)
        }
        _ => return None,
    };
    let [y1, y2, y3, y4] = year;
    let (year, month, day) = (pair([y1, y2])? * 100 + pair([y3, y4])?, pair(month)?, pair(day)?);
    let is_date = (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
    is_date.then(|| (days_from_civil(year, month, day), rest))
}

/// Splits a time of day off the front, in nanoseconds.
fn time_of_day(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (hour, minute, rest, colons) = match *bytes {
        [h1, h2, b':', m1, m2, ref rest @ ..] => ([h1, h2], [m1, m2], rest, true),
        [h1, h2, m1, m2, ref rest @ ..] => ([h1, h2], [m1, m2], rest, false),
        _ => return None,
    };
    let (second, rest) = match *rest {
        [b':', s1, s2, ref rest @ ..] if colons => (pair([s1, s2])?, rest),
        [s1 @ b'0'..=b'9', s2, ref rest @ ..] if !colons => (pair([s1, s2])?, rest),
        _ => (0, rest),
    };
    let (hour, minute) = (pair(hour)?, pair(minute)?);
    let (nanos, rest) = fraction(rest)?;
    // The end of a day is the midnight of the next one.
    let is_end = (hour, minute, second, nanos) == (24, 0, 0, 0);
    if (hour > 23 && !is_end) || minute > 59 || second > 60 {
        return None;
    }
    Some(((hour * 3_600 + minute * 60 + second) * SECOND + nanos, rest))
}

/// Splits the nanoseconds of `.123` off the front.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some((b'.' | b',', rest)) = rest.split_first() else {
        return Some((0, rest));
    };
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 {
        return None;
    }
    let (fraction, zone) = rest.split_at(length);
    let kept = &fraction[..length.min(9)];
    let mut nanos = digits(kept)?;
    for _ in kept.len()..9 {
        nanos *= 10;
    }
    Some((nanos, zone))
}

/// What stands before the name of a zone in brackets: `+01:00[Europe/Berlin]`.
fn without_zone_name(offset: &[u8]) -> &[u8] {
    match offset.iter().position(|byte| *byte == b'[') {
        Some(at @ 1..) if offset.ends_with(b"]") => &offset[..at],
        _ => offset,
    }
}

/// The seconds east of UTC an offset names.
fn offset(zone: &[u8]) -> Option<i64> {
    let (sign, hours, minutes) = match *zone {
        [b'Z' | b'z'] => return Some(0),
        [b'U', b'T', b'C'] | [b'G', b'M', b'T'] => return Some(0),
        [sign, h1, h2, b':', m1, m2] | [sign, h1, h2, m1, m2] => (sign, [h1, h2], [m1, m2]),
        [sign, h1, h2] => (sign, [h1, h2], *b"00"),
        _ => return None,
    };
    let (hours, minutes) = (pair(hours)?, pair(minutes)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = hours * 3_600 + minutes * 60;
    match sign {
        b'+' => Some(seconds),
        b'-' => Some(-seconds),
        _ => None,
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a Gregorian date. Years start in March here, so that the leap day is
/// the last day of its year and every 400 years are 146,097 days.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, default_offset_seconds: i32, expected: &str) {
        let zone = Zone::fixed(default_offset_seconds);
        let shown = Timestamp::parse_in(text, &zone, Timestamp(0))
            .map_or_else(|| "none".to_owned(), |time| time.to_string());
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn any_offset_comes_in_and_utc_goes_out() {
        check("2026-11-21T12:00:00.123456Z", 0, "2026-11-21T12:00:00.123456Z");
        check("2026-11-21 12:00:00+01:00", 0, "2026-11-21T11:00:00Z");
        check("2026-11-21t12:00:00.500z", 0, "2026-11-21T12:00:00.5Z");
        check("2026-11-21T12:00:00-0530", 0, "2026-11-21T17:30:00Z");
        check("2026-11-21T12:00:00", 3_600, "2026-11-21T11:00:00Z");
        check("2024-02-29T23:59:60Z", 0, "2024-03-01T00:00:00Z");
        check("2026-11-21T12:00:00.1234567899Z", 0, "2026-11-21T12:00:00.123456789Z");
        check("1969-12-31T23:59:59.999999999Z", 0, "1969-12-31T23:59:59.999999999Z");
    }

    #[test]
    fn times_as_devices_and_people_write_them() {
        check("2026-01-10T22:55:31+01", 0, "2026-01-10T21:55:31Z");
        check("2026-01-10T22:55", 3_600, "2026-01-10T21:55:00Z");
        check("2026-01-10T22:55Z", 3_600, "2026-01-10T22:55:00Z");
        check("2026-01-10", 3_600, "2026-01-09T23:00:00Z");
        check("2026-01-10 12:00 +01:00", 0, "2026-01-10T11:00:00Z");
        check("2026-01-10 12:00:30,25 -0130", 0, "2026-01-10T13:30:30.25Z");
        check("20260110T225531Z", 0, "2026-01-10T22:55:31Z");
        check("20260110T2255+01", 0, "2026-01-10T21:55:00Z");
        check("2026-11-30 20:44:00 UTC", 3_600, "2026-11-30T20:44:00Z");
        check("2026-11-30 20:44:00.5 GMT", 3_600, "2026-11-30T20:44:00.5Z");
        check("2026-11-30T20:44:00Z[UTC]", 3_600, "2026-11-30T20:44:00Z");
        check("2026-11-30T20:44:00+01:00[Europe/Berlin]", 0, "2026-11-30T19:44:00Z");
        check("2026/11/30 20:44:00", 3_600, "2026-11-30T19:44:00Z");
        check("2026/11/30 20:44:00 UTC", 3_600, "2026-11-30T20:44:00Z");
        check("2026-12-31T24:00:00Z", 0, "2027-01-01T00:00:00Z");
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "20261121",
            "2026-11",
            "2026-11-21Z",
            "2026-11-21T",
            "2026-11-21T12",
            "2026-11-21T12:0",
            "2026-11-21T12:00:0Z",
            "2026-11-21T12:0000Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-21T24:00:01Z",
            "2026-11-21T24:01Z",
            "2026-11-21T25:00:00Z",
            "2026/11-21T12:00:00Z",
            "26/11/21 12:00:00",
            "21/11/2026 12:00:00",
            "2026-11-21T12:00:00[UTC]",
            "2026-11-21T12:00:00Z[UTC",
            "2026-11-21T12:00:00 CET",
            "2026-11-21T12:00:00.Z",
            "2026-11-21T12:00:00+1:00",
            "2026-11-21T12:00:00+24:00",
            "2026-11-21T12:00:00 01:00",
            "2026-11-21T12:00:00  +01:00",
            "2026-11-21T12:00:00 ",
            "2026-11-21T12:00:00Zulu",
            "+026-11-21T12:00:00Z",
            "9999-01-01T00:00:00Z",
            "2026-11-2\u{e9}T12:00:00Z",
        ] {
            check(text, 0, "none");
        }
    }

    #[test]
    fn the_longest_text_fits_and_is_padded_on_request() {
        assert_eq!(Timestamp(i64::MAX).to_string().len(), TEXT_BYTES);
        assert_eq!(format!("{:>22}", Timestamp(0)), "  1970-01-01T00:00:00Z");
    }

    proptest! {
        #[test]
        fn text_and_back(nanos: i64) {
            let time = Timestamp(nanos);
            prop_assert_eq!(Timestamp::parse(&time.to_string()), Some(TimeText::Instant(time)));
        }

        #[test]
        fn any_text_is_survived(text in ".{0,40}", offset: i32) {
            Timestamp::parse_in(&text, &Zone::fixed(offset), Timestamp(0));
        }
    }
}
