//! The expiry of sessions, on monotonic time (R14, TRAP-06, TRAP-13).

use std::time::Duration;

use broker_ledger::Place;
use fabric::SessionChange;
use uns_model::{SessionNo, Timestamp};

use crate::world::{NEVER, ORG, World, eventually, will};

pub(crate) fn advance(world: &World, seconds: u64) {
    world.clock.advance(Duration::from_secs(seconds));
    // Any record wakes the thread, which then reads the clock. It hands over what is due at the end of
    // that turn, so before it folds a later record.
    for _ in 0..2 {
        world.publish(b"tick", &[]);
        world.settled_down();
    }
}

pub(crate) fn expired(world: &World) -> Vec<u32> {
    world.cores.expired.lock().iter().map(|session| session.0).collect()
}

pub(crate) fn wills(world: &World) -> Vec<u32> {
    world.cores.wills.lock().iter().map(|will| will.session.0).collect()
}

#[test]
fn a_session_expires_when_its_time_is_over_and_not_before() {
    let world = World::new();
    world.open_session(1, 100);
    world.open_session(2, NEVER);
    world.open_session(3, 100);
    advance(&world, 1_000);
    assert!(expired(&world).is_empty(), "connected sessions do not expire");
    for number in [1, 2, 3] {
        let expiry = if number == 2 { NEVER } else { 100 };
        world.change(number, SessionChange::Left { expiry });
    }
    world.settled_down();
    advance(&world, 99);
    assert!(expired(&world).is_empty());
    let info = world.ledger.find(ORG, "client-1").unwrap();
    assert_eq!((info.expires_in, info.online), (Some(Duration::from_secs(1)), false));
    world.change(3, SessionChange::Resumed { expiry: 100 });
    world.settled_down();
    advance(&world, 2);
    assert_eq!(expired(&world), [1]);
    // The ledger asks again until the session has ended.
    advance(&world, 31);
    assert_eq!(expired(&world), [1, 1]);
    world.change(1, SessionChange::Ended);
    world.settled_down();
    advance(&world, 100_000);
    assert_eq!(expired(&world), [1, 1]);
    assert_eq!(world.ledger.stats().sessions, 2);
}

#[test]
fn wall_clocks_that_jump_expire_nobody() {
    let world = World::new();
    world.open_session(1, 100);
    world.change(1, SessionChange::Left { expiry: 100 });
    world.settled_down();
    for wall in [2_000_000_000_000_000_000, 1, 4_000_000_000_000_000_000] {
        world.clock.set_wall(Timestamp(wall));
        advance(&world, 1);
    }
    assert!(expired(&world).is_empty());
}

#[test]
fn a_restart_starts_every_interval_anew() {
    let mut world = World::new();
    world.open_session(1, 100);
    world.change(1, SessionChange::Left { expiry: 100 });
    world.open_session(2, 100);
    world.settled_down();
    advance(&world, 90);
    world.restart();
    advance(&world, 90);
    assert!(expired(&world).is_empty());
    assert!(!world.ledger.find(ORG, "client-2").unwrap().online, "its connection is gone");
    advance(&world, 11);
    let mut both = expired(&world);
    both.sort_unstable();
    assert_eq!(both, [1, 2], "one that was connected counts as left");
}

#[test]
fn numbers_are_never_given_out_twice() {
    let mut world = World::new();
    let first = world.ledger.next_session();
    world.open_session(first.0 + 5, NEVER);
    world.change(first.0 + 5, SessionChange::Ended);
    // The log may name a session whose opening was lost.
    world.publish(b"x", &[first.0 + 7]);
    world.settled_down();
    world.restart();
    assert!(world.ledger.next_session() > SessionNo(first.0 + 7));
    world.restart();
    assert!(world.ledger.next_session() > SessionNo(first.0 + 7));
}

/// A full log does not take the `Left` of a session.
#[test]
fn a_session_whose_connection_went_unseen_counts_as_left_after_a_while() {
    let world = World::new();
    let opened = world.open_session(1, 100);
    world.change(1, will(10));
    let place = world.attach(1, 1, opened);
    world.fed(place);
    advance(&world, 1_000);
    world.ledger.detach(SessionNo(1), place);
    world.settled_down();
    advance(&world, 59);
    assert!(world.ledger.find(ORG, "client-1").unwrap().online, "the log may be behind");
    advance(&world, 1);
    eventually("it counts as left", || !world.ledger.find(ORG, "client-1").unwrap().online);
    advance(&world, 10);
    eventually("its will", || wills(&world) == [1]);
    assert!(expired(&world).is_empty());
    advance(&world, 90);
    eventually("its end", || expired(&world) == [1]);
    // A client that is back in time has no timer.
    let opened = world.open_session(2, 100);
    let place = world.attach(2, 2, opened);
    world.fed(place);
    world.ledger.detach(SessionNo(2), place);
    world.settled_down();
    advance(&world, 30);
    let place = world.attach(2, 3, opened);
    world.got(place, 0);
    advance(&world, 1_000);
    assert!(world.ledger.find(ORG, "client-2").unwrap().online);
}

/// A full log does not take the `Ended` of a session that is there for its will only, so that it was never
/// fed. Whether its client has withdrawn the will is known until the session ends.
#[test]
fn a_will_whose_client_went_unseen_is_due_after_a_while_and_before_the_end_of_its_session() {
    let world = World::new();
    world.open_session(1, 0);
    world.change(1, will(10));
    world.settled_down();
    world.ledger.detach(SessionNo(1), Place { core: 0, slot: 1, generation: 0 });
    advance(&world, 0);
    advance(&world, 59);
    assert!(world.cores.due.lock().is_empty(), "the log may be behind");
    advance(&world, 1);
    eventually("its end", || expired(&world) == [1]);
    eventually("its will", || wills(&world) == [1]);
    assert_eq!(*world.cores.due.lock(), ["will 1", "end 1"]);
}
