//! Checkpoints: what they bring back, and what happens when their bytes are damaged.

use fabric::{Disk, Inbound, Log};
use uns_model::{OrgId, Quality, Sequence, Value};
use uns_namespace::{Error, Gate, Namespace};

use crate::world::{Running, World, current, inbound, node, publish, publish_as, wait};

fn fill(gate: &mut Gate, from: usize, to: usize) {
    for n in from..to {
        let payload = format!(r#"{{"temp":{n}.5,"state":"RUN","big":18446744073709551615}}"#);
        publish(gate, &format!("p/doc{n}"), &payload).expect("it works");
        publish(gate, &format!("uns/v1/line/t{n}"), &n.to_string()).expect("it works");
        let keep = Inbound { retain: true, properties: &[1, 1], ..inbound(b"kept") };
        publish_as(gate, &format!("p/r{n}"), &keep).expect("it works");
    }
}

fn assert_same(a: &Namespace, b: &Namespace) {
    assert_eq!(current(a, "#"), current(b, "#"));
    let retained = |space: &Namespace| {
        let mut all = Vec::new();
        space.retained(&mut |r| {
            let (properties, payload) = (r.kept.properties(), r.kept.payload());
            all.push((r.name.clone(), properties.to_vec(), payload.to_vec()));
        });
        all.sort();
        all
    };
    assert_eq!(retained(a), retained(b));
    assert_eq!(a.stats().nodes, b.stats().nodes);
    assert_eq!(a.stats().brownfield_nodes, b.stats().brownfield_nodes);
}

/// Two checkpoints with records between and after them.
fn world_with_two() -> (World, std::sync::Arc<Namespace>) {
    let world = World::new();
    let space = world.open();
    let mut gate = Gate::new(&space);
    gate.publisher(OrgId::DEFAULT, "someone");
    for part in 0..3 {
        fill(&mut gate, part * 10, part * 10 + 10);
        space.catch_up().expect("it works");
        if part < 2 {
            space.checkpoint().expect("it works");
        }
    }
    (world, space)
}

#[test]
fn checkpoint_and_tail_bring_everything_back_when_the_log_has_forgotten() {
    let (world, space) = world_with_two();
    let holds = world.log.health().holds;
    assert_eq!(holds.len(), 1);
    assert_eq!(holds[0].name, "namespace");
    let floor = holds[0].at;
    assert!(floor > Sequence::ZERO && floor < space.applied());
    world.log.drop_until(floor);
    let again = world.open();
    assert_same(&space, &again);
    let (mut before, mut after) = (Gate::new(&space), Gate::new(&again));
    assert!(after.publisher(OrgId::DEFAULT, "new") >= before.publisher(OrgId::DEFAULT, "new"));
    let topics = world.files().len();
    again.checkpoint().unwrap();
    again.checkpoint().unwrap();
    assert_eq!(world.files().len(), topics, "two are kept");
}

#[test]
fn a_damaged_checkpoint_costs_a_longer_replay_only() {
    let (world, space) = world_with_two();
    let files = world.files();
    assert_eq!(files.len(), 2);
    world.log.drop_until(world.log.health().holds[0].at);
    for bit in [3, 70, 5_000, 40_001] {
        world.flip(&files[1], bit);
        let again = world.open();
        assert_same(&space, &again);
        assert_eq!(again.stats().damaged_checkpoints, 1, "bit {bit}");
        world.flip(&files[1], bit);
    }
    let bytes = world.disk.read(&files[1]).unwrap();
    world.disk.write_atomic(&files[1], &bytes[..bytes.len() / 2]).unwrap();
    assert_same(&space, &world.open());
}

#[test]
fn without_any_sound_checkpoint_the_whole_log_is_folded() {
    let (world, space) = world_with_two();
    for file in world.files() {
        world.flip(&file, 999);
    }
    let again = world.open();
    assert_same(&space, &again);
    assert_eq!(again.stats().damaged_checkpoints, 2);
    again.checkpoint().unwrap();
    let (damaged, whole): (Vec<_>, Vec<_>) =
        world.files().into_iter().partition(|path| path.to_string_lossy().ends_with(".damaged"));
    assert_eq!((damaged.len(), whole.len()), (2, 1), "the damaged ones are set aside");
    assert_same(&space, &world.open());
}

#[test]
fn a_newer_format_is_refused_by_name() {
    let (world, _space) = world_with_two();
    let newest = world.files().pop().unwrap();
    let mut bytes = world.disk.read(&newest).unwrap();
    bytes.truncate(bytes.len() - 4);
    bytes[8] = 5;
    let crc = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    world.disk.write_atomic(&newest, &bytes).unwrap();
    let error = world.try_open().unwrap_err();
    assert!(matches!(error, Error::NewerCheckpoint { found: 5, known: 4, .. }), "{error}");
}

#[test]
fn deleted_nodes_keep_their_topic_over_a_checkpoint() {
    let world = World::new();
    let space = world.open();
    let running = Running::start(&space);
    let mut gate = Gate::new(&space);
    publish(&mut gate, "uns/v1/a", "1").unwrap();
    wait(space.caught_up());
    let old = space.node_of_topic(crate::world::ORG, "uns/v1/a").unwrap();
    wait(space.delete(crate::world::ORG, "uns/v1/a", false)).unwrap();
    drop(gate);
    drop(running);
    world.log.drop_until(space.applied());
    let again = world.open();
    assert_eq!(again.topic_of_node(old).as_deref(), Some("uns/v1/a"));
    assert_eq!(again.stats().nodes, 0);
    let mut gate = Gate::new(&again);
    publish(&mut gate, "uns/v1/a", "2").unwrap();
    again.catch_up().unwrap();
    assert!(again.node_of_topic(crate::world::ORG, "uns/v1/a").unwrap() > old);
}

#[test]
fn a_log_that_ends_before_the_checkpoint_is_said_and_survived() {
    let (mut world, space) = world_with_two();
    let sequence = space.applied();
    drop(space);
    world.log = std::sync::Arc::new(fabric::sim::SimLog::new());
    let again = world.open();
    assert!(again.applied() > sequence, "no sequence is met twice");
    assert_eq!(again.stats().nodes, 60, "what the second checkpoint knew");
    again.reserve_numbers(5_000);
    let new = node(&mut Gate::new(&again), "uns/v1/line/new");
    assert!(new.number.0 >= 5_000 && new.topic.0 >= 5_000, "others know those before: {new:?}");
    let ingest = uns_model::Timestamp(crate::world::NOON.0 + crate::world::SECOND);
    let newer = Inbound { ingest, ..inbound(b"77") };
    publish_as(&mut Gate::new(&again), "uns/v1/line/t0", &newer).unwrap();
    assert_eq!(crate::world::value(&again, "uns/v1/line/t0"), Some(uns_model::Value::Int(77)));
}

#[test]
fn numbers_of_nodes_whose_records_are_lost_are_not_given_again() {
    let world = World::new();
    let space = world.open();
    let mut gate = Gate::new(&space);
    publish(&mut gate, "uns/v1/other", "1").unwrap();
    publish(&mut gate, "uns/v1/a", "1").unwrap();
    let old = node(&mut gate, "uns/v1/a");
    let before = world.log.committed();
    let retained = Inbound { retain: true, ..inbound(b"2") };
    publish_as(&mut gate, "uns/v1/a", &retained).unwrap();
    drop((gate, space));
    // No checkpoint, and the log has forgotten how the node came to be.
    world.log.drop_until(before);
    let space = world.open();
    let new = node(&mut Gate::new(&space), "uns/v1/b");
    assert!(new.number > old.number && new.topic > old.topic, "{new:?}");
    assert_eq!(space.stats().retained, 0, "nobody knows its topic");
}

/// What the release wrote that knew format 1: four nodes, one of them with a retained message, one
/// with one that expires, and one that was deleted.
#[test]
fn a_checkpoint_of_format_1_is_read() {
    let world = World::new();
    let path = World::dir().join("checkpoint-0000000001.bin");
    world.disk.write_atomic(&path, include_bytes!("checkpoint-1.bin")).unwrap();
    let space = world.open();
    let stats = space.stats();
    assert_eq!((stats.damaged_checkpoints, stats.nodes, stats.retained), (0, 4, 2));
    let value = |topic| crate::world::value(&space, topic);
    assert_eq!(value("uns/v1/acme/berlin/temp"), Some(uns_model::Value::Float(21.5)));
    assert_eq!(value("plant/short"), Some(uns_model::Value::Text("kept".into())));
    let mut kept = Vec::new();
    space.retained(&mut |retained| kept.push(retained.name.to_string()));
    kept.sort();
    assert_eq!(kept, ["plant/short", "uns/v1/acme/berlin/temp"]);
    let mut gate = Gate::new(&space);
    publish(&mut gate, "uns/v1/acme/new", "1").unwrap();
    let new = node(&mut gate, "uns/v1/acme/new");
    assert_eq!(new.number.0, 5, "the deleted one has had a number too");
}

/// What the release wrote that knew format 2: a value with a unit, a document with a field that a newer one
/// lacks, and a text.
#[test]
fn a_checkpoint_of_format_2_is_read() {
    let world = World::new();
    let path = World::dir().join("checkpoint-0000000001.bin");
    world.disk.write_atomic(&path, include_bytes!("checkpoint-2.bin")).unwrap();
    let space = world.open();
    assert_eq!((space.stats().damaged_checkpoints, space.stats().nodes), (0, 3));
    let found = current(&space, "#").into_iter().map(|value| {
        let of = format!("{} {}", value.topic, value.field.as_deref().unwrap_or("-"));
        (of, value.last.remarks.unit.map(|unit| unit.to_string()), value.last.remarks.superseded)
    });
    let found: Vec<_> = found.collect();
    let expected = [
        ("plant/doc -", None, false),
        ("plant/doc a", None, false),
        ("plant/doc b", None, true),
        ("plant/short -", None, false),
        ("uns/v1/acme/berlin/temp -", Some("Cel"), false),
    ];
    let expected = expected.map(|(of, unit, is)| (of.to_owned(), unit.map(str::to_owned), is));
    assert_eq!(found, expected);
    space.checkpoint().unwrap();
    assert_eq!(current(&world.open(), "#").len(), found.len(), "as this release writes it");
}

/// What the release wrote that knew format 3, whose ended fields had no value any more: a document that a
/// value ended and another one followed, and a value with a neighbour.
#[test]
fn a_checkpoint_of_format_3_is_read() {
    let world = World::new();
    let path = World::dir().join("checkpoint-0000000001.bin");
    world.disk.write_atomic(&path, include_bytes!("checkpoint-3.bin")).unwrap();
    let space = world.open();
    assert_eq!((space.stats().damaged_checkpoints, space.stats().nodes), (0, 2));
    let shown = |space: &Namespace, name: &str| {
        let found = current(space, "#").into_iter().find(|v| v.field.as_deref() == Some(name));
        let last = found.expect("it is a field").last;
        (last.value, last.quality, last.timestamp.to_string())
    };
    let ended =
        |second| (Value::Null, Quality::GOOD_NO_DATA, format!("2026-11-21T11:00:{second}Z"));
    assert_eq!(shown(&space, "a"), ended(20));
    assert_eq!(shown(&space, "b").0, Value::Int(2));
    let mut gate = Gate::new(&space);
    publish(&mut gate, "plant/doc", r#"{"c":1,"ts":"2026-11-21T11:00:15Z"}"#).unwrap();
    assert_eq!(shown(&space, "c"), ended(20), "the value before the newest document is known");
    publish(&mut gate, "plant/doc", r#"{"value":18,"ts":"2026-11-21T11:00:50Z"}"#).unwrap();
    publish(&mut gate, "plant/tank", r#"{"value":18,"ts":"2026-11-21T11:00:50Z"}"#).unwrap();
    assert_eq!(["a", "b", "c"].map(|name| shown(&space, name)), [50, 50, 50].map(ended));
    assert_eq!(shown(&space, "battery").0, Value::Int(80), "it came beside a value");
    space.checkpoint().unwrap();
    assert_same(&space, &world.open());
}
