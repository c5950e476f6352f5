//! Epoch numbers: the unit follows from the magnitude, since seconds, milliseconds, microseconds
//! and nanoseconds do not overlap within 2000..2100 (NS-23).

use super::Timestamp;

const FIRST_SECOND: i64 = Timestamp::MIN_BELIEVED.0 / 1_000_000_000;
const END_SECOND: i64 = Timestamp::MAX_BELIEVED.0 / 1_000_000_000;

/// Units per second with the nanoseconds of one unit, coarsest first.
const UNITS: [(i64, i64); 4] =
    [(1, 1_000_000_000), (1_000, 1_000_000), (1_000_000, 1_000), (1_000_000_000, 1)];

const _: () = assert!(END_SECOND < FIRST_SECOND * 1_000, "neighbouring units must not overlap");

/// Nanoseconds of one unit of a number of this magnitude.
fn unit_of(number: i64) -> Option<i64> {
    UNITS
        .iter()
        .find(|(per_second, _)| {
            (FIRST_SECOND * per_second..END_SECOND * per_second).contains(&number)
        })
        .map(|(_, nanos)| *nanos)
}

impl Timestamp {
    /// Reads an integer epoch; `None` outside 2000..2100 in every unit.
    pub fn from_epoch_int(number: i64) -> Option<Self> {
        unit_of(number).map(|nanos| Self(number * nanos))
    }

    /// Reads an epoch with a fraction, exactly as its shortest decimal form says:
    /// `1795262400.123` is 123 ms past the second and not 123.000144 ms.
    pub fn from_epoch_f64(number: f64) -> Option<Self> {
        if !number.is_finite() {
            return None;
        }
        let text = number.to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let whole: i64 = whole.parse().ok()?;
        let unit = unit_of(whole)?;
        let mut nanos = whole * unit;
        let mut weight = unit;
        for digit in fraction.bytes() {
            weight /= 10;
            nanos += i64::from(digit - b'0') * weight;
        }
        Some(Self(nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_unit_follows_from_the_magnitude() {
        let expected = Some(Timestamp(1_795_262_400_000_000_000));
        for number in
            [1_795_262_400, 1_795_262_400_000, 1_795_262_400_000_000, 1_795_262_400_000_000_000]
        {
            assert_eq!(Timestamp::from_epoch_int(number), expected);
        }
    }

    #[test]
    fn years_outside_2000_to_2100_are_no_epoch() {
        for number in [0, -1, 946_684_799, 4_102_444_800, 4_102_444_800_000_000_000, i64::MAX] {
            assert_eq!(Timestamp::from_epoch_int(number), None, "{number}");
        }
        for number in [f64::NAN, f64::INFINITY, -1.5, 12.5, 1e300] {
            assert_eq!(Timestamp::from_epoch_f64(number), None, "{number}");
        }
        assert!(Timestamp::from_epoch_int(946_684_800).is_some());
        assert!(Timestamp::from_epoch_int(4_102_444_799_999_999_999).is_some());
    }

    #[test]
    fn a_fraction_is_read_as_written() {
        let at = |number| Timestamp::from_epoch_f64(number).map(|t| t.0);
        assert_eq!(at(1_795_262_400.123), Some(1_795_262_400_123_000_000));
        assert_eq!(at(1_795_262_400_123.25), Some(1_795_262_400_123_250_000));
        assert_eq!(at(1.795_262_4e18), Some(1_795_262_400_000_000_000));
    }

    proptest! {
        #[test]
        fn milliseconds_survive(ms in 946_684_800_000_i64..4_102_444_800_000) {
            prop_assert_eq!(Timestamp::from_epoch_int(ms).map(Timestamp::as_millis), Some(ms));
        }
    }
}
