//! Doubles that are short decimals, as integers: v = i / 10^e with the same bits.

/// Beyond this a double no longer holds every integer.
pub const MANTISSA_MAX: i64 = 1 << 53;
/// The largest power of ten a double holds exactly.
pub const SCALE_MAX: u8 = 22;

/// Below this adding a half is exact, and so rounds as `round` does where it matters: quicker.
const HALVES_MAX: f64 = (1_u64 << 50) as f64;

const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// The double a mantissa and a scale stand for; `None` beyond [`SCALE_MAX`].
#[expect(clippy::cast_precision_loss, reason = "the writer checked that these bits come back")]
pub fn value(mantissa: i64, scale: u8) -> Option<f64> {
    POWERS.get(usize::from(scale)).map(|power| mantissa as f64 / power)
}

/// The mantissa of `v` at exactly this scale, when dividing gives back the same bits.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "the range is checked before the cast, and the result by dividing"
)]
pub fn at_scale(v: f64, scale: u8) -> Option<i64> {
    let scaled = v * POWERS.get(usize::from(scale))?;
    let mantissa = if scaled.abs() < HALVES_MAX {
        (scaled + 0.5_f64.copysign(scaled)) as i64
    } else {
        let rounded = scaled.round();
        if rounded.abs() > MANTISSA_MAX as f64 || rounded.is_nan() {
            return None;
        }
        rounded as i64
    };
    (value(mantissa, scale)?.to_bits() == v.to_bits()).then_some(mantissa)
}

/// The shortest decimal form of `v`, trying `hint` first; `None` for doubles that have none
/// (NaN, infinities, -0.0, long fractions).
pub fn shortest(v: f64, hint: u8) -> Option<(i64, u8)> {
    if !v.is_finite() || (v == 0.0 && v.is_sign_negative()) {
        return None;
    }
    if let Some(mantissa) = at_scale(v, hint) {
        return Some((mantissa, hint));
    }
    (0..=SCALE_MAX).find_map(|scale| at_scale(v, scale).map(|mantissa| (mantissa, scale)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn short_decimals_are_integers() {
        assert_eq!(shortest(79.3366, 0), Some((793_366, 4)));
        assert_eq!(shortest(32.0, 0), Some((32, 0)));
        assert_eq!(shortest(32.0, 4), Some((320_000, 4)));
        assert_eq!(shortest(1e22, 0), None);
        assert_eq!(shortest(-0.0, 0), None);
        assert_eq!(shortest(f64::NAN, 0), None);
        assert_eq!(shortest(f64::INFINITY, 0), None);
        assert_eq!(shortest(0.1 + 0.2, 0), None);
        assert_eq!(shortest(9_007_199_254_740_992.0, 0), Some((MANTISSA_MAX, 0)));
    }

    proptest! {
        #[test]
        fn every_answer_has_the_same_bits(bits: u64, mantissa in -1_000_000_000i64..1_000_000_000, scale in 0u8..12) {
            for v in [f64::from_bits(bits), value(mantissa, scale).unwrap()] {
                if let Some((m, e)) = shortest(v, 3) {
                    prop_assert!(m.abs() <= MANTISSA_MAX && e <= SCALE_MAX);
                    prop_assert_eq!(value(m, e).unwrap().to_bits(), v.to_bits());
                }
            }
            let v = value(mantissa, scale).unwrap();
            prop_assert!(shortest(v, 0).is_some());
        }
    }
}
