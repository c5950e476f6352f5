//! The types of values and the series of one node or field, by type.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use ahash::RandomState;
use historian_segment::SeriesId;
use uns_model::ValueRef;

/// The type of a series. Int and float are one numeric series; a value of another type opens a
/// series of its own, a further generation of the same node or field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ValueType {
    /// Integers and doubles.
    Number,
    /// Booleans.
    Bool,
    /// Strings.
    Text,
    /// JSON objects and arrays.
    Document,
}

impl ValueType {
    /// Every type, in catalog order.
    pub const ALL: [Self; 4] = [Self::Number, Self::Bool, Self::Text, Self::Document];

    /// The type with this place in [`ValueType::ALL`], which is its number in files.
    pub(crate) fn of_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Its name in the catalog and in `series.parquet`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Text => "text",
            Self::Document => "document",
        }
    }
}

/// The series of a node that has several.
#[derive(Debug, Default)]
pub(super) struct More {
    /// Those of its own values, if they have had several types.
    pub(super) own: Types,
    pub(super) fields: Option<Box<Fields>>,
}

pub(super) type Fields = HashMap<Arc<str>, Types, RandomState>;

/// The series of one node or field, by type: their numbers plus one.
#[derive(Clone, Debug, Default)]
pub(super) struct Types {
    series: [Option<NonZeroU32>; 4],
    latest: Option<NonZeroU32>,
    /// Those of the same types in other units.
    others: Option<Box<Others>>,
}

/// Few nodes have any: one pointer where there are none.
#[derive(Clone, Debug, Default)]
struct Others(Vec<SeriesId>);

impl Types {
    pub(super) fn iter(&self) -> impl Iterator<Item = SeriesId> {
        let newest = self.series.iter().flatten().map(|series| SeriesId(series.get() - 1));
        newest.chain(self.others.iter().flat_map(|others| others.0.iter().copied()))
    }

    /// The series of a type that was the last to take values.
    pub(super) fn of(&self, value_type: ValueType) -> Option<SeriesId> {
        self.series[value_type as usize].map(|series| SeriesId(series.get() - 1))
    }

    pub(super) fn latest(&self) -> Option<SeriesId> {
        self.latest.map(|series| SeriesId(series.get() - 1))
    }

    /// A series is the latest; one of the same type in another unit stays beside it.
    pub(super) fn set(&mut self, value_type: ValueType, sid: SeriesId) {
        if let Some(before) = self.of(value_type).filter(|before| *before != sid) {
            let Others(others) = &mut **self.others.get_or_insert_default();
            others.retain(|other| *other != sid);
            others.push(before);
        }
        self.latest = NonZeroU32::new(sid.0 + 1);
        self.series[value_type as usize] = self.latest;
    }
}

impl ValueType {
    /// The type of the series a value belongs to; opaque bytes have none, and a mark without a
    /// value has none of its own.
    pub(super) fn of(value: &ValueRef<'_>) -> Option<Option<Self>> {
        Some(Some(match value {
            ValueRef::Int(_) | ValueRef::UInt(_) | ValueRef::Float(_) => Self::Number,
            ValueRef::Bool(_) => Self::Bool,
            ValueRef::Text(_) => Self::Text,
            ValueRef::Document(_) => Self::Document,
            ValueRef::Bytes(_) => return None,
            ValueRef::Null => return Some(None),
        }))
    }
}
