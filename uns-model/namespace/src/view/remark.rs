//! Noting what a sample says beside its value, and what it ends (NS-19f, NS-23a).

use std::sync::Arc;

use uns_model::{PointRef, Quality, Timestamp, ValueRef};

use super::Entry;
use super::last::{Arrived, Field};
use super::more::{Found, Kind, More, Remarks};

impl Entry {
    /// What is said of the node beside its value, if anything is.
    pub(crate) fn remarks(&self) -> Option<&Remarks> {
        self.more.as_ref().map(|more| &more.remarks)
    }

    /// Puts back what a checkpoint kept.
    pub(crate) fn set_remarks(&mut self, remarks: Remarks) {
        if remarks != Remarks::default() {
            self.more_mut().remarks = remarks;
        }
    }

    /// Whether the newest document no longer has a field.
    pub(crate) fn is_superseded(&self, field: &Field) -> bool {
        self.remarks()
            .and_then(|remarks| remarks.document)
            .is_some_and(|newest| field.seen < newest)
    }

    /// Notes what a point that became the node's own last value says beside its value. A scalar ends
    /// the fields of the documents before it.
    pub(super) fn remark(
        &mut self,
        (kind, unit): (Kind, Option<Arc<str>>),
        (arrived, time): (Arrived, Timestamp),
        found: Found,
    ) {
        // What nodes have beside their value is copied where a checkpoint holds it, so it is not
        // touched by a sample that says what is known.
        if unit.is_none() && self.is_known(kind, found) {
            return;
        }
        let More { fields, remarks, .. } = self.more_mut();
        if unit.is_some() {
            remarks.unit = unit;
        }
        remarks.fields_left_out = found.fields_left_out;
        remarks.windows_1252 = found.windows_1252;
        match kind {
            Kind::Nothing => {}
            Kind::Document => remarks.document = Some(arrived.sequence),
            Kind::Scalar => {
                for field in fields.iter_mut().filter(|field| !field.last.is_closed()) {
                    field.last.next(&closing(time), arrived);
                }
            }
        }
    }

    /// Whether a sample without a new unit changes nothing that is said beside the value.
    fn is_known(&self, kind: Kind, found: Found) -> bool {
        let Some(more) = &self.more else {
            return found.fields_left_out == 0 && !found.windows_1252;
        };
        let Remarks { fields_left_out, windows_1252, .. } = more.remarks;
        let same = fields_left_out == found.fields_left_out;
        let ends_nothing = || match kind {
            Kind::Nothing => true,
            Kind::Document => false,
            Kind::Scalar => more.fields.iter().all(|field| field.last.is_closed()),
        };
        same && windows_1252 == found.windows_1252 && ends_nothing()
    }

    /// The unit a point brings, where it is another one than the node has.
    pub(super) fn new_unit<'p>(&self, point: &PointRef<'p>) -> Option<&'p str> {
        let unit = point.unit?;
        let known = self.remarks().and_then(|remarks| remarks.unit.as_deref());
        (known != Some(unit)).then_some(unit)
    }
}

/// The end of a field: from now on there is nothing.
fn closing(time: Timestamp) -> PointRef<'static> {
    let point = PointRef::new(ValueRef::Null);
    PointRef { quality: Quality::GOOD_NO_DATA, source: Some(time), ..point }
}
