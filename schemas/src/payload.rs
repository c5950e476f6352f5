//! What was published, as points (namespace section 5).
//!
//! A payload is taken for, in this order:
//!
//! 1. nothing, if it is empty; a number, `true`, `false`, `null` or a JSON string;
//! 2. an *envelope*: an object that has `value` and otherwise only keys of the canonical form
//!    (`quality`, `timestamp`, `status`, `seq`, `historical`, `unit`, `meta`), of its relatives
//!    (`timestamp_ms`; `tag`, `dataType`; `success`, `datatype`, `registerId`, `deviceID`,
//!    `tagName`, `deviceName`, `metadata`) or Proxus' `source` and `context`. The content type
//!    `application/vnd.uns.vqt+json` makes an envelope of any object with a `value`;
//! 3. a batch: an array of up to 10,000 envelopes with a time each, or an object of the columns
//!    `t`, `v` and perhaps `q`, equally long (NS-21);
//! 4. a document: any other object or array. The scalar leaves of an object are points of their
//!    own, named `motor.temp`: the first 64, down to three levels (NS-20);
//! 5. a string, if it is UTF-8, else bytes.
//!
//! JSON that breaks off, or goes on after its end, is not JSON but a string. Only complete JSON
//! can be [`Malformed`]: by a duplicate key or by depth. Where an exporter wrote `NaN` or
//! `Infinity` for a number, the value is null and Bad, and a document is kept with `null` there.
//!
//! A time that cannot be read is [`uns_model::Timestamp::UNREADABLE`], for the time rules to treat
//! like any other unbelievable one (NS-23).

mod batch;
mod document;
mod envelope;
mod scan;
#[cfg(test)]
mod tests;
mod text;

use std::sync::Arc;

use uns_model::{Point, Quality, Value, number};

use crate::Malformed;
use scan::{Kind, Token};

/// The most samples one batch has; more are one document.
pub const BATCH_SAMPLES_MAX: usize = 10_000;
/// The most bytes the payload of a scalar has; for the gate to enforce.
pub const VALUE_BYTES_MAX: usize = 64 * 1024;
/// The most bytes a document has; for the gate to enforce.
pub const DOCUMENT_BYTES_MAX: usize = 1024 * 1024;

const VQT_JSON: &str = "application/vnd.uns.vqt+json";

/// What the decoder has to know beside the payload.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DecodeContext {
    /// Seconds east of UTC for times without a zone.
    pub default_offset_seconds: i32,
}

/// Whether the payload may be accepted. Cheap for everything that is no object or array.
pub fn check(payload: &[u8]) -> Result<(), Malformed> {
    if !opens_container(payload) {
        return Ok(());
    }
    match std::str::from_utf8(payload) {
        Ok(text) if envelope::is_flat(text) => Ok(()),
        Ok(text) => scan::whole(text).map(drop),
        Err(_) => Ok(()),
    }
}

/// Appends the points of a payload. What [`check`] accepts never fails here.
pub fn decode(
    payload: &[u8],
    content_type: Option<&str>,
    context: &DecodeContext,
    out: &mut Vec<Point>,
) -> Result<(), Malformed> {
    if payload.is_empty() {
        return Ok(());
    }
    if let [b'-' | b'0'..=b'9', ..] = payload
        && let Ok(token) = std::str::from_utf8(payload)
        && let Some(value) = number::parse(token)
    {
        out.push(scalar(value));
        return Ok(());
    }
    let Ok(text) = std::str::from_utf8(payload) else {
        out.push(scalar(Value::Bytes(payload.into())));
        return Ok(());
    };
    if let Some(envelope) = envelope::read_flat(text, context) {
        out.push(with_value(&envelope.point(), None, value_of(envelope.value)));
        return Ok(());
    }
    let Some(json) = scan::whole(text)? else {
        out.push(scalar(plain_text(text)));
        return Ok(());
    };
    match json.kind {
        Kind::Object => object(json, content_type, context, out),
        Kind::Array if batch::rows(json, context, out) => {}
        Kind::Array => out.push(scalar(document::value(json))),
        Kind::Null | Kind::Bool(_) | Kind::Number | Kind::NonFinite | Kind::Text { .. } => {
            out.push(scalar(value_of(json)));
        }
    }
    Ok(())
}

/// A payload that is [`Malformed`] as what it is all the same: text. Brownfield topics may carry
/// such; every view of the log shows it alike.
pub fn as_text(payload: &[u8]) -> Point {
    scalar(match std::str::from_utf8(payload) {
        Ok(text) => Value::Text(text.into()),
        Err(_) => Value::Bytes(payload.into()),
    })
}

/// Any bytes at all must be survived, and an accepted payload must decode.
pub fn fuzz(data: &[u8]) {
    let mut points = Vec::new();
    let context = DecodeContext::default();
    let decoded = decode(data, None, &context, &mut points);
    assert_eq!(check(data), decoded, "the gate and the fold must agree");
    for point in &points {
        if let Value::Document(text) = &point.value {
            assert!(check(text.as_bytes()).is_ok(), "a stored document must be JSON");
        }
        if let Value::Float(number) = point.value {
            assert!(number.is_finite(), "what is not finite must be null");
        }
    }
    points.clear();
    assert_eq!(decode(data, Some(VQT_JSON), &context, &mut points), decoded);
}

fn object(
    json: Token<'_>,
    content_type: Option<&str>,
    context: &DecodeContext,
    out: &mut Vec<Point>,
) {
    let declared = content_type.is_some_and(|kind| kind.eq_ignore_ascii_case(VQT_JSON));
    if let Some(envelope) = envelope::read(json, declared, context) {
        let model = envelope.point();
        match envelope.value.kind {
            Kind::Object | Kind::Array => {
                document::explode(envelope.value, &model, out);
            }
            _ => out.push(with_value(&model, None, value_of(envelope.value))),
        }
        return;
    }
    if !batch::columns(json, context, out) {
        let model = Point { quality: Quality::GOOD, ..scalar(Value::Null) };
        document::explode(json, &model, out);
    }
}

fn opens_container(payload: &[u8]) -> bool {
    let first = payload.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    matches!(first, Some(b'{' | b'['))
}

/// Text that is not JSON.
fn plain_text(text: &str) -> Value {
    if number::is_non_finite(text) { Value::Null } else { Value::Text(text.into()) }
}

/// The value of a scalar token; containers are for [`document`].
fn value_of(token: Token<'_>) -> Value {
    match token.kind {
        Kind::Bool(value) => Value::Bool(value),
        Kind::Number => number::parse(token.text).unwrap_or(Value::Null),
        Kind::Text { escaped } => Value::Text(Arc::from(text::unescape(token.text, escaped))),
        Kind::Null | Kind::NonFinite => Value::Null,
        Kind::Object | Kind::Array => document::value(token),
    }
}

/// A point of the node itself that says nothing but its value.
fn scalar(value: Value) -> Point {
    let quality = if value == Value::Null { Quality::BAD } else { Quality::GOOD };
    Point { field: None, value, quality, unit: None, source: None, seq: None, historical: false }
}

/// A point with the quality and time of a model. No value is never shown as a good one: null is
/// Bad unless the source says that there is nothing yet (NS-27).
fn with_value(model: &Point, field: Option<Arc<str>>, value: Value) -> Point {
    let quality = if value == Value::Null && !model.quality.hides_value() {
        Quality::BAD
    } else {
        model.quality
    };
    Point { field, value, quality, ..model.clone() }
}
