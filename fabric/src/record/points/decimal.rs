//! Doubles that are short decimals, as one varint: the digits in zigzag, and the scale in the lowest
//! three bits. Most measured values take two or three bytes so, instead of eight.

use uns_model::decimal;

/// The largest scale there is room for.
const SCALE_MAX: u8 = 7;
/// Larger digits save nothing: as a varint they take as many bytes as a double.
const DIGITS_MAX: u64 = 1 << 45;

/// Finds the digits of doubles. Values of one payload mostly have as many decimals as the one before,
/// and where some have none that are short, the rest is not tried.
#[derive(Debug, Default)]
pub(super) struct Decimals {
    scale: u8,
    failed: u8,
}

impl Decimals {
    /// So many doubles without a short form in one section end the search.
    const FAILED_MAX: u8 = 4;

    /// The varint of a double; `None` where it has none, or it is not worth looking.
    pub(super) fn find(&mut self, value: f64) -> Option<u64> {
        if self.failed >= Self::FAILED_MAX || !value.is_finite() {
            return None;
        }
        let found = match decimal::at_scale(value, self.scale) {
            Some(digits) => Some((digits, self.scale)),
            None => {
                (0..=SCALE_MAX).find_map(|scale| Some((decimal::at_scale(value, scale)?, scale)))
            }
        };
        let found = found.filter(|(digits, _)| digits.unsigned_abs() < DIGITS_MAX);
        let Some((digits, scale)) = found else {
            self.failed += 1;
            return None;
        };
        self.scale = scale;
        let zigzag = (digits.cast_unsigned() << 1) ^ (digits >> 63).cast_unsigned();
        Some(zigzag << 3 | u64::from(scale))
    }
}

/// The double of a varint.
pub(super) fn read(said: u64) -> Option<f64> {
    let zigzag = said >> 3;
    let digits = (zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed();
    decimal::value(digits, (said & 7) as u8)
}
