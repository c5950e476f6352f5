//! Times as analysts type them: RFC 3339, epochs, `-1h`, `now`.

use std::time::Duration;

use uns_model::{Timestamp, Zone};

/// What times that do not say all are relative to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Here<'a> {
    pub(crate) now: Timestamp,
    /// The zone of times that name none.
    pub(crate) zone: &'a Zone,
}

/// Reads a point in time.
pub(crate) fn parse_instant(text: &str, here: Here<'_>) -> Option<Timestamp> {
    let now = here.now;
    let text = text.trim();
    if text == "now" {
        return Some(now);
    }
    if let Some(before) = text.strip_prefix('-') {
        let before = i64::try_from(parse_duration(before)?.as_nanos()).ok()?;
        return now.0.checked_sub(before).map(Timestamp);
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return Timestamp::from_epoch_int(text.parse().ok()?);
    }
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Timestamp::from_epoch_f64(text.parse().ok()?);
    }
    let text = restore_plus(text);
    Timestamp::parse_in(&text, here.zone, now).or_else(|| beyond(&text, here))
}

/// A time that is written right and lies outside of what 64 bits of nanoseconds hold: `0001-01-01` and
/// `9999-12-31` say "from the beginning" and "to the end". Years repeat after 400, leap days included.
fn beyond(text: &str, here: Here<'_>) -> Option<Timestamp> {
    let (year, rest) = text.split_at_checked(4)?;
    let year: u32 = year.parse().ok()?;
    let alike = 1700 + (year + 300) % 400;
    Timestamp::parse_in(&format!("{alike}{rest}"), here.zone, here.now)?;
    match year {
        ..1700 => Some(Timestamp(i64::MIN)),
        2200.. => Some(Timestamp(i64::MAX)),
        _ => None,
    }
}

/// A `+` before an offset arrives as a space when the client did not escape it.
fn restore_plus(text: &str) -> String {
    if let Some((time, offset)) = text.rsplit_once(' ') {
        let digits = offset.bytes().filter(u8::is_ascii_digit).count();
        let others = offset.bytes().filter(|b| !b.is_ascii_digit()).count();
        // The time before it already has its own hours and minutes.
        if matches!((digits, others), (2, 0) | (4, 0 | 1)) && time.contains(':') {
            return format!("{time}+{offset}");
        }
    }
    text.to_owned()
}

/// Reads a width of time: a whole number and its unit.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 604_800_000,
        _ => return None,
    };
    number.checked_mul(millis).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_262_400_000_000_000);

    fn parse_instant(text: &str, now: Timestamp) -> Option<Timestamp> {
        super::parse_instant(text, Here { now, zone: &Zone::default() })
    }

    #[test]
    fn times_without_a_zone_are_of_the_configured_one() {
        // Winter until 2026-03-29T01:00:00Z and from 2026-10-25T01:00:00Z.
        let berlin = Zone::new(3_600, [(1_774_746_000, 7_200), (1_792_890_000, 3_600)]);
        let read = |text: &str| super::parse_instant(text, Here { now: NOW, zone: &berlin });
        let summer = Timestamp::parse_in("2026-07-01T10:00:00Z", &berlin, NOW);
        assert_eq!(read("2026-07-01T12:00:00"), summer);
        assert_eq!(read("2026-07-01T12:00"), summer);
        assert_eq!(read("2026-11-21 13:00:00"), Some(NOW));
        assert_eq!(read("2026-11-21T12:00:00Z"), Some(NOW));
        assert_eq!(read("1795262400"), Some(NOW));
        assert_eq!(read("2026-11-21"), Some(Timestamp(NOW.0 - 13 * 3_600_000_000_000)));
    }

    #[test]
    fn every_spelling_of_one_instant() {
        for text in [
            "2026-11-21T12:00:00Z",
            "2026-11-21T13:00:00+01:00",
            "2026-11-21T13:00:00 01:00",
            "2026-11-21 13:00:00 01:00",
            "2026-11-21 13:00 01:00",
            "2026-11-21 13:00 +01:00",
            "2026-11-21T13:00+01",
            "2026-11-21T13:00 01",
            "2026-11-21T13:00:00 0100",
            "2026-11-21T13:00:00.000 01",
            "2026-11-21T07:00:00-05:00",
            "2026-11-21 12:00:00",
            "1795262400",
            "1795262400000",
            "1795262400000000000",
            "1795262400.0",
            "now",
            "-0s",
        ] {
            assert_eq!(parse_instant(text, NOW), Some(NOW), "{text}");
        }
        let midnight = parse_instant("2026-11-21T00:00:00Z", NOW);
        assert_eq!(parse_instant("2026-11-21", NOW), midnight);
        assert_eq!(parse_instant("-1h", NOW), Some(Timestamp(NOW.0 - 3_600_000_000_000)));
        assert_eq!(parse_instant("-250ms", NOW), Some(Timestamp(NOW.0 - 250_000_000)));
    }

    #[test]
    fn times_beyond_what_is_kept_are_the_beginning_and_the_end() {
        for (text, expected) in [
            ("0001-01-01T00:00:00Z", i64::MIN),
            ("0000-02-29", i64::MIN),
            ("1677-09-20", i64::MIN),
            ("9999-12-31T23:59:59.999+01:00", i64::MAX),
            ("2263-01-01", i64::MAX),
            ("2400-02-29", i64::MAX),
        ] {
            assert_eq!(parse_instant(text, NOW), Some(Timestamp(expected)), "{text}");
        }
        let inside = parse_instant("1970-01-01", NOW);
        assert_eq!(inside, Some(Timestamp(0)));
        for text in
            ["2300-02-29", "9999-13-01", "0001-01-01x", "1900-02-29", "999-01-01", "ä999-01-01"]
        {
            assert_eq!(parse_instant(text, NOW), None, "{text}");
        }
    }

    #[test]
    fn nonsense_is_none() {
        for text in [
            "",
            "-",
            "-h",
            "-1",
            "-1y",
            "yesterday",
            "12",
            "1.2.3",
            "2026-13-41",
            "-99999999999999999999w",
            "+1h",
        ] {
            assert_eq!(parse_instant(text, NOW), None, "{text}");
        }
        for text in ["", "h", "1", "1 h", "-1h", "18446744073709551615w"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
