//! What a session was owed as the member of a share outlives it. It is offered to the cores, which pass it
//! on to another member, until the log says that this is done.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use fabric::{Audience, SessionChange};
use uns_model::{Sequence, SessionNo};

use crate::world::{NEVER, ORG, World, eventually, message, payload};

fn publish(world: &World, payload: &str, qos: u8, share: Option<&str>) -> Sequence {
    let mut audience = Audience::new();
    audience.push_chosen((SessionNo(1), share), qos, false, &[]);
    world.publish_to(message("t/x", false, payload.as_bytes()), &audience)
}

fn passed(world: &World) -> Vec<(String, Sequence)> {
    let passed = world.cores.passed.lock();
    passed.iter().map(|one| (payload(&one.message), one.sequence)).collect()
}

#[test]
fn what_was_for_a_share_is_offered_until_it_is_settled() {
    let mut world = World::new();
    world.open_session(1, NEVER);
    let share = Some("$share/g/t/+");
    let first = publish(&world, "sent, perhaps", 1, share);
    publish(&world, "begun, perhaps", 2, share);
    world.change(1, SessionChange::Left { expiry: NEVER });
    let own = publish(&world, "its own", 1, None);
    let third = publish(&world, "never sent", 2, share);
    world.settled_down();
    assert_eq!(passed(&world), [], "its client may come back");
    world.cores.refuse_wills.store(true, SeqCst);
    world.change(1, SessionChange::Ended);
    world.settled_down();
    let stats = world.ledger.stats();
    assert_eq!((stats.sessions, stats.owed, stats.owed_oldest), (0, 2, Some(first)));
    assert_eq!(stats.dropped.shared, 1, "MQTT-4.8.2-5");
    assert!(own > first);
    world.cores.refuse_wills.store(false, SeqCst);
    world.clock.advance(Duration::from_secs(2));
    let both = [("sent, perhaps".to_owned(), first), ("never sent".to_owned(), third)];
    eventually("both are offered", || passed(&world) == both);
    let one = world.cores.passed.lock()[0].clone();
    assert_eq!((one.session, &*one.share, one.message.org), (SessionNo(1), "$share/g/t/+", ORG));
    world.change(1, SessionChange::Settled { sequence: first });
    world.settled_down();
    assert_eq!(world.ledger.stats().owed, 1);
    // The log did not take what the core made of the other one, and then the process ended.
    world.ledger.offer_again(SessionNo(1), third);
    world.clock.advance(Duration::from_secs(2));
    eventually("it is offered again", || passed(&world).len() == 3);
    world.restart();
    eventually("only that", || passed(&world) == both[1..]);
    world.change(1, SessionChange::Settled { sequence: third });
    world.settled_down();
    let stats = world.ledger.stats();
    assert_eq!((stats.owed, stats.owed_bytes, stats.owed_oldest), (0, 0, None));
}

#[test]
fn a_long_list_is_offered_a_part_at_a_time() {
    let world = World::new();
    world.open_session(1, NEVER);
    let all: Vec<Sequence> =
        (0..150).map(|n| publish(&world, &n.to_string(), 1, Some("$share/g/t/+"))).collect();
    world.change(1, SessionChange::Ended);
    for (count, settled) in [(64, 0..64), (128, 64..100), (150, 100..150)] {
        eventually("the next part", || passed(&world).len() >= count.min(150));
        world.settled_down();
        let got: Vec<Sequence> = passed(&world).into_iter().map(|one| one.1).collect();
        assert_eq!(got, all[..got.len()]);
        for sequence in &all[settled] {
            world.change(1, SessionChange::Settled { sequence: *sequence });
        }
    }
    world.settled_down();
    assert_eq!((passed(&world).len(), world.ledger.stats().owed), (150, 0));
}

