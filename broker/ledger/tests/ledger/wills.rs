//! Wills, on monotonic time: they are due after their delay, and until the log says that they are
//! published (R14, TRAP-06, TRAP-13).

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use fabric::{DueWill, SessionChange};
use uns_model::SessionNo;

use crate::timers::{advance, expired, wills};
use crate::world::{NEVER, ORG, World, eventually, opened, record, will};

#[test]
fn a_will_waits_for_its_delay_or_the_end_of_its_session() {
    let world = World::new();
    for (number, expiry, delay) in [(1, 100, 10), (2, 5, 10), (3, 100, 0), (4, 100, 10)] {
        world.open_session(number, expiry);
        world.change(number, will(delay));
        world.change(number, SessionChange::Left { expiry });
    }
    world.settled_down();
    advance(&world, 0);
    assert_eq!(wills(&world), [3]);
    advance(&world, 5);
    assert_eq!((wills(&world), expired(&world)), (vec![3, 2], vec![2]));
    // A client that is back in time withdraws its will.
    world.change(4, SessionChange::Resumed { expiry: 100 });
    world.change(4, SessionChange::Left { expiry: 100 });
    world.settled_down();
    advance(&world, 6);
    assert_eq!(wills(&world), [3, 2, 1]);
    let due = world.cores.wills.lock()[2].clone();
    assert_eq!((due.org, &*due.client_id, &*due.will.topic), (ORG, "client-1", "gone"));
    assert_eq!((&due.will.payload[..], due.will.qos), (&b"bye"[..], 1));
    // A will that was taken is not offered again, also when its session ends.
    world.change(1, SessionChange::Ended);
    world.settled_down();
    advance(&world, 1_000);
    assert_eq!(wills(&world), [3, 2, 1]);
    assert_eq!(world.ledger.stats().wills, 3);
    for number in [1, 2, 3] {
        world.change(number, SessionChange::WillGone { will: None });
    }
    world.settled_down();
    assert_eq!(world.ledger.stats().wills, 0);
}

#[test]
fn the_end_of_a_session_makes_its_will_due_unless_it_goes_in_the_same_batch() {
    let world = World::new();
    for number in [1, 2, 3] {
        world.open_session(number, NEVER);
        world.change(number, will(1_000));
    }
    world.change(1, SessionChange::Ended);
    world.append(&[
        record(2, SessionChange::WillGone { will: None }),
        record(2, SessionChange::Ended),
    ]);
    // A clean start of the same client ends the session before.
    world.change(9, opened("client-3", NEVER));
    eventually("two wills", || wills(&world).len() == 2);
    world.settled_down();
    assert_eq!(wills(&world), [1, 3]);
}

#[test]
fn a_will_nobody_could_take_is_offered_again_also_after_a_restart() {
    let mut world = World::new();
    world.cores.refuse_wills.store(true, SeqCst);
    world.open_session(1, 0);
    world.change(1, will(1_000));
    world.change(1, SessionChange::Left { expiry: 0 });
    world.settled_down();
    advance(&world, 2);
    assert!(wills(&world).is_empty());
    world.cores.refuse_wills.store(false, SeqCst);
    advance(&world, 2);
    assert_eq!(wills(&world), [1]);
    // The process ended before the log said that it was published.
    world.restart();
    eventually("the will", || wills(&world) == [1]);
    eventually("the end", || expired(&world) == [1]);
    world.append(&[
        record(1, SessionChange::WillGone { will: None }),
        record(1, SessionChange::Ended),
    ]);
    world.settled_down();
    let stats = world.ledger.stats();
    assert_eq!((stats.wills, stats.sessions), (0, 0));
}

/// The disk is full: the core had it, and could not say in the log that it is published.
#[test]
fn a_will_that_the_log_refused_is_offered_again_until_it_is_gone() {
    let world = World::new();
    for number in [1, 2] {
        world.open_session(number, NEVER);
        world.change(number, will(5));
        world.change(number, SessionChange::Left { expiry: NEVER });
    }
    world.settled_down();
    advance(&world, 5);
    assert_eq!(wills(&world), [1, 2]);
    // The client of the second one is back, which does not take back what was due before.
    world.change(2, SessionChange::Resumed { expiry: NEVER });
    world.settled_down();
    for will in std::mem::take(&mut *world.cores.wills.lock()) {
        world.ledger.offer_will_again(will);
    }
    advance(&world, 0);
    assert!(wills(&world).is_empty(), "not in a circle");
    advance(&world, 1);
    eventually("both wills", || wills(&world).len() == 2);
    let of_first = |will: &&DueWill| will.session == SessionNo(1);
    let will = world.cores.wills.lock().iter().find(of_first).and_then(|will| will.sequence);
    world.change(1, SessionChange::WillGone { will });
    world.settled_down();
    advance(&world, 1_000);
    assert_eq!((wills(&world).len(), world.ledger.stats().wills), (2, 0));
}

