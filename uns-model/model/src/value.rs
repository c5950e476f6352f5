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
        match (self, other) {
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            _ => self == other,
        }
    }
}
