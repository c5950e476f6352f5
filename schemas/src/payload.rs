//! What was published, as points (namespace section 5).
//!
//! This is the one reader of payloads: gate, last value, history and live streams get their points
//! here, so they cannot disagree. [`read`] refuses what is malformed, [`keep`] takes anything. A payload
//! is taken for, in this order:
//!
//! 1. nothing, if it is empty; a number, `true`, `false`, `null` or a JSON string;
//! 2. a batch: an array of up to 10,000 envelopes with a time each, or an object of the columns
//!    `t`, `v` and perhaps `q`, equally long (NS-21). In an array whose first element is such an
//!    envelope, other elements are bad rows and cost no good one;
//! 3. an *envelope*: an object with exactly one value, named `value`, `Value` or `present_value`, or else
//!    `v` or `val` (NS-19a). Its time, quality, unit and number may stand beside it under the names that
//!    `envelope.rs` knows; other keys move nothing. `v` and `val` may also be fields like any other,
//!    so beside unknown keys they need a time, quality or unit to be a value. The content type
//!    `application/vnd.uns.vqt+json` makes an envelope of any object with one value;
//! 4. a document: any other object or array. Its scalar leaves are points of their own, named
//!    `motor.temp` or `phases.0`: the first 256, down to six levels (NS-20). A time at its top level is
//!    theirs (NS-19b). *Named points* in it (`named.rs`) have their own time, quality and unit, and are
//!    fields too, or children where the context asks for them (NS-19, NS-19c);
//! 5. a string, if it is UTF-8, else bytes.
//!
//! A text that people read as a number or a flag has that as its second form (`second.rs`). CBOR is read
//! as the JSON it means (`cbor.rs`).
//!
//! JSON that breaks off, or goes on after its end, is not JSON but a string; under our own prefix what
//! begins as an object is Uncertain then, since it was to say more. Only complete JSON can be
//! [`Malformed`]: by a duplicate key or by depth. Where a program printed `NaN`, `-inf` or their like for
//! a number, that number is null and Bad, its neighbours are taken, and a document is kept with `null`
//! there. A byte-order mark in front and NUL bytes at the end are no part of a
//! number or of JSON (NS-22). JSON that is no UTF-8 is read as Windows-1252 (NS-19d).
//!
//! A time that cannot be read is [`uns_model::Timestamp::UNREADABLE`], for the time rules to treat
//! like any other unbelievable one (NS-23).

mod batch;
mod cbor;
mod children;
mod context;
mod document;
mod encoding;
mod envelope;
mod fuzzing;
mod json;
mod line;
mod named;
mod owned;
mod point;
mod rows;
mod scan;
mod second;
mod shape;
mod sink;
#[cfg(test)]
mod tests;
mod text;
mod value;

use std::borrow::Cow;

use uns_model::{Finding, ValueRef, number};

pub use context::{DecodeContext, FieldLimits};
pub use encoding::windows_1252;
pub use fuzzing::fuzz;
pub use rows::{BATCH_SAMPLES_MAX, BadRow, Batch, ChildRow};
pub use sink::Sink;

use crate::Malformed;
use envelope::Envelope;
use point::{as_broken_object, as_text, read_scalar, scalar};
use scan::{Kind, Token};

/// The most bytes the payload of a scalar has. Under `uns/v1/` the gate refuses larger ones; elsewhere
/// they are bytes (NS-22).
pub const VALUE_BYTES_MAX: usize = 64 * 1024;
/// The most bytes a document has; as for scalars.
pub const DOCUMENT_BYTES_MAX: usize = 1024 * 1024;

/// The content type of an envelope in JSON: of an object whose one value is its own, whatever stands
/// beside it (NS-19).
pub const VQT_JSON: &str = "application/vnd.uns.vqt+json";
const VQT_CBOR: &str = "application/vnd.uns.vqt+cbor";
/// SenML in CBOR, whose keys are numbers (RFC 8428, section 6).
const SENML_CBOR: &str = "application/senml+cbor";

/// What a text also reads as (NS-19e).
pub fn second_form(text: &str) -> Option<ValueRef<'static>> {
    second::of(text).map(|second| second.value)
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
        && (payload.len() > DOCUMENT_BYTES_MAX || !is_container(payload, content_type))
    {
        sink.point(&scalar(ValueRef::Bytes(payload)));
        return sink.finding(Finding::TooLarge);
    }
    match read(payload, content_type, context, sink) {
        Ok(_) => return,
        Err(
            Malformed::TooDeep { .. } | Malformed::NotCbor { .. } | Malformed::TooManyRows { .. },
        ) => {
            sink.point(&scalar(ValueRef::Bytes(payload)));
        }
        Err(Malformed::DuplicateKey { .. }) => as_text(payload, sink),
    }
    sink.finding(Finding::Malformed);
}

