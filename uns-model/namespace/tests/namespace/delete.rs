//! Deleting nodes and subtrees (NS-14).

use fabric::{Disk, Inbound, Log, Record, TailItem};
use uns_model::query::TreeQuery;
use uns_model::{Sequence, Value};
use uns_namespace::{AllRights, Gate};

use crate::world::{ORG, Running, World, current, inbound, node, publish, publish_as, value, wait};

#[test]
fn a_subtree_goes_and_a_later_publish_mints_anew() {
    let world = World::new();
    let space = world.open();
    let _running = Running::start(&space);
    let mut gate = Gate::new(&space);
    for topic in ["uns/v1/a", "uns/v1/a/b", "uns/v1/a/b/c", "uns/v1/ab", "p/x"] {
        publish(&mut gate, topic, "1").unwrap();
    }
    let retained = Inbound { retain: true, ..inbound(b"7") };
    publish_as(&mut gate, "uns/v1/a/b", &retained).unwrap();
    let old = node(&mut gate, "uns/v1/a/b");

    let deleted = wait(space.delete(ORG, "uns/v1/a", true)).unwrap();
    assert_eq!(deleted.nodes, 3);
    assert_eq!(deleted.retained.iter().map(|t| &**t).collect::<Vec<_>>(), ["uns/v1/a/b"]);
    assert_eq!(current(&space, "#").len(), 2);
    assert!(old.is_deleted());
    assert_eq!(space.stats().nodes, 2);
    assert_eq!(space.stats().retained, 0);
    assert_eq!(space.topic_of_node(old.number).as_deref(), Some("uns/v1/a/b"));

    gate.admit(&old, &inbound(b"2"), &AllRights).unwrap();
    gate.flush(None).unwrap();
    assert_eq!(value(&space, "uns/v1/a/b"), Some(Value::Int(2)));
    let new = node(&mut gate, "uns/v1/a/b");
    assert_ne!((new.id, new.number), (old.id, old.number));
    assert_eq!(new.topic, old.topic, "the topic string is interned for ever");
    publish(&mut gate, "uns/v1/A/b", "1").unwrap_err();
    assert_eq!(wait(space.delete(ORG, "uns/v1/a", false)).unwrap().nodes, 1);
    publish(&mut gate, "uns/v1/A/b", "1").unwrap();

    let purges = purges(&world);
    assert_eq!(purges, [true, true, true, false]);
    let again = world.open();
    assert_eq!(current(&again, "#"), current(&space, "#"));
    assert_eq!(again.stats().nodes, space.stats().nodes);
}

#[test]
fn wildcards_and_unknown_paths_delete_nothing() {
    let world = World::new();
    let space = world.open();
    let _running = Running::start(&space);
    publish(&mut Gate::new(&space), "uns/v1/a/b", "1").unwrap();
    for path in ["uns/v1/+", "#", "+/v1", "uns/v1/a/b/c", "uns/v1/", ""] {
        assert_eq!(wait(space.delete(ORG, path, true)).unwrap().nodes, 0, "{path}");
        let query =
            TreeQuery { org: ORG, path: Some(path.to_owned()), depth: 9, after: None, limit: 9 };
        assert!(space.tree(&query).unwrap().items.is_empty(), "{path}");
    }
    // The empty path is no root, but the level without a name.
    publish(&mut Gate::new(&space), "/l/x", "1").unwrap();
    assert_eq!(wait(space.delete(ORG, "", true)).unwrap().nodes, 1);
}

#[test]
fn a_refused_deletion_changes_nothing() {
    let world = World::new();
    let space = world.open();
    let _running = Running::start(&space);
    let mut gate = Gate::new(&space);
    publish(&mut gate, "uns/v1/a", "1").unwrap();
    world.log.set_disk_full(true);
    wait(space.delete(ORG, "uns/v1/a", false)).unwrap_err();
    world.log.set_disk_full(false);
    let node = node(&mut gate, "uns/v1/a");
    assert_eq!(space.node_of_topic(ORG, "uns/v1/a"), Some(node.number));
    assert_eq!(space.stats().nodes, 1);
}

