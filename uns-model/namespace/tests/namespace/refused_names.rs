//! A publish that is refused leaves no node (NS-7): not in the tree, not in the counts, not in memory, and
//! its name stands in nobody's way.

use std::sync::Arc;

use fabric::{Inbound, Log, Record, TailItem};
use uns_model::query::TreeQuery;
use uns_model::{NodeNo, OrgId, Reason, Sequence, Value};
use uns_namespace::{AllRights, Config, Gate, Judged, Namespace, Rule, Rules, Verdict};

use crate::world::{ORG, Running, World, current, inbound, node, publish, refusal, value, wait};

const NAMES: usize = 10_000;

/// Refuses every publish below a level.
struct Closed;

impl Rules for Closed {
    fn of(&self, _: OrgId, topic: &str) -> Option<Arc<dyn Rule>> {
        topic.contains("/closed/").then(|| Arc::new(Self) as Arc<dyn Rule>)
    }
}

impl Rule for Closed {
    fn check(&self, _: &Judged<'_>, _: &mut Verdict) -> Result<(), fabric::Rejection> {
        Err(fabric::Rejection::new(Reason::ContractType, "it is closed"))
    }
}

/// Levels of the tree below the root, as everybody sees it.
fn levels(space: &Namespace) -> usize {
    space.catch_up().expect("the log is readable");
    let query = TreeQuery { org: ORG, path: None, depth: 20, after: None, limit: 100 };
    space.tree(&query).expect("no token").items.len()
}

/// Nothing of a topic is known.
fn assert_unknown(space: &Namespace, topic: &str) {
    assert_eq!(space.shared_name(ORG, topic), None, "{topic} is in no registry");
    assert_eq!(space.node_of_topic(ORG, topic), None, "{topic}");
}

