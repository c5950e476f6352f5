//! Numbers, exactly: integer tokens stay integers, everything else is a finite double (NS-22).

use std::fmt;

use crate::{Value, ValueRef};

/// The largest integer every JSON reader keeps exact, 2^53-1.
pub const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;

/// Reads one JSON number token. `None`: not a number in JSON's grammar (`0042`, `.5`, `+1`).
/// [`Value::Null`]: a number that fits neither `i64`, `u64` nor a finite double. An integer token
/// never turns into a rounded double: past `u64::MAX` it overflows.
pub fn parse(token: &str) -> Option<Value> {
    read(token).map(ValueRef::to_value)
}

/// The same as a value that owns nothing.
#[inline]
pub fn read(token: &str) -> Option<ValueRef<'static>> {
    let bytes = token.as_bytes();
    let (negative, unsigned) = sign(bytes);
    let whole = digits(unsigned);
    if whole == unsigned.len() {
        return is_integer(unsigned, whole).then(|| integer(negative, unsigned));
    }
    let number = Number::of(bytes, negative, whole)?;
    if number.length < token.len() {
        return None;
    }
    if let Some(number) = number.decimal(token.as_bytes()) {
        return Some(ValueRef::Float(number));
    }
    let number = token.parse().ok()?;
    Some(if f64::is_finite(number) { ValueRef::Float(number) } else { ValueRef::Null })
}

/// The double nearest to an integer token that fits neither `i64` nor `u64`.
pub fn nearest(token: &str) -> Option<f64> {
    let number = Number::prefix(token.as_bytes())?;
    number.integer(token.as_bytes()).filter(|_| number.length == token.len())?;
    token.parse().ok().filter(|number: &f64| number.is_finite())
}

/// The length of the JSON number, of whatever size, that these bytes start with. What follows it is
/// not looked at; a fraction or an exponent without digits is none.
#[inline]
pub fn token_length(bytes: &[u8]) -> Option<usize> {
    Some(Number::prefix(bytes)?.length)
}

/// Where the parts of a number lie.
struct Number {
    negative: bool,
    /// How many digits the integer part has.
    whole: usize,
    /// How many digits stand behind the point.
    fraction: usize,
    length: usize,
}

/// Powers of ten that a double holds exactly, as far as [`DECIMAL_DIGITS`] reach.
const POWERS: [f64; DECIMAL_DIGITS] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14];

/// Numbers of so many digits are below 2^53, so a double holds them exactly.
const DECIMAL_DIGITS: usize = 15;

impl Number {
    #[inline]
    fn prefix(bytes: &[u8]) -> Option<Self> {
        let (negative, unsigned) = sign(bytes);
        Self::of(bytes, negative, digits(unsigned))
    }

    /// One whose integer part has so many digits.
    #[inline]
    fn of(bytes: &[u8], negative: bool, whole: usize) -> Option<Self> {
        let start = usize::from(negative);
        if !is_integer(&bytes[start..], whole) {
            return None;
        }
        let (mut length, mut fraction) = (start + whole, 0);
        if let [b'.', rest @ ..] = &bytes[length..] {
            fraction = Some(digits(rest)).filter(|count| *count > 0)?;
            length += 1 + fraction;
        }
        if let [b'e' | b'E', rest @ ..] = &bytes[length..] {
            let sign = usize::from(matches!(rest, [b'+' | b'-', ..]));
            length += 1 + sign + Some(digits(&rest[sign..])).filter(|count| *count > 0)?;
        }
        Some(Self { negative, whole, fraction, length })
    }

    /// The double of what measuring devices write, such as `-23.45`: digits that a double holds exactly,
    /// divided by a power of ten that it holds as well, are rounded once, as reading the decimal is.
    #[inline]
    fn decimal(&self, bytes: &[u8]) -> Option<f64> {
        let start = usize::from(self.negative);
        let has_exponent = self.length != start + self.whole + 1 + self.fraction;
        if has_exponent || self.whole + self.fraction > DECIMAL_DIGITS {
            return None;
        }
        let power = POWERS.get(self.fraction)?;
        let digits = bytes.get(start..self.length)?.iter().filter(|byte| **byte != b'.');
        let digits = digits.fold(0_u64, |sum, byte| sum * 10 + u64::from(byte - b'0'));
        #[expect(clippy::cast_precision_loss, reason = "so few digits are exact")]
        let number = digits as f64 / power;
        Some(if self.negative { -number } else { number })
    }

    /// Its digits, if it is an integer.
    fn integer<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let start = usize::from(self.negative);
        (self.length == start + self.whole).then(|| &bytes[start..self.length])
    }
}

