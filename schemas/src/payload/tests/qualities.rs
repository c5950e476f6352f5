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