#[test]
fn ten_thousand_refused_names_leave_nothing_behind() {
    let world = World::new();
    let space = world.open();
    space.set_rules(Arc::new(Closed));
    let mut gate = Gate::new(&space);
    publish(&mut gate, "uns/v1/first", "1").unwrap();
    let committed = world.log.committed();
    assert!(gate.take_grown() > 0);
    let large = "x".repeat(70_000);
    for n in 0..NAMES {
        let (topic, payload, reason) = match n % 3 {
            0 => (format!("uns/v1/a/twice{n}"), r#"{"a":1,"a":2}"#, Reason::PayloadMalformed),
            1 => (format!("uns/v1/b/large{n}"), &*large, Reason::PayloadTooLarge),
            _ => (format!("uns/v1/closed/t{n}"), "1", Reason::ContractType),
        };
        assert_eq!(refusal(&mut gate, &topic, payload), Some(reason), "{topic}");
        assert_unknown(&space, &topic);
    }
    assert_eq!((space.stats().nodes, world.log.committed()), (1, committed));
    assert_eq!((gate.take_grown(), levels(&space)), (0, 3));
    // The names differ in case from refused ones only, and from nothing that exists.
    for topic in ["uns/v1/A/Twice0", "uns/v1/B/x", "uns/v1/CLOSED"] {
        assert_eq!(refusal(&mut gate, topic, "1"), None, "{topic}");
    }
    assert_eq!(node(&mut gate, "uns/v1/CLOSED").number, NodeNo(3), "no number was used up");
}

#[test]
fn refused_publishes_take_nobody_the_last_place() {
    let mut world = World::new();
    world.config = Config { nodes_max: 2, brownfield_nodes_max: 1, ..Config::default() };
    let space = world.open();
    let mut gate = Gate::new(&space);
    for n in 0..30 {
        let refused = refusal(&mut gate, &format!("uns/v1/t{n}"), r#"{"a":1,"a":2}"#);
        assert_eq!(refused, Some(Reason::PayloadMalformed), "not the quota: {n}");
    }
    // Both were resolved before either was published to, so both saw room.
    let [mut one, mut two] = [Gate::new(&space), Gate::new(&space)];
    let (last, late) = (node(&mut one, "plant/a"), node(&mut two, "plant/b"));
    one.admit(&last, &inbound(b"1"), &AllRights).unwrap();
    let admitted = two.admit(&late, &inbound(b"1"), &AllRights).unwrap();
    assert_eq!(admitted.place, None, "it passes as plain MQTT");
    let (last, late) = (node(&mut one, "uns/v1/a"), node(&mut two, "uns/v1/b"));
    one.admit(&last, &inbound(b"1"), &AllRights).unwrap();
    let refused = two.admit(&late, &inbound(b"1"), &AllRights).unwrap_err();
    assert_eq!(refused.reason, Reason::QuotaExceeded);
    one.flush(None).unwrap();
    two.flush(None).unwrap();
    assert_eq!((space.stats().nodes, current(&space, "#").len()), (2, 2));
}

#[test]
fn two_names_that_differ_in_case_only_cannot_both_become_nodes_however_they_were_resolved() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    let (one, two) = (node(&mut gate, "uns/v1/Line/t"), node(&mut gate, "uns/v1/line/t"));
    gate.admit(&one, &inbound(b"1"), &AllRights).unwrap();
    let refused = gate.admit(&two, &inbound(b"1"), &AllRights).unwrap_err();
    assert_eq!(refused.reason, Reason::CaseCollision);
    gate.flush(None).unwrap();
    assert_eq!(space.stats().nodes, 1);
}

#[test]
fn of_a_batch_only_the_rows_that_are_taken_become_nodes() {
    let world = World::new();
    let space = world.open();
    space.set_rules(Arc::new(Closed));
    let mut gate = Gate::new(&space);
    let rows = concat!(
        r#"{"points":[{"path":"a","value":1},{"path":"closed/b","value":1},"#,
        r#"{"path":"c"},{"path":"A","value":1},{"path":"d e","value":1}]}"#
    );
    let properties = b"\x26\0\x09uns-batch\0\x06atomic";
    let parent = node(&mut gate, "uns/v1/p");
    let atomic = Inbound { properties, ..inbound(rows.as_bytes()) };
    gate.admit(&parent, &atomic, &AllRights).unwrap_err();
    // Two names that collide with each other alone: that shows when the second one is minted.
    let rows_alike = r#"{"points":[{"path":"a","value":1},{"path":"A","value":1}]}"#;
    let atomic = Inbound { properties, ..inbound(rows_alike.as_bytes()) };
    let refused = gate.admit(&parent, &atomic, &AllRights).unwrap_err();
    assert_eq!(refused.reason, Reason::CaseCollision);
    assert_eq!((space.stats().nodes, gate.pending().0), (0, 0));
    for topic in ["uns/v1/p", "uns/v1/p/a", "uns/v1/p/A", "uns/v1/p/closed/b"] {
        assert_unknown(&space, topic);
    }
    let admitted = gate.admit(&parent, &inbound(rows.as_bytes()), &AllRights).unwrap();
    let refused = admitted.outputs.unwrap().refused;
    let refused: Vec<_> = refused.iter().map(|row| (row.index, row.rejection.reason)).collect();
    let expected = [
        (1, Reason::ContractType),
        (2, Reason::PayloadMalformed),
        (3, Reason::CaseCollision),
        (4, Reason::TopicInvalid),
    ];
    assert_eq!(refused, expected);
    gate.flush(None).unwrap();
    assert_eq!(space.stats().nodes, 2, "the batch itself and its one good row");
    assert_eq!(value(&space, "uns/v1/p/a"), Some(Value::Int(1)));
}

#[test]
fn what_the_log_does_not_take_becomes_no_node() {
    let world = World::new();
    let space = world.open();
    let mut gate = Gate::new(&space);
    publish(&mut gate, "uns/v1/first", "1").unwrap();
    world.log.set_disk_full(true);
    for round in 0..3 {
        for n in 0..NAMES {
            let topic = format!("uns/v1/p{}/t{n}", n % 7);
            let node = node(&mut gate, &topic);
            gate.admit(&node, &inbound(b"1"), &AllRights).unwrap();
        }
        assert_eq!(space.stats().nodes as usize, 1 + NAMES, "ahead of the commit");
        // Nobody waits for these publishes, and still none of their nodes stays.
        let refused = gate.flush(None).unwrap_err();
        assert_eq!((refused.reason, space.stats().nodes), (Reason::StorageFull, 1), "{round}");
    }
    assert_unknown(&space, "uns/v1/p0/t0");
    let rejected: u64 = space.stats().rejected.iter().map(|(_, n)| n).sum();
    assert_eq!(rejected, 3 * NAMES as u64);
    world.log.set_disk_full(false);
    assert_eq!(refusal(&mut gate, "uns/v1/P0/T0", "1"), None, "in nobody's way");
    assert_eq!(node(&mut gate, "uns/v1/P0/T0").number, NodeNo(1), "no number was used up");
    let again = world.open();
    assert_eq!((again.stats().nodes, levels(&again)), (2, 5));
}

#[test]
fn a_gate_that_goes_with_an_open_batch_takes_its_nodes_along() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    let node = node(&mut gate, "uns/v1/a");
    gate.admit(&node, &inbound(b"1"), &AllRights).unwrap();
    drop(gate);
    assert_eq!(space.stats().nodes, 0);
    assert_unknown(&space, "uns/v1/a");
}

