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
mod context;
mod document;
mod encoding;
mod envelope;
mod fuzzing;
mod owned;
mod point;
mod rows;
mod scan;
mod sink;
#[cfg(test)]
mod tests;
mod text;
mod units;
mod value;

use std::borrow::Cow;

use uns_model::{Finding, Point, PointRef, Timestamp, ValueRef, Zone, number};

pub use batch::BATCH_SAMPLES_MAX;
pub use context::DecodeContext;
pub use fuzzing::fuzz;
pub use owned::Decoded;
pub use rows::{BadRow, Batch, ChildRow};
pub use sink::Sink;
pub use units::Units;

use crate::Malformed;
use owned::Owned;
use point::{as_text, hand_on, scalar};
use scan::{Kind, Scanned, Token};
use value::number_of;

/// The most bytes the payload of a scalar has. Under `uns/v1/` the gate refuses larger ones; elsewhere
/// they are bytes (NS-22).
pub const VALUE_BYTES_MAX: usize = 64 * 1024;
/// The most bytes a document has; as for scalars.
pub const DOCUMENT_BYTES_MAX: usize = 1024 * 1024;

const VQT_JSON: &str = "application/vnd.uns.vqt+json";

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

/// As [`keep`], into owned points.
pub fn decode(
    payload: &[u8],
    content_type: Option<&str>,
    context: &DecodeContext<'_>,
    out: &mut Vec<Point>,
) -> Decoded {
    let mut sink = Owned { out, units: context.units, decoded: Decoded::default() };
    keep(payload, content_type, context, &mut sink);
    sink.decoded
}

/// Hands on the points of a payload, whatever it is. What is larger or deeper than a value may be
/// is bytes, and JSON with a duplicate key is text: brownfield topics may carry such, and every view
/// of the log shows it alike (NS-22).
pub fn keep(
    payload: &[u8],
    content_type: Option<&str>,
    context: &DecodeContext<'_>,
    sink: &mut impl Sink,
) {
    if payload.len() > VALUE_BYTES_MAX
        && (payload.len() > DOCUMENT_BYTES_MAX || !is_container(payload))
    {
        sink.point(&scalar(ValueRef::Bytes(payload)));
        return sink.finding(Finding::TooLarge);
    }
    match read(payload, content_type, context, sink) {
        Ok(()) => return,
        Err(Malformed::TooDeep { .. }) => sink.point(&scalar(ValueRef::Bytes(payload))),
        Err(Malformed::DuplicateKey { .. }) => as_text(payload, sink),
    }
    sink.finding(Finding::Malformed);
}

/// Whether a payload looks like a document, which may be larger than other values.
pub fn is_container(payload: &[u8]) -> bool {
    opens_container(encoding::trim(payload))
}

/// Hands on the points of a payload. What [`check`] accepts never fails here; of what fails, nothing
/// was handed on.
#[inline]
fn read(
    payload: &[u8],
    content_type: Option<&str>,
    context: &DecodeContext<'_>,
    sink: &mut impl Sink,
) -> Result<(), Malformed> {
    if payload.is_empty() {
        return Ok(());
    }
    if let [b'-' | b'0'..=b'9', ..] = payload
        && let Ok(token) = std::str::from_utf8(payload)
        && let Some(value) = number::parse(token)
    {
        sink.point(&scalar(number_of(&value)));
        return Ok(());
    }
    read_text(payload, content_type, context, sink)
}

/// The same for what is no plain number.
fn read_text(
    payload: &[u8],
    content_type: Option<&str>,
    context: &DecodeContext<'_>,
    sink: &mut impl Sink,
) -> Result<(), Malformed> {
    let trimmed = encoding::trim(payload);
    let (text, windows_1252) = match std::str::from_utf8(trimmed) {
        Ok(text) => {
            if let Some(envelope) = envelope::read_flat(text, context) {
                envelope.hand_on(sink);
                return Ok(());
            }
            (Cow::Borrowed(text), false)
        }
        Err(_) if may_be_json(trimmed) => (Cow::Owned(encoding::windows_1252(trimmed)), true),
        Err(_) => {
            sink.point(&scalar(ValueRef::Bytes(payload)));
            return Ok(());
        }
    };
    let Some(json) = scan::whole(&text)? else {
        as_text(payload, sink);
        return Ok(());
    };
    let left_out = json_points(&json, content_type, context, sink);
    if left_out > 0 {
        sink.finding(Finding::FieldsLeftOut(left_out));
    }
    if windows_1252 {
        sink.finding(Finding::Windows1252);
    }
    Ok(())
}

fn json_points(
    json: &Scanned<'_>,
    content_type: Option<&str>,
    context: &DecodeContext<'_>,
    sink: &mut impl Sink,
) -> u32 {
    match json.token.kind {
        Kind::Object { .. } => return object(json.token, content_type, context, sink),
        Kind::Array { .. } if batch::decode_rows(json.token, context, sink) => {}
        _ => hand_on(PointRef::new(ValueRef::Null), json.token, sink),
    }
    0
}

fn object(
    json: Token<'_>,
    content_type: Option<&str>,
    context: &DecodeContext<'_>,
    sink: &mut impl Sink,
) -> u32 {
    if batch::columns(json, context, sink) {
        return 0;
    }
    let declared = content_type.is_some_and(|kind| kind.eq_ignore_ascii_case(VQT_JSON));
    if let Some(envelope) = envelope::read(json, declared, context) {
        return envelope.hand_on(sink);
    }
    let source = envelope::document_time(json, context);
    document::explode(json, PointRef { source, ..PointRef::new(ValueRef::Null) }, sink)
}

fn opens_container(payload: &[u8]) -> bool {
    let first = payload.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    matches!(first, Some(b'{' | b'['))
}

/// Whether bytes that are no UTF-8 may be JSON in another encoding.
fn may_be_json(payload: &[u8]) -> bool {
    opens_container(payload) || payload.trim_ascii_start().starts_with(b"\"")
}
