//! Documents and their fields (NS-20).

use std::sync::Arc;

use uns_model::{Point, Value, number};

use super::point::with_value;
use super::scan::{Kind, Token, elements, members};
use super::text;

/// The most fields one document has.
const FIELDS_MAX: usize = 256;
/// How many keys a field name joins at most.
const LEVELS_MAX: usize = 6;
/// The longest array of scalars whose elements are fields: `phases.0`.
const ELEMENTS_MAX: usize = 16;
/// The longest field name; longer ones stay in the document only.
const FIELD_BYTES_MAX: usize = 255;

/// The value of a token.
pub(super) fn value_of(token: Token<'_>) -> Value {
    match token.kind {
        Kind::Bool(value) => Value::Bool(value),
        Kind::Number => number::parse(token.text).unwrap_or(Value::Null),
        Kind::Text { escaped } => Value::Text(Arc::from(text::unescape(token.text, escaped))),
        Kind::Null | Kind::NonFinite => Value::Null,
        Kind::Object { .. } | Kind::Array { .. } => value(token),
    }
}

/// A container as a value. With numbers that are none it would not be JSON: they become `null`,
/// everything else stays as published.
pub(super) fn value(token: Token<'_>) -> Value {
    if let Kind::Object { finite: false } | Kind::Array { finite: false } = token.kind {
        let mut text = String::with_capacity(token.text.len());
        rewrite(token, &mut text);
        return Value::Document(text.into());
    }
    Value::Document(token.text.into())
}

/// Appends the document and then its scalar leaves, all with the quality and time of the model.
/// Gives how many leaves there was no room for.
pub(super) fn explode(token: Token<'_>, model: &Point, out: &mut Vec<Point>) -> u32 {
    out.push(with_value(model, None, value(token)));
    // A unit is said of a value, and a document is none.
    let model = &Point { unit: None, ..model.clone() };
    let mut fields = Fields { model, first: out.len(), left_out: 0, out };
    if let Kind::Object { .. } = token.kind {
        fields.collect(token, &mut String::new(), 1);
    }
    fields.left_out
}

struct Fields<'m, 'o> {
    model: &'m Point,
    /// Where the fields start in `out`.
    first: usize,
    left_out: u32,
    out: &'o mut Vec<Point>,
}

impl Fields<'_, '_> {
    fn collect(&mut self, object: Token<'_>, name: &mut String, level: usize) {
        for (key, token) in members(object) {
            let parent = name.len();
            if level > 1 {
                name.push('.');
            }
            let Kind::Text { escaped } = key.kind else { continue };
            name.push_str(&text::unescape(key.text, escaped));
            match token.kind {
                Kind::Object { .. } if level < LEVELS_MAX => self.collect(token, name, level + 1),
                Kind::Array { .. } if level < LEVELS_MAX => self.elements(token, name),
                Kind::Object { .. } => self.left_out += 1,
                Kind::Array { .. } => {}
                _ if key.text.is_empty() => {}
                _ => self.leaf(name, token),
            }
            name.truncate(parent);
        }
    }

    /// A short array of scalars; others stay in the document only.
    fn elements(&mut self, array: Token<'_>, name: &mut String) {
        let is_scalar =
            |token: Token<'_>| !matches!(token.kind, Kind::Object { .. } | Kind::Array { .. });
        let short = elements(array).take(ELEMENTS_MAX + 1).count() <= ELEMENTS_MAX;
        if !short || !elements(array).all(is_scalar) {
            return;
        }
        let parent = name.len();
        for (index, token) in elements(array).enumerate() {
            name.push('.');
            name.push_str(&index.to_string());
            self.leaf(name, token);
            name.truncate(parent);
        }
    }

    /// `{"a.b":1,"a":{"b":2}}` spells one field twice: the first one counts.
    fn leaf(&mut self, name: &str, token: Token<'_>) {
        if self.out.len() - self.first == FIELDS_MAX || name.len() > FIELD_BYTES_MAX {
            self.left_out += 1;
            return;
        }
        let mut known = self.out.iter().skip(self.first);
        if name.contains('.') && known.any(|point| point.field.as_deref() == Some(name)) {
            return;
        }
        self.out.push(with_value(self.model, Some(Arc::from(name)), value_of(token)));
    }
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
