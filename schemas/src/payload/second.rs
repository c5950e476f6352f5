//! What a text also reads as, for people and arithmetic (NS-19e): `ON` as a flag, `21.5 °C` as a
//! number with a unit. The text stays the value; this stands beside it, and says nothing where a text
//! may be read in two ways.

use uns_model::{Timestamp, ValueRef, number};

/// A second form, and what the text says beside it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Second<'a> {
    pub(super) value: ValueRef<'static>,
    pub(super) unit: Option<&'a str>,
    /// The time in front of the value: `1795262400:21.5`.
    pub(super) time: Option<Timestamp>,
}

/// The longest text that is looked at.
const BYTES_MAX: usize = 48;
/// The longest unit that may follow a number.
const UNIT_BYTES_MAX: usize = 12;
/// The most values of one line.
const VALUES_MAX: usize = 16;
/// Words for a flag.
const TRUE: [&str; 3] = ["on", "true", "online"];
const FALSE: [&str; 3] = ["off", "false", "offline"];
/// Units of letters alone. Other letters behind a number are a text like any other (`3 phases`).
const UNITS: [&str; 51] = [
    "A", "Ah", "C", "F", "GWh", "Hz", "J", "K", "L", "MPa", "MW", "MWh", "N", "Nm", "Pa", "V",
    "VA", "Var", "W", "Wh", "bar", "cm", "dB", "dBm", "g", "h", "hPa", "kHz", "kN", "kPa", "kV",
    "kVA", "kW", "kWh", "kg", "km", "kvar", "l", "lx", "m", "mA", "mV", "mbar", "min", "ml", "mm",
    "ms", "ppm", "psi", "rpm", "s",
];

/// The second form of a text, if it has one.
#[inline]
pub(super) fn of(text: &str) -> Option<Second<'_>> {
    if text.len() > BYTES_MAX {
        return None;
    }
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\0');
    match text.as_bytes().first()? {
        b'0'..=b'9' | b'+' | b'-' => numeric(text),
        b'o' | b'O' | b't' | b'T' | b'f' | b'F' => word(text),
        _ => None,
    }
}

/// The values of a line of collectd: `1795262400.254:0.1:0.2:U`, a time and numbers, or `U` or `nan` where
/// there is none.
pub(super) fn values(text: &str) -> Option<(Timestamp, impl Iterator<Item = ValueRef<'static>>)> {
    if text.len() > BYTES_MAX * 4 {
        return None;
    }
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\0');
    let (time, rest) = text.split_once(':')?;
    let value = |part: &str| match part {
        "U" => Some(ValueRef::Null),
        part if number::is_non_finite(part) => Some(ValueRef::Null),
        part => number::read(part),
    };
    let time = epoch(time)?;
    if rest.split(':').take(VALUES_MAX + 1).count() > VALUES_MAX {
        return None;
    }
    rest.split(':').all(|part| value(part).is_some()).then_some(())?;
    Some((time, rest.split(':').filter_map(value)))
}

fn plain(value: ValueRef<'static>) -> Second<'static> {
    Second { value, unit: None, time: None }
}

fn word(text: &str) -> Option<Second<'_>> {
    let is_one_of = |words: [&str; 3]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    let flag = if is_one_of(TRUE) {
        true
    } else if is_one_of(FALSE) {
        false
    } else {
        return None;
    };
    Some(plain(ValueRef::Bool(flag)))
}

fn numeric(text: &str) -> Option<Second<'_>> {
    match text {
        "0" => return Some(plain(ValueRef::Bool(false))),
        "1" => return Some(plain(ValueRef::Bool(true))),
        _ => {}
    }
    if let Some((time, value)) = text.split_once(':') {
        let time = epoch(time)?;
        return Some(Second { time: Some(time), ..plain(exact(value)?) });
    }
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b',');
    let length = text.bytes().take_while(|byte| is_part(byte)).count();
    // An exponent belongs to the number.
    if let Some(value) = exact(text) {
        return Some(plain(value));
    }
    let (number, rest) = text.split_at_checked(length)?;
    let value = exact(number)?;
    if rest.is_empty() {
        return Some(plain(value));
    }
    Some(Second { unit: Some(unit(rest)?), ..plain(value) })
}

