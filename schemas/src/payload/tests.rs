//! Tests of decoding: one payload in, its points out in one line each.

use std::fmt::Write as _;

mod batches;
mod cases;
mod limits;
mod named;
mod neighbours;
mod properties;
mod qualities;
mod tolerant;

use super::owned::{Decoded, Owned, decode};
use super::*;
use uns_model::{Point, Quality, Timestamp, Value, Zone};

use expect_test::{Expect, expect};

/// Decodes as where clocks show UTC.
fn decode_here(
    payload: &[u8],
    content_type: Option<&str>,
    out: &mut Vec<Point>,
) -> Result<Decoded, Malformed> {
    let zone = Zone::default();
    let context = DecodeContext::new(&zone, Timestamp(0));
    read_owned(payload, content_type, &context, out)
}

fn read_owned(
    payload: &[u8],
    content_type: Option<&str>,
    context: &DecodeContext<'_>,
    out: &mut Vec<Point>,
) -> Result<Decoded, Malformed> {
    let mut sink = Owned { out, decoded: Decoded::default() };
    read(payload, content_type, context, &mut sink)?;
    Ok(sink.decoded)
}

fn points(payload: &[u8], content_type: Option<&str>) -> Vec<Point> {
    let mut out = Vec::new();
    decode_here(payload, content_type, &mut out).unwrap();
    assert!(accept_as(payload, content_type).is_ok());
    out
}

/// What the gate asks under our own prefix.
fn accept(payload: &[u8]) -> Result<Option<Batch>, Malformed> {
    accept_as(payload, None)
}

fn accept_as(payload: &[u8], content_type: Option<&str>) -> Result<Option<Batch>, Malformed> {
    let zone = Zone::default();
    let context = DecodeContext::new(&zone, Timestamp(0)).with_children();
    read(payload, content_type, &context, &mut sink::Nothing)
}

fn show(points: &[Point]) -> String {
    let mut text = String::new();
    for point in points {
        let field = point.field.as_deref().unwrap_or("-");
        write!(text, "{field} {:?} {}", point.value, point.quality.word()).unwrap();
        match point.source {
            Some(Timestamp::UNREADABLE) => text.push_str(" @unreadable"),
            Some(time) => write!(text, " @{time}").unwrap(),
            None => {}
        }
        if let Some(seq) = point.seq {
            write!(text, " seq {seq}").unwrap();
        }
        if let Some(unit) = &point.unit {
            write!(text, " in {unit}").unwrap();
        }
        text.push_str(if point.historical { " historical\n" } else { "\n" });
    }
    text
}

fn check(payload: &str, expected: &Expect) {
    expected.assert_eq(&show(&points(payload.as_bytes(), None)));
}

