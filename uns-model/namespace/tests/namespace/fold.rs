//! The fold of last values, fields and retained messages (NS-20 to NS-26).

use fabric::Inbound;
use uns_model::{PublisherId, Quality, Timestamp, Value};
use uns_namespace::Gate;

use crate::world::{NOON, SECOND, World, current, inbound, publish, publish_as, value};

#[test]
fn late_and_historical_samples_leave_the_last_value_alone() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    let topic = "uns/v1/a";
    let mut steps = vec![
        (r#"{"value":1,"timestamp":"2026-11-21T11:59:00Z"}"#, 1),
        (r#"{"value":2,"timestamp":"2026-11-21T11:58:00Z"}"#, 1),
        (r#"{"value":3,"timestamp":"2026-11-21T11:59:30Z","historical":true}"#, 1),
        (r#"{"value":4,"timestamp":"2026-11-21T11:59:00Z"}"#, 4),
        (r#"{"value":4,"timestamp":"2026-11-21T11:59:00Z"}"#, 4),
        (r#"{"value":5,"timestamp":"2026-11-21T13:00:00Z"}"#, 5),
        ("6", 6),
    ];
    for (payload, expected) in steps.drain(..) {
        publish(&mut gate, topic, payload).unwrap();
        assert_eq!(value(&space, topic), Some(Value::Int(expected)), "{payload}");
    }
    let fold = space.stats().fold;
    assert_eq!((fold.points, fold.history_only, fold.corrections, fold.duplicates), (7, 2, 1, 1));
    assert_eq!(fold.ahead, 1);
}

#[test]
fn a_sample_from_the_future_has_its_ingest_time_like_one_without_a_time() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    publish(&mut gate, "uns/v1/a", r#"{"value":5,"timestamp":"2026-11-21T13:00:00Z"}"#).unwrap();
    publish(&mut gate, "uns/v1/b", "1").unwrap();
    let values = current(&space, "uns/v1/+");
    assert_eq!(values[0].last.quality, Quality::GOOD);
    assert_eq!(values[0].last.timestamp, values[0].last.ingest);
    assert_eq!(space.stats().fold.ahead, 1);
    assert_eq!(values[1].last.quality, Quality::GOOD);
    assert_eq!(values[1].last.timestamp, values[1].last.ingest);
    assert!(values[0].last.sequence < values[1].last.sequence);
}

#[test]
fn a_clock_that_was_set_back_is_followed_after_thirty_seconds() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    let mut at = |second: i64, source: i64, payload: i64| {
        let ingest = Timestamp(NOON.0 + second * SECOND);
        let millis = (NOON.0 + source * SECOND) / 1_000_000;
        let payload = format!(r#"{{"value":{payload},"timestamp_ms":{millis}}}"#);
        let inbound = Inbound { ingest, ..inbound(payload.as_bytes()) };
        publish_as(&mut gate, "uns/v1/a", &inbound).unwrap();
        value(&space, "uns/v1/a")
    };
    assert_eq!(at(0, 0, 1), Some(Value::Int(1)));
    for second in 1..=30 {
        assert_eq!(at(second, second - 3600, 2), Some(Value::Int(1)), "{second}");
    }
    assert_eq!(at(31, 31 - 3600, 3), Some(Value::Int(3)));
    assert_eq!(space.stats().fold.clock_steps, 1);
}

#[test]
fn the_leaves_of_a_document_are_fields_with_values_of_their_own() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    publish(&mut gate, "p/m", r#"{"temp":23.4,"motor":{"rpm":1200}}"#).unwrap();
    publish(&mut gate, "p/m", r#"{"temp":24}"#).unwrap();
    let found = current(&space, "p/m");
    let shown: Vec<_> =
        found.iter().map(|value| (value.field.as_deref(), value.last.value.clone())).collect();
    assert_eq!(
        shown,
        [
            (None, Value::Document(r#"{"temp":24}"#.into())),
            (Some("motor.rpm"), Value::Int(1200)),
            (Some("temp"), Value::Int(24)),
        ]
    );
}

#[test]
fn changing_field_names_do_not_grow_a_node_without_limit() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    for n in 0..1_000 {
        publish(&mut gate, "p/m", &format!(r#"{{"steady":{n},"f{n}":1}}"#)).unwrap();
    }
    let found = current(&space, "p/m");
    assert_eq!(found.len(), 257);
    let has = |name: &str| found.iter().any(|value| value.field.as_deref() == Some(name));
    assert!(has("steady") && has("f999") && !has("f0"));
}

#[test]
fn retained_messages_are_kept_replaced_cleared_and_expire() {
    let world = World::new();
    let space = world.open();
    let mut gate = Gate::new(&space);
    let retained =
        |payload| Inbound { retain: true, publisher: PublisherId(3), ..inbound(payload) };
    let keep = Inbound { properties: &[1, 1], ..retained(b"old") };
    publish_as(&mut gate, "p/a", &keep).unwrap();
    publish_as(&mut gate, "p/a", &Inbound { expiry: Some(60), ..retained(b"new") }).unwrap();
    publish_as(&mut gate, "p/b", &keep).unwrap();
    publish_as(&mut gate, "p/b", &inbound(b"")).unwrap();
    publish_as(&mut gate, "p/c", &keep).unwrap();
    publish_as(&mut gate, "p/c", &retained(b"")).unwrap();
    publish_as(&mut gate, "p/d", &inbound(b"x")).unwrap();
    space.catch_up().unwrap();
    let seeds = || {
        let mut seeds = Vec::new();
        space.retained(&mut |r| {
            let (properties, payload) = (r.kept.properties(), r.kept.payload());
            let (properties, payload) = (properties.to_vec(), payload.to_vec());
            seeds.push((r.name.to_string(), properties, payload, r.kept.expiry()));
        });
        seeds.sort();
        seeds
    };
    let b = ("p/b".to_owned(), vec![1, 1], b"old".to_vec(), None);
    assert_eq!(seeds(), [("p/a".to_owned(), vec![], b"new".to_vec(), Some(60)), b.clone()]);
    world.clock.advance(std::time::Duration::from_secs(61));
    assert_eq!(seeds(), [b]);
    assert_eq!(value(&space, "p/c"), Some(Value::Text("old".into())), "a clear is no sample");
}
