//! What one payload says about one node or one of its fields.

use std::sync::Arc;

use crate::{Quality, Timestamp, Value, ValueRef};

/// One decoded value, before it is folded into last value and history.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The JSON field (`motor.temp`) this point belongs to; `None` is the node's own value.
    pub field: Option<Arc<str>>,
    /// The value, exact.
    pub value: Value,
    /// Its quality; [`Quality::GOOD`] unless the payload or a time rule says otherwise.
    pub quality: Quality,
    /// The unit the payload named, as it was written. It belongs to the series: a point that names
    /// none has the unit of the points before it, and another one begins a new generation (NS-23a).
    pub unit: Option<Arc<str>>,
    /// The source time the payload named; `None` means ingest time counts.
    pub source: Option<Timestamp>,
    /// The source's own `seq`, part of the sample key (NS-26).
    pub seq: Option<u64>,
    /// Marked `historical`: history only, never the last value (NS-24).
    pub historical: bool,
}

impl Point {
    /// The same point, borrowed; its value has no second form.
    pub fn as_ref(&self) -> PointRef<'_> {
        PointRef {
            field: self.field.as_deref(),
            value: self.value.as_ref(),
            second: None,
            quality: self.quality,
            unit: self.unit.as_deref(),
            source: self.source,
            seq: self.seq,
            historical: self.historical,
        }
    }
}

/// A point whose texts lie elsewhere: in the payload it was read from, or in a record of the log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PointRef<'a> {
    /// As [`Point::field`].
    pub field: Option<&'a str>,
    /// The value, exact.
    pub value: ValueRef<'a>,
    /// What the value also reads as, for people and arithmetic: the text `ON` as a flag, `21.5 °C` as
    /// a number (NS-19e). Never a text.
    pub second: Option<ValueRef<'a>>,
    /// As [`Point::quality`].
    pub quality: Quality,
    /// As [`Point::unit`].
    pub unit: Option<&'a str>,
    /// As [`Point::source`].
    pub source: Option<Timestamp>,
    /// As [`Point::seq`].
    pub seq: Option<u64>,
    /// As [`Point::historical`].
    pub historical: bool,
}

impl<'a> PointRef<'a> {
    /// A good value of the node itself, of which nothing else is said.
    pub fn new(value: ValueRef<'a>) -> Self {
        Self {
            field: None,
            value,
            second: None,
            quality: Quality::GOOD,
            unit: None,
            source: None,
            seq: None,
            historical: false,
        }
    }

    /// A copy that stands by itself, without the second form.
    pub fn to_point(self) -> Point {
        Point {
            field: self.field.map(Arc::from),
            value: self.value.to_value(),
            quality: self.quality,
            unit: self.unit.map(Arc::from),
            source: self.source,
            seq: self.seq,
            historical: self.historical,
        }
    }
}

/// What is remarkable about a publish as it was read: said beside its points, and kept with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// So many fields of its document there was no room for (NS-20).
    FieldsLeftOut(u32),
    /// It was no UTF-8 and read as Windows-1252 (NS-19d).
    Windows1252,
    /// It is JSON with a key twice, or nested too deep, and so kept as text or bytes (NS-22).
    Malformed,
    /// It is larger than a value may be, and so kept as bytes (NS-22).
    TooLarge,
    /// An integer beyond 64 bits in it was read as the nearest double.
    Rounded,
}

impl Finding {
    /// Its code and the number that belongs to it, as they are stored: neither ever changes.
    pub fn code(self) -> (u64, u64) {
        match self {
            Self::FieldsLeftOut(fields) => (1, u64::from(fields)),
            Self::Windows1252 => (2, 0),
            Self::Malformed => (3, 0),
            Self::TooLarge => (4, 0),
            Self::Rounded => (5, 0),
        }
    }

    /// The finding of a code; `None` for one of a later release.
    pub fn from_code(code: u64, number: u64) -> Option<Self> {
        Some(match code {
            1 => Self::FieldsLeftOut(u32::try_from(number).unwrap_or(u32::MAX)),
            2 => Self::Windows1252,
            3 => Self::Malformed,
            4 => Self::TooLarge,
            5 => Self::Rounded,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_survive_their_codes() {
        let known = [
            Finding::FieldsLeftOut(9),
            Finding::Windows1252,
            Finding::Malformed,
            Finding::TooLarge,
            Finding::Rounded,
        ];
        for (finding, expected) in known.into_iter().zip(1..) {
            let (code, number) = finding.code();
            assert_eq!((code, Finding::from_code(code, number)), (expected, Some(finding)));
        }
        assert_eq!(Finding::from_code(0, 0), None);
        assert_eq!(Finding::from_code(99, 1), None, "of a later release");
    }
}
