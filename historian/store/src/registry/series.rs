//! The series of nodes and fields: one for each type of value and each unit.

use std::borrow::Cow;
use std::num::{NonZeroU16, NonZeroU32};
use std::sync::Arc;

use historian_segment::{SeriesId, SeriesOrigin};
use uns_model::{NodeNo, OrgId, ValueRef};

use super::latest::{DELETED, KNOWN, Latest, PURGED, SEVERAL};
use super::types::{Types, ValueType};
use super::{Node, Registry, SeriesRow};

/// A node or field has series in so many units. A device that names ever new ones continues the
/// latest series.
const UNITS_MAX: usize = 16;

/// One series.
#[derive(Clone, Copy, Debug)]
pub(super) struct Series {
    pub(super) node: NodeNo,
    /// The place of its name among the fields, plus one.
    field: Option<NonZeroU32>,
    value_type: ValueType,
    /// 0 for the first series of its node or field, then counting up.
    generation: u8,
    /// The place of its unit among the units, plus one.
    unit: Option<NonZeroU16>,
}

const _: () = assert!(size_of::<Series>() == 12);

/// Whose value it is, and what decides on its series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Of<'a> {
    pub(crate) node: NodeNo,
    pub(crate) field: Option<&'a str>,
    pub(crate) value: ValueRef<'a>,
    /// The unit the payload named; one that names none continues the latest.
    pub(crate) unit: Option<&'a str>,
}

/// Why a value has no series.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NoSeries {
    UnknownNode,
    Opaque,
    TooMany,
}

impl Registry {
    /// The series a value belongs to; created on first use.
    pub(crate) fn series_for(
        &mut self,
        of: &Of<'_>,
        series_max: usize,
    ) -> Result<SeriesId, NoSeries> {
        let latest = self.latest.get(of.node.0 as usize).copied().unwrap_or_default();
        if !latest.is(KNOWN) || latest.is(DELETED) {
            return Err(NoSeries::UnknownNode);
        }
        let value_type = ValueType::of(&of.value).ok_or(NoSeries::Opaque)?;
        match latest.series() {
            // A mark stays with the type the tag has.
            Some((sid, known))
                if of.field.is_none()
                    && value_type.is_none_or(|of| of == known)
                    && self.continues(sid, of.unit) =>
            {
                Ok(sid)
            }
            _ => self.find_or_add(of, value_type, series_max),
        }
    }

    /// The series a value has had, where it is known: of deleted nodes too, not of purged ones.
    pub(crate) fn series_had(&self, of: &Of<'_>) -> Option<SeriesId> {
        let latest = self.latest(of.node).filter(|latest| !latest.is(PURGED))?;
        let node = self.node(of.node)?;
        let types = match of.field {
            None => node.own(latest),
            Some(field) => Cow::Borrowed(node.field(field)?),
        };
        match ValueType::of(&of.value)? {
            Some(value_type) => {
                let known = self.of_unit(&types, value_type, of.unit);
                let refused = known.is_none() && self.is_refused(&types, of.unit);
                if refused { types.of(value_type) } else { known }
            }
            None => types.latest(),
        }
    }

    /// Whether a value with this unit belongs to a series, as far as its unit decides.
    fn continues(&self, sid: SeriesId, unit: Option<&str>) -> bool {
        unit.is_none() || self.unit_of(sid) == unit
    }

