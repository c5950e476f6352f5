//! Children batches (NS-21): the parent passes unchanged, each row becomes a sample of its child.

use fabric::{Inbound, Place};
use uns_model::{Quality, Reason, Value};
use uns_namespace::{AllRights, Gate, PublisherRights};

use crate::world::{World, current, inbound, node, publish, publish_as, value};

#[test]
fn each_point_becomes_a_sample_of_its_child() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    let payload = concat!(
        r#"{"points":[{"path":"motor/temp","value":1.50,"quality":"Bad"},"#,
        r#"{"path":"big","value":9007199254740993},{"path":"a b","value":1},{"value":1},"#,
        r#"{"path":"none"}]}"#
    );
    let parent = node(&mut gate, "uns/v1/p");
    let outputs =
        gate.admit(&parent, &inbound(payload.as_bytes()), &AllRights).unwrap().outputs.unwrap();
    let children: Vec<_> =
        outputs.messages.iter().map(|one| (&*one.topic, &one.payload[..])).collect();
    assert_eq!(
        children,
        [
            ("uns/v1/p/motor/temp", &br#"{"value":1.50,"quality":"Bad"}"#[..]),
            ("uns/v1/p/big", &br#"{"value":9007199254740993}"#[..]),
        ]
    );
    let refused: Vec<_> = outputs
        .refused
        .iter()
        .map(|row| (&*row.topic, row.rejection.reason, std::str::from_utf8(&row.payload).unwrap()))
        .collect();
    assert_eq!(
        refused,
        [
            ("uns/v1/p/a b", Reason::TopicInvalid, r#"{"value":1}"#),
            ("uns/v1/p", Reason::PayloadMalformed, r#"{"value":1}"#),
            ("uns/v1/p/none", Reason::PayloadMalformed, r#"{"path":"none"}"#),
        ]
    );
    let places: Vec<_> = outputs.messages.iter().map(|one| one.place).collect();
    // Each is behind the record of its node, and all are in one batch.
    assert_eq!(places, [Some(Place(3)), Some(Place(5))]);
    assert_eq!(gate.pending().0, 6);
    gate.flush(None).unwrap();
    assert_eq!(value(&space, "uns/v1/p"), Some(Value::Document(payload.into())));
    assert_eq!(value(&space, "uns/v1/p/big"), Some(Value::Int(9_007_199_254_740_993)));
    assert_eq!(current(&space, "uns/v1/p/motor/temp")[0].last.quality, Quality::BAD);
}

#[test]
fn a_row_that_is_no_number_or_no_point_costs_no_other_one() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    let parent = node(&mut gate, "uns/v1/p");
    for (payload, refused) in [
        (r#"{"points":[{"path":"a","value":1},{"path":"b","value":NaN}]}"#, 0),
        (r#"{"points":[{"path":"a","value":1},7,{"path":"b","value":-inf}],"line":3}"#, 1),
        (r#"{"source":"x","points":["x",{"path":"a","value":1},{"path":"b","value":nan}]}"#, 1),
    ] {
        let outputs =
            gate.admit(&parent, &inbound(payload.as_bytes()), &AllRights).unwrap().outputs.unwrap();
        assert_eq!((outputs.messages.len(), outputs.refused.len()), (2, refused), "{payload}");
        gate.flush(None).unwrap();
        assert_eq!(value(&space, "uns/v1/p/a"), Some(Value::Int(1)));
        let b = &current(&space, "uns/v1/p/b")[0];
        assert_eq!((&b.last.value, b.last.quality), (&Value::Null, Quality::BAD));
    }
    let rows = r#"[{"value":1,"timestamp":1795262400},7,{"value":2,"timestamp":1795262401}]"#;
    let refused = gate
        .admit(&parent, &inbound(rows.as_bytes()), &AllRights)
        .unwrap()
        .outputs
        .unwrap()
        .refused;
    assert_eq!((&*refused[0].topic, &refused[0].payload[..]), ("uns/v1/p", &b"7"[..]));
    gate.flush(None).unwrap();
    assert_eq!(value(&space, "uns/v1/p"), Some(Value::Int(2)));
}

struct NoSecrets;

impl PublisherRights for NoSecrets {
    fn may_publish(&self, topic: &str) -> bool {
        !topic.starts_with("uns/v1/acme/secret")
    }

    fn may_read(&self, _: &str) -> bool {
        true
    }
}

#[test]
fn every_row_is_judged_like_a_publish_of_its_own() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    let parent = node(&mut gate, "uns/v1/acme");
    let payload = concat!(
        r#"{"points":[{"path":"secret/recipe","value":666},{"path":"open","value":1},"#,
        r#"{"path":"../secret","value":1},{"path":"/x","value":1},{"path":"a/+","value":1},"#,
        r#"{"path":"a/#","value":1},{"path":"a\u0000","value":1}]}"#
    );
    let outputs =
        gate.admit(&parent, &inbound(payload.as_bytes()), &NoSecrets).unwrap().outputs.unwrap();
    assert_eq!(outputs.messages.len(), 1);
    let reasons: Vec<_> = outputs.refused.iter().map(|row| row.rejection.reason).collect();
    assert_eq!(reasons[0], Reason::NotAuthorized);
    assert!(reasons[1..].iter().all(|reason| *reason == Reason::TopicInvalid), "{reasons:?}");
    gate.flush(None).unwrap();
    assert_eq!(value(&space, "uns/v1/acme/open"), Some(Value::Int(1)));
    assert!(current(&space, "uns/v1/acme/secret/#").is_empty());
    assert!(space.node_of_topic(crate::world::ORG, "uns/v1/acme/secret/recipe").is_none());
}

#[test]
fn a_retained_batch_retains_nothing_on_the_topics_of_its_rows() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    let payload = br#"{"points":[{"path":"a","value":1}]}"#;
    publish_as(&mut gate, "uns/v1/p", &Inbound { retain: true, ..inbound(payload) }).unwrap();
    space.catch_up().unwrap();
    let mut topics = Vec::new();
    space.retained(&mut |one| topics.push(one.name.to_string()));
    assert_eq!(topics, ["uns/v1/p"]);
}

#[test]
fn an_atomic_batch_is_taken_whole_or_not_at_all() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    let properties = b"\x26\0\x09uns-batch\0\x06atomic";
    let atomic = |payload| Inbound { properties, ..inbound(payload) };
    let bad = br#"{"points":[{"path":"a","value":1},{"path":"b c","value":2}]}"#;
    let refused = publish_as(&mut gate, "uns/v1/p", &atomic(bad)).unwrap_err();
    assert_eq!(refused.reason, Reason::TopicInvalid);
    assert_eq!((value(&space, "uns/v1/p"), value(&space, "uns/v1/p/a")), (None, None));
    let good = br#"{"points":[{"path":"a","value":1},{"path":"b","value":2}]}"#;
    publish_as(&mut gate, "uns/v1/p", &atomic(good)).unwrap();
    assert_eq!(value(&space, "uns/v1/p/a"), Some(Value::Int(1)));
}

#[test]
fn what_only_looks_like_a_batch_is_a_document() {
    let mut world = World::new();
    world.config.children_max = 1;
    let space = world.open();
    let mut gate = Gate::new(&space);
    for payload in [r#"{"points":5}"#, r#"{"points":[],"more":1}"#, r#"{"points":[1]}"#] {
        let parent = node(&mut gate, "uns/v1/p");
        let admitted = gate.admit(&parent, &inbound(payload.as_bytes()), &AllRights).unwrap();
        assert!(admitted.outputs.is_none(), "{payload}");
        gate.flush(None).unwrap();
        assert_eq!(value(&space, "uns/v1/p"), Some(Value::Document(payload.into())));
    }
    let batch = r#"{"points":[{"path":"a","value":1},{"path":"b","value":2}]}"#;
    let refused = publish(&mut gate, "uns/v1/p", batch).unwrap_err();
    assert_eq!(refused.reason, Reason::PayloadTooLarge);
    let brownfield = node(&mut gate, "p/brownfield");
    let admitted = gate.admit(&brownfield, &inbound(batch.as_bytes()), &AllRights).unwrap();
    assert!(admitted.outputs.is_none(), "brownfield is left as it is");
}

#[test]
fn named_points_are_rows_of_a_batch() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    let payload =
        r#"{"values":[{"id":"secret.recipe","v":666},{"id":"open","v":1},{"id":"a b","v":2}]}"#;
    let retained = Inbound { retain: true, ..inbound(payload.as_bytes()) };
    let parent = node(&mut gate, "uns/v1/acme");
    let outputs = gate.admit(&parent, &retained, &NoSecrets).unwrap().outputs.unwrap();
    let reasons: Vec<_> = outputs.refused.iter().map(|row| row.rejection.reason).collect();
    assert_eq!(reasons, [Reason::NotAuthorized, Reason::TopicInvalid]);
    gate.flush(None).unwrap();
    assert_eq!(value(&space, "uns/v1/acme/open"), Some(Value::Int(1)));
    assert_eq!(current(&space, "uns/v1/acme").len(), 1, "what are children are no fields");
    let mut topics = Vec::new();
    space.retained(&mut |one| topics.push(one.name.to_string()));
    assert_eq!(topics, ["uns/v1/acme"]);
    let properties = b"\x26\0\x09uns-batch\0\x06atomic";
    let atomic = Inbound { properties, ..inbound(payload.as_bytes()) };
    let refused = publish_as(&mut gate, "uns/v1/other", &atomic).unwrap_err();
    assert_eq!(refused.reason, Reason::TopicInvalid);
    assert!(current(&space, "uns/v1/other/#").is_empty(), "all or none");
}

#[test]
fn a_batch_of_too_many_rows_is_refused_or_says_what_was_left_out() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    let many = |row: &str| vec![row; 10_001].join(",");
    let rows = format!("[{}]", many(r#"{"value":1,"ts":1795262400}"#));
    let columns = format!(r#"{{"t":[{}],"v":[{}]}}"#, many("1795262400"), many("1"));
    let documents = format!("[{}]", many(r#"{"a":1,"ts":1795262400}"#));
    let named = format!(r#"{{"values":[{}]}}"#, many(r#"{"id":"a","v":1}"#));
    for payload in [&rows, &columns, &documents, &named] {
        let refused = publish(&mut gate, "uns/v1/p", payload).unwrap_err();
        assert_eq!(refused.reason, Reason::PayloadTooLarge, "{refused}");
        assert_eq!(space.stats().nodes, 0);
    }
    for (payload, left_out) in
        [(&rows, 10_001), (&columns, 10_001), (&documents, 10_001), (&named, 1)]
    {
        let topic = format!("plant/{left_out}/{}", payload.len());
        publish(&mut gate, &topic, payload).unwrap();
        let own = current(&space, &topic).into_iter().find(|value| value.field.is_none()).unwrap();
        assert_eq!(own.last.remarks.fields_left_out, left_out, "{topic}");
    }
}

#[test]
fn a_row_is_one_value_whatever_stands_beside_it() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    publish(&mut gate, "uns/v1/p", r#"{"points":[{"path":"a","v":1,"line":"x"}]}"#).unwrap();
    assert_eq!(value(&space, "uns/v1/p/a"), Some(Value::Int(1)));
    let beside = current(&space, "uns/v1/p/a").pop().unwrap();
    assert_eq!(
        (beside.field.as_deref(), beside.last.value),
        (Some("line"), Value::Text("x".into()))
    );
}