/// Whether a number is negative, and what follows the sign.
#[inline]
fn sign(bytes: &[u8]) -> (bool, &[u8]) {
    match bytes {
        [b'-', unsigned @ ..] => (true, unsigned),
        _ => (false, bytes),
    }
}

/// Whether the first of these bytes, so many digits, are an integer in JSON's grammar.
#[inline]
fn is_integer(bytes: &[u8], digits: usize) -> bool {
    digits == 1 || (digits > 1 && bytes.first() != Some(&b'0'))
}

/// How many digits these bytes start with; eight are looked at together where there are as many bytes.
#[inline]
fn digits(bytes: &[u8]) -> usize {
    const HIGH: u64 = 0xF0F0_F0F0_F0F0_F0F0;
    const DIGIT: u64 = 0x3333_3333_3333_3333;
    let mut count = 0;
    while let Some(eight) = bytes.get(count..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*eight);
        // A digit is 3 in its upper half, and still is when 6 is added. What overflows into the next
        // byte comes from one that is no digit, and those behind it do not count.
        let lower = (word.wrapping_add(0x0606_0606_0606_0606) & HIGH) >> 4;
        let others = (word & HIGH | lower) ^ DIGIT;
        if others != 0 {
            return count + others.trailing_zeros() as usize / 8;
        }
        count += 8;
    }
    let rest = bytes.get(count..).unwrap_or_default();
    count + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// The number that eight digits make.
#[inline]
fn eight_digits(digits: [u8; 8]) -> u64 {
    // Neighbours are joined: eight digits to four pairs, to two numbers of four digits, to one of eight.
    let word = u64::from_le_bytes(digits) & 0x0F0F_0F0F_0F0F_0F0F;
    let word = (word * 10 + (word >> 8)) & 0x00FF_00FF_00FF_00FF;
    let word = (word * 100 + (word >> 16)) & 0x0000_FFFF_0000_FFFF;
    (word * 10_000 + (word >> 32)) & 0xFFFF_FFFF
}

/// Whether a text is what C, Go, Python and others print where there is no number, in any case:
/// `NaN`, `-nan`, `+Inf`, `Infinity`, `nan(ind)`, and `1.#QNAN` of older C libraries.
pub fn is_non_finite(token: &str) -> bool {
    let token = token.strip_prefix(['-', '+']).unwrap_or(token);
    let (old, token) = match token.strip_prefix("1.#") {
        Some(rest) => (true, rest.trim_end_matches('0')),
        None => (false, token),
    };
    let word = token.split_once('(').filter(|(_, rest)| rest.ends_with(')'));
    let (word, detailed) = word.map_or((token, false), |(word, _)| (word, true));
    let is = |known: &str| word.eq_ignore_ascii_case(known);
    if old {
        return !detailed && ["inf", "ind", "qnan", "snan"].into_iter().any(is);
    }
    is("nan") || (!detailed && (is("inf") || is("infinity")))
}

/// A double as a value: what is not finite is no value.
pub fn float(number: f64) -> Value {
    if number.is_finite() { Value::Float(number) } else { Value::Null }
}

/// An unsigned integer in the one form integers have.
pub fn unsigned(number: u64) -> Value {
    i64::try_from(number).map_or(Value::UInt(number), Value::Int)
}

