//! Numbers that CBOR writes in several items (RFC 8949, sections 3.4.3 and 3.4.4).

use super::bytes::{Reader, Stop};

/// A decimal fraction has so many places, or zeros behind it, where it is written out.
const PLACES_MAX: usize = 40;

impl Reader<'_> {
    /// An integer beyond 64 bits is a byte string, and a number again up to 128 bits.
    pub(super) fn big(&mut self, sign: u64) -> Result<Option<String>, Stop> {
        let head = self.head()?;
        if head.major != 2 {
            return Err(Stop::Form);
        }
        let bytes = self.string(&head)?;
        let digits = bytes.iter().position(|byte| *byte != 0).map_or(&[][..], |at| &bytes[at..]);
        if digits.len() > 16 {
            return Ok(Some("null".to_owned()));
        }
        let number = digits.iter().fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
        Ok(Some(match sign {
            2 => number.to_string(),
            _ => format!("-{}", number.saturating_add(1)),
        }))
    }

    /// A decimal or binary fraction: an array of an exponent and a mantissa. Where it is none the
    /// reader stands anywhere.
    pub(super) fn fraction(&mut self, is_decimal: bool) -> Option<String> {
        let head = self.head().ok().filter(|head| head.major == 4)?;
        let (exponent, mantissa) = (self.integer()?, self.integer()?);
        let ends = match head.argument {
            Some(length) => length == 2,
            None => self.ends(),
        };
        let exponent = exponent.parse().ok().filter(|_| ends)?;
        Some(if is_decimal { decimal(&mantissa, exponent) } else { binary(&mantissa, exponent) })
    }

    /// The digits of an integer of any size.
    fn integer(&mut self) -> Option<String> {
        let head = self.head().ok()?;
        match (head.major, head.argument?) {
            (0, number) => Some(number.to_string()),
            (1, number) => Some((-1 - i128::from(number)).to_string()),
            (6, sign @ (2 | 3)) => self.big(sign).ok().flatten().filter(|number| number != "null"),
            _ => None,
        }
    }
}

/// Written out, so that no digit is lost.
fn decimal(mantissa: &str, exponent: i64) -> String {
    let places = usize::try_from(exponent.unsigned_abs()).unwrap_or(usize::MAX);
    if places > PLACES_MAX {
        return float(format!("{mantissa}e{exponent}").parse().unwrap_or(f64::NAN));
    }
    let (sign, digits) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    if exponent >= 0 {
        let zeros = if digits == "0" { 0 } else { places };
        return format!("{sign}{digits}{}", "0".repeat(zeros));
    }
    let digits = format!("{digits:0>width$}", width = places + 1);
    let (whole, rest) = digits.split_at(digits.len() - places);
    format!("{sign}{whole}.{rest}")
}

fn binary(mantissa: &str, exponent: i64) -> String {
    let exponent =
        i32::try_from(exponent).unwrap_or(if exponent < 0 { i32::MIN } else { i32::MAX });
    let mantissa: f64 = mantissa.parse().unwrap_or(f64::NAN);
    float(mantissa * 2_f64.powi(exponent))
}

pub(super) fn float(number: f64) -> String {
    if number.is_finite() { format!("{number:?}") } else { "NaN".to_owned() }
}
