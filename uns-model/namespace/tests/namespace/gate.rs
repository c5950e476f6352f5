//! What the gate lets pass, under which plane, and what it says when not.

use fabric::{Inbound, Log, Record, TailItem};
use uns_model::grammar::Names;
use uns_model::{OrgId, PublisherId, Reason, Sequence, Value};
use uns_namespace::{AllRights, Brownfield, Gate};

use crate::world::{World, inbound, node, publish, publish_as, refusal, value};

#[test]
fn every_plane_has_its_rule() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    for (topic, expected) in [
        ("uns/v1/acme/temp", Ok(true)),
        ("uns/v1/acme/_pump_v2/motor/temp", Ok(true)),
        ("Plant//\u{e4}/ x", Ok(true)),
        ("unsm/v1/acme/temp", Ok(false)),
        ("unsc/v1/acme/start", Ok(false)),
        ("spBv1.0/G/NDATA/E", Ok(false)),
        ("$SYS/x", Err(Reason::NotAuthorized)),
        ("$uns/dead/x", Err(Reason::NotAuthorized)),
        ("uns/v2/acme", Err(Reason::TopicInvalid)),
        ("uns/v1", Err(Reason::TopicInvalid)),
        ("uns/v1/a//b", Err(Reason::TopicInvalid)),
        ("uns/v1/a b", Err(Reason::TopicInvalid)),
        ("unsc/v1/a b", Err(Reason::TopicInvalid)),
        ("a/+", Err(Reason::TopicInvalid)),
        ("", Err(Reason::TopicInvalid)),
    ] {
        let found = publish(&mut gate, topic, "1").map_err(|reject| reject.reason);
        assert_eq!(found, expected, "{topic}");
    }
    let rejected = space.stats().rejected;
    let count = |reason| rejected.iter().find(|(name, _)| *name == reason).map(|(_, n)| *n);
    assert_eq!(count(Reason::TopicInvalid), Some(7));
    assert_eq!(count(Reason::NotAuthorized), Some(2));
    drop(gate);
    assert_eq!(space.stats().rejected, rejected, "counts outlive their gate");
}

#[test]
fn siblings_that_differ_in_case_are_refused_under_portable_names_only() {
    let mut world = World::new();
    let space = world.open();
    let mut gate = Gate::new(&space);
    assert_eq!(refusal(&mut gate, "uns/v1/Acme/Line/temp", "1"), None);
    assert_eq!(refusal(&mut gate, "uns/v1/acme/x", "1"), Some(Reason::CaseCollision));
    assert_eq!(refusal(&mut gate, "uns/v1/Acme/Line/Temp", "1"), Some(Reason::CaseCollision));
    assert_eq!(refusal(&mut gate, "Plant/a", "1"), None);
    assert_eq!(refusal(&mut gate, "plant/A", "1"), None);
    drop(gate);
    world.config.names = Names::Any;
    let space = world.open();
    assert_eq!(refusal(&mut Gate::new(&space), "uns/v1/acme/x y", "1"), None);
}

#[test]
fn quotas_refuse_data_and_let_brownfield_pass_as_plain_mqtt() {
    let mut world = World::new();
    world.config.brownfield_nodes_max = 2;
    world.config.nodes_max = 4;
    let space = world.open();
    let mut gate = Gate::new(&space);
    assert_eq!(publish(&mut gate, "p/1", "1"), Ok(true));
    assert_eq!(publish(&mut gate, "p/2", "1"), Ok(true));
    assert_eq!(publish(&mut gate, "p/3", "1"), Ok(false));
    assert_eq!(publish(&mut gate, "p/2", "2"), Ok(true), "known nodes go on");
    assert_eq!(publish(&mut gate, "uns/v1/a", "1"), Ok(true));
    assert_eq!(publish(&mut gate, "uns/v1/b", "1"), Ok(true));
    assert_eq!(refusal(&mut gate, "uns/v1/c", "1"), Some(Reason::QuotaExceeded));
    assert_eq!(value(&space, "p/2"), Some(Value::Int(2)));
    assert_eq!(value(&space, "p/3"), None);
    let deep = "p/".repeat(70) + "x";
    assert_eq!(publish(&mut gate, &deep, "1"), Ok(false));
    assert_eq!(space.stats().plain_brownfield, 2, "plain MQTT, and counted");
    drop(gate);
    assert_eq!(space.stats().plain_brownfield, 2);
}

