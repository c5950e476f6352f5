//! Making points of values.

use uns_model::{PointRef, Quality, ValueRef};

use super::scan::{Kind, Token};
use super::sink::Sink;
use super::text;
use super::value::{as_json, value_of};

/// Hands on a payload that is no JSON as what it is all the same.
pub(super) fn as_text(payload: &[u8], sink: &mut impl Sink) {
    let value = match std::str::from_utf8(payload) {
        Ok(text) => ValueRef::Text(text),
        Err(_) => ValueRef::Bytes(payload),
    };
    sink.point(&scalar(value));
}

/// A point of the node itself that says nothing but its value.
#[inline]
pub(super) fn scalar(value: ValueRef<'_>) -> PointRef<'_> {
    valued(PointRef::new(ValueRef::Null), value)
}

/// Hands on a point with the quality and time of a model, and a token as its value.
#[inline]
pub(super) fn hand_on(model: PointRef<'_>, token: Token<'_>, sink: &mut impl Sink) {
    match token.kind {
        Kind::Text { escaped: true } => {
            let text = text::unescape(token.text, true);
            sink.point(&valued(model, ValueRef::Text(&text)));
        }
        Kind::Object { .. } | Kind::Array { .. } => {
            let text = as_json(token);
            sink.point(&valued(model, ValueRef::Document(&text)));
        }
        _ => sink.point(&valued(model, value_of(token))),
    }
}

/// The point with this value. No value is never shown as a good one: null is Bad unless the source
/// says that there is nothing yet (NS-27).
#[inline]
pub(super) fn valued<'a>(mut point: PointRef<'a>, value: ValueRef<'a>) -> PointRef<'a> {
    if value == ValueRef::Null && !point.quality.hides_value() {
        point.quality = Quality::BAD;
    }
    point.value = value;
    point
}
