//! What the members of an envelope state: times, qualities, units and numbers.

mod quality;

use uns_model::{Timestamp, ValueRef, number};

use super::key::Key;
use crate::payload::context::DecodeContext;
use crate::payload::scan::{Kind, Token};
use crate::payload::text;
use crate::payload::value::value_of;
pub(in crate::payload) use quality::{
    flag, iobroker_quality, is_count, is_no_quality, is_other_word, may_be_state, quality,
    quality_code, status, worst,
};

/// A source time as text, as an epoch number, or as an epoch number in quotes.
pub(in crate::payload) fn time(token: Token<'_>, context: &DecodeContext<'_>) -> Option<Timestamp> {
    let read = match token.kind {
        Kind::Null => return None,
        Kind::Text { escaped } => {
            let text = text::unescape(token.text, escaped);
            let text = text.trim_ascii();
            Timestamp::parse_in(text, context.zone, context.ingest)
                .or_else(|| epoch(number::read(text)?))
        }
        Kind::Number => epoch(value_of(token)),
        Kind::Bool(_) | Kind::NonFinite | Kind::Object { .. } | Kind::Array { .. } => None,
    };
    Some(read.unwrap_or(Timestamp::UNREADABLE))
}

/// The longest unit that is one; longer text is something else.
const UNIT_BYTES_MAX: usize = 64;

/// A unit as a string of a few characters.
pub(in crate::payload) fn unit(token: Token<'_>) -> Option<Token<'_>> {
    is_unit(token).then_some(token)
}

/// Whether a string may be a unit.
pub(in crate::payload) fn is_unit(token: Token<'_>) -> bool {
    matches!(token.kind, Kind::Text { .. }) && (1..=UNIT_BYTES_MAX).contains(&token.text.len())
}

/// A number that counts.
pub(in crate::payload) fn unsigned(token: Token<'_>) -> Option<u64> {
    match token.kind {
        Kind::Number | Kind::Text { .. } => token.text.parse().ok(),
        _ => None,
    }
}

/// Whether it is a number that is no time.
#[inline]
pub(in crate::payload) fn is_no_epoch(token: Token<'_>) -> bool {
    token.kind == Kind::Number && !epoch(value_of(token)).is_some_and(Timestamp::in_range)
}

/// Epochs of nanoseconds have at least so many digits.
const NANOS_DIGITS: usize = 18;

/// A time in nanoseconds, where the name alone does not tell that it is one.
pub(in crate::payload) fn origin(token: Token<'_>) -> Option<Timestamp> {
    let is_long = token.kind == Kind::Number && token.text.len() >= NANOS_DIGITS;
    is_long.then(|| epoch(value_of(token))).flatten().filter(|time| time.in_range())
}

/// What a text holds, where that is said of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::payload) enum ValueType {
    Number,
    Flag,
}

impl ValueType {
    /// By its name in EdgeX (`"value":"-5","valueType":"Int8"`) or OPC UA (`UInt16`, `Double`, `Boolean`).
    pub(in crate::payload) fn of(name: &str) -> Option<Self> {
        match name {
            "Int8" | "Int16" | "Int32" | "Int64" | "Uint8" | "Uint16" | "Uint32" | "Uint64"
            | "UInt8" | "UInt16" | "UInt32" | "UInt64" | "Float32" | "Float64" | "Float"
            | "Double" => Some(Self::Number),
            "Bool" | "Boolean" => Some(Self::Flag),
            _ => None,
        }
    }
}

/// What a text is by the type that is said of it.
pub(in crate::payload) fn typed(value: Token<'_>, said: ValueType) -> Option<Kind> {
    if value.kind != (Kind::Text { escaped: false }) {
        return None;
    }
    match said {
        ValueType::Number => match number::read(value.text) {
            Some(_) => Some(Kind::Number),
            None => number::is_non_finite(value.text).then_some(Kind::NonFinite),
        },
        ValueType::Flag => value.text.parse().ok().map(Kind::Bool),
    }
}

pub(in crate::payload) fn epoch(number: ValueRef<'_>) -> Option<Timestamp> {
    match number {
        ValueRef::Int(number) => Timestamp::from_epoch_int(number),
        ValueRef::Float(number) => Timestamp::from_epoch_f64(number),
        _ => None,
    }
}

/// A time of a document that has no other meaning (NS-19b), if it can be read.
pub(in crate::payload) fn document_time(
    name: Token<'_>,
    token: Token<'_>,
    context: &DecodeContext<'_>,
) -> Option<Timestamp> {
    let is_one = matches!(name.text, "tst" | "received_at");
    is_one.then(|| time(token, context))?.filter(|said| said.in_range())
}

/// Whether a member says a time that can be read.
pub(in crate::payload) fn is_time(
    name: Token<'_>,
    token: Token<'_>,
    context: &DecodeContext<'_>,
) -> bool {
    Key::is_document_time(name.text) && time(token, context).is_some_and(Timestamp::in_range)
}
