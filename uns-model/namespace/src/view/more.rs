//! What few nodes have beside a last value: fields, a unit, and how their payload was read.

use std::sync::Arc;

use uns_model::fold::Moment;
use uns_model::{Finding, Sequence, Timestamp};

use super::last::Field;

/// What most nodes do not have.
#[derive(Clone, Debug, Default)]
pub(super) struct More {
    /// The values of its JSON fields, by name (NS-20).
    pub(super) fields: Vec<Field>,
    /// When its last sample came in, where its own last value is older.
    pub(super) last_ingest: Option<Timestamp>,
    /// When the newest value came that ends fields, where the node's own last value is not that one.
    pub(super) ended: Option<Ended>,
    pub(super) remarks: Remarks,
}

impl More {
    /// Whether it holds nothing but when fields ended.
    pub(super) fn says_end_only(&self) -> bool {
        self.fields.is_empty() && self.last_ingest.is_none() && self.remarks == Remarks::default()
    }
}

/// A value that ends fields, without the value; in the order of time, and of equal times of the log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Ended {
    pub(crate) time: Timestamp,
    pub(crate) sequence: Sequence,
    pub(crate) ingest: Timestamp,
}

impl Ended {
    /// Where it stands in time.
    pub(super) fn moment(self) -> Moment {
        let Self { time, sequence, ingest } = self;
        Moment { time, sequence, is_now: time == ingest }
    }
}

/// What is said of a node beside its value.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Remarks {
    /// The unit of its series: the last one a payload named (NS-23a).
    pub(crate) unit: Option<Arc<str>>,
    /// The record of its newest document: fields that are older are superseded (NS-19f). Kept from
    /// the second document on.
    pub(crate) document: Option<Sequence>,
    /// The fields of the last document there was no room for.
    pub(crate) fields_left_out: u32,
    /// Its last payload was no UTF-8 and read as Windows-1252.
    pub(crate) windows_1252: bool,
}

/// What was remarkable about the payload of a sample, as far as it is shown with the node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Found {
    /// As [`Remarks::fields_left_out`].
    pub(super) fields_left_out: u32,
    /// As [`Remarks::windows_1252`].
    pub(super) windows_1252: bool,
    /// It is broken JSON that was kept as text or bytes: counted.
    pub(super) malformed: bool,
}

impl Found {
    pub(super) fn of(findings: impl Iterator<Item = Finding>) -> Self {
        let mut found = Self::default();
        for finding in findings {
            match finding {
                Finding::FieldsLeftOut(fields) => found.fields_left_out = fields,
                Finding::Windows1252 => found.windows_1252 = true,
                Finding::Malformed => found.malformed = true,
                _ => {}
            }
        }
        found
    }
}