/// Prints a number for JSON: integers past 2^53-1 as decimal strings, doubles as the shortest
/// text that reads back bit for bit and still is no integer (`23.0`). Other values print `null`.
pub fn write_json_number(value: &Value, out: &mut impl fmt::Write) -> fmt::Result {
    match value {
        Value::Int(number) if number.unsigned_abs() > SAFE_INTEGER_MAX => {
            write!(out, "\"{number}\"")
        }
        Value::Int(number) => write!(out, "{number}"),
        Value::UInt(number) if *number > SAFE_INTEGER_MAX => write!(out, "\"{number}\""),
        Value::UInt(number) => write!(out, "{number}"),
        Value::Float(number) if number.is_finite() => write!(out, "{number:?}"),
        Value::Float(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Text(_)
        | Value::Document(_)
        | Value::Bytes(_) => out.write_str("null"),
    }
}

fn integer(negative: bool, digits: &[u8]) -> ValueRef<'static> {
    // The first nineteen fit whatever they are.
    let (sure, rest) = digits.split_at(digits.len().min(19));
    let (eights, last) = sure.as_chunks();
    let mut magnitude =
        eights.iter().fold(0, |sum: u64, eight| sum * 100_000_000 + eight_digits(*eight));
    for byte in last {
        magnitude = magnitude * 10 + u64::from(byte - b'0');
    }
    for byte in rest {
        let next =
            magnitude.checked_mul(10).and_then(|sum| sum.checked_add(u64::from(byte - b'0')));
        let Some(next) = next else {
            return ValueRef::Null;
        };
        magnitude = next;
    }
    if negative {
        0_i64.checked_sub_unsigned(magnitude).map_or(ValueRef::Null, ValueRef::Int)
    } else {
        i64::try_from(magnitude).map_or(ValueRef::UInt(magnitude), ValueRef::Int)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn printed(value: &Value) -> String {
        let mut out = String::new();
        write_json_number(value, &mut out).unwrap();
        out
    }

    #[test]
    fn tokens_keep_their_form() {
        for (token, value, text) in [
            ("23", Value::Int(23), "23"),
            ("23.0", Value::Float(23.0), "23.0"),
            ("-0", Value::Int(0), "0"),
            ("-0.0", Value::Float(-0.0), "-0.0"),
            ("1e2", Value::Float(100.0), "100.0"),
            ("0.1", Value::Float(0.1), "0.1"),
            ("1E-7", Value::Float(1e-7), "1e-7"),
            ("9007199254740991", Value::Int(9_007_199_254_740_991), "9007199254740991"),
            ("9007199254740992", Value::Int(9_007_199_254_740_992), "\"9007199254740992\""),
            ("-9223372036854775808", Value::Int(i64::MIN), "\"-9223372036854775808\""),
            ("18446744073709551615", Value::UInt(u64::MAX), "\"18446744073709551615\""),
            ("18446744073709551616", Value::Null, "null"),
            ("-9223372036854775809", Value::Null, "null"),
            ("1e400", Value::Null, "null"),
            ("1e-400", Value::Float(0.0), "0.0"),
        ] {
            assert_eq!(parse(token), Some(value.clone()), "{token}");
            assert_eq!(printed(&value), text);
        }
    }

    #[test]
    fn what_json_calls_no_number_is_none() {
        for token in [
            "", "-", "0042", "-01", ".5", "5.", "1e", "1e+", "+1", "1_0", "0x1", "NaN", "inf",
            " 1", "1 ", "1.e1", "--1", "1.5.5", "\u{661}",
        ] {
            assert_eq!(parse(token), None, "{token}");
        }
    }

    #[test]
    fn not_a_number_is_recognised_as_such() {
        for token in [
            "NaN",
            "nan",
            "-nan",
            "+NaN",
            "Infinity",
            "-Infinity",
            "inf",
            "-INF",
            "+Inf",
            "nan(ind)",
            "-nan(snan)",
            "1.#INF",
            "-1.#IND",
            "1.#QNAN0",
            "1.#INF00",
        ] {
            assert!(is_non_finite(token), "{token}");
        }
        for token in ["info", "--inf", "nan(", "inf(1)", "1.#", "1.#NAN", "1.5", "", "-", "nan0"] {
            assert!(!is_non_finite(token), "{token}");
        }
        assert_eq!(float(f64::NAN), Value::Null);
        assert_eq!(printed(&Value::Float(f64::INFINITY)), "null");
    }

    proptest! {
        #[test]
        fn digits_are_counted_alike_one_by_one_and_together(
            bytes in proptest::collection::vec(
                prop_oneof![8 => b'0'..=b'9', 1 => any::<u8>()], 0..40,
            ),
        ) {
            let one_by_one = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
            prop_assert_eq!(digits(&bytes), one_by_one);
        }

        #[test]
        fn doubles_survive_bit_for_bit(number: f64) {
            let text = printed(&Value::Float(number));
            match parse(&text) {
                Some(Value::Float(back)) => prop_assert_eq!(back.to_bits(), number.to_bits()),
                other => prop_assert!(false, "{text} read as {other:?}"),
            }
        }

        #[test]
        fn short_decimals_are_the_nearest_doubles(digits: u64, length in 0..18_u32, places in 0..16_usize) {
            let digits = digits % 10_u64.pow(length);
            let text = format!("{:0>1$}", digits, places + 1);
            let (whole, fraction) = text.split_at(text.len() - places);
            for token in [format!("{whole}.{fraction}0"), format!("-{whole}.{fraction}0")] {
                let nearest: f64 = token.parse().unwrap();
                match read(&token) {
                    Some(ValueRef::Float(number)) => {
                        prop_assert_eq!(number.to_bits(), nearest.to_bits(), "{}", token)
                    }
                    other => prop_assert!(false, "{token} read as {other:?}"),
                }
            }
        }

        #[test]
        fn integers_survive(number: i64) {
            let text = printed(&Value::Int(number));
            prop_assert_eq!(parse(text.trim_matches('"')), Some(Value::Int(number)));
        }

        #[test]
        fn unsigned_integers_survive(number: u64) {
            let value = unsigned(number);
            prop_assert_eq!(parse(&number.to_string()), Some(value));
        }

        #[test]
        fn any_token_is_survived(token in "[-+0-9.eE]{0,12}") {
            parse(&token);
        }
    }
}
