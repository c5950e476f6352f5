//! Documents and their fields (NS-20).

use std::sync::Arc;

use uns_model::{Point, Value};

use super::scan::{Kind, Token, elements, members};
use super::{text, value_of, with_value};

/// The most fields one document has.
const FIELDS_MAX: usize = 64;
/// How many keys a field name joins at most.
const LEVELS_MAX: usize = 3;
/// The longest field name; longer ones stay in the document only.
const FIELD_BYTES_MAX: usize = 255;

/// A container as a value. With numbers that are not finite it would not be JSON: they become
/// `null`, everything else stays as published.
pub(super) fn value(token: Token<'_>) -> Value {
    let suspect = token.text.contains("NaN") || token.text.contains("Infinity");
    if !suspect || is_finite(token) {
        return Value::Document(token.text.into());
    }
    let mut text = String::with_capacity(token.text.len());
    rewrite(token, &mut text);
    Value::Document(text.into())
}

/// Appends the document and then its scalar leaves, all with the quality and time of the model.
pub(super) fn explode(token: Token<'_>, model: &Point, out: &mut Vec<Point>) {
    out.push(with_value(model, None, value(token)));
    if token.kind == Kind::Object {
        let first = out.len();
        let mut fields = Fields { model, first, out };
        fields.collect(token, &mut String::new(), 1);
    }
}

struct Fields<'m, 'o> {
    model: &'m Point,
    /// Where the fields start in `out`.
    first: usize,
    out: &'o mut Vec<Point>,
}

impl Fields<'_, '_> {
    fn collect(&mut self, object: Token<'_>, name: &mut String, level: usize) {
        for (key, token) in members(object) {
            if self.out.len() - self.first == FIELDS_MAX {
                return;
            }
            let parent = name.len();
            if level > 1 {
                name.push('.');
            }
            let Kind::Text { escaped } = key.kind else { continue };
            name.push_str(&text::unescape(key.text, escaped));
            match token.kind {
                Kind::Object if level < LEVELS_MAX => self.collect(token, name, level + 1),
                Kind::Object | Kind::Array => {}
                _ if key.text.is_empty() || name.len() > FIELD_BYTES_MAX => {}
                _ => self.leaf(name, token),
            }
            name.truncate(parent);
        }
    }

    /// `{"a.b":1,"a":{"b":2}}` spells one field twice: the first one counts.
    fn leaf(&mut self, name: &str, token: Token<'_>) {
        let known = self.out.iter().skip(self.first);
        if name.contains('.') && known.clone().any(|point| point.field.as_deref() == Some(name)) {
            return;
        }
        self.out.push(with_value(self.model, Some(Arc::from(name)), value_of(token)));
    }
}

/// Whether a value is JSON as it stands.
fn is_finite(token: Token<'_>) -> bool {
    match token.kind {
        Kind::NonFinite => false,
        Kind::Object => members(token).all(|(_, value)| is_finite(value)),
        Kind::Array => elements(token).all(is_finite),
        Kind::Null | Kind::Bool(_) | Kind::Number | Kind::Text { .. } => true,
    }
}

fn rewrite(token: Token<'_>, text: &mut String) {
    match token.kind {
        Kind::NonFinite => text.push_str("null"),
        Kind::Text { .. } => quote(token.text, text),
        Kind::Object => {
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
        Kind::Array => {
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
