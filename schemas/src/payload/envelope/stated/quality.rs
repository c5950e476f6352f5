//! Qualities in the spellings of those who write them: words, flags, numbers, and objects of these.

use uns_model::{Quality, ValueRef, number};

use crate::payload::scan::{Kind, Token, members};
use crate::payload::text;
use crate::payload::value::value_of;

/// The worse of two statements, the first where both are equally bad.
pub(in crate::payload) fn worst(
    first: Option<Quality>,
    second: Option<Quality>,
) -> Option<Quality> {
    match (first, second) {
        (Some(first), Some(second)) => Some(first.worst(second)),
        (first, second) => first.or(second),
    }
}

/// A quality as a word, as a flag, or as a number, also one in quotes: OPC DA's 16 bits (0 is Bad),
/// and OPC UA's code where it needs more.
pub(in crate::payload) fn quality(token: Token<'_>) -> Option<Quality> {
    stated(token, quality_of)
}

/// Whether what stands for a quality is a word or number that no standard knows, which is Uncertain.
#[inline]
pub(in crate::payload) fn is_no_quality(token: Token<'_>) -> bool {
    match token.kind {
        // Most are this word.
        Kind::Text { .. } => token.text != "Good" && is_other_word(token),
        Kind::Number => match whole(value_of(token)).map(u16::try_from) {
            Some(Ok(number)) => !is_opc_da(number),
            Some(Err(_)) => false,
            None => true,
        },
        _ => false,
    }
}

/// Whether OPC DA knows a number: its upper byte is the vendor's, the two lowest bits say where a limit was
/// reached, and between these stand the quality and what is known of it.
fn is_opc_da(number: u16) -> bool {
    matches!((number & 0xff) >> 2, 0..=8 | 16 | 17 | 20..=22 | 48 | 54)
}

/// A quality of two bits, as OPC's own uppermost ones; larger numbers are those of [`quality`].
pub(in crate::payload) fn quality_code(token: Token<'_>) -> Option<Quality> {
    stated(token, |number| match number {
        0 => Quality::BAD,
        1 => Quality::UNCERTAIN,
        2 | 3 => Quality::GOOD,
        _ => quality_of(number),
    })
}

/// Whether the value is good, as a flag of either kind; other numbers say nothing of it.
pub(in crate::payload) fn flag(token: Token<'_>) -> Option<Quality> {
    if is_count(token) {
        return None;
    }
    stated(token, |number| if number == 0 { Quality::BAD } else { Quality::GOOD })
}

/// Whether it is a number that is no flag.
pub(in crate::payload) fn is_count(token: Token<'_>) -> bool {
    token.kind == Kind::Number && !matches!(whole(value_of(token)), Some(0 | 1))
}

/// A quality as ioBroker has it: 0 is Good, the four lowest bits say what is wrong and the upper ones who
/// says so; without the former a value stands in for the one that is missing.
pub(in crate::payload) fn iobroker_quality(token: Token<'_>) -> Quality {
    const NOT_CONNECTED: Quality = Quality(0x808A_0000);
    const SUBSTITUTE: Quality = Quality(0x4091_0000);
    let Some(number) = whole(value_of(token)) else { return Quality::UNCERTAIN };
    match (number & 0xf, number >> 4) {
        (0, 0) => Quality::GOOD,
        (0, 1 | 2 | 4 | 8) => SUBSTITUTE,
        (2, _) => NOT_CONNECTED,
        (0, _) => Quality::UNCERTAIN,
        _ => Quality::BAD,
    }
}

fn quality_of(number: u32) -> Quality {
    match u16::try_from(number) {
        Ok(number) => Quality::from_opc_da(number),
        Err(_) => Quality(number),
    }
}

/// An OPC UA status code, as its number, its name, or an object of these. Where it may be the state
/// of a machine, a number that is no such code says nothing of the quality.
pub(in crate::payload) fn status(token: Token<'_>, may_be_state: bool) -> Option<Quality> {
    match token.kind {
        // Left out, it is the code of Good.
        Kind::Object { .. } if members(token).next().is_none() => Some(Quality::GOOD),
        _ if may_be_state && !is_code(token) => None,
        _ => stated(token, Quality),
    }
}

/// Whether a `status` may be the state of a machine: a flag, or a number that is not written as a code.
#[inline]
pub(in crate::payload) fn may_be_state(token: Token<'_>) -> bool {
    match token.kind {
        Kind::Bool(_) | Kind::Number => true,
        Kind::Text { .. } => number::read(token.text.trim_ascii()).is_some(),
        _ => false,
    }
}

