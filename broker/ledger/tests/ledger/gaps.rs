//! What the log has lost is dropped, counted and reported. Everything else goes on.

use broker_ledger::Delivery;
use fabric::SessionChange;
use uns_model::Sequence;

use crate::world::{NEVER, World, publishes};

#[test]
fn what_retention_removed_is_dropped_when_it_is_wanted() {
    let world = World::new();
    world.open_session(1, NEVER);
    world.change(1, SessionChange::Left { expiry: NEVER });
    world.publish(b"a", &[1]);
    let gone = world.publish(b"b", &[1]);
    world.publish(b"c", &[1]);
    world.settled_down();
    world.sim.drop_until(Sequence(gone.0 + 2));
    let at = world.change(1, SessionChange::Resumed { expiry: NEVER });
    let place = world.attach(1, 5, at);
    let got = world.got(place, 2);
    assert_eq!(publishes(&got), [("c".to_owned(), 3, false)]);
    assert!(matches!(got[0], Delivery::Lost { count: 2, over_quota: false, .. }), "{got:?}");
    let stats = world.ledger.stats();
    assert_eq!((stats.owed, stats.dropped.retention), (1, 2));
}

#[test]
fn a_checkpoint_drops_what_nobody_can_read_any_more() {
    let world = World::new();
    world.open_session(1, NEVER);
    world.change(1, SessionChange::Left { expiry: NEVER });
    let gone = world.publish(b"a", &[1]);
    let kept = world.publish(b"b", &[1]);
    world.settled_down();
    world.ledger.checkpoint().unwrap();
    world.publish(b"c", &[1]);
    world.settled_down();
    world.ledger.checkpoint().unwrap();
    let hold = |world: &World| world.log.health().holds[0].at;
    assert_eq!(hold(&world), Sequence(gone.0 - 1), "what is owed is held");
    world.sim.drop_until(Sequence(gone.0 + 2));
    world.publish(b"d", &[1]);
    world.settled_down();
    world.ledger.checkpoint().unwrap();
    assert_eq!(world.ledger.stats().dropped.retention, 1);
    assert_eq!(hold(&world), Sequence(kept.0 - 1));
}

#[test]
fn a_publish_whose_topic_nobody_knows_is_dropped() {
    use fabric::{Audience, Publish, Record};
    use uns_model::{NodeNo, OrgId, PublisherId, SessionNo, Timestamp, TopicId};
    let world = World::new();
    let at = world.open_session(1, NEVER);
    let place = world.attach(1, 5, at);
    world.fed(place);
    let mut audience = Audience::new();
    audience.push(SessionNo(1), 1, false, &[]);
    let strange = Record::Publish(Publish {
        org: OrgId::DEFAULT,
        topic: TopicId(1_000_000),
        node: NodeNo(1),
        publisher: PublisherId(1),
        qos: 1,
        retain: false,
        expiry: None,
        points: None,
        ingest: Timestamp(0),
        properties: &[],
        payload: b"?",
    });
    world.publish_to(strange, &audience);
    world.publish(b"x", &[1]);
    let got = world.got(place, 2);
    assert!(matches!(got[0], Delivery::Lost { count: 1, .. }), "{got:?}");
    assert_eq!(publishes(&got), [("x".to_owned(), 2, false)]);
    assert_eq!(world.ledger.stats().dropped.damage, 1);
}

#[test]
fn records_that_contradict_those_before_change_nothing() {
    use fabric::Record;
    use uns_model::Timestamp;
    let world = World::new();
    world.open_session(1, NEVER);
    let ingest = Timestamp(0);
    world.append(&[Record::Owed { audience: 9, back: 1, ingest }]);
    world.append(&[Record::Owed { audience: 9, back: 4_000_000_000, ingest }]);
    world.settle(1, Sequence(1));
    world.change(8, SessionChange::Left { expiry: 0 });
    world.settled_down();
    let stats = world.ledger.stats();
    assert_eq!((stats.contradictions, stats.sessions, stats.owed), (4, 1, 0));
}
