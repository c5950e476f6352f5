//! What must hold for every payload there is.

use uns_model::{Point, Timestamp, Value, Zone};

use super::owned::{Decoded, Owned, decode};
use super::sink::Nothing;
use super::{Batch, DecodeContext, VQT_CBOR, VQT_JSON, read};
use crate::Malformed;

/// Any bytes at all must be survived, an accepted payload must decode, and so must what the rows
/// of a batch become.
pub fn fuzz(data: &[u8]) {
    let mut points = Vec::new();
    let decoded = owned(data, None, &mut points);
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
    let zone = Zone::fixed(3_600);
    for content_type in [None, Some(VQT_JSON), Some(VQT_CBOR)] {
        let ours = context(&zone).with_children();
        let refused = read(data, content_type, &ours, &mut Nothing);
        points.clear();
        let decoded = owned(data, content_type, &mut points);
        assert_eq!(refused.as_ref().err(), decoded.as_ref().err(), "one scan decides");
        children(refused);
        points.clear();
        let stored = decode(data, content_type, &context(&zone), &mut points);
        assert_eq!(stored.malformed, decoded.is_err(), "what is stored is always something");
        assert_eq!(
            points.is_empty(),
            data.is_empty(),
            "every payload but an empty one is something"
        );
    }
}

/// Good rows are samples of their children.
fn children(batch: Result<Option<Batch>, Malformed>) {
    let Ok(Some(Batch::Children(rows))) = batch else { return };
    for row in rows.into_iter().flatten() {
        let mut points = Vec::new();
        let read = owned(row.payload.as_bytes(), Some(VQT_JSON), &mut points);
        assert!(read.is_ok() && !points.is_empty(), "a good row must be a sample");
    }
}

fn context(zone: &Zone) -> DecodeContext<'_> {
    DecodeContext::new(zone, Timestamp(0))
}

fn owned(
    data: &[u8],
    content_type: Option<&str>,
    out: &mut Vec<Point>,
) -> Result<Decoded, Malformed> {
    let mut sink = Owned { out, decoded: Decoded::default() };
    read(data, content_type, &context(&Zone::fixed(3_600)), &mut sink).map(drop)?;
    Ok(sink.decoded)
}
