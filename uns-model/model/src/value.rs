//! Values as they were published: every number keeps its exact form (NS-22).

use std::sync::Arc;

/// One published value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value: `null`, or a number that overflowed.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer token that fits `i64`.
    Int(i64),
    /// An integer token above `i64::MAX`.
    UInt(u64),
    /// Any other number; finite.
    Float(f64),
    /// A JSON string, or UTF-8 that is no JSON.
    Text(Arc<str>),
    /// A JSON object or array, its text as published.
    Document(Arc<str>),
    /// Opaque bytes: they keep a last value only.
    Bytes(Arc<[u8]>),
}

impl Value {
    /// The value as a double, where it is a number.
    #[expect(clippy::cast_precision_loss, reason = "aggregates are defined over doubles")]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(v) => Some(*v as f64),
            Self::UInt(v) => Some(*v as f64),
            Self::Float(v) => Some(*v),
            Self::Null | Self::Bool(_) | Self::Text(_) | Self::Document(_) | Self::Bytes(_) => None,
        }
    }

    /// Equality bit for bit: 23 is not 23.0, and -0.0 is not 0.0.
    pub fn is_same(&self, other: &Self) -> bool {
        self.as_ref().is_same(&other.as_ref())
    }

    /// The same value, borrowed.
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Bool(value) => ValueRef::Bool(*value),
            Self::Int(value) => ValueRef::Int(*value),
            Self::UInt(value) => ValueRef::UInt(*value),
            Self::Float(value) => ValueRef::Float(*value),
            Self::Text(text) => ValueRef::Text(text),
            Self::Document(text) => ValueRef::Document(text),
            Self::Bytes(bytes) => ValueRef::Bytes(bytes),
        }
    }
}

/// A [`Value`] whose text or bytes lie elsewhere: in the payload it was read from, or in a record of
/// the log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValueRef<'a> {
    /// As [`Value::Null`].
    Null,
    /// As [`Value::Bool`].
    Bool(bool),
    /// As [`Value::Int`].
    Int(i64),
    /// As [`Value::UInt`]: always above `i64::MAX`.
    UInt(u64),
    /// As [`Value::Float`].
    Float(f64),
    /// As [`Value::Text`].
    Text(&'a str),
    /// As [`Value::Document`].
    Document(&'a str),
    /// As [`Value::Bytes`].
    Bytes(&'a [u8]),
}

impl ValueRef<'_> {
    /// A copy that stands by itself.
    pub fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::UInt(value) => Value::UInt(value),
            Self::Float(value) => Value::Float(value),
            Self::Text(text) => Value::Text(text.into()),
            Self::Document(text) => Value::Document(text.into()),
            Self::Bytes(bytes) => Value::Bytes(bytes.into()),
        }
    }

    /// Equality bit for bit, as [`Value::is_same`].
    pub fn is_same(&self, other: &ValueRef<'_>) -> bool {
        match (self, other) {
            (Self::Float(a), ValueRef::Float(b)) => a.to_bits() == b.to_bits(),
            _ => self == other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_borrowed_value_is_the_value() {
        let values = [
            Value::Null,
            Value::Bool(true),
            Value::Int(-7),
            Value::UInt(u64::MAX),
            Value::Float(-0.0),
            Value::Text("a".into()),
            Value::Document("a".into()),
            Value::Bytes(b"a"[..].into()),
        ];
        for (at, value) in values.iter().enumerate() {
            assert!(value.as_ref().to_value().is_same(value), "{value:?}");
            for (other_at, other) in values.iter().enumerate() {
                assert_eq!(value.is_same(other), at == other_at, "{value:?} {other:?}");
            }
        }
        assert!(!Value::Float(0.0).is_same(&Value::Float(-0.0)));
    }
}
