//! What was published, as points (namespace section 5).
//!
//! This is the one reader of payloads: gate, last value, history and live streams get their points
//! here, so they cannot disagree. A payload is taken for, in this order:
//!
//! 1. nothing, if it is empty; a number, `true`, `false`, `null` or a JSON string;
//! 2. a batch: an array of up to 10,000 envelopes with a time each, or an object of the columns
//!    `t`, `v` and perhaps `q`, equally long (NS-21). In an array whose first element is such an
//!    envelope, other elements are bad rows and cost no good one;
//! 3. an *envelope*: an object with exactly one value, named `value`, `Value`, `present_value`, `v`
//!    or `val` (NS-19a). Its time, quality, unit and number may stand beside it under the names that
//!    `envelope.rs` knows; other keys move nothing. `v` and `val` may also be fields like any other,
//!    so beside unknown keys they need a time, quality or unit to be a value. The content type
//!    `application/vnd.uns.vqt+json` makes an envelope of any object with one value;
//! 4. a document: any other object or array. The scalar leaves of an object are points of their
//!    own, named `motor.temp` or `phases.0`: the first 256, down to six levels (NS-20). A time at
//!    its top level is theirs (NS-19b);
//! 5. a string, if it is UTF-8, else bytes.
//!
//! JSON that breaks off, or goes on after its end, is not JSON but a string. Only complete JSON
//! can be [`Malformed`]: by a duplicate key or by depth. Where a program printed `NaN`, `-inf` or
//! their like for a number, that number is null and Bad, its neighbours are taken, and a document is
//! kept with `null` there. A byte-order mark in front and NUL bytes at the end are no part of a
//! number or of JSON (NS-22). JSON that is no UTF-8 is read as Windows-1252 (NS-19d).
//!
//! A time that cannot be read is [`uns_model::Timestamp::UNREADABLE`], for the time rules to treat
//! like any other unbelievable one (NS-23).

mod batch;
mod children;
mod document;
mod encoding;
mod envelope;
mod point;
mod scan;
#[cfg(test)]
mod tests;
mod text;
mod units;

use std::borrow::Cow;

use uns_model::{Point, Quality, Timestamp, Value, Zone, number};

pub use children::ChildRow;
pub use units::Units;

use crate::Malformed;
use document::value_of;
use point::{as_text, scalar, valued};
use scan::{Kind, Scanned, Token};

/// The most samples one batch has; more are one document.
pub const BATCH_SAMPLES_MAX: usize = 10_000;
/// The most bytes the payload of a scalar has. Under `uns/v1/` the gate refuses larger ones; elsewhere
/// they are bytes (NS-22).
pub const VALUE_BYTES_MAX: usize = 64 * 1024;
/// The most bytes a document has; as for scalars.
pub const DOCUMENT_BYTES_MAX: usize = 1024 * 1024;

const VQT_JSON: &str = "application/vnd.uns.vqt+json";

/// What the decoder has to know beside the payload.
#[derive(Clone, Copy, Debug)]
pub struct DecodeContext<'a> {
    /// The zone of times that name no offset (NS-23).
    pub zone: &'a Zone,
    /// When the payload came in: of the two instants that a clock shows when it was set back, the
    /// one nearer to this is meant.
    pub ingest: Timestamp,
    /// Where a unit is taken from that was named lately.
    units: Option<&'a Units>,
}

impl<'a> DecodeContext<'a> {
    /// For one payload that came in at `ingest`, whose times without an offset are of `zone`.
    #[must_use]
    pub const fn new(zone: &'a Zone, ingest: Timestamp) -> Self {
        Self { zone, ingest, units: None }
    }

    /// The same for one of many payloads, which share their units.
    #[must_use]
    pub const fn sharing(self, units: &'a Units) -> Self {
        Self { units: Some(units), ..self }
    }
}

