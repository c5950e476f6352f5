//! Last values as answers have them.

use uns_model::query::{LastValue, Remarks};
use uns_model::{Quality, Value};

use crate::view::{Ended, Entry, Field, Last};

/// A last value with what is said of it.
pub(super) fn last_value(last: &Last, remarks: Remarks) -> LastValue {
    LastValue {
        value: last.value(),
        quality: last.quality(),
        timestamp: last.time(),
        ingest: last.ingest(),
        sequence: last.sequence,
        remarks,
    }
}

/// The last value of a field of a node.
pub(super) fn value_of(entry: &Entry, field: &Field) -> LastValue {
    let (superseded, unit) = (entry.is_superseded(field), field.unit.clone());
    let remarks = Remarks { superseded, unit, ..Remarks::default() };
    field_value(&field.last, remarks, entry.end_of(field))
}

/// A last value of a field, which may have ended.
fn field_value(last: &Last, remarks: Remarks, ended: Option<Ended>) -> LastValue {
    let Some(Ended { time, sequence, ingest }) = ended else { return last_value(last, remarks) };
    let (value, quality) = (Value::Null, Quality::GOOD_NO_DATA);
    LastValue { value, quality, timestamp: time, ingest, sequence, remarks }
}

/// A node's own last value, where it has one.
pub(super) fn own_value(entry: &Entry) -> Option<LastValue> {
    entry.own.as_ref().map(|last| last_value(last, own_remarks(entry)))
}

/// What is said of a node's own value.
pub(super) fn own_remarks(entry: &Entry) -> Remarks {
    let Some(remarks) = entry.remarks() else { return Remarks::default() };
    Remarks {
        unit: remarks.unit.clone(),
        superseded: false,
        fields_left_out: remarks.fields_left_out,
        windows_1252: remarks.windows_1252,
    }
}
