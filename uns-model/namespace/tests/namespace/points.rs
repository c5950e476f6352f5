//! A payload is read once, at the gate: its record says what was understood, in the zone and with the
//! content type of that moment (namespace section 5).

use fabric::{Findings, Inbound, Log, Record, TailItem};
use schemas::payload::FieldLimits;
use uns_model::{Finding, Reason, Sequence, Timestamp, Zone};
use uns_namespace::{AllRights, Gate};

use crate::world::{World, current, inbound, node, publish, publish_as, refusal};

/// The points of every publish in the log, in words, and the findings about it.
fn understood(world: &World) -> Vec<(Vec<String>, Vec<Finding>)> {
    let mut tail = world.log.tail(Sequence::ZERO);
    let mut all = Vec::new();
    while let Some(TailItem::Frame(frame)) = tail.next().expect("it can be read") {
        for (_, record) in frame.records() {
            let Record::Publish(publish) = record else { continue };
            let points = publish.points.expect("every record carries them");
            let words = points.iter().map(|point| {
                let field = point.field.unwrap_or("own");
                let time = point.source.map_or(String::new(), |time| format!(" at {time}"));
                format!("{field}={:?} {}{time}", point.value, point.quality.word())
            });
            all.push((words.collect(), points.findings().collect()));
        }
    }
    all
}

#[test]
fn a_record_says_what_the_gate_understood() {
    let mut world = World::new();
    world.config.zone = Zone::fixed(3_600);
    let space = world.open();
    let mut gate = Gate::new(&space);
    for (topic, payload) in [
        ("uns/v1/p/a", "23.4"),
        ("uns/v1/p/a", r#"{"value":1,"timestamp":"2026-11-21T12:00:00","quality":"Uncertain"}"#),
        ("uns/v1/p/a", r#"{"temp":2,"on":true}"#),
        ("p/a", r#"{"a":1,"a":2}"#),
        ("p/a", ""),
    ] {
        publish(&mut gate, topic, payload).unwrap();
    }
    let expected = [
        (vec!["own=Float(23.4) Good"], vec![]),
        (vec!["own=Int(1) Uncertain at 2026-11-21T11:00:00Z"], vec![]),
        (
            vec![
                r#"own=Document("{\"temp\":2,\"on\":true}") Good"#,
                "temp=Int(2) Good",
                "on=Bool(true) Good",
            ],
            vec![],
        ),
        (vec![r#"own=Text("{\"a\":1,\"a\":2}") Good"#], vec![Finding::Malformed]),
        (vec![], vec![]),
    ];
    let expected = expected.map(|(points, findings)| {
        (points.into_iter().map(str::to_owned).collect::<Vec<_>>(), findings)
    });
    assert_eq!(understood(&world), expected);
}

#[test]
fn rows_of_a_batch_and_a_content_type_are_read_for_their_records() {
    let world = World::new();
    let space = world.open();
    let mut gate = Gate::new(&space);
    let batch = r#"{"points":[{"path":"x","value":7,"quality":"Bad"}],"ts":1795262400}"#;
    publish(&mut gate, "uns/v1/p", batch).unwrap();
    let properties = b"\x03\0\x1capplication/vnd.uns.vqt+json";
    let declared = Inbound { properties, ..inbound(br#"{"v":5,"line":"a"}"#) };
    let node = node(&mut gate, "p/declared");
    gate.admit(&node, &declared, &AllRights).unwrap();
    gate.flush(None).unwrap();
    let all = understood(&world);
    let noon = Timestamp(1_795_262_400_000_000_000);
    assert_eq!(all[1].0, [format!("own=Int(7) Bad at {noon}")]);
    assert_eq!(all[2].0, ["own=Int(5) Good", "line=Text(\"a\") Good"]);
}

#[test]
fn what_is_remarkable_is_told_to_whoever_publishes() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    let mut admitted = |topic: &str, payload: &[u8]| {
        let node = node(&mut gate, topic);
        let admitted = gate.admit(&node, &inbound(payload), &AllRights).unwrap();
        (admitted.points, admitted.findings)
    };
    let of = |found: &[Finding]| {
        let mut findings = Findings::default();
        found.iter().for_each(|finding| findings.note(*finding));
        findings
    };
    assert_eq!(admitted("p/a", b"1"), (1, of(&[])));
    assert_eq!(admitted("uns/v1/p/a", br#"{"temp":1,"rpm":2}"#), (3, of(&[])));
    assert_eq!(admitted("p/a", br#"{"a":1,"a":2}"#), (1, of(&[Finding::Malformed])));
    assert_eq!(admitted("p/a", &[b'x'; 65_537]), (1, of(&[Finding::TooLarge])));
    assert_eq!(admitted("p/a", b"{\"a\":\"\xe4\"}").1, of(&[Finding::Windows1252]));
}

#[test]
fn under_our_prefix_what_brownfield_keeps_as_text_or_bytes_is_refused() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    for (payload, reason) in [
        (r#"{"a":1,"a":2}"#, Reason::PayloadMalformed),
        (r#"{"a":[{"b":1,"b":2}]}"#, Reason::PayloadMalformed),
        (&deep, Reason::PayloadMalformed),
        (&"x".repeat(65_537), Reason::PayloadTooLarge),
    ] {
        assert_eq!(refusal(&mut gate, "uns/v1/p/a", payload), Some(reason));
        publish(&mut gate, "p/a", payload).expect("it is kept");
    }
    let properties = b"\x03\0\x1capplication/vnd.uns.vqt+cbor";
    let mut declared = |topic, payload: &[u8]| {
        publish_as(&mut gate, topic, &Inbound { properties, ..inbound(payload) })
    };
    let refused = declared("uns/v1/p/a", b"\xa1").unwrap_err();
    assert_eq!(refused.reason, Reason::PayloadMalformed);
    declared("p/a", b"\xa1").expect("it is kept");
    // A map of one text: a document, which may be larger than a value.
    let text = [&b"\xa1\x61t\x7a\0\x01\x86\xa0"[..], &[b'x'; 100_000]].concat();
    declared("uns/v1/p/a", &text).expect("it is a document");
    let refused = declared("uns/v1/p/a", &text[3..]).unwrap_err();
    assert_eq!(refused.reason, Reason::PayloadTooLarge, "a text alone is a value");
}

#[test]
fn limits_of_fields_are_those_of_the_namespace() {
    let mut world = World::new();
    world.config.fields = FieldLimits { fields_max: 2, depth_max: 2 };
    let space = world.open();
    let mut gate = Gate::new(&space);
    let payload = r#"{"a":1,"b":{"c":{"d":2},"e":3},"f":4}"#;
    for topic in ["uns/v1/p/a", "p/a"] {
        publish(&mut gate, topic, payload).unwrap();
        let fields = current(&space, topic).into_iter().filter_map(|value| value.field);
        let fields: Vec<_> = fields.map(|field| field.to_string()).collect();
        assert_eq!(fields, ["a", "b.e"], "{topic}");
    }
    let findings: Vec<_> = understood(&world).into_iter().map(|(_, findings)| findings).collect();
    assert_eq!(findings, [[Finding::FieldsLeftOut(2)], [Finding::FieldsLeftOut(2)]]);
    // A node keeps as many, whatever its documents call them.
    publish(&mut gate, "p/a", r#"{"x":1,"y":2}"#).unwrap();
    let fields = current(&space, "p/a").into_iter().filter_map(|value| value.field);
    assert_eq!(fields.count(), 2);
}
