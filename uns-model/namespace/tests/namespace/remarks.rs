//! What is said of a last value beside it: unit, superseded fields, fields left out, encoding
//! (NS-19d, NS-19f, NS-20, NS-23a).

use uns_model::query::CurrentValue;
use uns_model::{Quality, Value};
use uns_namespace::{Gate, Namespace};

use crate::world::{World, current, inbound, publish, publish_as};

fn own(space: &Namespace, topic: &str) -> CurrentValue {
    let found = current(space, topic).into_iter().find(|value| value.field.is_none());
    found.expect("it has a value of its own")
}

/// Fields with their value and whether they are superseded.
fn fields(space: &Namespace, topic: &str) -> Vec<(String, Value, bool)> {
    let found = current(space, topic).into_iter();
    let fields = found.filter_map(|value| {
        Some((value.field?.to_string(), value.last.value, value.last.remarks.superseded))
    });
    fields.collect()
}

#[test]
fn the_unit_of_a_series_is_the_last_one_it_was_given() {
    let world = World::new();
    let space = world.open();
    let mut gate = Gate::new(&space);
    let unit =
        |space: &Namespace| own(space, "uns/v1/a").last.remarks.unit.map(|unit| unit.to_string());
    for (payload, expected) in [
        ("7", None),
        (r#"{"value":118,"unit":"1/min"}"#, Some("1/min")),
        ("119", Some("1/min")),
        (r#"{"value":1,"unit":"rpm","timestamp":"2026-11-21T11:00:00Z"}"#, Some("1/min")),
        (r#"{"value":120,"unit":"rpm"}"#, Some("rpm")),
    ] {
        publish(&mut gate, "uns/v1/a", payload).unwrap();
        assert_eq!(unit(&space).as_deref(), expected, "{payload}");
    }
    space.checkpoint().unwrap();
    let again = world.open();
    assert_eq!(unit(&again).as_deref(), Some("rpm"), "out of a checkpoint");
}

#[test]
fn a_field_that_a_newer_document_lacks_is_superseded() {
    let world = World::new();
    let space = world.open();
    let mut gate = Gate::new(&space);
    let (state, error) = (|word: &str| Value::Text(word.into()), Value::Text("E12".into()));
    publish(&mut gate, "p/m", r#"{"state":"fault","error":"E12"}"#).unwrap();
    let both = |text, superseded| {
        [("error".into(), error.clone(), superseded), ("state".into(), state(text), false)]
    };
    assert_eq!(fields(&space, "p/m"), both("fault", false));
    let before = current(&space, "p/m")[1].clone();
    publish(&mut gate, "p/m", r#"{"state":"ok"}"#).unwrap();
    assert_eq!(fields(&space, "p/m"), both("ok", true));
    let after = current(&space, "p/m")[1].clone();
    assert_eq!(
        (after.last.timestamp, after.last.quality),
        (before.last.timestamp, before.last.quality)
    );
    space.checkpoint().unwrap();
    let space = world.open();
    assert_eq!(fields(&space, "p/m"), both("ok", true), "out of a checkpoint");
    let mut gate = Gate::new(&space);
    publish(&mut gate, "p/m", r#"{"state":"ok","error":"E12"}"#).unwrap();
    assert_eq!(fields(&space, "p/m"), both("ok", false), "it is there again");
}

#[test]
fn a_scalar_after_a_document_closes_its_fields() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    publish(&mut gate, "p/m", r#"{"state":"fault","error":"E12"}"#).unwrap();
    publish(&mut gate, "p/m", "null").unwrap();
    assert_eq!(fields(&space, "p/m")[0].1, Value::Text("E12".into()), "null is no scalar");
    publish(&mut gate, "p/m", "17").unwrap();
    let found = current(&space, "p/m");
    for field in &found[1..] {
        assert_eq!((&field.last.value, field.last.quality), (&Value::Null, Quality::GOOD_NO_DATA));
        assert_eq!(
            (field.last.timestamp, field.last.sequence),
            (found[0].last.timestamp, found[0].last.sequence)
        );
    }
    publish(&mut gate, "p/m", r#"{"state":"ok"}"#).unwrap();
    let state = current(&space, "p/m").into_iter().find(|v| v.field.as_deref() == Some("state"));
    assert_eq!(state.unwrap().last.value, Value::Text("ok".into()));
}

/// Eleven and so many seconds.
fn at(second: u32) -> String {
    format!("2026-11-21T11:00:{second:02}Z")
}

/// A field's value, and when it was; null without a value.
fn field(space: &Namespace, topic: &str, name: &str) -> Option<(Value, Quality, String)> {
    let found = current(space, topic).into_iter().find(|v| v.field.as_deref() == Some(name))?;
    Some((found.last.value, found.last.quality, found.last.timestamp.to_string()))
}

#[test]
fn a_document_that_arrives_after_a_newer_scalar_has_no_open_fields() {
    let world = World::new();
    let space = world.open();
    let mut gate = Gate::new(&space);
    let ended = |second| Some((Value::Null, Quality::GOOD_NO_DATA, at(second)));
    let mut publish = |payload: String| publish(&mut gate, "p/m", &payload).unwrap();
    let document = |second, name: &str| format!(r#"{{"ts":"{}","{name}":1}}"#, at(second));
    let scalar = |second| format!(r#"{{"value":17,"ts":"{}"}}"#, at(second));
    publish(document(10, "a"));
    publish(scalar(20));
    assert_eq!(field(&space, "p/m", "a"), ended(20));
    publish(document(15, "late"));
    assert_eq!(field(&space, "p/m", "late"), ended(20), "it was over before it came");
    publish(scalar(40));
    publish(document(30, "a"));
    assert_eq!(field(&space, "p/m", "a"), ended(40));
    publish(document(50, "b"));
    publish(document(35, "c"));
    assert_eq!(field(&space, "p/m", "c"), ended(40), "by what came before the newest document");
    assert_eq!(field(&space, "p/m", "b"), Some((Value::Int(1), Quality::GOOD, at(50))));
    publish(document(58, "d"));
    publish(scalar(55));
    assert_eq!(field(&space, "p/m", "b"), ended(55), "by a scalar that came late");
    assert_eq!(field(&space, "p/m", "d"), Some((Value::Int(1), Quality::GOOD, at(58))));
    space.checkpoint().unwrap();
    let again = world.open();
    assert_eq!(current(&again, "#"), current(&space, "#"));
}

#[test]
fn what_came_beside_a_value_goes_on_without_it() {
    let world = World::new();
    let space = world.open();
    let mut gate = Gate::new(&space);
    let mut publish = |payload: &str| publish(&mut gate, "p/m", payload).unwrap();
    let good = |value, second| Some((Value::Int(value), Quality::GOOD, at(second)));
    publish(r#"{"value":1,"battery":80,"ts":"2026-11-21T11:00:10Z"}"#);
    publish(r#"{"value":2,"ts":"2026-11-21T11:00:20Z"}"#);
    assert_eq!(field(&space, "p/m", "battery"), good(80, 10), "it need not come every time");
    publish(r#"{"battery":70,"ts":"2026-11-21T11:00:30Z"}"#);
    publish(r#"{"value":3,"battery":60,"ts":"2026-11-21T11:00:40Z"}"#);
    assert_eq!(field(&space, "p/m", "battery"), good(60, 40), "a document or not");
    space.checkpoint().unwrap();
    let again = world.open();
    assert_eq!(current(&again, "#"), current(&space, "#"));
    let mut gate = Gate::new(&again);
    for (payload, expected) in [
        (r#"{"value":4,"ts":"2026-11-21T11:00:50Z"}"#, good(60, 40)),
        (r#"{"battery":50,"ts":"2026-11-21T11:00:51Z"}"#, good(50, 51)),
        (
            r#"{"value":5,"ts":"2026-11-21T11:00:52Z"}"#,
            Some((Value::Null, Quality::GOOD_NO_DATA, at(52))),
        ),
    ] {
        crate::world::publish(&mut gate, "p/m", payload).unwrap();
        assert_eq!(field(&again, "p/m", "battery"), expected, "{payload}");
    }
}

#[test]
fn a_field_has_the_unit_that_it_was_given_last() {
    let world = World::new();
    let space = world.open();
    let mut gate = Gate::new(&space);
    let unit = |space: &Namespace| -> Option<String> {
        let found = current(space, "p/m").into_iter().find(|v| v.field.is_some())?;
        Some(found.last.remarks.unit?.to_string())
    };
    for (payload, expected) in [
        (r#"[{"n":"t","v":1}]"#, None),
        (r#"[{"n":"t","v":2,"u":"Cel"}]"#, Some("Cel")),
        (r#"[{"n":"t","v":3}]"#, Some("Cel")),
        (r#"[{"n":"t","v":4,"u":"K"}]"#, Some("K")),
    ] {
        publish(&mut gate, "p/m", payload).unwrap();
        assert_eq!(unit(&space).as_deref(), expected, "{payload}");
    }
    space.checkpoint().unwrap();
    assert_eq!(unit(&world.open()).as_deref(), Some("K"), "out of a checkpoint");
}

#[test]
fn superseded_means_that_the_newest_document_does_not_have_the_field() {
    let world = World::new();
    let space = world.open();
    let mut gate = Gate::new(&space);
    // Each point has its own time; the second message has an older one of `b`.
    for (second, b) in [(10, 9), (20, 8)] {
        let (newest, older) = (at(second), at(b));
        let payload = format!(
            r#"{{"ts":"{newest}","values":[{{"id":"a","v":1}},{{"id":"b","v":2,"t":"{older}"}}]}}"#
        );
        publish(&mut gate, "p/m", &payload).unwrap();
    }
    let superseded = |space: &Namespace, topic: &str| -> Vec<(String, bool)> {
        fields(space, topic).into_iter().map(|(name, _, superseded)| (name, superseded)).collect()
    };
    let named = |names: [(&str, bool); 2]| {
        // The time of the first document is a field of it that all have.
        let names = names.into_iter().chain([("ts", false)]);
        names.map(|(name, is)| (name.to_owned(), is)).collect::<Vec<_>>()
    };
    assert_eq!(superseded(&space, "p/m"), named([("a", false), ("b", false)]));
    // One that comes late says nothing about the newest document, not even about the first.
    publish(&mut gate, "p/n", &format!(r#"{{"ts":"{}","a":1}}"#, at(10))).unwrap();
    publish(&mut gate, "p/n", &format!(r#"{{"ts":"{}","b":1}}"#, at(5))).unwrap();
    assert_eq!(superseded(&space, "p/n"), named([("a", false), ("b", true)]));
    // In a batch of documents the last one is the newest.
    let batch = format!(
        r#"[{{"value":{{"a":1}},"ts":"{}"}},{{"value":{{"b":1}},"ts":"{}"}}]"#,
        at(1),
        at(2)
    );
    publish(&mut gate, "p/o", r#"{"value":{"c":1},"ts":"2026-11-21T10:59:00Z"}"#).unwrap();
    publish(&mut gate, "p/o", &batch).unwrap();
    let found = superseded(&space, "p/o");
    let expected = [("a", true), ("b", false), ("c", true)];
    assert_eq!(found, expected.map(|(name, is)| (name.to_owned(), is)));
    space.checkpoint().unwrap();
    assert_eq!(superseded(&world.open(), "p/n"), named([("a", false), ("b", true)]));
}

#[test]
fn what_was_left_out_and_how_it_was_read_is_said() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    let members: Vec<String> = (0..292).map(|n| format!("\"k{n}\":{n}")).collect();
    publish(&mut gate, "p/big", &format!("{{{}}}", members.join(","))).unwrap();
    assert_eq!(own(&space, "p/big").last.remarks.fields_left_out, 36);
    publish(&mut gate, "p/big", r#"{"k0":1}"#).unwrap();
    assert_eq!(own(&space, "p/big").last.remarks.fields_left_out, 0);
    let german = inbound(b"{\"alarm\":\"St\xf6rung\",\"speed\":118}");
    publish_as(&mut gate, "uns/v1/press", &german).unwrap();
    let found = current(&space, "uns/v1/press");
    assert!(found[0].last.remarks.windows_1252);
    assert_eq!(found[1].last.value, Value::Text("Störung".into()));
    assert_eq!(found[2].last.value, Value::Int(118));
}
