//! Qualities in the spellings of those who write them: words, numbers, and objects of both.

use super::*;

/// The quality of the node itself in a payload.
fn quality(payload: &str) -> String {
    points(payload.as_bytes(), None)[0].quality.word().to_owned()
}

#[test]
fn all_spellings_of_a_quality_that_is_an_object_have_one_outcome() {
    let bad = [
        r#"{"Code":2147483648}"#,
        r#"{"Code":2147483648,"Symbol":"Bad"}"#,
        r#"{"code":2147483648,"name":"Bad"}"#,
        r#"{"value":2147483648,"name":"Bad"}"#,
        r#"{"value":"0x80000000"}"#,
        r#"{"Symbol":"BadNodeIdUnknown"}"#,
        r#"{"name":"Bad"}"#,
        r#"{"value":2147483648,"description":"no answer"}"#,
    ];
    let good = [
        r#"{"Code":0}"#,
        r#"{"code":0,"symbol":"Good"}"#,
        r#"{"value":0,"name":"Good"}"#,
        r#"{"Symbol":"Good"}"#,
        "{}",
    ];
    for key in ["status", "Status", "statusCode", "StatusCode"] {
        for (objects, word) in [(&bad[..], "Bad"), (&good[..], "Good")] {
            for object in objects {
                assert_eq!(
                    quality(&format!("{{\"value\":3.5,\"{key}\":{object}}}")),
                    word,
                    "{key} {object}"
                );
                let inner = format!(
                    "{{\"DataSetWriterId\":1,\"Payload\":{{\"T\":{{\"Value\":3.5,\"{key}\":{object}}}}}}}"
                );
                let field = points(inner.as_bytes(), None).pop().unwrap();
                assert_eq!(
                    (field.field.as_deref(), field.quality.word()),
                    (Some("T"), word),
                    "{inner}"
                );
            }
        }
    }
    // Ignition has the numbers of OPC DA.
    for (object, word) in [
        (r#"{"code":192,"name":"Good"}"#, "Good"),
        (r#"{"code":192,"name":"Fine"}"#, "Good"),
        (r#"{"code":0,"name":"Bad"}"#, "Bad"),
        (r#"{"code":-2147483136,"name":"Bad_NotFound"}"#, "Bad"),
        (r#"{"code":64,"name":"Uncertain"}"#, "Uncertain"),
        (r#"{"value":2147483648}"#, "Bad"),
        // What nobody can tell is neither.
        ("{}", "Uncertain"),
        (r#"{"severity":"bad"}"#, "Uncertain"),
        (r#"{"code":{"a":1}}"#, "Uncertain"),
    ] {
        for key in ["quality", "Quality", "q"] {
            assert_eq!(
                quality(&format!("{{\"value\":2,\"{key}\":{object}}}")),
                word,
                "{key} {object}"
            );
        }
    }
}

/// Part 6 of OPC UA calls the code of a `DataValue` `Status`, and writes it as a number where it is compact.
#[test]
fn a_status_of_opc_ua_with_a_capital_letter_is_one() {
    assert_eq!(quality(r#"{"Value":{"Type":11,"Body":3.5},"Status":2147483648}"#), "Bad");
    check(
        r#"{"Value":3.5,"Status":2147483648}"#,
        &expect![["- Float(3.5) Bad\nStatus Int(2147483648) Good\n"]],
    );
    // That of a machine is a field under either spelling.
    check(
        r#"{"value":5,"Status":"RUN"}"#,
        &expect![["- Int(5) Good\nStatus Text(\"RUN\") Good\n"]],
    );
    check(
        r#"{"value":5,"status":{"severity":"bad","since":7}}"#,
        &expect![[r#"
            - Int(5) Good
            status.severity Text("bad") Good
            status.since Int(7) Good
        "#]],
    );
}

#[test]
fn a_count_of_good_parts_is_no_quality() {
    check(
        r#"{"value":5,"good":12,"bad":3}"#,
        &expect![["- Int(5) Good\ngood Int(12) Good\nbad Int(3) Good\n"]],
    );
    check(
        r#"{"counters":[{"id":"c1","value":5,"good":12}]}"#,
        &expect![[r#"
            - Document("{\"counters\":[{\"id\":\"c1\",\"value\":5,\"good\":12}]}") Good
            counters.c1 Int(5) Good
            counters.c1.good Int(12) Good
        "#]],
    );
    check(
        r#"{"value":98.5,"success":97.5}"#,
        &expect![["- Float(98.5) Good\nsuccess Float(97.5) Good\n"]],
    );
    // Whether it is 1 or 12 moves no name.
    for good in ["1", "12"] {
        let found = points(format!("{{\"v\":5,\"good\":{good}}}").as_bytes(), None);
        assert_eq!((&found[0].field, &found[0].value), (&None, &Value::Int(5)), "{good}");
    }
    for (flag, word) in
        [("0", "Bad"), ("1", "Good"), ("1.0", "Good"), ("false", "Bad"), ("\"Bad\"", "Bad")]
    {
        assert_eq!(quality(&format!("{{\"value\":5,\"good\":{flag}}}")), word, "{flag}");
        let points = points(format!("{{\"value\":5,\"good\":{flag}}}").as_bytes(), None);
        assert_eq!(points.len(), 1, "{flag}");
    }
}

/// What is no quality may be a signal in percent: it is not lost, and says that nobody can tell.
#[test]
fn what_stands_for_a_quality_and_is_none_is_a_field_as_well() {
    for said in ["72", "95", "99.5", "-3", "\"moderate\""] {
        let found = points(format!("{{\"value\":5,\"quality\":{said}}}").as_bytes(), None);
        assert_eq!(found[0].quality.word(), "Uncertain", "{said}");
        assert_eq!(found.len(), 2, "{said}");
        assert_eq!((found[1].field.as_deref(), found[1].quality.word()), (Some("quality"), "Good"));
    }
    // Codes of OPC, with a limit or something of the vendor's, are no fields.
    for said in ["0", "3", "24", "28", "64", "88", "192", "195", "216", "4288", "2147483648"] {
        let found = points(format!("{{\"value\":5,\"quality\":{said}}}").as_bytes(), None);
        assert_eq!(found.len(), 1, "{said}");
    }
    check(
        r#"{"lines":[{"id":"a","value":5,"quality":72}]}"#,
        &expect![[r#"
            - Document("{\"lines\":[{\"id\":\"a\",\"value\":5,\"quality\":72}]}") Good
            lines.a Int(5) Uncertain
            lines.a.quality Int(72) Good
        "#]],
    );
}

/// Reactive power stands beside active or apparent power, and is negative or broken where it is no quality.
#[test]
fn a_number_under_q_is_a_field_where_it_is_no_quality() {
    for payload in [
        r#"{"v":230,"p":1.1,"q":12,"ts":1795262400}"#,
        r#"{"v":230,"q":12,"s":1.2,"ts":1795262400}"#,
        r#"{"ts":1795262400,"v":230,"q":-3}"#,
        r#"{"v":230,"q":0.25}"#,
        r#"{"value":230,"q":480}"#,
        r#"{"value":230,"p":5,"q":0}"#,
    ] {
        let found = points(payload.as_bytes(), None);
        assert_eq!((&found[0].value, found[0].quality.word()), (&Value::Int(230), "Good"));
        let power = found.iter().find(|point| point.field.as_deref() == Some("q"));
        assert_eq!(power.map(|power| power.quality.word()), Some("Good"), "{payload}");
    }
    for (payload, word) in [
        (r#"{"v":230,"q":0,"ts":1795262400}"#, "Bad"),
        (r#"{"v":230,"q":192,"ts":1795262400}"#, "Good"),
        (r#"{"value":230,"q":64,"s":"RUN"}"#, "Uncertain"),
        (r#"{"value":230,"q":2147483648}"#, "Bad"),
        // As a flag or a word it is one whatever stands beside it.
        (r#"{"value":230,"p":5,"q":false}"#, "Bad"),
    ] {
        assert_eq!(quality(payload), word, "{payload}");
    }
    check(
        r#"{"meters":[{"id":"m1","v":230,"p":1,"q":12,"s":2},{"id":"m2","v":231,"q":0}]}"#,
        &expect![[r#"
            - Document("{\"meters\":[{\"id\":\"m1\",\"v\":230,\"p\":1,\"q\":12,\"s\":2},{\"id\":\"m2\",\"v\":231,\"q\":0}]}") Good
            meters.m1 Int(230) Good
            meters.m2 Int(231) Bad
            meters.m1.id Text("m1") Good
            meters.m1.v Int(230) Good
            meters.m1.p Int(1) Good
            meters.m1.q Int(12) Good
            meters.m1.s Int(2) Good
        "#]],
    );
}

/// Its 0 is Good, which to OPC is Bad.
#[test]
fn a_state_of_iobroker_has_qualities_of_its_own() {
    for (number, word) in
        [(0, "Good"), (1, "Bad"), (2, "Bad"), (0x42, "Bad"), (0x84, "Bad"), (0x40, "Uncertain")]
    {
        let state = format!(r#"{{"val":7,"ack":true,"ts":1795262400000,"q":{number},"lc":5}}"#);
        assert_eq!(quality(&state), word, "{number}");
    }
    // A flag alone makes none.
    assert_eq!(quality(r#"{"val":7,"ack":true,"ts":1795262400000,"q":0}"#), "Bad");
    assert_eq!(quality(r#"{"value":7,"ack":true,"q":0,"from":"plc"}"#), "Bad");
}

/// Whatever stands beside it, and wherever its value is shown.
#[test]
fn what_is_bad_is_nowhere_shown_as_good() {
    let bad = |payload: &str| {
        let all = points(payload.as_bytes(), None);
        let of_value = |point: &&Point| point.value == Value::Int(7);
        let found: Vec<_> = all.iter().filter(of_value).collect();
        assert!(!found.is_empty(), "{payload}");
        assert!(found.iter().all(|point| point.quality.is_bad()), "{payload}: {found:?}");
        let others = all.iter().filter(|point| point.value == Value::Int(5));
        assert!(others.into_iter().all(|point| point.quality.is_good()), "{payload}");
    };
    for value in ["v", "val", "value", "Value"] {
        for said in [r#""q":"Bad""#, r#""quality":false"#, r#""statusCode":2147483648"#, r#""q":0"#]
        {
            let object = format!(r#"{{"{value}":7,{said}}}"#);
            bad(&object);
            bad(&format!(r#"{{"a":{object}}}"#));
            bad(&format!(r#"{{"a":{{"b":[{object}]}},"c":5}}"#));
            bad(&format!(r#"{{"ts":1795262400,"values":{{"a":{object},"b":5}}}}"#));
        }
        for said in [r#""q":"Bad""#, r#""quality":false"#, r#""statusCode":2147483648"#] {
            let object = format!(r#"{{"{value}":7,{said},"x":5}}"#);
            bad(&object);
            bad(&format!(r#"{{"a":{object}}}"#));
            bad(&format!(r#"{{"a":[{object}]}}"#));
            bad(&format!(r#"{{"list":[{{"id":"s1","{value}":7,{said},"x":5}}]}}"#));
            bad(&format!(r#"{{"values":[{{"id":"s1","{value}":7,{said},"x":5}}]}}"#));
            bad(&format!(r#"{{"ts":1795262400,"values":{{"a":{object}}}}}"#));
        }
    }
    bad(r#"{"v":{"a":7},"q":"Bad","x":5}"#);
}