/// Whether a payload looks like a document, which may be larger than other values.
pub fn is_container(payload: &[u8], content_type: Option<&str>) -> bool {
    match is_cbor(content_type) {
        // An array, a map, or what a tag says more of.
        true => payload.first().is_some_and(|first| matches!(first >> 5, 4..=6)),
        false => opens_container(encoding::trim(payload)),
    }
}

/// Hands on the points of a payload, and gives the rows of a batch that become children or cannot be
/// used. This is what the gate asks under our own prefix.
///
/// # Errors
/// It is JSON with a key twice or nested too deep, or not what its content type says: nothing was
/// handed on.
#[inline]
pub fn read(
    payload: &[u8],
    content_type: Option<&str>,
    context: &DecodeContext<'_>,
    sink: &mut impl Sink,
) -> Result<Option<Batch>, Malformed> {
    if payload.is_empty() {
        return Ok(None);
    }
    if is_cbor(content_type) {
        return read_cbor(payload, content_type, context, sink);
    }
    if let [b'-' | b'0'..=b'9', ..] = payload
        && let Ok(token) = std::str::from_utf8(payload)
        && let Some(value) = number::read(token)
        && value != ValueRef::Null
    {
        sink.point(&scalar(value));
        return Ok(None);
    }
    read_text(payload, content_type, context, sink)
}

/// A content type without its parameters.
fn media_type(content_type: &str) -> &str {
    content_type.split_once(';').map_or(content_type, |(kind, _)| kind).trim_ascii()
}

/// Whether it is CBOR: by itself, or as what something else is written in (`application/senml+cbor`).
#[inline]
fn is_cbor(content_type: Option<&str>) -> bool {
    content_type.is_some_and(|kind| {
        let kind = media_type(kind);
        let ends = |end: &str| {
            let start = kind.len().checked_sub(end.len()).and_then(|at| kind.get(at..));
            start.is_some_and(|found| found.eq_ignore_ascii_case(end))
        };
        ends("/cbor") || ends("+cbor")
    })
}

fn is_media_type(content_type: Option<&str>, wanted: &str) -> bool {
    content_type.is_some_and(|kind| media_type(kind).eq_ignore_ascii_case(wanted))
}

fn read_cbor(
    payload: &[u8],
    content_type: Option<&str>,
    context: &DecodeContext<'_>,
    sink: &mut impl Sink,
) -> Result<Option<Batch>, Malformed> {
    let labels = is_media_type(content_type, SENML_CBOR).then_some(cbor::SENML);
    let text = cbor::to_json(payload, labels)?;
    let declared = is_media_type(content_type, VQT_CBOR);
    json::read(&text, declared, context, sink)?.ok_or(Malformed::NotCbor { at: 0 })
}

/// The same for what is no plain number.
fn read_text(
    payload: &[u8],
    content_type: Option<&str>,
    context: &DecodeContext<'_>,
    sink: &mut impl Sink,
) -> Result<Option<Batch>, Malformed> {
    let trimmed = encoding::trim(payload);
    // The first byte tells: what is neither object nor array has no keys, no depth and no rows, and
    // most texts are no JSON at all. What those take is not set up for it.
    if !opens_container(trimmed) {
        if !line::read(payload, context, sink) {
            read_scalar(payload, trimmed, sink);
        }
        return Ok(None);
    }
    let (text, windows_1252) = match std::str::from_utf8(trimmed) {
        Ok(text) => {
            let mut envelope = Envelope::default();
            if envelope::read_flat(text, context, &mut envelope) {
                batch::envelope_points(&envelope, context, sink);
                if !envelope.is_alone() {
                    let text = text.trim_ascii();
                    let json = Token { kind: Kind::Object { finite: true }, text };
                    let left_out = batch::neighbours((json, &envelope, None), false, context, sink);
                    json::leave_out(left_out, sink);
                }
                return Ok(None);
            }
            (Cow::Borrowed(text), false)
        }
        Err(_) => (Cow::Owned(encoding::windows_1252(trimmed)), true),
    };
    let declared = is_media_type(content_type, VQT_JSON);
    let Some(batch) = json::read(&text, declared, context, sink)? else {
        // Under our own prefix somebody meant to say more than a text.
        match context.children && text.trim_ascii_start().starts_with('{') {
            true => as_broken_object(payload, sink),
            false => as_text(payload, sink),
        }
        return Ok(None);
    };
    if windows_1252 {
        sink.finding(Finding::Windows1252);
    }
    Ok(batch)
}

fn opens_container(payload: &[u8]) -> bool {
    let first = payload.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    matches!(first, Some(b'{' | b'['))
}
