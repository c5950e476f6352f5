//! A value as it is held for millions of nodes: a short text lies in it, without an allocation.

use std::sync::Arc;

use uns_model::{Value, ValueRef};

/// A value, as large as a [`Value`]: `Short` is a text of few bytes, and how many they are.
#[derive(Clone, Debug)]
pub(crate) enum Held {
    Short(u8, [u8; SHORT_MAX]),
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Float(f64),
    Text(Arc<str>),
    Document(Arc<str>),
    Bytes(Arc<[u8]>),
}

/// As many as fit beside tag and length.
const SHORT_MAX: usize = size_of::<Value>() - 2;

const _: () = assert!(size_of::<Held>() == size_of::<Value>());

impl Held {
    /// The value again.
    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Short(..) => Value::Text(self.short().into()),
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(*value),
            Self::UInt(value) => Value::UInt(*value),
            Self::Float(value) => Value::Float(*value),
            Self::Text(value) => Value::Text(Arc::clone(value)),
            Self::Document(value) => Value::Document(Arc::clone(value)),
            Self::Bytes(value) => Value::Bytes(Arc::clone(value)),
        }
    }

    /// The same value, borrowed.
    #[inline]
    pub(crate) fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::Short(..) => ValueRef::Text(self.short()),
            Self::Null => ValueRef::Null,
            Self::Bool(value) => ValueRef::Bool(*value),
            Self::Int(value) => ValueRef::Int(*value),
            Self::UInt(value) => ValueRef::UInt(*value),
            Self::Float(value) => ValueRef::Float(*value),
            Self::Text(value) => ValueRef::Text(value),
            Self::Document(value) => ValueRef::Document(value),
            Self::Bytes(value) => ValueRef::Bytes(value),
        }
    }

    /// Whether it is this value, bit for bit.
    #[inline]
    pub(crate) fn is(&self, value: &ValueRef<'_>) -> bool {
        self.as_ref().is_same(value)
    }

    /// Takes another value. One that it has already, and one that is short, allocates nothing.
    #[inline]
    pub(crate) fn set(&mut self, value: &ValueRef<'_>) {
        let long = matches!(self, Self::Text(_) | Self::Document(_) | Self::Bytes(_));
        if !(long && self.is(value)) {
            *self = (*value).into();
        }
    }

    fn short(&self) -> &str {
        let Self::Short(length, bytes) = self else { return "" };
        let bytes = bytes.get(..usize::from(*length)).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl From<ValueRef<'_>> for Held {
    #[inline]
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Bool(value) => Self::Bool(value),
            ValueRef::Int(value) => Self::Int(value),
            ValueRef::UInt(value) => Self::UInt(value),
            ValueRef::Float(value) => Self::Float(value),
            ValueRef::Text(text) => {
                let mut bytes = [0; SHORT_MAX];
                match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
                    (Some(place), Ok(length)) => {
                        place.copy_from_slice(text.as_bytes());
                        Self::Short(length, bytes)
                    }
                    _ => Self::Text(text.into()),
                }
            }
            ValueRef::Document(value) => Self::Document(value.into()),
            ValueRef::Bytes(value) => Self::Bytes(value.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back_and_is_only_itself() {
        let texts = (0..30).map(|n| Value::Text("x".repeat(n).into()));
        let texts = texts.collect::<Vec<_>>();
        let mut values = vec![Value::Null, Value::Bool(true), Value::Int(23), Value::UInt(23)];
        values.extend([Value::Float(23.0), Value::Float(0.0), Value::Float(-0.0)]);
        values.extend([Value::Document("{}".into()), Value::Bytes([0xff][..].into())]);
        values.extend(texts);
        for (at, value) in values.iter().enumerate() {
            let held = Held::from(value.as_ref());
            assert!(held.value().is_same(value), "{value:?}");
            for (other_at, other) in values.iter().enumerate() {
                assert_eq!(held.is(&other.as_ref()), at == other_at, "{value:?} {other:?}");
                let mut held = held.clone();
                held.set(&other.as_ref());
                assert!(held.value().is_same(other), "{value:?} {other:?}");
            }
        }
        assert!(matches!(Held::from(values[9 + SHORT_MAX].as_ref()), Held::Short(..)));
        assert!(matches!(Held::from(values[10 + SHORT_MAX].as_ref()), Held::Text(_)));
    }

    #[test]
    fn a_long_value_that_comes_again_is_not_copied() {
        let long = "x".repeat(100);
        let mut held = Held::from(ValueRef::Document(&long));
        let Held::Document(before) = held.clone() else { unreachable!("a document") };
        held.set(&ValueRef::Document(&long));
        assert!(matches!(&held, Held::Document(after) if Arc::ptr_eq(&before, after)));
        held.set(&ValueRef::Text(&long));
        assert!(matches!(&held, Held::Text(_)), "a text is no document");
    }
}