/// The names of minted nodes and the payloads of publishes, in log order.
fn records(world: &World) -> Vec<String> {
    let mut tail = world.log.tail(Sequence::ZERO);
    let mut found = Vec::new();
    while let Some(TailItem::Frame(frame)) = tail.next().expect("a log in memory") {
        found.extend(frame.records().filter_map(|(_, record)| match record {
            Record::NodeMinted { node, name, .. } => Some(format!("{} {name}", node.0)),
            Record::NodeDeleted { node, .. } => Some(format!("{} deleted", node.0)),
            Record::Publish(publish) => {
                let payload = String::from_utf8_lossy(publish.payload);
                Some(format!("{} = {payload}", publish.node.0))
            }
            _ => None,
        }));
    }
    found
}

#[test]
fn a_node_of_two_open_batches_lives_when_either_is_taken() {
    let world = World::new();
    let space = world.open();
    let [mut one, mut two] = [Gate::new(&space), Gate::new(&space)];
    // Each resolved it before the other published.
    let [mine, yours] = [node(&mut one, "uns/v1/a"), node(&mut two, "uns/v1/a")];
    one.admit(&mine, &inbound(b"1"), &AllRights).unwrap();
    two.admit(&yours, &inbound(b"2"), &AllRights).unwrap();
    two.admit(&yours, &inbound(b"3"), &AllRights).unwrap();
    assert_eq!(space.stats().nodes, 1);
    world.log.set_disk_full(true);
    one.flush(None).unwrap_err();
    assert_eq!(space.stats().nodes, 1, "the other one has it");
    world.log.set_disk_full(false);
    two.flush(None).unwrap();
    assert!(mine.is_deleted() && yours.is_deleted(), "who keeps these resolves again");
    publish(&mut one, "uns/v1/a", "4").unwrap();
    assert_eq!(records(&world), ["0 uns/v1/a", "0 = 2", "0 = 3", "0 = 4"]);
    // Neither waits for the other, so the record may be there twice.
    let [mine, yours] = [node(&mut one, "uns/v1/b"), node(&mut two, "uns/v1/b")];
    one.admit(&mine, &inbound(b"5"), &AllRights).unwrap();
    two.admit(&yours, &inbound(b"6"), &AllRights).unwrap();
    two.flush(None).unwrap();
    one.flush(None).unwrap();
    let expected = ["1 uns/v1/b", "1 = 6", "1 uns/v1/b", "1 = 5"];
    assert_eq!(records(&world)[4..], expected);
    assert_eq!((space.stats().nodes, value(&space, "uns/v1/b")), (2, Some(Value::Int(5))));
    let again = world.open();
    assert_eq!(current(&again, "#"), current(&space, "#"));
}

#[test]
fn the_second_record_of_a_node_that_was_deleted_meanwhile_does_not_bring_it_back() {
    let world = World::new();
    let space = world.open();
    let running = Running::start(&space);
    let [mut one, mut two] = [Gate::new(&space), Gate::new(&space)];
    let [mine, yours] = [node(&mut one, "uns/v1/a"), node(&mut two, "uns/v1/a")];
    one.admit(&mine, &inbound(b"1"), &AllRights).unwrap();
    let place = two.admit(&yours, &inbound(b"2"), &AllRights).unwrap().place;
    let pending = two.pending().0;
    one.flush(None).unwrap();
    wait(space.caught_up());
    assert_eq!(wait(space.delete(ORG, "uns/v1/a", false)).unwrap().nodes, 1);
    two.flush(None).unwrap();
    wait(space.caught_up());
    let found = records(&world);
    let expected = ["0 uns/v1/a", "0 = 1", "0 deleted", "1 uns/v1/a", "1 uns/v1/a", "1 = 2"];
    assert_eq!(found, expected);
    // What was promised: the publish is at its place among the records of its batch.
    assert_eq!((place.unwrap().0, pending), (1, 2));
    assert_eq!((space.stats().nodes, space.stats().fold.orphans), (1, 0));
    drop(running);
    let again = world.open();
    assert_eq!(current(&again, "#"), current(&space, "#"));
    assert_eq!(again.stats().nodes, 1);
}

#[test]
fn the_first_publish_behind_a_deletion_is_there() {
    let mut world = World::new();
    world.config.brownfield_nodes_max = 1;
    let space = world.open();
    let _running = Running::start(&space);
    let mut gate = Gate::new(&space);
    assert_eq!(publish(&mut gate, "plant/a", "1"), Ok(true));
    assert_eq!(publish(&mut gate, "plant/b", "2"), Ok(false));
    wait(space.caught_up());
    wait(space.delete(ORG, "plant/a", false)).unwrap();
    assert_eq!(publish(&mut gate, "plant/b", "3"), Ok(true));
    wait(space.caught_up());
    assert_eq!(value(&space, "plant/b"), Some(Value::Int(3)), "{:?}", records(&world));
}
