//! What a checkpoint keeps of a node beside its values.

use fabric::checkpoint::{Reader, Writer};
use uns_model::Sequence;

use crate::view::{Entry, Field, Remarks, View};

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
