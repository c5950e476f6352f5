//! What must hold for every payload there is.

use uns_model::{Point, Timestamp, Value, Zone};

use super::owned::Owned;
use super::{Batch, DecodeContext, Decoded, VQT_JSON, check, decode, read};
use crate::Malformed;

/// Any bytes at all must be survived, an accepted payload must decode, and so must what the rows
/// of a batch become.
pub fn fuzz(data: &[u8]) {
    let mut points = Vec::new();
    let decoded = owned(data, None, &mut points);
    let checked = check(data);
    assert_eq!(checked.as_ref().err(), decoded.as_ref().err(), "the gate and the fold must agree");
    assert!(decoded.is_ok() || points.is_empty(), "of what is refused nothing is handed on");
    for point in &points {
        if let Value::Document(text) = &point.value {
            let json = serde_json::from_str::<&serde_json::value::RawValue>(text);
            assert!(json.is_ok(), "a stored document must be JSON");
        }
        if let Value::Float(number) = point.value {
            assert!(number.is_finite(), "what is not finite must be null");
        }
    }
    if let Ok(Some(Batch::Children(rows))) = checked {
        for row in rows.into_iter().flatten() {
            points.clear();
            let read = owned(row.payload.as_bytes(), None, &mut points);
            assert!(read.is_ok() && !points.is_empty(), "a good row must be a sample");
        }
    }
    points.clear();
    assert_eq!(owned(data, Some(VQT_JSON), &mut points), decoded);
    points.clear();
    let stored = decode(data, None, &context(&Zone::fixed(3_600)), &mut points);
    assert_eq!(stored.malformed, decoded.is_err(), "what is stored is always something");
}

fn context(zone: &Zone) -> DecodeContext<'_> {
    DecodeContext::new(zone, Timestamp(0))
}

fn owned(
    data: &[u8],
    content_type: Option<&str>,
    out: &mut Vec<Point>,
) -> Result<Decoded, Malformed> {
    let mut sink = Owned { out, units: None, decoded: Decoded::default() };
    read(data, content_type, &context(&Zone::fixed(3_600)), &mut sink)?;
    Ok(sink.decoded)
}