    /// The series of a type in a unit; where no unit is named, the latest of the type.
    fn of_unit(
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
            self.series.get(sid.0 as usize).is_some_and(|series| {
                series.value_type == value_type && (unit.is_none() || series.unit == unit)
            })
        };
        types.of(value_type).filter(is).or_else(|| types.iter().find(is))
    }

    /// Whether a node or field gets no series of its own in a unit it has none in.
    fn is_refused(&self, types: &Types, unit: Option<&str>) -> bool {
        let Some(unit) = unit else { return false };
        let has_unit = |sid: &SeriesId| self.unit_of(*sid).is_some();
        let is_full = self.units.len() >= usize::from(u16::MAX);
        types.iter().filter(has_unit).count() >= UNITS_MAX
            || (is_full && !self.unit_numbers.contains_key(unit))
    }

    /// How many values continued a series although they named another unit.
    pub(crate) fn units_refused(&self) -> u64 {
        self.units_refused
    }

    /// The series of a value that does not continue the latest one of its node.
    fn find_or_add(
        &mut self,
        of: &Of<'_>,
        value_type: Option<ValueType>,
        series_max: usize,
    ) -> Result<SeriesId, NoSeries> {
        let full = self.series.len() >= series_max;
        let (Some(node), Some(latest)) = (self.node(of.node), self.latest(of.node)) else {
            return Err(NoSeries::UnknownNode);
        };
        let types = match of.field {
            None => node.own(latest),
            Some(field) => match node.field(field) {
                Some(types) => Cow::Borrowed(types),
                None if full => return Err(NoSeries::TooMany),
                None => Cow::Owned(Types::default()),
            },
        };
        let value_type = match (value_type, types.latest()) {
            (Some(value_type), _) => value_type,
            (None, Some(latest)) => return Ok(latest),
            // A tag that never had a value counts as numeric.
            (None, None) => ValueType::Number,
        };
        let known = self.of_unit(&types, value_type, of.unit);
        let refused = known.is_none() && self.is_refused(&types, of.unit);
        let known = if refused { types.of(value_type) } else { known };
        if let Some(known) = known.filter(|_| types.latest() == known) {
            drop(types);
            self.units_refused += u64::from(refused);
            return Ok(known);
        }
        let generation = u8::try_from(types.iter().count()).unwrap_or(u8::MAX);
        let next = SeriesId(u32::try_from(self.series.len()).map_err(|_| NoSeries::TooMany)?);
        let sid = match known {
            Some(known) => known,
            None if full => return Err(NoSeries::TooMany),
            None => next,
        };
        let mut types = types.into_owned();
        types.set(value_type, sid);
        self.units_refused += u64::from(refused);
        let field = self.set_types(of.node, of.field, (types, value_type));
        if known.is_none() {
            let unit = of.unit.filter(|_| !refused).map(Arc::from);
            let series = NewSeries { node: of.node, value_type, generation, unit };
            self.push_series(series, field.as_ref());
        }
        Ok(sid)
    }

    /// Gives the name of the field as the node has it.
    fn set_types(
        &mut self,
        number: NodeNo,
        field: Option<&str>,
        (types, value_type): (Types, ValueType),
    ) -> Option<Arc<str>> {
        let (node, latest) = self.parts_mut(number)?;
        let Some(field) = field else {
            node.set_own(types, latest, value_type);
            return None;
        };
        let name = node.field_name(field).unwrap_or_else(|| field.into());
        *node.add_field(&name) = types;
        Some(name)
    }

    fn push_series(&mut self, series: NewSeries, field: Option<&Arc<str>>) {
        let field = field.and_then(|field| {
            self.fields.push(Arc::clone(field));
            NonZeroU32::new(u32::try_from(self.fields.len()).unwrap_or_default())
        });
        let NewSeries { node, value_type, generation, unit } = series;
        let unit = unit.and_then(|unit| self.unit(&unit));
        self.series.push(Series { node, field, value_type, generation, unit });
    }

    /// The number of a unit. Beyond 65,535 of them a series has none.
    fn unit(&mut self, unit: &Arc<str>) -> Option<NonZeroU16> {
        if let Some(known) = self.unit_numbers.get(unit) {
            return Some(*known);
        }
        let number = NonZeroU16::new(u16::try_from(self.units.len() + 1).ok()?)?;
        self.units.push(Arc::clone(unit));
        self.unit_numbers.insert(Arc::clone(unit), number);
        Some(number)
    }

    /// The unit of a series, where one is known.
    pub(crate) fn unit_of(&self, sid: SeriesId) -> Option<&str> {
        let unit = self.series.get(sid.0 as usize)?.unit?;
        self.units.get(usize::from(unit.get()) - 1).map(|unit| &**unit)
    }

    /// Type and unit of some series.
    pub(crate) fn kinds(
        &self,
        series: &[SeriesId],
    ) -> Vec<(SeriesId, ValueType, Option<Arc<str>>)> {
        let kind = |sid: &SeriesId| {
            let series = self.series.get(sid.0 as usize)?;
            let unit = series.unit.and_then(|unit| self.units.get(usize::from(unit.get()) - 1));
            Some((*sid, series.value_type, unit.cloned()))
        };
        series.iter().filter_map(kind).collect()
    }

    /// The fields of the nodes a topic has had, by name.
    pub(crate) fn fields_of(&self, org: OrgId, topic: &str) -> Vec<Arc<str>> {
        let nodes = self.nodes_of(org, topic).filter(|(number, _)| !self.is(*number, PURGED));
        let fields = nodes.flat_map(|(_, node)| node.more.iter().flat_map(|more| &more.fields));
        let mut fields: Vec<_> = fields.flat_map(|fields| fields.keys().cloned()).collect();
        fields.sort_unstable();
        fields.dedup();
        fields
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
            let latest = self.latest(number).copied().unwrap_or_default();
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
        self.add_series(row);
        self.saved_series = self.series.len();
    }

    /// Adds the next series, and makes it the latest of its node or field.
    pub(super) fn add_series(&mut self, row: &SeriesRow) {
        let sid = SeriesId(u32::try_from(self.series.len()).unwrap_or(u32::MAX));
        self.push_row(row);
        self.make_latest(sid, row);
    }

    pub(super) fn push_row(&mut self, row: &SeriesRow) {
        let SeriesRow { node, value_type, generation, .. } = *row;
        let unit = row.unit.clone();
        self.push_series(NewSeries { node, value_type, generation, unit }, row.field.as_ref());
    }

    /// Makes a series the latest of its node or field.
    pub(super) fn make_latest(&mut self, sid: SeriesId, row: &SeriesRow) {
        let Some((node, latest)) = self.parts_mut(row.node) else { return };
        match &row.field {
            None => {
                let mut types = node.own(latest).into_owned();
                types.set(row.value_type, sid);
                node.set_own(types, latest, row.value_type);
            }
            Some(field) => node.add_field(field).set(row.value_type, sid),
        }
    }

    /// A series as the catalog keeps it.
    pub(super) fn row(&self, place: usize) -> Option<SeriesRow> {
        let Series { node, field, value_type, generation, .. } = *self.series.get(place)?;
        let field = field.and_then(|place| self.fields.get(place.get() as usize - 1)).cloned();
        let sid = SeriesId(u32::try_from(place).ok()?);
        let unit = self.unit_of(sid).map(Arc::from);
        Some(SeriesRow { sid, node, field, value_type, generation, unit })
    }

    /// A series as a file tells of it, so that it is known without the catalog.
    pub(crate) fn origin_of(&self, sid: SeriesId) -> Option<SeriesOrigin> {
        let row = self.row(sid.0 as usize)?;
        let node: &Node = self.node(row.node)?;
        Some(SeriesOrigin {
            sid,
            node: row.node,
            org: node.org,
            topic: Arc::clone(&node.name),
            field: row.field,
            value_type: row.value_type as u8,
            generation: row.generation,
            unit: row.unit,
        })
    }
}

