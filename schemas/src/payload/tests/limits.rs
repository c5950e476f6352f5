//! What is larger or deeper than a value may be is bytes, as it is (NS-22).

use super::*;

fn stored(payload: &[u8]) -> (Vec<Point>, bool) {
    let zone = Zone::default();
    let context = DecodeContext::new(&zone, Timestamp(0));
    let mut points = Vec::new();
    let decoded = decode(payload, None, &context, &mut points);
    (points, decoded.malformed)
}

fn is_bytes(payload: &[u8]) -> bool {
    let (points, _) = stored(payload);
    matches!(&points[..], [Point { field: None, value: Value::Bytes(kept), .. }] if **kept == *payload)
}

#[test]
fn a_document_over_a_mebibyte_and_a_value_over_64_kib_are_bytes() {
    let list = |bytes: usize| format!("[{{\"a\":\"{}\"}}]", "x".repeat(bytes - 10)).into_bytes();
    assert_eq!(list(100).len(), 100);
    for (payload, bytes) in [
        (list(DOCUMENT_BYTES_MAX), false),
        (list(DOCUMENT_BYTES_MAX + 1), true),
        (list(1_500_000), true),
        (vec![b'x'; VALUE_BYTES_MAX], false),
        (vec![b'x'; VALUE_BYTES_MAX + 1], true),
        (vec![b'7'; VALUE_BYTES_MAX + 1], true),
        (format!("{{\"value\":\"{}\"}}", "x".repeat(VALUE_BYTES_MAX)).into_bytes(), false),
    ] {
        assert_eq!(is_bytes(&payload), bytes, "{} bytes", payload.len());
    }
}

#[test]
fn json_deeper_than_32_levels_is_bytes_and_a_duplicate_key_makes_it_text() {
    for depth in [33, 200] {
        let deep = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        assert!(is_bytes(deep.as_bytes()), "{depth}");
        assert!(stored(deep.as_bytes()).1, "{depth}");
        assert!(accept(deep.as_bytes()).is_err(), "refused where we refuse");
    }
    let deep = format!("{}1{}", "{\"a\":".repeat(32), "}".repeat(32));
    assert!(!is_bytes(deep.as_bytes()) && !stored(deep.as_bytes()).1);
    let (points, malformed) = stored(br#"{"a":1,"a":2}"#);
    assert_eq!(
        (points[0].value.clone(), malformed),
        (Value::Text(r#"{"a":1,"a":2}"#.into()), true)
    );
}