/// What is remarkable about a payload that was decoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Decoded {
    /// The fields of documents there was no room for (NS-20).
    pub fields_left_out: u32,
    /// It was no UTF-8 and read as Windows-1252 (NS-19d).
    pub windows_1252: bool,
    /// It is JSON that is [`Malformed`], and so kept as text or bytes.
    pub malformed: bool,
}

/// What the gate has to know of a payload beyond that it may be accepted (NS-21).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Batch {
    /// Rows of children, each usable or not.
    Children(Vec<Result<ChildRow, BadRow>>),
    /// A batch of the node itself, with these rows that are no samples: at least one.
    Flawed(Vec<BadRow>),
}

/// A row of a batch that cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadRow {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// The path it names, if it does.
    pub path: Option<String>,
    /// The row as it was published.
    pub payload: String,
    /// What is wrong with it.
    pub detail: &'static str,
}

impl BadRow {
    fn new(index: usize, path: Option<String>, payload: String, detail: &'static str) -> Self {
        Self { index, path, payload, detail }
    }
}

/// Whether the payload may be accepted, and which rows of a batch may not. Cheap for everything
/// that is no object or array.
pub fn check(payload: &[u8]) -> Result<Option<Batch>, Malformed> {
    let payload = encoding::trim(payload);
    if !opens_container(payload) {
        return Ok(None);
    }
    let text = match std::str::from_utf8(payload) {
        Ok(text) if envelope::is_flat(text) => return Ok(None),
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(encoding::windows_1252(payload)),
    };
    let Some(json) = scan::whole(&text)? else { return Ok(None) };
    // Which rows are good depends on no zone.
    let zone = Zone::default();
    let context = DecodeContext::new(&zone, Timestamp(0));
    Ok(match json.token.kind {
        Kind::Object { .. } => children::read(&json, &context).map(Batch::Children),
        Kind::Array { .. } => {
            let bad = batch::bad_rows(json.token, &context);
            (!bad.is_empty()).then_some(Batch::Flawed(bad))
        }
        _ => None,
    })
}

/// Appends the points of a payload, whatever it is. What is larger or deeper than a value may be
/// is bytes, and JSON with a duplicate key is text: brownfield topics may carry such, and every view
/// of the log shows it alike (NS-22).
pub fn decode(
    payload: &[u8],
    content_type: Option<&str>,
    context: &DecodeContext<'_>,
    out: &mut Vec<Point>,
) -> Decoded {
    if payload.len() > VALUE_BYTES_MAX
        && (payload.len() > DOCUMENT_BYTES_MAX || !is_container(payload))
    {
        out.push(scalar(Value::Bytes(payload.into())));
        return Decoded::default();
    }
    let before = out.len();
    let malformed = match read(payload, content_type, context, out) {
        Ok(decoded) => return decoded,
        Err(malformed) => malformed,
    };
    out.truncate(before);
    out.push(match malformed {
        Malformed::TooDeep { .. } => scalar(Value::Bytes(payload.into())),
        Malformed::DuplicateKey { .. } => as_text(payload),
    });
    Decoded { malformed: true, ..Decoded::default() }
}

/// Whether a payload looks like a document, which may be larger than other values.
pub fn is_container(payload: &[u8]) -> bool {
    opens_container(encoding::trim(payload))
}

