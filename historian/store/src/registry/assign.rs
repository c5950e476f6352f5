//! Which series a value belongs to.

use std::borrow::Cow;
use std::sync::Arc;

use historian_segment::SeriesId;
use uns_model::{NodeNo, ValueRef};

use super::Registry;
use super::latest::{KNOWN, PURGED};
use super::rows::SeriesRow;
use super::types::{Types, ValueType};

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
        let latest = self.nodes.latest_numbered(of.node).copied().unwrap_or_default();
        // What comes behind the deletion of its node was published before it. So it is history like the
        // rest, unless that was purged.
        if !latest.is(KNOWN) || latest.is(PURGED) {
            return Err(NoSeries::UnknownNode);
        }
        let value_type = ValueType::of(&of.value).ok_or(NoSeries::Opaque)?;
        match latest.series() {
            // A mark stays with the type the tag has.
            Some((sid, known))
                if of.field.is_none()
                    && value_type.is_none_or(|of| of == known)
                    && self.series.continues(sid, of.unit) =>
            {
                Ok(sid)
            }
            _ => self.find_or_add(of, value_type, series_max),
        }
    }

    /// The series a value has had, where it is known: of deleted nodes too, not of purged ones.
    pub(crate) fn series_had(&self, of: &Of<'_>) -> Option<SeriesId> {
        let latest = self.nodes.latest(of.node).filter(|latest| !latest.is(PURGED))?;
        let node = self.nodes.get(of.node)?;
        let types = match of.field {
            None => node.own(latest),
            Some(field) => Cow::Borrowed(node.field(field)?),
        };
        match ValueType::of(&of.value)? {
            Some(value_type) => {
                let known = self.series.of_unit(&types, value_type, of.unit);
                let refused = known.is_none() && self.series.is_refused(&types, of.unit);
                if refused { types.of(value_type) } else { known }
            }
            None => types.latest(),
        }
    }

    /// The series of a value that does not continue the latest one of its node.
    fn find_or_add(
        &mut self,
        of: &Of<'_>,
        value_type: Option<ValueType>,
        series_max: usize,
    ) -> Result<SeriesId, NoSeries> {
        let full = self.series.len() >= series_max;
        let (Some(node), Some(latest)) = (self.nodes.get(of.node), self.nodes.latest(of.node))
        else {
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
        let known = self.series.of_unit(&types, value_type, of.unit);
        let refused = known.is_none() && self.series.is_refused(&types, of.unit);
        let known = if refused { types.of(value_type) } else { known };
        if let Some(known) = known.filter(|_| types.latest() == known) {
            self.units_refused += u64::from(refused);
            return Ok(known);
        }
        let generation = u8::try_from(types.iter().count()).unwrap_or(u8::MAX);
        let next = self.series.next().ok_or(NoSeries::TooMany)?;
        let sid = match known {
            Some(known) => known,
            None if full => return Err(NoSeries::TooMany),
            None => next,
        };
        let mut types = types.into_owned();
        types.set(value_type, sid);
        self.units_refused += u64::from(refused);
        let field = self.set_types(of, types, value_type);
        if known.is_none() {
            let unit = of.unit.filter(|_| !refused).map(Arc::from);
            self.series.push(&SeriesRow {
                sid,
                node: of.node,
                field,
                value_type,
                generation,
                unit,
            });
        }
        Ok(sid)
    }

    /// Gives the name of the field as the node has it.
    fn set_types(&mut self, of: &Of<'_>, types: Types, value_type: ValueType) -> Option<Arc<str>> {
        let (node, latest) = self.nodes.get_mut(of.node)?;
        let Some(field) = of.field else {
            node.set_own(types, latest, value_type);
            return None;
        };
        let name = node.field_name(field).unwrap_or_else(|| field.into());
        *node.add_field(&name) = types;
        Some(name)
    }
}