/// Codes of OPC UA have their meaning in the upper 16 bits, and what they say of a value in those from 10 on.
const CODES_FROM: u32 = 1 << 10;

/// Whether a number may be a code of OPC UA that says something: small ones, negative ones and fractions are
/// none.
fn is_code(token: Token<'_>) -> bool {
    let Some(number) = number::read(token.text.trim_ascii()) else { return true };
    whole(number).is_some_and(|code| code >= CODES_FROM)
}

/// Whether it is a word that is no quality, or an object that says none.
pub(in crate::payload) fn is_other_word(token: Token<'_>) -> bool {
    if let Kind::Object { .. } = token.kind {
        let mut said = members(token).peekable();
        return said.peek().is_some()
            && !said.any(|(name, _)| is_code_key(name) || is_word_key(name));
    }
    let Kind::Text { escaped } = token.kind else { return false };
    let word = text::unescape(token.text, escaped);
    let word = word.trim_ascii();
    number::read(word).is_none() && hexadecimal(word).is_none() && !Quality::is_word(word)
}

/// A code as many tools print it: `0x80050000`.
fn hexadecimal(word: &str) -> Option<u32> {
    let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"))?;
    u32::from_str_radix(digits, 16).ok()
}

/// How the number of a quality is called in an object: OPC UA's own JSON has `Code`, node-opcua `value`.
fn is_code_key(name: Token<'_>) -> bool {
    matches!(name.text, "Code" | "code" | "Value" | "value")
}

/// The same of its word: `Symbol` of OPC UA, `name` of Ignition and node-opcua.
fn is_word_key(name: Token<'_>) -> bool {
    matches!(name.text, "Symbol" | "symbol" | "Name" | "name")
}

/// A quality as an object: by its number, and by its word where that is worse or stands alone. An object
/// without either says what nobody can tell.
fn object(object: Token<'_>, from_number: impl Fn(u32) -> Quality) -> Quality {
    let is_plain =
        |token: &Token<'_>| !matches!(token.kind, Kind::Object { .. } | Kind::Array { .. });
    let find = |is_key: fn(Token<'_>) -> bool| {
        members(object).find(|(name, _)| is_key(*name)).map(|(_, token)| token).filter(is_plain)
    };
    let code = find(is_code_key).and_then(|code| plain(code, &from_number));
    // A word that nobody knows says less than a number.
    let word = find(is_word_key).filter(|word| code.is_none() || !is_other_word(*word));
    let word = word.and_then(|word| plain(word, &from_number));
    worst(code, word).unwrap_or(Quality::UNCERTAIN)
}

fn stated(token: Token<'_>, from_number: impl Fn(u32) -> Quality) -> Option<Quality> {
    match token.kind {
        Kind::Object { .. } => Some(object(token, from_number)),
        _ => plain(token, from_number),
    }
}

/// A quality that is no object.
fn plain(token: Token<'_>, from_number: impl Fn(u32) -> Quality) -> Option<Quality> {
    let from = |number: ValueRef<'_>| whole(number).map_or(Quality::UNCERTAIN, &from_number);
    Some(match token.kind {
        Kind::Null => return None,
        Kind::Text { escaped } => {
            let word = text::unescape(token.text, escaped);
            let word = word.trim_ascii();
            if word.bytes().next().is_some_and(|first| first.is_ascii_alphabetic()) {
                return Some(Quality::from_word(word));
            }
            match (number::read(word), hexadecimal(word)) {
                (Some(number), _) => from(number),
                (None, Some(code)) => from_number(code),
                (None, None) => Quality::from_word(word),
            }
        }
        Kind::Bool(good) => Quality::from_flag(good),
        Kind::Number => from(value_of(token)),
        Kind::NonFinite | Kind::Object { .. } | Kind::Array { .. } => Quality::UNCERTAIN,
    })
}

/// The 32 bits of a number, also where it is written as `192.0`.
fn whole(number: ValueRef<'_>) -> Option<u32> {
    match number {
        ValueRef::Int(number) => u32::try_from(number).ok(),
        ValueRef::Float(number)
            if number.fract() == 0.0 && (0.0..4_294_967_296.0).contains(&number) =>
        {
            format!("{number:.0}").parse().ok()
        }
        _ => None,
    }
}