fn purges(world: &World) -> Vec<bool> {
    let mut purges = Vec::new();
    let mut tail = world.log.tail(Sequence::ZERO);
    while let Some(TailItem::Frame(frame)) = tail.next().expect("a readable log") {
        purges.extend(frame.records().filter_map(|(_, record)| match record {
            Record::NodeDeleted { purge, .. } => Some(purge),
            _ => None,
        }));
    }
    purges
}

#[test]
fn a_publish_that_was_under_way_lives_on_in_a_new_node() {
    let world = World::new();
    let space = world.open();
    let _running = Running::start(&space);
    let mut gate = Gate::new(&space);
    for topic in ["uns/v1/a", "uns/v1/b"] {
        publish(&mut gate, topic, "1").unwrap();
    }
    let (old, kept) = (node(&mut gate, "uns/v1/a"), node(&mut gate, "uns/v1/b"));
    let retained = Inbound { retain: true, ..inbound(b"2") };
    gate.admit(&old, &retained, &AllRights).unwrap();
    gate.admit(&kept, &inbound(b"3"), &AllRights).unwrap();
    assert_eq!(wait(space.delete(ORG, "uns/v1/a", true)).unwrap().nodes, 1);
    gate.flush(None).unwrap();

    assert_eq!(value(&space, "uns/v1/a"), Some(Value::Int(2)), "acknowledged, so seen");
    assert_eq!(value(&space, "uns/v1/b"), Some(Value::Int(3)));
    assert_eq!((space.stats().fold.orphans, space.stats().retained), (0, 1));
    let new = node(&mut gate, "uns/v1/a");
    assert_ne!(new.number, old.number);
    assert_eq!(node(&mut gate, "uns/v1/b").number, kept.number);

    // On a full disk the deletion holds and nothing of the batch is taken.
    gate.admit(&new, &inbound(b"4"), &AllRights).unwrap();
    assert_eq!(wait(space.delete(ORG, "uns/v1/a", false)).unwrap().nodes, 1);
    world.log.set_disk_full(true);
    gate.flush(None).unwrap_err();
    world.log.set_disk_full(false);
    assert_eq!(gate.pending().0, 0);
    gate.flush(None).unwrap();
    assert_eq!(value(&space, "uns/v1/a"), None);
}

#[test]
fn deletions_and_publishes_at_once_leave_no_orphans() {
    let world = World::new();
    let space = world.open();
    let _running = Running::start(&space);
    std::thread::scope(|scope| {
        let publisher = scope.spawn(|| {
            let mut gate = Gate::new(&space);
            let mut known = node(&mut gate, "uns/v1/a/b");
            for n in 0..3_000 {
                if n % 7 == 0 {
                    known = node(&mut gate, "uns/v1/a/b");
                }
                gate.admit(&known, &inbound(b"1"), &AllRights).unwrap();
                gate.flush(None).unwrap();
            }
        });
        while !publisher.is_finished() {
            wait(space.delete(ORG, "uns/v1/a", false)).unwrap();
        }
    });
    wait(space.caught_up());
    assert_eq!(space.stats().fold.orphans, 0);
}

#[test]
fn a_retained_message_that_follows_the_deletion_is_not_cleared() {
    let world = World::new();
    let space = world.open();
    let _running = Running::start(&space);
    let mut gate = Gate::new(&space);
    let retained = Inbound { retain: true, ..inbound(b"1") };
    for topic in ["uns/v1/a/x", "uns/v1/a/y"] {
        publish_as(&mut gate, topic, &retained).unwrap();
    }
    let old = node(&mut gate, "uns/v1/a/y");
    wait(space.caught_up());
    world.log.pause();
    let deleted = std::thread::scope(|scope| {
        let deletion = scope.spawn(|| wait(space.delete(ORG, "uns/v1/a", false)).unwrap());
        while !old.is_deleted() {
            std::thread::yield_now();
        }
        publish_as(&mut gate, "uns/v1/a/y", &retained).unwrap();
        world.log.resume();
        deletion.join().unwrap()
    });
    assert_eq!(deleted.nodes, 2);
    assert_eq!(deleted.retained.iter().map(|t| &**t).collect::<Vec<_>>(), ["uns/v1/a/x"]);
    assert_eq!(space.stats().retained, 1);
}

