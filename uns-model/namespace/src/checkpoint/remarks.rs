//! What a checkpoint keeps of a node beside its values.

use fabric::checkpoint::{Reader, Writer};
use uns_model::{Sequence, Timestamp};

use crate::view::{Ended, Entry, Field, Remarks, View};

/// Behind the fields: remarks, then the record that each field was seen in last.
pub(super) fn encode_remarks(remarks: &Remarks, fields: &[Field], to: &mut Writer) {
    to.text(remarks.unit.as_deref().unwrap_or_default());
    to.option_u64(remarks.document.map(|sequence| sequence.0));
    to.u32(remarks.fields_left_out);
    to.u8(u8::from(remarks.windows_1252));
    for field in fields {
        to.u64(field.seen.0);
    }
}

pub(super) fn decode_remarks(
    entry: &mut Entry,
    from: &mut Reader<'_>,
    view: &mut View,
) -> Option<()> {
    let unit = from.text()?;
    let remarks = Remarks {
        unit: (!unit.is_empty()).then(|| view.share_field(unit)),
        document: from.option_u64()?.map(Sequence),
        fields_left_out: from.u32()?,
        windows_1252: from.u8()? != 0,
    };
    entry.set_remarks(remarks);
    for field in entry.fields_mut() {
        field.seen = Sequence(from.u64()?);
    }
    Some(())
}

/// Behind the remarks: when fields ended, then of each field its unit, whether it stands beside a value, and
/// whether it has ended.
pub(super) fn encode_more(entry: &Entry, to: &mut Writer) {
    let ended = entry.ended_before();
    to.u8(u8::from(ended.is_some()));
    if let Some(Ended { time, sequence, ingest }) = ended {
        to.i64(time.0);
        to.u64(sequence.0);
        to.i64(ingest.0);
    }
    for field in entry.fields() {
        to.text(field.unit.as_deref().unwrap_or_default());
        to.u8(u8::from(field.is_beside));
        to.u8(u8::from(field.is_ended));
    }
}

pub(super) fn decode_more(entry: &mut Entry, from: &mut Reader<'_>, view: &mut View) -> Option<()> {
    let has_ends = from.version() >= 4;
    if from.flag()? {
        let (time, sequence) = (Timestamp(from.i64()?), Sequence(from.u64()?));
        // Before version 4 nobody needed to know when it was taken in.
        let ingest = if has_ends { Timestamp(from.i64()?) } else { time };
        entry.set_ended_before(Ended { time, sequence, ingest });
    }
    for field in entry.fields_mut() {
        let unit = from.text()?;
        field.unit = (!unit.is_empty()).then(|| view.share_field(unit));
        field.is_beside = from.flag()?;
        field.is_ended = if has_ends { from.flag()? } else { field.last.is_closed() };
    }
    Some(())
}