/// Appends the points of a payload. What [`check`] accepts never fails here.
fn read(
    payload: &[u8],
    content_type: Option<&str>,
    context: &DecodeContext<'_>,
    out: &mut Vec<Point>,
) -> Result<Decoded, Malformed> {
    if payload.is_empty() {
        return Ok(Decoded::default());
    }
    if let [b'-' | b'0'..=b'9', ..] = payload
        && let Ok(token) = std::str::from_utf8(payload)
        && let Some(value) = number::parse(token)
    {
        out.push(scalar(value));
        return Ok(Decoded::default());
    }
    let trimmed = encoding::trim(payload);
    let (text, windows_1252) = match std::str::from_utf8(trimmed) {
        Ok(text) => {
            if let Some(envelope) = envelope::read_flat(text, context) {
                out.push(valued(envelope.point(context), value_of(envelope.value)));
                return Ok(Decoded::default());
            }
            (Cow::Borrowed(text), false)
        }
        Err(_) if may_be_json(trimmed) => (Cow::Owned(encoding::windows_1252(trimmed)), true),
        Err(_) => {
            out.push(scalar(Value::Bytes(payload.into())));
            return Ok(Decoded::default());
        }
    };
    let Some(json) = scan::whole(&text)? else {
        out.push(as_text(payload));
        return Ok(Decoded::default());
    };
    let fields_left_out = json_points(&json, content_type, context, out);
    Ok(Decoded { fields_left_out, windows_1252, malformed: false })
}

/// Any bytes at all must be survived, an accepted payload must decode, and so must what the rows
/// of a batch become.
pub fn fuzz(data: &[u8]) {
    let mut points = Vec::new();
    let zone = Zone::fixed(3_600);
    let context = DecodeContext::new(&zone, Timestamp(0));
    let decoded = read(data, None, &context, &mut points);
    let checked = check(data);
    assert_eq!(checked.as_ref().err(), decoded.as_ref().err(), "the gate and the fold must agree");
    for point in &points {
        if let Value::Document(text) = &point.value {
            let json = serde_json::from_str::<&serde_json::value::RawValue>(text);
            assert!(json.is_ok(), "a stored document must be JSON");
        }
        if let Value::Float(number) = point.value {
            assert!(number.is_finite(), "what is not finite must be null");
        }
    }
    if let Ok(Some(Batch::Children(rows))) = checked {
        for row in rows.into_iter().flatten() {
            points.clear();
            let read = read(row.payload.as_bytes(), None, &context, &mut points);
            assert!(read.is_ok() && !points.is_empty(), "a good row must be a sample");
        }
    }
    points.clear();
    assert_eq!(read(data, Some(VQT_JSON), &context, &mut points), decoded);
    points.clear();
    let stored = decode(data, None, &context, &mut points);
    assert_eq!(stored.malformed, decoded.is_err(), "what is stored is always something");
}

fn json_points(
    json: &Scanned<'_>,
    content_type: Option<&str>,
    context: &DecodeContext<'_>,
    out: &mut Vec<Point>,
) -> u32 {
    match json.token.kind {
        Kind::Object { .. } => return object(json.token, content_type, context, out),
        Kind::Array { .. } if batch::decode_rows(json.token, context, out) => {}
        Kind::Array { .. }
        | Kind::Null
        | Kind::Bool(_)
        | Kind::Number
        | Kind::NonFinite
        | Kind::Text { .. } => out.push(scalar(value_of(json.token))),
    }
    0
}

fn object(
    json: Token<'_>,
    content_type: Option<&str>,
    context: &DecodeContext<'_>,
    out: &mut Vec<Point>,
) -> u32 {
    if batch::columns(json, context, out) {
        return 0;
    }
    let declared = content_type.is_some_and(|kind| kind.eq_ignore_ascii_case(VQT_JSON));
    if let Some(envelope) = envelope::read(json, declared, context) {
        let model = envelope.point(context);
        if let Kind::Object { .. } | Kind::Array { .. } = envelope.value.kind {
            return document::explode(envelope.value, &model, out);
        }
        out.push(valued(model, value_of(envelope.value)));
        return 0;
    }
    let source = envelope::document_time(json, context);
    let model = Point { quality: Quality::GOOD, source, ..scalar(Value::Null) };
    document::explode(json, &model, out)
}

fn opens_container(payload: &[u8]) -> bool {
    let first = payload.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    matches!(first, Some(b'{' | b'['))
}

/// Whether bytes that are no UTF-8 may be JSON in another encoding.
fn may_be_json(payload: &[u8]) -> bool {
    opens_container(payload) || payload.trim_ascii_start().starts_with(b"\"")
}
