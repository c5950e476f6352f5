//! TRAP-35, TRAP-43: what a session may be owed is bounded. What is dropped beyond that is counted and
//! reported.

use broker_ledger::{Config, Delivery};
use fabric::SessionChange;

use crate::world::{NEVER, ORG, World, publishes};

#[test]
fn an_absent_session_is_owed_so_many_and_no_more() {
    let mut world = World::with(Config { owed_count_max: 3, ..Config::default() });
    world.open_session(1, NEVER);
    world.change(1, SessionChange::Left { expiry: NEVER });
    for number in 0..10u8 {
        world.publish(&[b'0' + number], &[1]);
    }
    world.settled_down();
    let stats = world.ledger.stats();
    assert_eq!((stats.owed, stats.dropped.quota), (3, 7));
    let info = world.ledger.find(ORG, "client-1").unwrap();
    assert_eq!((info.owed, info.dropped), (3, 7));
    let at = world.change(1, SessionChange::Resumed { expiry: NEVER });
    let place = world.attach(1, 5, at);
    world.got(place, 3);
    // A connected client is told at once.
    world.publish(b"x", &[1]);
    let got = world.got(place, 4);
    assert!(matches!(got[3], Delivery::Lost { count: 1, over_quota: true, .. }), "{got:?}");
    // Dropped deliveries have ordinals too, so packet ids do not depend on the quota.
    let first = got.iter().find_map(|one| match one {
        Delivery::Publish { sequence, .. } => Some(*sequence),
        _ => None,
    });
    world.settle(1, first.unwrap());
    world.publish(b"y", &[1]);
    let got = publishes(&world.got(place, 5));
    assert_eq!(got.last(), Some(&("y".to_owned(), 12, false)));
    // A replay with another quota gives the same ids.
    world.config.owed_count_max = 100;
    world.stop();
    let names = fabric::Disk::list(&world.disk, std::path::Path::new("/sessions")).unwrap();
    for name in names {
        fabric::Disk::remove(&world.disk, &std::path::Path::new("/sessions").join(name)).unwrap();
    }
    world.restart();
    let at = world.change(1, SessionChange::Resumed { expiry: NEVER });
    let place = world.attach(1, 6, at);
    let ids: Vec<u16> = publishes(&world.got(place, 11)).iter().map(|(_, id, _)| *id).collect();
    assert_eq!(ids, (2..=12).collect::<Vec<u16>>());
}

#[test]
fn bytes_and_the_sum_over_all_sessions_are_bounded() {
    let config = Config { owed_bytes_max: 400, owed_total_max: 4, ..Config::default() };
    let world = World::with(config);
    for number in 1..=3 {
        world.open_session(number, NEVER);
    }
    world.publish(&[0; 200], &[1]);
    world.publish(&[0; 200], &[1]);
    world.settled_down();
    assert_eq!((world.ledger.stats().owed, world.ledger.stats().dropped.quota), (1, 1));
    for _ in 0..4 {
        world.publish(b"x", &[2, 3]);
    }
    world.settled_down();
    let stats = world.ledger.stats();
    assert_eq!((stats.owed, stats.dropped.quota), (4, 6));
    // Ending a session frees what it was owed.
    world.change(2, SessionChange::Ended);
    world.publish(b"x", &[3]);
    world.settled_down();
    assert_eq!(world.ledger.stats().dropped.quota, 6);
}
