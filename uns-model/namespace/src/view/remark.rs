//! Noting what a sample says beside its value, and what it ends (NS-19f, NS-23a).

use std::sync::Arc;

use uns_model::fold::{self, Moment};
use uns_model::{PointRef, Sequence};

use super::Entry;
use super::last::{Arrived, Field, Last};
use super::more::{Ended, Found, More, Remarks};

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

    /// Whether the newest document no longer has a field, which has not ended.
    pub(crate) fn is_superseded(&self, field: &Field) -> bool {
        self.remarks()
            .and_then(|remarks| remarks.document)
            .is_some_and(|newest| field.seen < newest && !field.is_ended)
    }

    /// Notes what a point that became the node's own last value says beside its value.
    pub(super) fn remark(&mut self, unit: Option<Arc<str>>, arrived: Arrived, found: Found) {
        let is_document = self.own.as_ref().is_some_and(Last::is_document);
        // What nodes have beside their value is copied where a checkpoint holds it, so it is not
        // touched by a sample that says what is known.
        if unit.is_none() && !self.says_more(is_document, found) {
            return;
        }
        let More { fields, remarks, .. } = self.more_mut();
        if unit.is_some() {
            remarks.unit = unit;
        }
        remarks.fields_left_out = found.fields_left_out;
        remarks.windows_1252 = found.windows_1252;
        if is_document {
            let same_record = remarks.document.replace(arrived.sequence) == Some(arrived.sequence);
            if same_record {
                // A batch of documents: what the one before had need not be in this one.
                fields.iter_mut().for_each(|field| field.seen = Sequence::ZERO);
            }
        }
    }

    /// Whether a sample without a new unit changes what is said beside the value.
    fn says_more(&self, is_document: bool, found: Found) -> bool {
        let Some(more) = &self.more else {
            return found.fields_left_out > 0 || found.windows_1252;
        };
        let Remarks { fields_left_out, windows_1252, .. } = more.remarks;
        let same = fields_left_out == found.fields_left_out && windows_1252 == found.windows_1252;
        !same || is_document
    }

    /// The newest value that ends fields.
    fn ended(&self) -> Option<Ended> {
        self.own_end().max(self.ended_before())
    }

    /// The node's own last value, where it ends fields.
    fn own_end(&self) -> Option<Ended> {
        let own = self.own.as_ref().filter(|own| own.ends_fields())?;
        Some(Ended { time: own.time(), sequence: own.sequence, ingest: own.ingest() })
    }

    /// What is shown as the end of a field that has ended: the value the node has now, or else the newest
    /// one it had that ends fields. The first one behind the field is for history to find, since a field
    /// that arrives late may lie before any number of them.
    pub(crate) fn end_of(&self, field: &Field) -> Option<Ended> {
        if !field.is_ended {
            return None;
        }
        self.own_end().or(self.ended_before())
    }

    /// When fields ended, where the node's own last value does not tell.
    pub(crate) fn ended_before(&self) -> Option<Ended> {
        self.more.as_ref().and_then(|more| more.ended)
    }

    /// Puts back what a checkpoint kept of that.
    pub(crate) fn set_ended_before(&mut self, ended: Ended) {
        self.more_mut().ended = Some(ended);
    }

    /// Keeps in mind when fields ended: the node's own value that says so may give way to another one, a
    /// document, bytes or a value without a type, and a document that comes later may lie before it.
    pub(super) fn keep_ended(&mut self) {
        if self.own_end().is_some() {
            let ended = self.ended();
            self.more_mut().ended = ended;
        }
    }

    /// When fields ended before a value that ends them too, which need not be newer.
    pub(super) fn known_end(&self) -> Option<Ended> {
        self.ended()
    }

    /// A number, flag or text, late or not, ends the fields whose samples are before it (NS-19f).
    pub(super) fn end_fields(&mut self, ender: Ended, known: Option<Ended>) {
        let newest = known.max(Some(ender));
        // Where the node's own value tells, and nobody ever heard of fields, it needs no memory.
        if self.own_end() >= newest {
            match &self.more {
                Some(more) if !more.fields.is_empty() => {}
                Some(more) if !more.says_end_only() => return,
                _ => return self.more = None,
            }
        }
        let ends = |field: &Field| !field.is_ended && field.ends_with(ender.moment());
        let ends_some = self.fields().iter().any(ends);
        if self.ended() < newest {
            self.more_mut().ended = newest;
        }
        if ends_some {
            for field in self.more_mut().fields.iter_mut().filter(|field| ends(field)) {
                field.is_ended = true;
            }
        }
    }

    /// A field has a new sample: it goes on, unless that came late and had ended before.
    pub(super) fn open_field(&mut self, name: &str) {
        let ended = self.ended();
        let Ok(field) = self.find_field(name) else { return };
        field.is_ended = ended.is_some_and(|ended| field.ends_with(ended.moment()));
    }

    /// A field came with a late document: whether it is superseded is told by the newest one, of which
    /// nothing need have been noted.
    pub(super) fn note_document(&mut self) {
        let own = self.own.as_ref().filter(|own| own.is_document()).map(|own| own.sequence);
        let known = self.remarks().and_then(|remarks| remarks.document);
        if known.is_none() && own.is_some() {
            self.more_mut().remarks.document = own;
        }
    }

    /// The unit a point brings, where it is another one than the node has.
    pub(super) fn new_unit<'p>(&self, point: &PointRef<'p>) -> Option<&'p str> {
        let unit = point.unit?;
        let known = self.remarks().and_then(|remarks| remarks.unit.as_deref());
        (known != Some(unit)).then_some(unit)
    }
}

impl Field {
    /// Whether a value of its node that came alone at this moment ends it. What came beside a value goes
    /// on: who sends such a neighbour need not send it every time.
    fn ends_with(&self, moment: Moment) -> bool {
        !self.is_beside && fold::has_ended(self.last.moment(), moment)
    }
}
