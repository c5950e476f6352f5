//! What stands beside fields that are named points, names in the spelling of .NET, and what is counted.

use super::*;

/// The fields of a payload on a topic of brownfield, and how many were left out.
fn fields(payload: &str) -> (Vec<(String, Value)>, u32) {
    let mut out = Vec::new();
    let decoded = decode_here(payload.as_bytes(), None, &mut out).unwrap();
    let named = |point: Point| Some((point.field?.to_string(), point.value));
    (out.into_iter().filter_map(named).collect(), decoded.fields_left_out)
}

fn int(name: &str, value: i64) -> (String, Value) {
    (name.to_owned(), Value::Int(value))
}

fn text(name: &str, value: &str) -> (String, Value) {
    (name.to_owned(), Value::Text(value.into()))
}

/// A device that begins to send an object of values keeps its other fields.
#[test]
fn what_stands_beside_the_fields_of_an_element_is_a_field() {
    let sensor = fields(r#"{"sensors":[{"id":"s1","temp":22,"values":{"zz":1}}]}"#);
    assert_eq!(
        sensor,
        (vec![int("sensors.s1.zz", 1), text("sensors.s1.id", "s1"), int("sensors.s1.temp", 22)], 0)
    );
    let device = r#"{"id":"d1","rssi":-70,"radio":{"sf":7},"values":{"temp":21}}"#;
    let of_device = |key: &str| {
        let key = |name: &str| format!("{key}{name}");
        vec![
            int(&key("d1.temp"), 21),
            text(&key("d1.id"), "d1"),
            int(&key("d1.rssi"), -70),
            int(&key("d1.radio.sf"), 7),
        ]
    };
    assert_eq!(fields(&format!("{{\"devices\":[{device}]}}")), (of_device("devices."), 0));
    assert_eq!(fields(&format!("[{device}]")), (of_device(""), 0));
    // Without a name they are beside the values.
    let time = 1_795_262_400;
    let list = format!(r#"[{{"ts":{time},"rssi":-70,"values":{{"temp":21}}}}]"#);
    assert_eq!(fields(&list), (vec![int("temp", 21), int("rssi", -70)], 0));
    let listed = format!(r#"{{"d1":{list}}}"#);
    assert_eq!(fields(&listed), (vec![int("d1.temp", 21), int("d1.rssi", -70)], 0));
    // Telegraf's tags are in the name.
    let metric =
        r#"{"metrics":[{"name":"cpu","tags":{"h":"h1"},"fields":{"idle":9},"battery":5}]}"#;
    let expected = [int("cpu.h1.idle", 9), text("cpu.h1.name", "cpu"), int("cpu.h1.battery", 5)];
    assert_eq!(fields(metric), (expected.to_vec(), 0));
    // A name and a time are no more than values need.
    let plain = format!(r#"[{{"id":"d1","ts":{time},"values":{{"temp":21}}}}]"#);
    assert_eq!(fields(&plain), (vec![int("d1.temp", 21)], 0));
    // What says a quality of them all is shown as that of a document is.
    let said = fields(r#"[{"id":"d1","quality":"Bad","values":{"temp":21}}]"#).0;
    assert!(said.contains(&text("d1.quality", "Bad")), "{said:?}");
}

#[test]
fn what_stands_beside_the_fields_of_a_child_is_published_to_it() {
    let rows = |payload: &str| match accept(payload.as_bytes()).unwrap() {
        Some(Batch::Children(rows)) => rows
            .into_iter()
            .map(|row| row.map(|row| (row.path, row.payload)).unwrap())
            .collect::<Vec<_>>(),
        _ => unreachable!("{payload}"),
    };
    let row = |path: &str, payload: &str| (path.to_owned(), payload.to_owned());
    assert_eq!(
        rows(r#"[{"id":"d1","rssi":-70,"values":{"temp":21}}]"#),
        [row("d1/temp", r#"{"value":21}"#), row("d1", r#"{"id":"d1","rssi":-70}"#)]
    );
    let time = "\"timestamp\":\"2026-11-21T12:00:00Z\"";
    assert_eq!(
        rows(r#"[{"ts":1795262400,"rssi":-70,"values":{"temp":21}}]"#),
        [
            row("temp", &format!("{{\"value\":21,{time}}}")),
            row("rssi", &format!("{{\"value\":-70,{time}}}")),
        ]
    );
}

/// Serialisers of .NET write names with capital letters.
#[test]
fn names_with_capital_letters_tell_tags_apart() {
    for name in ["Name", "Tag", "TagName", "tag_name"] {
        let message = format!(r#"{{"{name}":"a","Value":1,"Timestamp":"2026-11-21T12:00:00Z"}}"#);
        assert_eq!(fields(&message).0, [int("a", 1)], "{name}");
    }
    for name in ["Name", "Tag", "TagName", "tag_name", "Id", "ID"] {
        let list = format!(r#"[{{"{name}":"b","Value":2}},{{"{name}":"a","Value":1}}]"#);
        assert_eq!(fields(&list).0, [int("b", 2), int("a", 1)], "{name}");
    }
    // FactoryTalk Optix.
    let records = r#"{"Timestamp":"2026-11-21T12:00:00Z","Records":[{"Tag":"a","Value":1,"Quality":"Good"},{"Tag":"b","Value":2,"Quality":"Bad"}]}"#;
    let found = fields(records).0;
    assert!(found.ends_with(&[int("Records.a", 1), int("Records.b", 2)]), "{found:?}");
}

/// A sample of OPC Publisher that is Good and has no time has a value in a value all the same.
#[test]
fn a_value_alone_in_a_value_is_unwrapped() {
    check(
        r#"{"NodeId":"n","Value":{"Value":23.4}}"#,
        &expect![["- Float(23.4) Good\nn Float(23.4) Good\n"]],
    );
    check(r#"{"value":{"value":5}}"#, &expect![["- Int(5) Good\n"]]);
    // What may be one of several fields is one.
    check(
        r#"{"value":{"v":5}}"#,
        &expect![["- Document(\"{\\\"v\\\":5}\") Good\nv Int(5) Good\n"]],
    );
}

#[test]
fn rows_of_matrices_are_counted() {
    for (payload, left_out) in [
        (r#"{"a":[[1,2],[3,4]]}"#, 2),
        (r#"{"a":[1,[2,3]]}"#, 1),
        ("[[1,2],[3,4],[5,6]]", 3),
        (r#"{"a":{"b":{"c":{"d":{"e":{"f":[[1]]}}}}}}"#, 1),
        // Long rows of numbers are as they should be.
        (r#"{"a":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}"#, 0),
    ] {
        assert_eq!(fields(payload).1, left_out, "{payload}");
    }
}

#[test]
fn numbers_that_are_no_time_and_no_unit_are_fields() {
    check(r#"{"value":5,"units":12}"#, &expect![["- Int(5) Good\nunits Int(12) Good\n"]]);
    check(r#"{"value":5,"unit":"bar"}"#, &expect![["- Int(5) Good in bar\n"]]);
    assert_eq!(fields(r#"{"value":5,"time":3600}"#).0, [int("time", 3600)]);
    assert_eq!(fields(r#"{"value":5,"time":1795262400}"#).0, []);
    assert_eq!(fields(r#"{"a":5,"time":12}"#).0, [int("a", 5), int("time", 12)]);
}

#[test]
fn a_type_under_other_names_says_what_a_text_is() {
    for (kind, value, expected) in [
        ("Int32", "12", Value::Int(12)),
        ("UInt16", "12", Value::Int(12)),
        ("Double", "2.5", Value::Float(2.5)),
        ("Boolean", "true", Value::Bool(true)),
        // A decimal comma is no number of any type.
        ("Float", "12,5", Value::Text("12,5".into())),
        ("String", "12", Value::Text("12".into())),
    ] {
        for key in ["dataType", "datatype", "valueType"] {
            let found =
                points(format!(r#"{{"value":"{value}","{key}":"{kind}"}}"#).as_bytes(), None);
            assert_eq!((&found[0].value, found.len()), (&expected, 1), "{key} {kind}");
        }
    }
}

#[test]
fn comments_between_lines_are_none_of_them() {
    let text = "# buffered\nmem g=1i 1795262400000000000\n# end\n";
    assert_eq!(fields(text).0, [int("mem.g", 1)]);
    assert_eq!(points(text.as_bytes(), None)[0].value, Value::Text(text.into()));
    assert_eq!(fields("# g=1i 1795262400000000000").0, []);
}

/// A sensor that begins to send the voltage of its battery as `v` keeps its value where it was.
#[test]
fn a_short_name_beside_a_value_by_its_own_name_is_a_field() {
    for (payload, name) in [
        (r#"{"value":21,"ts":1795262400,"v":3}"#, "v"),
        (r#"{"v":3,"value":21,"ts":1795262400}"#, "v"),
        (r#"{"val":3,"Value":21,"ts":1795262400}"#, "val"),
    ] {
        let found = points(payload.as_bytes(), None);
        assert_eq!((&found[0].field, &found[0].value), (&None, &Value::Int(21)), "{payload}");
        assert_eq!(fields(payload).0, [int(name, 3)], "{payload}");
    }
    assert_eq!(
        fields(r#"{"sensors":[{"id":"s1","value":21,"v":3}]}"#).0,
        [int("sensors.s1", 21), int("sensors.s1.v", 3)]
    );
    assert_eq!(
        fields(r#"{"tags":[{"v":3,"name":"t0","value":1}]}"#).0,
        [int("t0", 1), int("t0.v", 3)]
    );
    // Two of either kind are values of which nobody can tell the one that is meant.
    for payload in
        [r#"{"v":1,"val":2,"ts":1795262400}"#, r#"{"value":1,"Value":2,"ts":1795262400}"#]
    {
        let found = points(payload.as_bytes(), None);
        assert!(matches!(found[0].value, Value::Document(_)), "{payload}");
    }
}

/// Values by name keep their names when a value of the node itself joins them.
#[test]
fn values_by_name_beside_a_value_keep_their_names() {
    let series = r#""ts":1795262400,"values":{"temp":1},"errors":{"hum":2014}"#;
    for (more, own) in [("", None), (r#","v":3"#, Some(3)), (r#","value":7"#, Some(7))] {
        let payload = format!("{{{series}{more}}}");
        let found = points(payload.as_bytes(), None);
        let value = |name: &str| {
            found
                .iter()
                .find(|point| point.field.as_deref() == Some(name))
                .map(|point| &point.value)
        };
        assert_eq!(value("temp"), Some(&Value::Int(1)), "{payload}");
        assert_eq!(value("hum"), Some(&Value::Null), "{payload}");
        assert_eq!(value("values.temp"), None, "{payload}");
        if let Some(own) = own {
            assert_eq!(found[0].value, Value::Int(own), "{payload}");
        }
    }
}
