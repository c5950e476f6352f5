//! Points that own their texts, for tests and fuzzing.

use std::sync::Arc;

use uns_model::{Finding, Point, PointRef};

use super::context::DecodeContext;
use super::keep;
use super::sink::Sink;

/// What is remarkable about a payload that was decoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Decoded {
    /// The fields of documents there was no room for (NS-20).
    pub(super) fields_left_out: u32,
    /// It was no UTF-8 and read as Windows-1252 (NS-19d).
    pub(super) windows_1252: bool,
    /// It is JSON that is [`Malformed`](crate::Malformed), and so kept as text or bytes.
    pub(super) malformed: bool,
}

/// Keeps points that own their texts.
pub(super) struct Owned<'a> {
    pub(super) out: &'a mut Vec<Point>,
    pub(super) decoded: Decoded,
}

impl Sink for Owned<'_> {
    fn point(&mut self, point: &PointRef<'_>) {
        self.out.push(Point {
            field: point.field.map(Arc::from),
            value: point.value.to_value(),
            quality: point.quality,
            unit: point.unit.map(Arc::from),
            source: point.source,
            seq: point.seq,
            historical: point.historical,
        });
    }

    fn finding(&mut self, finding: Finding) {
        match finding {
            Finding::FieldsLeftOut(count) => self.decoded.fields_left_out = count,
            Finding::Windows1252 => self.decoded.windows_1252 = true,
            Finding::Malformed => self.decoded.malformed = true,
            Finding::TooLarge | _ => {}
        }
    }
}

/// As [`keep`], into owned points.
pub(super) fn decode(
    payload: &[u8],
    content_type: Option<&str>,
    context: &DecodeContext<'_>,
    out: &mut Vec<Point>,
) -> Decoded {
    let mut sink = Owned { out, decoded: Decoded::default() };
    keep(payload, content_type, context, &mut sink);
    sink.decoded
}
