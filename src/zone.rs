//! The rule of a time zone, from the zone's name (NS-23).

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use uns_model::Zone;

/// 1970 and 2101, in seconds: source times outside 2000..2100 are not believed anyway.
const YEARS: (i64, i64) = (0, 4_133_980_800);

/// Reads the rule of an IANA zone.
pub(crate) fn rule(name: &str) -> Result<Zone> {
    let zone = TimeZone::get(name)
        .with_context(|| format!("`{name}` is no IANA time zone, such as Europe/Berlin"))?;
    let start = Timestamp::from_second(YEARS.0).context("1970 is a time")?;
    let changes = zone
        .following(start)
        .map(|change| (change.timestamp().as_second(), change.offset().seconds()))
        .take_while(|(at, _)| *at < YEARS.1);
    Ok(Zone::new(zone.to_offset(start).seconds(), changes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_keeps_its_rule_over_the_century() {
        let check = |zone: &str, text: &str, expected: &str| {
            let near = uns_model::Timestamp(0);
            let time = uns_model::Timestamp::parse_in(text, &rule(zone).unwrap(), near);
            assert_eq!(time.unwrap().to_string(), expected, "{text} in {zone}");
        };
        check("Europe/Berlin", "2026-07-01T12:00:00", "2026-07-01T10:00:00Z");
        check("Europe/Berlin", "2026-12-01T12:00:00", "2026-12-01T11:00:00Z");
        check("Europe/Berlin", "2099-07-01T12:00:00", "2099-07-01T10:00:00Z");
        check("Asia/Kolkata", "2026-07-01T12:00:00", "2026-07-01T06:30:00Z");
        check("America/New_York", "2026-11-01T12:00:00", "2026-11-01T17:00:00Z");
        check("Australia/Lord_Howe", "2026-12-01T12:00:00", "2026-12-01T01:00:00Z");
        check("UTC", "2026-07-01T12:00:00", "2026-07-01T12:00:00Z");
        assert!(rule("Mars/Base").unwrap_err().to_string().contains("Mars/Base"));
    }
}