/// The core refuses a will, and says so, before the ledger knows that the core has taken it.
#[test]
fn a_will_that_its_core_gives_back_at_once_is_offered_again() {
    let world = World::new();
    world.open_session(1, NEVER);
    world.change(1, will(5));
    world.change(1, SessionChange::Left { expiry: NEVER });
    world.settled_down();
    *world.cores.gives_wills_back.lock() = Some(Arc::clone(&world.ledger));
    advance(&world, 5);
    // The wait doubles, since a full disk is not emptied within a second.
    for (times, wait) in (1..).zip([1, 2, 4, 8, 16, 30, 30]) {
        eventually("its turn", || wills(&world).len() == times);
        world.settled_down();
        advance(&world, wait - 1);
        assert_eq!(wills(&world).len(), times, "not before {wait} seconds are over");
        advance(&world, 1);
    }
    // Its client is back, so it is in no list of sessions, and comes every second.
    world.change(1, SessionChange::Resumed { expiry: NEVER });
    for times in 9..=12 {
        eventually("its turn", || wills(&world).len() >= times);
        world.settled_down();
        advance(&world, 1);
    }
    *world.cores.gives_wills_back.lock() = None;
}

#[test]
fn the_end_of_a_will_leaves_the_one_its_client_came_back_with() {
    let mut world = World::new();
    world.open_session(1, NEVER);
    let first = world.change(1, will(5));
    world.change(1, SessionChange::Left { expiry: NEVER });
    world.settled_down();
    advance(&world, 5);
    assert_eq!(wills(&world), [1]);
    assert_eq!(world.cores.wills.lock()[0].sequence, Some(first));
    // The will is published while its client connects.
    world.append(&[record(1, SessionChange::Resumed { expiry: NEVER }), record(1, will(7))]);
    world.change(1, SessionChange::WillGone { will: Some(first) });
    world.settled_down();
    assert_eq!(world.ledger.stats().wills, 1);
    world.restart();
    assert_eq!(world.ledger.stats().wills, 1);
    world.change(1, SessionChange::Left { expiry: NEVER });
    world.settled_down();
    advance(&world, 7);
    eventually("the second will", || wills(&world) == [1]);
    // A `WillGone` without a name, as in earlier formats, removes whichever will there is.
    world.change(1, SessionChange::WillGone { will: None });
    world.settled_down();
    assert_eq!(world.ledger.stats().wills, 0);
}

/// After a crash a will without a delay is due at once, however fast its client is back. It is not
/// replaced by the will of the new connection, also if another crash comes before it is published.
#[test]
fn a_will_that_is_due_when_its_client_comes_back_is_published_once() {
    let mut world = World::new();
    world.open_session(1, NEVER);
    let first = world.change(1, will(0));
    world.settled_down();
    world.stop();
    world.append(&[record(1, SessionChange::Resumed { expiry: NEVER }), record(1, will(9))]);
    for _ in 0..2 {
        world.restart();
        eventually("the one that was due", || wills(&world) == [1]);
        assert_eq!(world.cores.wills.lock()[0].sequence, Some(first));
        assert_eq!(world.ledger.stats().wills, 2);
    }
    world.change(1, SessionChange::WillGone { will: Some(first) });
    world.restart();
    world.settled_down();
    assert_eq!((wills(&world).len(), world.ledger.stats().wills), (0, 1));

    world.change(1, SessionChange::Left { expiry: NEVER });
    world.settled_down();
    world.cores.refuse_wills.store(true, SeqCst);
    advance(&world, 9);
    world.append(&[record(1, SessionChange::Resumed { expiry: NEVER }), record(1, will(0))]);
    world.settled_down();
    world.cores.refuse_wills.store(false, SeqCst);
    advance(&world, 2);
    eventually("the one that was due", || wills(&world) == [1]);
    world.settled_down();
    assert_eq!((wills(&world).len(), world.ledger.stats().wills), (1, 1));
}
