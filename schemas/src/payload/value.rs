//! Tokens of JSON as values, and as JSON again.

use std::borrow::Cow;

use uns_model::{ValueRef, number};

use super::scan::{Kind, Token, elements, members};

/// The value of a token that is neither a container nor a text with escapes.
#[inline]
pub(super) fn value_of(token: Token<'_>) -> ValueRef<'_> {
    match token.kind {
        Kind::Bool(value) => ValueRef::Bool(value),
        Kind::Number => match number::read(token.text) {
            Some(ValueRef::Null) => beyond(token.text),
            Some(value) => value,
            None => ValueRef::Null,
        },
        Kind::Text { .. } => ValueRef::Text(token.text),
        Kind::Null | Kind::NonFinite => ValueRef::Null,
        Kind::Object { .. } | Kind::Array { .. } => ValueRef::Document(token.text),
    }
}

/// What is kept of a number that has no exact form: an integer has a nearest double, and nothing is near
/// to one beyond all doubles.
#[cold]
fn beyond(text: &str) -> ValueRef<'static> {
    number::nearest(text).map_or(ValueRef::Null, ValueRef::Float)
}

/// Whether the value of a token is only near to it.
#[inline]
pub(super) fn is_rounded(token: Token<'_>, value: &ValueRef<'_>) -> bool {
    // Nothing shorter is beyond 64 bits.
    let may_be = token.text.len() >= 19 && matches!(value, ValueRef::Float(_));
    may_be && number::nearest(token.text).is_some()
}

/// The text of a container. With numbers that are none it would not be JSON: they become `null`,
/// everything else stays as published.
pub(super) fn as_json(token: Token<'_>) -> Cow<'_, str> {
    if let Kind::Object { finite: false } | Kind::Array { finite: false } = token.kind {
        let mut text = String::with_capacity(token.text.len());
        rewrite(token, &mut text);
        return Cow::Owned(text);
    }
    Cow::Borrowed(token.text)
}

/// Appends a value as JSON, with `null` where there is no number.
pub(super) fn rewrite(token: Token<'_>, text: &mut String) {
    match token.kind {
        Kind::NonFinite => text.push_str("null"),
        Kind::Text { .. } => quote(token.text, text),
        Kind::Object { .. } => {
            text.push('{');
            for (index, (key, value)) in members(token).enumerate() {
                if index > 0 {
                    text.push(',');
                }
                quote(key.text, text);
                text.push(':');
                rewrite(value, text);
            }
            text.push('}');
        }
        Kind::Array { .. } => {
            text.push('[');
            for (index, value) in elements(token).enumerate() {
                if index > 0 {
                    text.push(',');
                }
                rewrite(value, text);
            }
            text.push(']');
        }
        Kind::Null | Kind::Bool(_) | Kind::Number => text.push_str(token.text),
    }
}

/// The raw text is still escaped.
fn quote(raw: &str, text: &mut String) {
    text.push('"');
    text.push_str(raw);
    text.push('"');
}
