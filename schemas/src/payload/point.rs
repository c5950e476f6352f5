//! Making points of values.

use std::sync::Arc;

use uns_model::{Point, Quality, Value};

/// A payload that is no JSON as what it is all the same.
pub(super) fn as_text(payload: &[u8]) -> Point {
    scalar(match std::str::from_utf8(payload) {
        Ok(text) => Value::Text(text.into()),
        Err(_) => Value::Bytes(payload.into()),
    })
}

/// A point of the node itself that says nothing but its value.
#[inline]
pub(super) fn scalar(value: Value) -> Point {
    let quality = if value == Value::Null { Quality::BAD } else { Quality::GOOD };
    Point { field: None, value, quality, unit: None, source: None, seq: None, historical: false }
}

/// A point with the quality and time of a model.
pub(super) fn with_value(model: &Point, field: Option<Arc<str>>, value: Value) -> Point {
    valued(Point { field, ..model.clone() }, value)
}

/// The point with this value. No value is never shown as a good one: null is Bad unless the source
/// says that there is nothing yet (NS-27).
#[inline]
pub(super) fn valued(mut point: Point, value: Value) -> Point {
    if value == Value::Null && !point.quality.hides_value() {
        point.quality = Quality::BAD;
    }
    point.value = value;
    point
}
