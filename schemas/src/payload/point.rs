//! Making points of values.

use uns_model::{Finding, PointRef, Quality, Timestamp, ValueRef};

use super::encoding;
use super::scan::{self, Kind, Token};
use super::second;
use super::sink::Sink;
use super::text;
use super::value::{as_json, is_rounded, value_of};

/// Hands on what is neither object nor array: a number, a literal or a string of JSON, else text, else
/// bytes.
pub(super) fn read_scalar(payload: &[u8], trimmed: &[u8], sink: &mut impl Sink) {
    let Ok(text) = std::str::from_utf8(trimmed) else {
        if trimmed.trim_ascii_start().starts_with(b"\"") {
            let text = encoding::windows_1252(trimmed);
            if let Some(json) = scan::scalar(&text) {
                hand_on(PointRef::new(ValueRef::Null), json, sink);
                return sink.finding(Finding::Windows1252);
            }
        }
        if encoding::is_windows_1252_text(trimmed) {
            text_as_it_is(&encoding::windows_1252(trimmed), sink);
            return sink.finding(Finding::Windows1252);
        }
        return sink.point(&scalar(ValueRef::Bytes(payload)));
    };
    match scan::scalar(text) {
        Some(json) => hand_on(PointRef::new(ValueRef::Null), json, sink),
        None if text.trim_ascii().eq_ignore_ascii_case("null") => {
            sink.point(&scalar(ValueRef::Null));
        }
        None if payload.len() == trimmed.len() => text_as_it_is(text, sink),
        None => as_text(payload, sink),
    }
}

/// Hands on a payload that is no JSON as what it is all the same.
pub(super) fn as_text(payload: &[u8], sink: &mut impl Sink) {
    match std::str::from_utf8(payload) {
        Ok(text) => text_as_it_is(text, sink),
        Err(_) => sink.point(&scalar(ValueRef::Bytes(payload))),
    }
}

/// Hands on what begins as an object and is none, of which nobody knows what it was to say.
pub(super) fn as_broken_object(payload: &[u8], sink: &mut impl Sink) {
    let value = std::str::from_utf8(payload).map_or(ValueRef::Bytes(payload), ValueRef::Text);
    sink.point(&PointRef { quality: Quality::UNCERTAIN, ..PointRef::new(value) });
    sink.finding(Finding::Malformed);
}

/// Hands on a text that is a payload.
#[inline]
fn text_as_it_is(text: &str, sink: &mut impl Sink) {
    let is_digit = text.as_bytes().first().is_some_and(u8::is_ascii_digit);
    let Some((time, values)) = is_digit.then(|| second::values(text)).flatten() else {
        return sink.point(&texted(PointRef::new(ValueRef::Null), text));
    };
    columns(text, (time, values), sink);
}

/// Hands on a line of values, and those under their places.
#[cold]
fn columns(
    text: &str,
    (time, values): (Timestamp, impl Iterator<Item = ValueRef<'static>>),
    sink: &mut impl Sink,
) {
    const PLACES: [&str; 16] =
        ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"];
    let model = PointRef { source: Some(time), ..PointRef::new(ValueRef::Null) };
    sink.point(&texted(model, text));
    for (place, value) in PLACES.into_iter().zip(values) {
        sink.point(&valued(PointRef { field: Some(place), ..model }, value));
    }
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
        Kind::Text { escaped } => {
            let text = text::unescape(token.text, escaped);
            sink.point(&texted(model, &text));
        }
        Kind::Object { .. } | Kind::Array { .. } => {
            let text = as_json(token);
            sink.point(&valued(model, ValueRef::Document(&text)));
        }
        _ => {
            let value = value_of(token);
            sink.point(&valued(model, value));
            if is_rounded(token, &value) {
                sink.finding(Finding::Rounded);
            }
        }
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

/// The point with a text as its value, and with what the text also reads as.
#[inline]
fn texted<'a>(mut point: PointRef<'a>, text: &'a str) -> PointRef<'a> {
    point.value = ValueRef::Text(text);
    if let Some(second) = second::of(text) {
        point.second = Some(second.value);
        point.unit = point.unit.or(second.unit);
        point.source = point.source.or(second.time);
    }
    point
}