#[test]
fn scalars() {
    check("23.4", &expect![["- Float(23.4) Good\n"]]);
    check("23.0", &expect![["- Float(23.0) Good\n"]]);
    check(" 23\n", &expect![["- Int(23) Good\n"]]);
    check("18446744073709551615", &expect![["- UInt(18446744073709551615) Good\n"]]);
    check("18446744073709551616", &expect![["- Float(1.8446744073709552e19) Good\n"]]);
    check("1e400", &expect![["- Null Bad\n"]]);
    check("NaN", &expect![["- Null Bad\n"]]);
    check("-inf", &expect![["- Null Bad\n"]]);
    check("true", &expect![["- Bool(true) Good\n"]]);
    check("null", &expect![["- Null Bad\n"]]);
    check(
        r#""RUN\u0041""#,
        &expect![[r#"
        - Text("RUNA") Good
    "#]],
    );
    check(
        r#""12""#,
        &expect![[r#"
        - Text("12") Good
    "#]],
    );
}

#[test]
fn what_is_no_json_is_text_or_bytes() {
    check(
        "0042",
        &expect![[r#"
        - Text("0042") Good
    "#]],
    );
    check(
        "RUN",
        &expect![[r#"
        - Text("RUN") Good
    "#]],
    );
    check(
        "[INFO] started",
        &expect![[r#"
        - Text("[INFO] started") Good
    "#]],
    );
    check(
        r#"{"temp":23.4"#,
        &expect![[r#"
        - Text("{\"temp\":23.4") Good
    "#]],
    );
    check("", &expect![[""]]);
    expect![["- Bytes([255, 123]) Good\n"]].assert_eq(&show(&points(&[0xff, b'{'], None)));
    check("NaNo", &expect![["- Text(\"NaNo\") Good\n"]]);
    check("\u{feff}RUN", &expect![["- Text(\"\\u{feff}RUN\") Good\n"]]);
    check("RUN\0", &expect![["- Text(\"RUN\\0\") Good\n"]]);
}

#[test]
fn malformed_is_refused_by_gate_and_fold_alike() {
    for payload in [r#"{"a":1,"a":2}"#.to_owned(), "[".repeat(33)] {
        let mut out = Vec::new();
        let decoded = decode_here(payload.as_bytes(), None, &mut out);
        assert!(decoded.is_err() && out.is_empty());
        assert_eq!(accept(payload.as_bytes()).err(), decoded.err());
        assert!(accept(format!(" {payload}").as_bytes()).is_err());
    }
}

#[test]
fn the_canonical_form() {
    check(
        r#"{"value":23.4,"quality":"Good","timestamp":"2026-11-21T12:00:00.123456Z","seq":7,"unit":"Cel","meta":{"a":1}}"#,
        &expect![["- Float(23.4) Good @2026-11-21T12:00:00.123456Z seq 7 in Cel\n"]],
    );
    check(r#"{"value":1,"historical":true}"#, &expect![["- Int(1) Good historical\n"]]);
    check(r#"{"value":null}"#, &expect![["- Null Bad\n"]]);
    check(r#"{"value":null,"quality":"Good"}"#, &expect![["- Null Bad\n"]]);
    check(r#"{"value":null,"quality":"GoodNoData"}"#, &expect![["- Null GoodNoData\n"]]);
    check(r#"{"value":NaN,"quality":"Uncertain"}"#, &expect![["- Null Bad\n"]]);
    check(r#"{"value":1,"quality":"bad"}"#, &expect![["- Int(1) Bad\n"]]);
    check(
        r#"{"value":1,"quality":"Good","status":1083179008}"#,
        &expect![["- Int(1) Uncertain\n"]],
    );
    check(r#"{"value":1,"quality":"Bad","status":0}"#, &expect![["- Int(1) Bad\n"]]);
    check(
        r#"{"value":1,"source":"plc","dataType":"Int","context":{}}"#,
        &expect![["- Int(1) Good\n"]],
    );
}

#[test]
fn a_unit_is_what_the_payload_names() {
    check(r#"{"value":118,"unit":"1/min"}"#, &expect![["- Int(118) Good in 1/min\n"]]);
    check(r#"{"value":21.5,"unit":"\u00b0C"}"#, &expect![["- Float(21.5) Good in °C\n"]]);
    check(r#"{"value":null,"unit":"bar"}"#, &expect![["- Null Bad in bar\n"]]);
    for none in ["null", "\"\"", "[]", "{}"] {
        let payload = format!("{{\"value\":118,\"unit\":{none}}}");
        check(&payload, &expect![["- Int(118) Good\n"]]);
    }
    let long = format!("{{\"value\":118,\"unit\":\"{}\"}}", "x".repeat(65));
    check(&long, &expect![["- Int(118) Good\n"]]);
}

#[test]
fn times_in_every_form() {
    let noon = expect![["- Int(1) Good @2026-11-21T12:00:00Z\n"]];
    for time in [
        "\"2026-11-21T13:00:00+01:00\"",
        "\"2026-11-21 12:00:00\"",
        "1795262400",
        "1795262400000",
        "1795262400000000",
        "1795262400000000000",
        "1795262400.0",
        "\"1795262400000\"",
        "\"2026-11-21T13:00:00+01\"",
        "\"2026-11-21T12:00\"",
        "\"2026-11-21 13:00 +01:00\"",
    ] {
        check(&format!("{{\"value\":1,\"timestamp\":{time}}}"), &noon);
    }
    check(r#"{"value":1,"timestamp":null}"#, &expect![["- Int(1) Good\n"]]);
    for time in ["\"noon\"", "5", "true", "[]", "1e400"] {
        let unreadable = expect![["- Int(1) Good @unreadable\n"]];
        check(&format!("{{\"value\":1,\"timestamp\":{time}}}"), &unreadable);
    }
    let mut out = Vec::new();
    let zone = Zone::fixed(3_600);
    let berlin = DecodeContext::new(&zone, Timestamp(0));
    let payload = br#"{"value":1,"timestamp":"2026-11-21T13:00:00"}"#;
    read_owned(payload, None, &berlin, &mut out).unwrap();
    noon.assert_eq(&show(&out));
}

#[test]
fn relatives_of_the_canonical_form() {
    let value = "- Float(23.4) Good @2026-11-21T12:00:00.123Z\n";
    let named = |name| format!("{value}{name} Float(23.4) Good @2026-11-21T12:00:00.123Z\n");
    let found = |payload: &str| show(&points(payload.as_bytes(), None));
    assert_eq!(found(r#"{"timestamp_ms":1795262400123,"value":23.4}"#), value);
    // Several tags may share a topic: each has a field by its name.
    let litmus = r#"{"success":true,"datatype":"float","timestamp":1795262400123,"registerId":"r1","value":23.4,"deviceID":"d1","tagName":"Temp","deviceName":"P1","metadata":{}}"#;
    assert_eq!(found(litmus), named("Temp"));
    let tag = r#"{"tag":"Line/Temp","dataType":"Float","value":23.4,"timestamp":1795262400123,"quality":192}"#;
    assert_eq!(found(tag), named("Line/Temp"));
    check(r#"{"success":false,"value":1}"#, &expect![["- Int(1) Bad\n"]]);
    check(r#"{"value":1,"quality":64}"#, &expect![["- Int(1) Uncertain\n"]]);
    check(r#"{"value":1,"quality":0}"#, &expect![["- Int(1) Bad\n"]]);
}

#[test]
fn documents_and_their_fields() {
    check(
        r#"{"temp":23.4,"motor":{"rpm":1200,"on":true,"x":{"y":{"z":1},"w":"a"}},"list":[1,2],"none":null}"#,
        &expect![[r#"
            - Document("{\"temp\":23.4,\"motor\":{\"rpm\":1200,\"on\":true,\"x\":{\"y\":{\"z\":1},\"w\":\"a\"}},\"list\":[1,2],\"none\":null}") Good
            temp Float(23.4) Good
            motor.rpm Int(1200) Good
            motor.on Bool(true) Good
            motor.x.y.z Int(1) Good
            motor.x.w Text("a") Good
            list.0 Int(1) Good
            list.1 Int(2) Good
            none Null Bad
        "#]],
    );
    check(
        "[1,2]",
        &expect![[r#"
        - Document("[1,2]") Good
        0 Int(1) Good
        1 Int(2) Good
    "#]],
    );
    check(
        "{}",
        &expect![[r#"
        - Document("{}") Good
    "#]],
    );
    check(
        r#"{"a.b":1,"a":{"b":2,"":3}}"#,
        &expect![[r#"
        - Document("{\"a.b\":1,\"a\":{\"b\":2,\"\":3}}") Good
        a.b Int(1) Good
    "#]],
    );
    check(
        r#"{"value":{"a":1},"quality":"Uncertain","timestamp":1795262400}"#,
        &expect![[r#"
        - Document("{\"a\":1}") Uncertain @2026-11-21T12:00:00Z
        a Int(1) Uncertain @2026-11-21T12:00:00Z
    "#]],
    );
}

#[test]
fn a_declared_envelope_may_have_other_keys() {
    let payload = br#"{"v":1,"a":5}"#;
    expect![["- Int(1) Good\na Int(5) Good\n"]]
        .assert_eq(&show(&points(payload, Some("application/vnd.uns.vqt+json"))));
    assert_eq!(points(payload, Some("application/json")).len(), 3);
    assert_eq!(points(br#"{"colour":1}"#, Some(VQT_JSON)).len(), 2);
}

#[test]
fn at_most_256_fields_down_to_six_levels() {
    let members: Vec<String> = (0..292).map(|n| format!("\"k{n}\":{n}")).collect();
    let payload = format!("{{{}}}", members.join(","));
    let mut out = Vec::new();
    let decoded = decode_here(payload.as_bytes(), None, &mut out).unwrap();
    assert_eq!((out.len(), decoded.fields_left_out), (257, 36));
    assert_eq!(out[256].field.as_deref(), Some("k255"));
    check(
        r#"{"a":{"a":{"a":{"a":{"a":{"a":{"a":1},"b":2}}}}}}"#,
        &expect![[r#"
            - Document("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1},\"b\":2}}}}}}") Good
            a.a.a.a.a.b Int(2) Good
        "#]],
    );
}

#[test]
fn short_arrays_of_scalars_are_fields() {
    let fields = |payload: &str| {
        let points = points(payload.as_bytes(), None);
        let fields = points.iter().filter_map(|point| point.field.as_deref());
        fields.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(fields(r#"{"phases":[1,nan,"x"]}"#), ["phases.0", "phases.1", "phases.2"]);
    assert_eq!(fields(&format!("{{\"a\":[{}]}}", vec!["1"; 16].join(","))).len(), 16);
    assert!(fields(&format!("{{\"a\":[{}]}}", vec!["1"; 17].join(","))).is_empty());
    assert!(fields(r#"{"a":[1,[2]],"b":[]}"#).is_empty());
}

#[test]
fn a_document_is_json_whatever_the_exporter_wrote() {
    check(
        r#"{"a":NaN,"b":[1, {},-Infinity],"c":"\u0041"}"#,
        &expect![[r#"
        - Document("{\"a\":null,\"b\":[1,{},null],\"c\":\"\\u0041\"}") Good
        a Null Bad
        b.0 Int(1) Good
        b.2 Null Bad
        c Text("A") Good
    "#]],
    );
}

#[test]
fn a_document_stays_as_published() {
    for text in [r#"{ "a" : "NaN" }"#, "[ 1.50 ,\t2 ]"] {
        let row = format!("[{{\"value\":{text},\"timestamp\":1795262400}}]");
        for payload in [text, &row] {
            let document = Value::Document(text.into());
            assert_eq!(points(payload.as_bytes(), None)[0].value, document, "{payload}");
        }
    }
}

/// A smoke of the hot path; the bound is loose, since tests run unoptimised on busy machines.
#[test]
fn a_plain_number_needs_one_slot_and_no_more() {
    let mut out = Vec::with_capacity(1);
    let slot = out.as_ptr();
    for _ in 0..1_000 {
        out.clear();
        decode_here(b"1795262400.125", None, &mut out).unwrap();
        assert_eq!((out.len(), out.as_ptr()), (1, slot));
    }
}
