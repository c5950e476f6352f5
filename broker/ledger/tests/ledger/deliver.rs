//! Which deliveries a connection gets, and in which order.

use std::num::NonZeroU32;
use std::sync::atomic::Ordering::SeqCst;

use broker_ledger::Delivery;
use fabric::{Audience, Record, SessionChange};
use uns_model::{Sequence, SessionNo, Timestamp};

use crate::world::{NEVER, World, message, opened, payload, publish, publishes, record};

fn row(payload: &str, packet_id: u16, dup: bool) -> (String, u16, bool) {
    (payload.to_owned(), packet_id, dup)
}

#[test]
fn a_connected_session_gets_each_publish_as_it_is_committed() {
    let world = World::new();
    let at = world.open_session(1, NEVER);
    let place = world.attach(1, 5, at);
    world.fed(place);
    let mut audience = Audience::new();
    let ids: Vec<NonZeroU32> = [4, 9].into_iter().filter_map(NonZeroU32::new).collect();
    audience.push(SessionNo(1), 2, true, &ids);
    let sequence = world.publish_to(publish(b"a"), &audience);
    world.publish_to(message("cmd/run", false, b"b"), &audience);
    let got = world.got(place, 2);
    let Delivery::Publish {
        sequence: same,
        qos: 2,
        retain: true,
        dup: false,
        ids: all,
        message,
        ..
    } = &got[0]
    else {
        unreachable!("{got:?}")
    };
    assert_eq!((*same, all.as_slice()), (sequence, &ids[..]));
    assert_eq!(
        (&*message.topic, &message.properties()[..], &message.payload()[..]),
        ("t/7", &b"pp"[..], &b"a"[..])
    );
    assert_eq!(message.expiry, Some(60));
    let Delivery::Publish { message, .. } = &got[1] else { unreachable!("{got:?}") };
    assert_eq!((&*message.topic, payload(message)), ("cmd/run", "b".to_owned()));
    assert_eq!((&message.properties()[..], message.expiry), (&b"pp"[..], None));
}

#[test]
fn what_came_while_it_was_away_comes_first_and_is_no_duplicate() {
    let world = World::new();
    world.open_session(1, NEVER);
    world.change(1, SessionChange::Left { expiry: NEVER });
    world.publish(b"a", &[1]);
    world.publish(b"b", &[1]);
    let at = world.change(1, SessionChange::Resumed { expiry: NEVER });
    let place = world.attach(1, 5, at);
    world.got(place, 2);
    world.publish(b"c", &[1]);
    let got = publishes(&world.got(place, 3));
    assert_eq!(got, [row("a", 1, false), row("b", 2, false), row("c", 3, false)]);
}

#[test]
fn what_was_not_settled_comes_again_as_duplicate_with_the_same_id() {
    let mut world = World::new();
    let at = world.open_session(1, NEVER);
    let place = world.attach(1, 5, at);
    world.publish(b"a", &[1]);
    let settled = world.publish(b"b", &[1]);
    world.publish(b"c", &[1]);
    assert_eq!(world.got(place, 3).len(), 3);
    world.settle(1, settled);
    world.change(1, SessionChange::Left { expiry: NEVER });
    world.publish(b"d", &[1]);
    let again = [row("a", 1, true), row("c", 3, true), row("d", 4, false)];
    let at = world.change(1, SessionChange::Resumed { expiry: NEVER });
    let place = world.attach(1, 6, at);
    assert_eq!(publishes(&world.got(place, 3)), again);
    // It was connected when the process ended, so all of it may have been sent.
    world.restart();
    let at = world.change(1, SessionChange::Resumed { expiry: NEVER });
    let place = world.attach(1, 7, at);
    let again = [row("a", 1, true), row("c", 3, true), row("d", 4, true)];
    assert_eq!(publishes(&world.got(place, 3)), again);
}