/// A series that is to be added.
struct NewSeries {
    node: NodeNo,
    value_type: ValueType,
    generation: u8,
    unit: Option<Arc<str>>,
}

impl Node {
    /// The series of its own values.
    fn own(&self, latest: &Latest) -> Cow<'_, Types> {
        let several = self.more.as_ref().filter(|_| latest.is(SEVERAL)).map(|more| &more.own);
        let newest = latest.series();
        if let Some(own) = several.filter(|own| own.latest() == newest.map(|(sid, _)| sid)) {
            return Cow::Borrowed(own);
        }
        let mut types = several.cloned().unwrap_or_default();
        if let Some((sid, value_type)) = newest {
            types.set(value_type, sid);
        }
        Cow::Owned(types)
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
    fn field(&self, field: &str) -> Option<&Types> {
        self.more.as_ref()?.fields.as_ref()?.get(field)
    }

    /// The name of a field it has.
    fn field_name(&self, field: &str) -> Option<Arc<str>> {
        let (name, _) = self.more.as_ref()?.fields.as_ref()?.get_key_value(field)?;
        Some(Arc::clone(name))
    }

    fn add_field(&mut self, field: &Arc<str>) -> &mut Types {
        let more = self.more.get_or_insert_default();
        more.fields.get_or_insert_default().entry(Arc::clone(field)).or_default()
    }
}
