//! The series of nodes and fields: one for each type of value.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use ahash::RandomState;
use historian_segment::SeriesId;
use uns_model::{NodeNo, Value};

use super::latest::{DELETED, KNOWN, Latest, SEVERAL};
use super::{Node, Registry, SeriesRow};

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

/// One series.
#[derive(Clone, Copy, Debug)]
pub(super) struct Series {
    pub(super) node: NodeNo,
    /// The place of its name among the fields, plus one.
    field: Option<NonZeroU32>,
    value_type: ValueType,
    /// 0 for the first type seen, then counting up.
    generation: u8,
}

/// The series of a node that has several.
#[derive(Debug, Default)]
pub(super) struct More {
    /// Those of its own values, if they have had several types.
    own: Types,
    fields: Option<Box<Fields>>,
}

type Fields = HashMap<Arc<str>, Types, RandomState>;

/// The series of one node or field, by type: their numbers plus one.
#[derive(Clone, Copy, Debug, Default)]
struct Types {
    series: [Option<NonZeroU32>; 4],
    latest: Option<NonZeroU32>,
}

impl Types {
    fn iter(&self) -> impl Iterator<Item = SeriesId> {
        self.series.iter().flatten().map(|series| SeriesId(series.get() - 1))
    }

    fn of(&self, value_type: ValueType) -> Option<SeriesId> {
        self.series[value_type as usize].map(|series| SeriesId(series.get() - 1))
    }

    fn latest(&self) -> Option<SeriesId> {
        self.latest.map(|series| SeriesId(series.get() - 1))
    }

    fn set(&mut self, value_type: ValueType, sid: SeriesId) {
        self.latest = NonZeroU32::new(sid.0 + 1);
        self.series[value_type as usize] = self.latest;
    }
}

/// Why a value has no series.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NoSeries {
    UnknownNode,
    Opaque,
    TooMany,
}

impl ValueType {
    /// The type of the series a value belongs to. A mark without a value has none of its own.
    fn of(value: &Value) -> Result<Option<Self>, NoSeries> {
        Ok(Some(match value {
            Value::Int(_) | Value::UInt(_) | Value::Float(_) => Self::Number,
            Value::Bool(_) => Self::Bool,
            Value::Text(_) => Self::Text,
            Value::Document(_) => Self::Document,
            Value::Bytes(_) => return Err(NoSeries::Opaque),
            Value::Null => return Ok(None),
        }))
    }
}

impl Node {
    /// The series of its own values.
    fn own(&self, latest: &Latest) -> Types {
        let mut types = match &self.more {
            Some(more) if latest.is(SEVERAL) => more.own,
            _ => Types::default(),
        };
        if let Some((sid, value_type)) = latest.series() {
            types.set(value_type, sid);
        }
        types
    }

    /// Another series of its own values is the latest; beside a single one nothing is kept.
    fn set_own(&mut self, types: Types, latest: &mut Latest, value_type: ValueType) {
        if let Some(sid) = types.of(value_type) {
            latest.follow(sid, value_type);
        }
        if types.iter().count() > 1 {
            latest.set(SEVERAL);
            self.more.get_or_insert_default().own = types;
        }
    }

    /// The series of one of its fields, if it has any.
    fn field_mut(&mut self, field: &str) -> Option<&mut Types> {
        self.more.as_mut()?.fields.as_mut()?.get_mut(field)
    }

    fn add_field(&mut self, field: &Arc<str>) -> &mut Types {
        let more = self.more.get_or_insert_default();
        more.fields.get_or_insert_default().entry(Arc::clone(field)).or_default()
    }
}

impl Registry {
    /// The series a value belongs to; created on first use.
    pub(crate) fn series_for(
        &mut self,
        number: NodeNo,
        field: Option<&Arc<str>>,
        value: &Value,
        series_max: usize,
    ) -> Result<SeriesId, NoSeries> {
        let latest = self.latest.get(number.0 as usize).copied().unwrap_or_default();
        if !latest.is(KNOWN) || latest.is(DELETED) {
            return Err(NoSeries::UnknownNode);
        }
        let value_type = ValueType::of(value)?;
        match latest.series() {
            // A mark stays with the type the tag has.
            Some((sid, known)) if field.is_none() && value_type.is_none_or(|of| of == known) => {
                Ok(sid)
            }
            _ => self.find_or_add(number, field, value_type, series_max),
        }
    }

