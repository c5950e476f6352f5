//! The sink that keeps owned points.

use std::sync::Arc;

use uns_model::{Finding, Point, PointRef};

use super::sink::Sink;
use super::units::Units;

/// What is remarkable about a payload that was decoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Decoded {
    /// The fields of documents there was no room for (NS-20).
    pub fields_left_out: u32,
    /// It was no UTF-8 and read as Windows-1252 (NS-19d).
    pub windows_1252: bool,
    /// It is JSON that is [`Malformed`](crate::Malformed), and so kept as text or bytes.
    pub malformed: bool,
}

/// Keeps points that own their texts.
pub(super) struct Owned<'a> {
    pub(super) out: &'a mut Vec<Point>,
    pub(super) units: Option<&'a Units>,
    pub(super) decoded: Decoded,
}

impl Sink for Owned<'_> {
    #[inline]
    fn point(&mut self, point: &PointRef<'_>) {
        let unit = point.unit.map(|unit| match self.units {
            Some(units) => units.share(unit),
            None => Arc::from(unit),
        });
        self.out.push(Point {
            field: point.field.map(Arc::from),
            value: point.value.to_value(),
            quality: point.quality,
            unit,
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
