//! One node and its series. What every sample asks for of it is in [`Latest`].

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::sync::Arc;

use historian_segment::SeriesId;
use uns_model::OrgId;

use super::latest::{Latest, SEVERAL};
use super::types::{More, Types, ValueType};

/// One node, beside what is in [`Latest`].
#[derive(Debug)]
pub(super) struct Node {
    pub(super) name: Arc<str>,
    pub(super) org: OrgId,
    /// The node that had the topic before: its number plus one.
    pub(super) older: Option<NonZeroU32>,
    pub(super) more: Option<Box<More>>,
}

impl Node {
    /// The series of its own values.
    pub(super) fn own(&self, latest: &Latest) -> Cow<'_, Types> {
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
    pub(super) fn set_own(&mut self, types: Types, latest: &mut Latest, value_type: ValueType) {
        if let Some(sid) = types.of(value_type) {
            latest.follow(sid, value_type);
        }
        if types.iter().count() > 1 {
            latest.set(SEVERAL);
            self.more.get_or_insert_default().own = types;
        }
    }

    /// The series of one of its fields, if it has any.
    pub(super) fn field(&self, field: &str) -> Option<&Types> {
        self.more.as_ref()?.fields.as_ref()?.get(field)
    }

    /// Its fields with their series, in no order.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&Arc<str>, &Types)> {
        self.more.iter().flat_map(|more| &more.fields).flat_map(|fields| fields.iter())
    }

    /// The name of a field it has.
    pub(super) fn field_name(&self, field: &str) -> Option<Arc<str>> {
        let (name, _) = self.more.as_ref()?.fields.as_ref()?.get_key_value(field)?;
        Some(Arc::clone(name))
    }

    /// The series of one of its fields, which it has from now on.
    pub(super) fn add_field(&mut self, field: &Arc<str>) -> &mut Types {
        let more = self.more.get_or_insert_default();
        more.fields.get_or_insert_default().entry(Arc::clone(field)).or_default()
    }

    /// The series of its own values, of one field, or of all fields too.
    pub(super) fn series(&self, latest: &Latest, wanted: Wanted<'_>) -> Vec<SeriesId> {
        let mut found = Vec::new();
        if !matches!(wanted, Wanted::Field(_)) {
            found.extend(self.own(latest).iter());
        }
        match wanted {
            Wanted::Own => {}
            Wanted::Field(name) => found.extend(self.field(name).into_iter().flat_map(Types::iter)),
            Wanted::All => found.extend(self.fields().flat_map(|(_, types)| types.iter())),
        }
        found
    }
}

/// Which series of a node.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wanted<'a> {
    /// Those of its own values.
    Own,
    /// Those of one field.
    Field(&'a str),
    /// All of them.
    All,
}