#[test]
fn what_was_released_comes_again_as_release_in_its_place() {
    let world = World::new();
    let at = world.open_session(1, NEVER);
    let place = world.attach(1, 5, at);
    let sequences: Vec<Sequence> =
        ["a", "b", "c"].map(|payload| world.publish(payload.as_bytes(), &[1])).to_vec();
    world.got(place, 3);
    world.change(1, SessionChange::Released { sequence: sequences[1] });
    world.change(1, SessionChange::Left { expiry: NEVER });
    let at = world.change(1, SessionChange::Resumed { expiry: NEVER });
    let place = world.attach(1, 6, at);
    let got = world.got(place, 3);
    assert!(matches!(&got[0], Delivery::Publish { packet_id: 1, dup: true, .. }), "{got:?}");
    assert!(
        matches!(got[1], Delivery::Release { packet_id: 2, sequence, .. } if sequence == sequences[1])
    );
    assert!(matches!(&got[2], Delivery::Publish { packet_id: 3, dup: true, .. }), "{got:?}");
}

#[test]
fn nothing_is_handed_over_before_the_fold_is_where_the_connection_began() {
    let world = World::new();
    world.sim.pause();
    let (open, done) = fabric::conformance::awaited();
    let mut batch = fabric::Batch::new();
    let mut audience = Audience::new();
    audience.push(SessionNo(1), 1, false, &[]);
    let (members, ingest) = (audience.members(), Timestamp(0));
    batch.push(&record(1, opened("one", NEVER)));
    batch.push(&publish(b"a"));
    batch.push(&Record::Audience { number: 1, members, ingest });
    batch.push(&Record::Owed { audience: 1, back: 2, ingest });
    world.log.append(batch, Some(open)).unwrap();
    let place = world.attach(1, 5, Sequence(1));
    world.got(place, 0);
    world.sim.resume();
    assert_eq!(done.recv().unwrap().unwrap().first, Sequence(1));
    assert_eq!(publishes(&world.got(place, 1)), [row("a", 1, false)]);
}

#[test]
fn a_session_nobody_knows_is_gone() {
    let world = World::new();
    let place = world.attach(77, 5, Sequence::ZERO);
    let got = world.got(place, 1);
    assert!(matches!(got[0], Delivery::Gone { session: SessionNo(77), .. }), "{got:?}");
}

#[test]
fn a_connection_that_was_taken_over_gets_nothing_more() {
    let world = World::new();
    let at = world.open_session(1, NEVER);
    let old = world.attach(1, 5, at);
    world.publish(b"a", &[1]);
    world.got(old, 1);
    let at = world.change(1, SessionChange::Resumed { expiry: NEVER });
    let new = world.attach(1, 6, at);
    // The old connection is reported as gone late.
    world.ledger.detach(SessionNo(1), old);
    world.got(new, 1);
    world.publish(b"b", &[1]);
    assert_eq!(publishes(&world.got(new, 2)), [row("a", 1, true), row("b", 2, false)]);
    assert_eq!(world.got(old, 1).len(), 1);
    world.ledger.detach(SessionNo(1), new);
    world.settled_down();
    world.publish(b"c", &[1]);
    assert_eq!(world.got(new, 2).len(), 2);
}

#[test]
fn a_core_that_is_full_is_asked_again_and_order_is_kept() {
    let world = World::new();
    let at = world.open_session(1, NEVER);
    let place = world.attach(1, 5, at);
    world.fed(place);
    world.cores.full.store(true, SeqCst);
    for payload in ["a", "b", "c"] {
        world.publish(payload.as_bytes(), &[1]);
    }
    world.got(place, 0);
    world.cores.full.store(false, SeqCst);
    let got = publishes(&world.got(place, 3));
    assert_eq!(got, [row("a", 1, false), row("b", 2, false), row("c", 3, false)]);
}

#[test]
fn a_new_session_of_the_same_client_starts_clean() {
    let world = World::new();
    world.change(1, opened("plc", NEVER));
    world.publish(b"a", &[1]);
    let at = world.change(2, opened("plc", NEVER));
    world.publish(b"b", &[1, 2]);
    let place = world.attach(2, 5, at);
    assert_eq!(publishes(&world.got(place, 1)), [row("b", 1, false)]);
    let stats = world.ledger.stats();
    assert_eq!((stats.sessions, stats.owed, stats.inflight), (1, 1, 1));
}
