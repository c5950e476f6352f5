//! The series of nodes and fields: one for each type of value.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use ahash::RandomState;
use historian_segment::SeriesId;
use uns_model::{NodeNo, Value};

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
    own: Types,
    fields: HashMap<Arc<str>, Types, RandomState>,
}

/// The series of one node or field, by type.
#[derive(Clone, Copy, Debug, Default)]
struct Types {
    series: [Option<SeriesId>; 4],
    latest: Option<SeriesId>,
}

impl Types {
    fn iter(&self) -> impl Iterator<Item = SeriesId> {
        self.series.iter().copied().flatten()
    }

    fn set(&mut self, value_type: ValueType, sid: SeriesId) {
        self.series[value_type as usize] = Some(sid);
        self.latest = Some(sid);
    }
}

/// Why a value has no series.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NoSeries {
    UnknownNode,
    Opaque,
    TooMany,
}

impl Node {
    /// The series of its own values.
    fn own(&self) -> Types {
        let mut types = Types::default();
        match (self.own, &self.more) {
            (Some(only), _) => types.set(self.own_type, SeriesId(only.get() - 1)),
            (None, Some(more)) => types = more.own,
            (None, None) => {}
        }
        types
    }

    /// Keeps the series of its own values: a single one without an allocation.
    fn set_own(&mut self, types: Types, latest: ValueType) {
        let only = types.latest.filter(|_| types.iter().count() == 1);
        match only.and_then(|only| NonZeroU32::new(only.0 + 1)) {
            Some(only) => (self.own, self.own_type) = (Some(only), latest),
            None => {
                self.own = None;
                self.more.get_or_insert_default().own = types;
            }
        }
    }

    /// The series of one of its fields, if it has any.
    fn field_mut(&mut self, field: &str) -> Option<&mut Types> {
        self.more.as_mut()?.fields.get_mut(field)
    }

    fn add_field(&mut self, field: &Arc<str>) -> &mut Types {
        self.more.get_or_insert_default().fields.entry(Arc::clone(field)).or_default()
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
        let Self { nodes, series, .. } = self;
        let node = nodes.get_mut(number.0 as usize).and_then(Option::as_mut);
        let node = node.filter(|node| !node.deleted).ok_or(NoSeries::UnknownNode)?;
        let full = series.len() >= series_max;
        let mut types = match field {
            None => node.own(),
            Some(field) => match node.field_mut(field) {
                Some(types) => *types,
                None if full => return Err(NoSeries::TooMany),
                None => Types::default(),
            },
        };
        let value_type = match value {
            Value::Int(_) | Value::UInt(_) | Value::Float(_) => ValueType::Number,
            Value::Bool(_) => ValueType::Bool,
            Value::Text(_) => ValueType::Text,
            Value::Document(_) => ValueType::Document,
            Value::Bytes(_) => return Err(NoSeries::Opaque),
            // A mark without a value stays with the type the tag has; a tag that never had a
            // value counts as numeric.
            Value::Null => match types.latest {
                Some(latest) => return Ok(latest),
                None => ValueType::Number,
            },
        };
        let known = types.series[value_type as usize];
        if known.is_some() && known == types.latest {
            return known.ok_or(NoSeries::TooMany);
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
            None => node.set_own(types, value_type),
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
        let fields = || node.more.iter().flat_map(|more| &more.fields);
        let mut found = Vec::new();
        if field.is_none() {
            found.extend(node.own().iter());
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
        let Some(Some(node)) = self.nodes.get_mut(row.node.0 as usize) else { return };
        match &row.field {
            None => {
                let mut types = node.own();
                types.set(row.value_type, sid);
                node.set_own(types, row.value_type);
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
