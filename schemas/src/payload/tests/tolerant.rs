//! What plants write all the same: no numbers, marks, other encodings, other names (NS-19a to NS-22).

use super::*;

#[test]
fn no_number_costs_no_neighbour() {
    for nan in [
        "nan",
        "-nan",
        "NaN",
        "NAN",
        "inf",
        "-inf",
        "+Inf",
        "Infinity",
        "-Infinity",
        "nan(ind)",
        "1.#QNAN",
    ] {
        check(nan, &expect![["- Null Bad\n"]]);
        check(&format!(" {nan}\r\n"), &expect![["- Null Bad\n"]]);
        check(
            &format!("{{\"a\":5,\"b\":{nan}}}"),
            &expect![[r#"
                - Document("{\"a\":5,\"b\":null}") Good
                a Int(5) Good
                b Null Bad
            "#]],
        );
        check(
            &format!("{{\"value\":{nan},\"timestamp\":\"2026-11-21T12:00:00Z\"}}"),
            &expect![["- Null Bad @2026-11-21T12:00:00Z\n"]],
        );
        check(
            &format!("{{\"t\":[1795262400,1795262401],\"v\":[{nan},1]}}"),
            &expect![["- Null Bad @2026-11-21T12:00:00Z\n- Int(1) Good @2026-11-21T12:00:01Z\n"]],
        );
    }
    let row = |value: &str| format!("{{\"value\":{value},\"timestamp\":1795262400}}");
    let mut rows = vec![row("1"); 10_000];
    rows[7] = row("inf");
    let batch = points(format!("[{}]", rows.join(",")).as_bytes(), None);
    assert_eq!(batch.len(), 10_000);
    assert_eq!((&batch[7].value, batch[7].quality), (&Value::Null, Quality::BAD));
    assert!(batch.iter().enumerate().all(|(n, p)| n == 7 || p.value == Value::Int(1)));
}

#[test]
fn a_byte_order_mark_and_nul_bytes_are_no_part_of_a_value() {
    for around in [("\u{feff}", ""), ("", "\0"), ("\u{feff}", "\0\0\0")] {
        let payload = |inside: &str| format!("{}{inside}{}", around.0, around.1);
        check(&payload("23.4"), &expect![["- Float(23.4) Good\n"]]);
        check(&payload("nan"), &expect![["- Null Bad\n"]]);
        check(
            &payload(r#"{"value":1,"timestamp":1795262400}"#),
            &expect![["- Int(1) Good @2026-11-21T12:00:00Z\n"]],
        );
        check(
            &payload(r#"{"a":1}"#),
            &expect![["- Document(\"{\\\"a\\\":1}\") Good\na Int(1) Good\n"]],
        );
        let twice = payload(r#"{"a":1,"a":2}"#);
        assert!(accept(twice.as_bytes()).is_err());
    }
    check("\0", &expect![["- Text(\"\\0\") Good\n"]]);
}

#[test]
fn json_of_programs_that_do_not_know_utf_8_is_windows_1252() {
    let mut out = Vec::new();
    let payload = b"{\"alarm\":\"St\xf6rung 5 \x80\",\"speed\":118}";
    assert!(decode_here(payload, None, &mut out).unwrap().windows_1252);
    expect![[r#"
        - Document("{\"alarm\":\"Störung 5 €\",\"speed\":118}") Good
        alarm Text("Störung 5 €") Good
        speed Int(118) Good
    "#]]
    .assert_eq(&show(&out));
    out.clear();
    assert!(decode_here(b"{\"value\":\"\xb0C\"}", None, &mut out).unwrap().windows_1252);
    expect![["- Text(\"°C\") Good\n"]].assert_eq(&show(&out));
    // What is no JSON all the same stays bytes.
    for bytes in [&b"\xf6l"[..], b"{\"a\":\xff", b"\xff\xd8\xff\xe0"] {
        assert_eq!(points(bytes, None), [scalar(ValueRef::Bytes(bytes)).to_point()]);
    }
    assert!(accept(b"{\"a\":\"\xf6\",\"a\":1}").is_err());
    out.clear();
    assert!(decode_here(b"St\xf6rung", None, &mut out).unwrap().windows_1252);
    expect![["- Text(\"Störung\") Good\n"]].assert_eq(&show(&out));
}

#[test]
fn a_quality_in_every_form() {
    for (said, shown) in [
        (r#""quality":"BadCommunicationError""#, "Bad"),
        (r#""quality":"192""#, "Good"),
        (r#""quality":192.0"#, "Good"),
        (r#""quality":"64.0""#, "Uncertain"),
        (r#""quality":24"#, "Bad"),
        (r#""quality":" good ""#, "Good"),
        (r#""quality":1083179008"#, "Uncertain"),
        (r#""q":false"#, "Bad"),
        (r#""qc":192"#, "Good"),
        (r#""good":true"#, "Good"),
        (r#""good":true,"success":false"#, "Bad"),
        (r#""good":1"#, "Good"),
        (r#""success":1"#, "Good"),
        (r#""success":"1""#, "Good"),
        (r#""success":0"#, "Bad"),
        (r#""q":192"#, "Good"),
        (r#""q":0"#, "Bad"),
        (r#""StatusCode":{"Code":2147483648,"Symbol":"Bad"}"#, "Bad"),
        (r#""StatusCode":{}"#, "Good"),
        (r#""statusCode":"2147483648""#, "Bad"),
        (r#""quality":null"#, "Good"),
    ] {
        let payload = format!("{{\"value\":7,{said}}}");
        assert_eq!(show(&points(payload.as_bytes(), None)), format!("- Int(7) {shown}\n"));
    }
}

#[test]
fn an_envelope_by_any_of_its_names() {
    let expected = "- Float(23.4) Good @2026-11-21T12:00:00Z in Cel\n";
    let neighbour = "line.no Int(3) Good @2026-11-21T12:00:00Z\n";
    let found = |payload: String| show(&points(payload.as_bytes(), None));
    for value in ["value", "Value", "v", "val", "present_value"] {
        for time in ["timestamp", "Timestamp", "ts", "time", "Time", "t", "_timestamp", "datetime"]
        {
            for unit in ["unit", "units", "uom", "unit_of_measurement"] {
                let rest = format!("\"{time}\":1795262400,\"{unit}\":\"Cel\"");
                assert_eq!(found(format!("{{\"{value}\":23.4,{rest}}}")), expected);
                let beside = found(format!("{{{rest},\"{value}\":23.4,\"line\":{{\"no\":3}}}}"));
                assert!(beside.starts_with(expected) && beside.ends_with(neighbour), "{beside}");
                // What may be a field of a document as well is one, under the name it has there.
                let short = format!("{value} Float(23.4) Good @2026-11-21T12:00:00Z\n");
                assert_eq!(beside.contains(&short), value.starts_with('v') && value.len() < 5);
            }
        }
    }
    for time in ["sourceTimestamp", "SourceTimestamp", "timestamp_ms"] {
        check(
            &format!("{{\"value\":1,\"{time}\":1795262400000}}"),
            &expect![["- Int(1) Good @2026-11-21T12:00:00Z\n"]],
        );
    }
}

/// `q` is a quality to OPC and reactive power to an energy meter: beside unknown keys a number under
/// this name does not make `v` the only value.
#[test]
fn a_meter_keeps_its_reactive_power() {
    let fields = expect![[r#"
        - Document("{\"v\":230,\"i\":5,\"q\":12}") Good
        v Int(230) Good
        i Int(5) Good
        q Int(12) Good
    "#]];
    check(r#"{"v":230,"i":5,"q":12}"#, &fields);
    check(
        r#"{"v":7,"a":1,"q":false}"#,
        &expect![[r#"
            - Int(7) Bad
            v Int(7) Bad
            a Int(1) Good
            q Bool(false) Good
        "#]],
    );
}

#[test]
fn an_unknown_key_moves_no_value() {
    let beside = expect![["- Int(1) Good\ncolour Text(\"red\") Good\n"]];
    check(r#"{"value":1,"colour":"red"}"#, &beside);
    check(r#"{"colour":"red","value":1}"#, &beside);
    check(r#"{"v":1}"#, &expect![["- Int(1) Good\n"]]);
    check(
        r#"{"v":1,"unit":"V","phase":2}"#,
        &expect![[r#"
            - Int(1) Good in V
            v Int(1) Good
            unit Text("V") Good
            phase Int(2) Good
        "#]],
    );
    // Volt beside ampere and a temperature: `v` is a field like the others.
    check(
        r#"{"v":230,"a":5,"t":21}"#,
        &expect![[r#"
            - Document("{\"v\":230,\"a\":5,\"t\":21}") Good
            v Int(230) Good
            a Int(5) Good
            t Int(21) Good
        "#]],
    );
    check(
        r#"{"value":1,"v":2}"#,
        &expect![[r#"
            - Int(1) Good
            v Int(2) Good
        "#]],
    );
}

#[test]
fn the_time_of_a_document_is_that_of_its_fields() {
    for time in [
        r#""Time":"2026-11-21T12:00:00""#,
        r#""tst":1795262400"#,
        r#""received_at":"2026-11-21T12:00:00Z""#,
        r#""timestamp_ms":1795262400000"#,
    ] {
        let points = points(format!("{{{time},\"power\":5}}").as_bytes(), None);
        let noon = Some(Timestamp(1_795_262_400_000_000_000));
        assert!(points.iter().all(|point| point.source == noon), "{time}");
        assert_eq!(points[2].field.as_deref(), Some("power"));
    }
    let points = points(br#"{"time":"later","t":5,"power":5}"#, None);
    assert!(points.iter().all(|point| point.source.is_none()));
}

/// A code of OPC UA and the state of a machine may have the same name: what may be either is both, unless a
/// quality says that it is the former.
#[test]
fn a_status_by_number_is_not_lost() {
    for (status, quality) in [
        ("3", "Good"),
        ("0", "Good"),
        ("-1", "Good"),
        ("2.5", "Good"),
        ("\"7\"", "Good"),
        ("true", "Good"),
    ] {
        let found = show(&points(format!("{{\"value\":5,\"status\":{status}}}").as_bytes(), None));
        assert!(found.starts_with(&format!("- Int(5) {quality}\nstatus ")), "{status}: {found}");
    }
    let code = show(&points(br#"{"value":5,"status":2147483648}"#, None));
    assert_eq!(code, "- Int(5) Bad\nstatus Int(2147483648) Good\n");
    for status in ["3", "0", "\"Good\"", "{\"code\":0}"] {
        let found = show(&points(
            format!("{{\"value\":5,\"quality\":\"Good\",\"status\":{status}}}").as_bytes(),
            None,
        ));
        assert_eq!(found, "- Int(5) Good\n", "{status}");
    }
    // Whether it is 0 or 3 moves no name.
    for status in ["0", "3"] {
        let found = show(&points(format!("{{\"v\":5,\"status\":{status}}}").as_bytes(), None));
        assert!(found.starts_with("- Int(5) Good\nv Int(5) Good\nstatus "), "{found}");
    }
}

#[test]
fn what_begins_as_an_object_and_is_none_is_uncertain_under_our_own_prefix() {
    let zone = Zone::default();
    let context = DecodeContext::new(&zone, Timestamp(0)).with_children();
    for payload in [r#"{"value":1,}"#, " {'value': 1}", "{value:1}", "{\"a\":1", "{\"a\":1}}"] {
        let mut out = Vec::new();
        let decoded = read_owned(payload.as_bytes(), None, &context, &mut out).unwrap();
        assert_eq!(show(&out), format!("- Text({payload:?}) Uncertain\n"));
        assert!(decoded.malformed);
        assert_eq!(show(&points(payload.as_bytes(), None)), format!("- Text({payload:?}) Good\n"));
    }
    for payload in ["[INFO] started", "RUN", "{}"] {
        let mut out = Vec::new();
        let decoded = read_owned(payload.as_bytes(), None, &context, &mut out).unwrap();
        assert!(!decoded.malformed && out[0].quality == Quality::GOOD, "{payload}");
    }
}

#[test]
fn a_type_says_what_a_text_is() {
    for (value, kind, expected) in [
        ("\"-5\"", "Int8", "Int(-5)"),
        ("\"1.234500e+02\"", "Float64", "Float(123.45)"),
        ("\"true\"", "Bool", "Bool(true)"),
        ("\"NaN\"", "Float32", "Null"),
        ("\"five\"", "Int8", "Text(\"five\")"),
        ("\"5\"", "String", "Text(\"5\")"),
        ("\"5\"", "Binary", "Text(\"5\")"),
    ] {
        for payload in [
            format!("{{\"value\":{value},\"valueType\":\"{kind}\"}}"),
            format!("{{\"valueType\":\"{kind}\",\"value\":{value}}}"),
        ] {
            let found = show(&points(payload.as_bytes(), None));
            assert!(found.starts_with(&format!("- {expected} ")), "{payload}: {found}");
        }
    }
}

#[test]
fn null_is_no_text_in_any_case() {
    for payload in ["NULL", "Null", " null\r\n"] {
        check(payload, &expect![["- Null Bad\n"]]);
    }
    check("nullify", &expect![["- Text(\"nullify\") Good\n"]]);
}