#[test]
fn what_retention_takes_first_is_lost_and_counted() {
    let world = World::new();
    world.open_session(1, NEVER);
    world.cores.refuse_wills.store(true, SeqCst);
    let first = publish(&world, "1", 1, Some("$share/g/t/+"));
    publish(&world, "2", 1, Some("$share/g/t/+"));
    world.change(1, SessionChange::Ended);
    world.settled_down();
    world.sim.drop_until(Sequence(first.0 + 2));
    world.cores.refuse_wills.store(false, SeqCst);
    world.ledger.checkpoint().expect("the disk works");
    world.clock.advance(Duration::from_secs(2));
    eventually("the other one", || passed(&world).len() == 1);
    let stats = world.ledger.stats();
    assert_eq!((stats.owed, stats.dropped.retention), (1, 1));
}

/// Cores write to the log side by side, so what one of them owes to a session may follow the end of
/// that session, which another one wrote. It is not lost to the share.
#[test]
fn what_is_owed_to_a_member_that_has_just_ended_is_for_another_one() {
    let world = World::new();
    world.open_session(1, NEVER);
    world.change(1, SessionChange::Ended);
    let late = publish(&world, "late", 1, Some("$share/g/t/+"));
    publish(&world, "its own", 1, None);
    eventually("it is offered", || passed(&world) == [("late".to_owned(), late)]);
    world.change(1, SessionChange::Settled { sequence: late });
    world.settled_down();
    assert_eq!(world.ledger.stats().owed, 0);
}

/// A message may also be owed before its session begins. It is for the share, not for that session.
#[test]
fn what_is_owed_to_a_member_that_is_not_opened_yet_is_for_another_one() {
    let world = World::new();
    let early = publish(&world, "early", 1, Some("$share/g/t/+"));
    world.open_session(1, NEVER);
    eventually("it is offered", || passed(&world) == [("early".to_owned(), early)]);
    world.change(1, SessionChange::Settled { sequence: early });
    world.settled_down();
    assert_eq!(world.ledger.stats().owed, 0);
}

/// Their connections may have it. After a crash they are gone.
#[test]
fn what_is_owed_to_connections_is_offered_after_the_next_start_unless_it_is_settled() {
    let mut world = World::new();
    let owe = |world: &World, payload: &str| {
        let mut audience = Audience::new();
        audience.push_chosen((SessionNo::LIVE, Some("$share/g/t/+")), 1, false, &[]);
        world.publish_to(message("t/x", false, payload.as_bytes()), &audience)
    };
    let settle = |world: &World, sequence| {
        world.change(SessionNo::LIVE.0, SessionChange::Settled { sequence });
    };
    let first = owe(&world, "1");
    let second = owe(&world, "2");
    settle(&world, first);
    world.settled_down();
    assert_eq!((passed(&world), world.ledger.stats().owed), (vec![], 1));
    world.restart();
    let left = ("2".to_owned(), second);
    eventually("it is offered", || passed(&world) == [left.clone()]);
    // What is owed to connections of this process is not.
    let third = owe(&world, "3");
    world.settled_down();
    assert_eq!(passed(&world), [left]);
    settle(&world, third);
    settle(&world, second);
    // There may have been no room to note it.
    settle(&world, second);
    world.settled_down();
    let stats = world.ledger.stats();
    assert_eq!((stats.owed, stats.owed_oldest, stats.contradictions), (0, None, 0));
}

/// A connection may keep one for long and acknowledge millions behind it.
#[test]
fn what_connections_acknowledged_out_of_order_takes_no_memory() {
    let mut world = World::new();
    let mut audience = Audience::new();
    audience.push_chosen((SessionNo::LIVE, Some("$share/g/t/+")), 1, false, &[]);
    let kept = world.publish_to(message("t/x", false, b"x"), &audience);
    for _ in 0..1_000 {
        let sequence = world.publish_to(message("t/x", false, b"x"), &audience);
        world.change(SessionNo::LIVE.0, SessionChange::Settled { sequence });
    }
    world.settled_down();
    assert_eq!((world.ledger.stats().owed, world.ledger.stats().owed_oldest), (1, Some(kept)));
    world.stop();
    let bytes = world.ledger.following().figures().last_checkpoint.expect("the last one").bytes;
    assert!(bytes < 10_000, "{bytes} bytes");
}