#[test]
fn a_deleted_topic_is_forgotten_with_the_last_record_that_names_it() {
    let world = World::new();
    let space = world.open();
    let running = Running::start(&space);
    let mut gate = Gate::new(&space);
    for topic in ["uns/v1/stays", "uns/v1/goes", "uns/v1/comes/back", "p/goes"] {
        publish(&mut gate, topic, "1").unwrap();
    }
    let old: Vec<_> =
        ["uns/v1/goes", "uns/v1/comes/back", "p/goes"].map(|topic| node(&mut gate, topic)).into();
    for node in &old {
        wait(space.delete(ORG, &node.name, false)).unwrap();
    }
    publish(&mut gate, "uns/v1/comes/back", "2").unwrap();
    wait(space.caught_up());
    space.checkpoint().unwrap();
    let long = world.disk.read(world.files().last().unwrap()).unwrap().len();
    for node in &old {
        assert_eq!(space.topic(node.topic).as_deref(), Some(&*node.name), "the log names it");
    }

    // Retention.
    world.log.drop_until(world.log.committed());
    publish(&mut gate, "uns/v1/stays", "3").unwrap();
    wait(space.caught_up());
    space.checkpoint().unwrap();
    let short = world.disk.read(world.files().last().unwrap()).unwrap().len();
    assert!(short + 2 * "uns/v1/goes".len() < long, "{short} of {long} bytes");
    let check = |space: &std::sync::Arc<uns_namespace::Namespace>| {
        assert_eq!(space.topic(old[0].topic), None);
        assert_eq!(space.topic(old[1].topic).as_deref(), Some("uns/v1/comes/back"), "it lives");
        assert_eq!(space.topic(old[2].topic), None);
        assert_eq!(space.topic_of_node(old[0].number), None);
        assert_eq!(value(space, "uns/v1/comes/back"), Some(Value::Int(2)));
        assert_eq!(current(space, "#").len(), 2);
        let new = node(&mut Gate::new(space), "uns/v1/goes");
        let highest = old.iter().map(|node| (node.number, node.topic)).max().unwrap();
        assert!(new.number > highest.0 && new.topic > highest.1, "{new:?}: numbers of their own");
    };
    drop(running);
    let again = world.open();
    check(&again);
    drop(again);
    check(&space);
}

#[test]
fn what_others_may_still_read_of_a_deleted_topic_keeps_its_name() {
    let world = World::new();
    let space = world.open();
    let running = Running::start(&space);
    let mut gate = Gate::new(&space);
    publish(&mut gate, "uns/v1/goes", "1").unwrap();
    let old = node(&mut gate, "uns/v1/goes");
    let before = world.log.committed();
    wait(space.delete(ORG, "uns/v1/goes", false)).unwrap();
    // A record before the deletion is gone, the one behind it may be read.
    world.log.drop_until(before);
    space.checkpoint().unwrap();
    assert_eq!(space.topic(old.topic).as_deref(), Some("uns/v1/goes"));
    drop(running);
    let again = world.open();
    assert_eq!(again.topic(old.topic).as_deref(), Some("uns/v1/goes"));
}

/// Deleting a parent deleted what its caller may not know of.
#[test]
fn what_may_not_be_deleted_stays_and_is_not_counted() {
    let world = World::new();
    let space = world.open();
    let _running = Running::start(&space);
    let mut gate = Gate::new(&space);
    let secrets = ["uns/v1/a/secret", "uns/v1/a/secret/x"];
    for topic in ["uns/v1/a", "uns/v1/a/b", secrets[0], secrets[1]] {
        publish(&mut gate, topic, "1").unwrap();
    }
    let may_delete = |topic: &str| !topic.contains("secret");
    let deleted = wait(space.delete_for(ORG, "uns/v1/a", true, may_delete)).unwrap();
    assert_eq!(deleted.nodes, 2);
    let left: Vec<_> = current(&space, "#").into_iter().map(|v| v.topic.to_string()).collect();
    assert_eq!(left, secrets);
    assert_eq!(purges(&world).len(), 2, "no history of theirs is purged");
    let nothing = wait(space.delete_for(ORG, "uns/v1/a/secret", true, may_delete)).unwrap();
    assert_eq!(nothing.nodes, 0, "as where nothing lives");
}