/// A number as JSON writes it, with a plus sign, or with a decimal comma.
fn exact(text: &str) -> Option<ValueRef<'static>> {
    let text = text.strip_prefix('+').filter(|rest| !rest.starts_with('-')).unwrap_or(text);
    let value = match number::read(text) {
        Some(value) => value,
        None => decimal_comma(text)?,
    };
    (value != ValueRef::Null).then_some(value)
}

/// `21,5`. Where the comma may as well part thousands (`1,234`) it is neither.
fn decimal_comma(text: &str) -> Option<ValueRef<'static>> {
    let (whole, fraction) = text.split_once(',')?;
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    if !is_digits(digits) || !is_digits(fraction) {
        return None;
    }
    if fraction.len() == 3 && digits.len() <= 3 && digits != "0" {
        return None;
    }
    let mut plain = [0_u8; BYTES_MAX];
    let place = plain.get_mut(..text.len())?;
    place.copy_from_slice(text.as_bytes());
    *place.get_mut(whole.len())? = b'.';
    number::read(std::str::from_utf8(place).ok()?)
}

/// What may stand behind a number: a sign at once, letters after a space.
fn unit(rest: &str) -> Option<&str> {
    let name = rest.trim_start_matches(' ');
    if name.is_empty() || name.len() > UNIT_BYTES_MAX || name.contains(char::is_whitespace) {
        return None;
    }
    let first = name.chars().next()?;
    if matches!(first, '%' | '°' | '‰') {
        return Some(name);
    }
    if name.len() == rest.len() {
        return None;
    }
    let is_letters = name.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_unit = if is_letters { UNITS.contains(&name) } else { is_compound(name) };
    is_unit.then_some(name)
}

/// `m³/h`, `kg/m3`, `µm`, `1/min`: letters and digits with something only units have.
fn is_compound(name: &str) -> bool {
    let has_mark = name.contains(['/', '²', '³', 'µ', 'μ', 'Ω', '°']);
    has_mark && name.chars().all(|c| c.is_alphanumeric() || "/²³µμΩ°^·*-".contains(c))
}

fn epoch(text: &str) -> Option<Timestamp> {
    let time = match number::read(text)? {
        ValueRef::Int(number) => Timestamp::from_epoch_int(number)?,
        ValueRef::Float(number) => Timestamp::from_epoch_f64(number)?,
        _ => return None,
    };
    time.in_range().then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, value: ValueRef<'static>, unit: Option<&str>) {
        let found = of(text).unwrap_or_else(|| unreachable!("{text} has a second form"));
        assert_eq!((found.value, found.unit), (value, unit), "{text}");
    }

    #[test]
    fn words_and_numbers_as_devices_write_them() {
        for text in ["ON", "on", "TRUE", "True", "Online", "1"] {
            check(text, ValueRef::Bool(true), None);
        }
        for text in ["OFF", "False", "offline", "0"] {
            check(text, ValueRef::Bool(false), None);
        }
        for text in ["21.5", "21,5", "+21.5", " 21.5\r\n", "+21,5", "215e-1"] {
            check(text, ValueRef::Float(21.5), None);
        }
        check("12", ValueRef::Int(12), None);
        check("-0,125", ValueRef::Float(-0.125), None);
        check("21.5 °C", ValueRef::Float(21.5), Some("°C"));
        check("21.5°C", ValueRef::Float(21.5), Some("°C"));
        check("85%", ValueRef::Int(85), Some("%"));
        check("85,5 %", ValueRef::Float(85.5), Some("%"));
        check("230 V", ValueRef::Int(230), Some("V"));
        check("12.5 m³/h", ValueRef::Float(12.5), Some("m³/h"));
        check("1480 1/min", ValueRef::Int(1480), Some("1/min"));
    }

    #[test]
    fn a_time_in_front_is_the_time_of_the_value() {
        let found = of("1795262400.254:0.5\0").unwrap();
        assert_eq!(found.value, ValueRef::Float(0.5));
        assert_eq!(found.time.unwrap().to_string(), "2026-11-21T12:00:00.254Z");
    }

    #[test]
    fn what_may_mean_something_else_has_none() {
        for text in [
            "",
            "RUN",
            "one",
            "0042",
            "1,234",
            "1.234,5",
            "12:30",
            "12:30:00",
            "10A",
            "3 phases",
            "3D",
            "192.168.0.1",
            "2026-11-21",
            "+-5",
            "1795262400:1:2",
            "5 5",
            "%",
            "1e999",
            "0x1F",
            "NaN",
            "Offset",
            "1795262400:U",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