#[test]
fn brownfield_off_and_minting_off() {
    let mut world = World::new();
    let space = world.open();
    assert_eq!(publish(&mut Gate::new(&space), "p/known", "1"), Ok(true));
    drop(space);
    world.config.brownfield = Brownfield::Off;
    world.config.create_nodes = false;
    let space = world.open();
    let mut gate = Gate::new(&space);
    assert_eq!(publish(&mut gate, "p/known", "1"), Ok(false));
    assert_eq!(publish(&mut gate, "p/new", "1"), Ok(false));
    assert_eq!(space.stats().plain_brownfield, 0, "what is off is not missed");
    assert_eq!(refusal(&mut gate, "uns/v1/new", "1"), Some(Reason::NodeUnknown));
}

#[test]
fn payload_rules_hold_under_uns_v1_only() {
    let mut world = World::new();
    world.config.value_bytes_max = 10;
    world.config.document_bytes_max = 30;
    let space = world.open();
    let mut gate = Gate::new(&space);
    for (payload, expected) in [
        ("12345678901", Some(Reason::PayloadTooLarge)),
        (r#"{"a":"12345678901"}"#, None),
        (r#"{"a":"123456789012345678901234"}"#, Some(Reason::PayloadTooLarge)),
        (r#"{"a":1,"a":2}"#, Some(Reason::PayloadMalformed)),
        ("", None),
    ] {
        assert_eq!(refusal(&mut gate, "uns/v1/a", payload), expected, "{payload}");
        assert_eq!(refusal(&mut gate, "p/a", payload), None, "{payload}");
    }
    publish(&mut gate, "p/a", r#"{"a":1,"a":2}"#).unwrap();
    assert_eq!(value(&space, "p/a"), Some(Value::Text(r#"{"a":1,"a":2}"#.into())));
    assert_eq!(space.stats().fold.broken_json, 2);
}

#[test]
fn commands_cannot_be_retained() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    let retained = Inbound { retain: true, ..inbound(b"1") };
    let refused = publish_as(&mut gate, "unsc/v1/a/start", &retained).unwrap_err();
    assert_eq!(refused.reason, Reason::CommandRetained);
    assert_eq!(publish_as(&mut gate, "unsm/v1/a", &retained), Ok(false));
}

#[test]
fn a_full_disk_mints_nothing_and_heals() {
    let world = World::new();
    let space = world.open();
    let mut gate = Gate::new(&space);
    world.log.set_disk_full(true);
    assert_eq!(refusal(&mut gate, "uns/v1/a", "1"), Some(Reason::StorageFull));
    assert_eq!(space.stats().nodes, 0);
    world.log.set_disk_full(false);
    assert_eq!(publish(&mut gate, "uns/v1/a", "1"), Ok(true));
    assert_eq!(value(&space, "uns/v1/a"), Some(Value::Int(1)));
}

#[test]
fn nothing_reaches_the_log_before_the_flush_and_an_empty_one_is_free() {
    let world = World::new();
    let space = world.open();
    let mut gate = Gate::new(&space);
    gate.flush(None).unwrap();
    let parent = node(&mut gate, "uns/v1/a");
    let brownfield = node(&mut gate, "plant/a");
    // Whoever acknowledges these waits for the flush that takes them.
    gate.admit(&brownfield, &inbound(&vec![b'x'; 2 << 20]), &AllRights).unwrap();
    let row = r#"{"path":"a","value":12345},"#.repeat(9_999);
    let points = format!(r#"{{"points":[{row}{{"path":"b","value":1}}]}}"#);
    gate.admit(&parent, &inbound(points.as_bytes()), &AllRights).unwrap();
    let nodes = 4;
    assert_eq!(world.log.committed(), Sequence::ZERO);
    assert_eq!(gate.pending().0, nodes + 10_002);
    gate.flush(None).unwrap();
    assert_eq!(gate.pending().0, 0);
    assert_eq!(world.log.committed(), Sequence(nodes as u64 + 10_002));
}

#[test]
fn publishers_are_numbered_once_and_never_anew() {
    let world = World::new();
    let space = world.open();
    let (mut one, mut two) = (Gate::new(&space), Gate::new(&space));
    let (a, b) = (one.publisher(OrgId::DEFAULT, "a"), two.publisher(OrgId::DEFAULT, "b"));
    assert_ne!(a, b);
    assert_eq!(two.publisher(OrgId::DEFAULT, "a"), a);
    drop((one, two));
    let again = world.open();
    let c = Gate::new(&again).publisher(OrgId::DEFAULT, "c");
    assert!(c > a && c > b);
}

#[test]
fn who_never_publishes_again_is_named_once_there_is_space() {
    let world = World::new();
    let space = world.open();
    let mut gate = Gate::new(&space);
    publish(&mut gate, "uns/v1/a", "0").unwrap();
    world.log.set_disk_full(true);
    for n in 0..100 {
        gate.publisher(OrgId::DEFAULT, &format!("gone-{n}"));
    }
    assert_eq!(space.stats().unnamed_publishers, 100);
    publish(&mut gate, "uns/v1/a", "1").unwrap();
    assert_eq!(space.stats().unnamed_publishers, 100, "the disk is full");
    world.log.set_disk_full(false);
    for _ in 0..2 {
        publish(&mut gate, "uns/v1/a", "2").unwrap();
    }
    assert_eq!(space.stats().unnamed_publishers, 0);
}

/// Every publisher that is in the log as a number, and whether a record before says who it is.
fn named(world: &World) -> Vec<(PublisherId, bool)> {
    let mut tail = world.log.tail(Sequence::ZERO);
    let mut names = std::collections::BTreeMap::new();
    let mut seen = Vec::new();
    while let Some(item) = tail.next().expect("a log in memory") {
        let TailItem::Frame(frame) = item else { continue };
        for (_, record) in frame.records() {
            match record {
                Record::Publisher { publisher, client_id, .. } => {
                    names.insert(publisher, client_id.to_owned());
                }
                Record::Publish(publish) => {
                    seen.push((publish.publisher, names.contains_key(&publish.publisher)));
                }
                _ => {}
            }
        }
    }
    seen
}

#[test]
fn a_publisher_that_came_on_a_full_disk_is_named_once_there_is_space() {
    let world = World::new();
    let space = world.open();
    let mut gate = Gate::new(&space);
    publish(&mut gate, "uns/v1/a", "0").unwrap();
    let node = node(&mut gate, "uns/v1/a");
    world.log.set_disk_full(true);
    let (press, other) =
        (gate.publisher(OrgId::DEFAULT, "press-7"), gate.publisher(OrgId::DEFAULT, "other"));
    let of = |publisher| Inbound { publisher, ..inbound(b"1") };
    gate.admit(&node, &of(press), &AllRights).unwrap();
    assert!(gate.flush(Some(Box::new(|_| ()))).is_err(), "the disk is full");
    gate.admit(&node, &of(press), &AllRights).unwrap();
    gate.flush(None).unwrap();
    assert_eq!(space.stats().unnamed_publishers, 2);
    world.log.set_disk_full(false);
    for publisher in [press, press, other] {
        gate.admit(&node, &of(publisher), &AllRights).unwrap();
        gate.flush(None).unwrap();
    }
    assert_eq!(space.stats().unnamed_publishers, 0);
    let seen = named(&world);
    assert_eq!(seen[1..], [(press, true), (press, true), (other, true)]);
    // After a restart it has another number, and that one is named as well.
    drop((gate, space));
    let again = world.open();
    let mut gate = Gate::new(&again);
    let press = gate.publisher(OrgId::DEFAULT, "press-7");
    gate.admit(&node, &of(press), &AllRights).unwrap();
    gate.flush(None).unwrap();
    assert_eq!(named(&world).last(), Some(&(press, true)));
}

#[test]
fn the_record_of_a_publisher_names_its_organisation() {
    let world = World::new();
    let space = world.open();
    let mut gate = Gate::new(&space);
    let (own, other) = (gate.publisher(OrgId::DEFAULT, "press"), gate.publisher(OrgId(7), "press"));
    assert_ne!(own, other, "the same client id elsewhere is somebody else");
    let mut tail = world.log.tail(Sequence::ZERO);
    let mut said = Vec::new();
    while let Some(TailItem::Frame(frame)) = tail.next().expect("a log in memory") {
        said.extend(frame.records().filter_map(|(_, record)| match record {
            Record::Publisher { org, publisher, client_id, .. } => {
                Some((org, publisher, client_id.to_owned()))
            }
            _ => None,
        }));
    }
    let expected = [(OrgId::DEFAULT, own), (OrgId(7), other)];
    assert_eq!(said, expected.map(|(org, number)| (org, number, "press".to_owned())));
}
