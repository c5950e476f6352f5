//! All series, with the names of their fields and units: one for each type of value and each unit of
//! a node or field.

use std::collections::HashMap;
use std::num::{NonZeroU16, NonZeroU32};
use std::sync::Arc;

use ahash::RandomState;
use historian_segment::SeriesId;
use uns_model::NodeNo;

use super::rows::SeriesRow;
use super::types::{Types, ValueType};

/// A node or field has series in so many units. A device that names ever new ones continues the
/// latest series.
const UNITS_MAX: usize = 16;

/// One series.
#[derive(Clone, Copy, Debug)]
struct Series {
    node: NodeNo,
    /// The place of its name among the fields, plus one.
    field: Option<NonZeroU32>,
    value_type: ValueType,
    generation: u8,
    /// The place of its unit among the units, plus one.
    unit: Option<NonZeroU16>,
}

const _: () = assert!(size_of::<Series>() == 12);

/// All series; their numbers are their places.
#[derive(Debug, Default)]
pub(super) struct SeriesTable {
    series: Vec<Series>,
    /// The names of fields, one for each series of a field.
    fields: Vec<Arc<str>>,
    /// The units of series, each once.
    units: Vec<Arc<str>>,
    unit_numbers: HashMap<Arc<str>, NonZeroU16, RandomState>,
}

impl SeriesTable {
    pub(super) fn len(&self) -> usize {
        self.series.len()
    }

    /// The number of the next one; `None` when there can be none.
    pub(super) fn next(&self) -> Option<SeriesId> {
        u32::try_from(self.series.len()).ok().map(SeriesId)
    }

    /// Adds a series behind the others, whatever number its row has.
    pub(super) fn push(&mut self, row: &SeriesRow) {
        let series = self.of_row(row);
        self.series.push(series);
    }

    /// Puts a series in the place of another.
    pub(super) fn replace(&mut self, row: &SeriesRow) {
        let series = self.of_row(row);
        self.series[row.sid.0 as usize] = series;
    }

    fn of_row(&mut self, row: &SeriesRow) -> Series {
        let field = row.field.as_ref().and_then(|field| {
            self.fields.push(Arc::clone(field));
            NonZeroU32::new(u32::try_from(self.fields.len()).unwrap_or_default())
        });
        let unit = row.unit.as_ref().and_then(|unit| self.number_of_unit(unit));
        let SeriesRow { node, value_type, generation, .. } = *row;
        Series { node, field, value_type, generation, unit }
    }

    /// The number of a unit. Beyond 65,535 of them a series has none.
    fn number_of_unit(&mut self, unit: &Arc<str>) -> Option<NonZeroU16> {
        if let Some(known) = self.unit_numbers.get(unit) {
            return Some(*known);
        }
        let number = NonZeroU16::new(u16::try_from(self.units.len() + 1).ok()?)?;
        self.units.push(Arc::clone(unit));
        self.unit_numbers.insert(Arc::clone(unit), number);
        Some(number)
    }

    fn get(&self, sid: SeriesId) -> Option<&Series> {
        self.series.get(sid.0 as usize)
    }

    /// Whose series it is.
    pub(super) fn node_of(&self, sid: SeriesId) -> Option<NodeNo> {
        self.get(sid).map(|series| series.node)
    }

    /// The unit of a series, where one is known.
    pub(super) fn unit_of(&self, sid: SeriesId) -> Option<&Arc<str>> {
        let unit = self.get(sid)?.unit?;
        self.units.get(usize::from(unit.get()) - 1)
    }

    /// The type of a series, and its unit where one is known.
    pub(super) fn kind_of(&self, sid: SeriesId) -> Option<(ValueType, Option<Arc<str>>)> {
        Some((self.get(sid)?.value_type, self.unit_of(sid).cloned()))
    }

    /// A series as the catalog keeps it.
    pub(super) fn row(&self, sid: SeriesId) -> Option<SeriesRow> {
        let Series { node, field, value_type, generation, .. } = *self.get(sid)?;
        let field = field.and_then(|place| self.fields.get(place.get() as usize - 1)).cloned();
        Some(SeriesRow {
            sid,
            node,
            field,
            value_type,
            generation,
            unit: self.unit_of(sid).cloned(),
        })
    }

    /// Those from a place on as the catalog keeps them.
    pub(super) fn rows(&self, from: usize) -> impl Iterator<Item = SeriesRow> {
        let places = from..self.series.len();
        places.filter_map(|place| self.row(SeriesId(u32::try_from(place).ok()?)))
    }

    /// Whether a value with this unit belongs to a series, as far as its unit decides.
    pub(super) fn continues(&self, sid: SeriesId, unit: Option<&str>) -> bool {
        unit.is_none() || self.unit_of(sid).map(|unit| &**unit) == unit
    }

    /// The series of a type in a unit; where no unit is named, the latest of the type.
    pub(super) fn of_unit(
        &self,
        types: &Types,
        value_type: ValueType,
        unit: Option<&str>,
    ) -> Option<SeriesId> {
        let unit = match unit {
            Some(unit) => Some(*self.unit_numbers.get(unit)?),
            None => None,
        };
        let is = |sid: &SeriesId| {
            self.get(*sid).is_some_and(|series| {
                series.value_type == value_type && (unit.is_none() || series.unit == unit)
            })
        };
        types.of(value_type).filter(is).or_else(|| types.iter().find(is))
    }

    /// Whether a node or field gets no series of its own in a unit it has none in.
    pub(super) fn is_refused(&self, types: &Types, unit: Option<&str>) -> bool {
        let Some(unit) = unit else { return false };
        let has_unit = |sid: &SeriesId| self.unit_of(*sid).is_some();
        let is_full = self.units.len() >= usize::from(u16::MAX);
        types.iter().filter(has_unit).count() >= UNITS_MAX
            || (is_full && !self.unit_numbers.contains_key(unit))
    }
}