    /// The series of a value that does not continue the latest one of its node.
    fn find_or_add(
        &mut self,
        number: NodeNo,
        field: Option<&Arc<str>>,
        value_type: Option<ValueType>,
        series_max: usize,
    ) -> Result<SeriesId, NoSeries> {
        let place = number.0 as usize;
        let Self { nodes, latest, series, .. } = self;
        let node = nodes.get_mut(place).and_then(Option::as_mut);
        let (Some(node), Some(own)) = (node, latest.get_mut(place)) else {
            return Err(NoSeries::UnknownNode);
        };
        let full = series.len() >= series_max;
        let mut types = match field {
            None => node.own(own),
            Some(field) => match node.field_mut(field) {
                Some(types) => *types,
                None if full => return Err(NoSeries::TooMany),
                None => Types::default(),
            },
        };
        let value_type = match (value_type, types.latest()) {
            (Some(value_type), _) => value_type,
            (None, Some(latest)) => return Ok(latest),
            // A tag that never had a value counts as numeric.
            (None, None) => ValueType::Number,
        };
        let known = types.of(value_type);
        if let Some(known) = known
            && types.latest() == Some(known)
        {
            return Ok(known);
        }
        let generation = u8::try_from(types.iter().count()).unwrap_or(u8::MAX);
        let next = SeriesId(u32::try_from(series.len()).map_err(|_| NoSeries::TooMany)?);
        let sid = match known {
            Some(known) => known,
            None if full => return Err(NoSeries::TooMany),
            None => next,
        };
        types.set(value_type, sid);
        match field {
            None => node.set_own(types, own, value_type),
            Some(field) => *node.add_field(field) = types,
        }
        if known.is_none() {
            self.push_series(number, field, value_type, generation);
        }
        Ok(sid)
    }

    fn push_series(
        &mut self,
        node: NodeNo,
        field: Option<&Arc<str>>,
        value_type: ValueType,
        generation: u8,
    ) {
        let field = field.and_then(|field| {
            self.fields.push(Arc::clone(field));
            NonZeroU32::new(u32::try_from(self.fields.len()).unwrap_or_default())
        });
        self.series.push(Series { node, field, value_type, generation });
    }

    /// The series of a node: of its own values, of one field, or of all fields too.
    pub(super) fn series_of(
        &self,
        number: NodeNo,
        field: Option<&str>,
        all: bool,
    ) -> Vec<SeriesId> {
        let Some(node) = self.node(number) else { return Vec::new() };
        let fields = || node.more.iter().flat_map(|more| &more.fields).flat_map(|all| all.iter());
        let mut found = Vec::new();
        if field.is_none() {
            let latest = self.latest.get(number.0 as usize).copied().unwrap_or_default();
            found.extend(node.own(&latest).iter());
        }
        let wanted = |name: &str| all || field == Some(name);
        found.extend(fields().filter(|(name, _)| wanted(name)).flat_map(|(_, types)| types.iter()));
        found
    }

    pub(crate) fn series_count(&self) -> usize {
        self.series.len()
    }

    /// Puts back a series from the catalog; they come in order of their ids.
    pub(crate) fn restore_series(&mut self, row: &SeriesRow) {
        let sid = SeriesId(u32::try_from(self.series.len()).unwrap_or(u32::MAX));
        self.push_series(row.node, row.field.as_ref(), row.value_type, row.generation);
        self.saved_series = self.series.len();
        let place = row.node.0 as usize;
        let (Some(Some(node)), Some(latest)) =
            (self.nodes.get_mut(place), self.latest.get_mut(place))
        else {
            return;
        };
        match &row.field {
            None => {
                let mut types = node.own(latest);
                types.set(row.value_type, sid);
                node.set_own(types, latest, row.value_type);
            }
            Some(field) => node.add_field(field).set(row.value_type, sid),
        }
    }

    /// A series as the catalog keeps it.
    pub(super) fn row(&self, place: usize) -> Option<SeriesRow> {
        let Series { node, field, value_type, generation } = *self.series.get(place)?;
        let field = field.and_then(|place| self.fields.get(place.get() as usize - 1)).cloned();
        let sid = SeriesId(u32::try_from(place).ok()?);
        Some(SeriesRow { sid, node, field, value_type, generation })
    }
}
