//! Sessions that lag are served within limits, and do not delay others.

use broker_ledger::{Config, Delivery, PACKET_ID_MAX};
use fabric::{Audience, Batch, Record, SessionChange};
use uns_model::{Sequence, SessionNo, Timestamp};

use crate::world::{NEVER, World, eventually, publish, publishes};

fn payloads(deliveries: &[Delivery]) -> Vec<String> {
    publishes(deliveries).into_iter().map(|(payload, ..)| payload).collect()
}

#[test]
fn the_window_is_never_exceeded_and_settling_gives_it_back() {
    let world = World::with(Config { feed_count_max: 3, ..Config::default() });
    let at = world.open_session(1, NEVER);
    let place = world.attach(1, 5, at);
    let sequences: Vec<Sequence> =
        (0..10u8).map(|number| world.publish(&[b'0' + number], &[1])).collect();
    assert_eq!(payloads(&world.got(place, 3)), ["0", "1", "2"]);
    // They are settled out of order, and the oldest last.
    world.settle(1, sequences[2]);
    assert_eq!(payloads(&world.got(place, 4)), ["0", "1", "2", "3"]);
    world.settle(1, sequences[0]);
    world.settle(1, sequences[1]);
    assert_eq!(payloads(&world.got(place, 6)).last().unwrap(), "5");
    for (one, sequence) in sequences[3..].iter().enumerate() {
        world.got(place, (6 + one).min(10));
        world.settle(1, *sequence);
    }
    let all: Vec<String> = (0..10).map(|number: u8| number.to_string()).collect();
    assert_eq!(payloads(&world.got(place, 10)), all);
    assert_eq!(world.ledger.stats().owed, 0);
    // The session has caught up, so it is fed from the frame again.
    world.publish(b"x", &[1]);
    assert_eq!(payloads(&world.got(place, 11)).last().unwrap(), "x");
}

#[test]
fn a_connection_may_ask_for_a_smaller_window() {
    let world = World::new();
    let at = world.open_session(1, NEVER);
    let place = world.attach_with(1, 5, at, 2);
    for number in 0..5u8 {
        world.publish(&[number], &[1]);
    }
    assert_eq!(world.got(place, 2).len(), 2);
}

#[test]
fn bytes_under_way_are_bounded_but_one_is_always_possible() {
    let world = World::with(Config { feed_bytes_max: 1_000, ..Config::default() });
    let at = world.open_session(1, NEVER);
    let place = world.attach(1, 5, at);
    let large = world.publish(&[b'x'; 5_000], &[1]);
    let second = world.publish(&[b'y'; 600], &[1]);
    world.publish(&[b'z'; 600], &[1]);
    assert_eq!(world.got(place, 1).len(), 1);
    world.settle(1, large);
    assert_eq!(world.got(place, 2).len(), 2);
    world.settle(1, second);
    assert_eq!(world.got(place, 3).len(), 3);
}

/// Many publishes in few frames, each owed to these sessions.
fn flood(world: &World, to: &[u32], count: u32) -> Vec<Sequence> {
    let mut sequences = Vec::new();
    let mut audience = Audience::new();
    to.iter().for_each(|number| audience.push(SessionNo(*number), 1, false, &[]));
    let ingest = Timestamp(0);
    let numbers: Vec<u32> = (0..count).collect();
    for some in numbers.chunks(1_000) {
        let mut batch = Batch::new();
        for (place, number) in some.iter().enumerate() {
            batch.push(&publish(&number.to_le_bytes()));
            if place == 0 {
                batch.push(&Record::Audience { number: 3, members: audience.members(), ingest });
            }
            let back = if place == 0 { 2 } else { 1 };
            batch.push(&Record::Owed { audience: 3, back, ingest });
        }
        let commit = fabric::conformance::append(&*world.log, batch).expect("the log commits");
        let owed = (0..some.len() as u64).map(|n| if n == 0 { 0 } else { 1 + 2 * n });
        sequences.extend(owed.map(|offset| Sequence(commit.first.0 + offset)));
    }
    sequences
}

#[test]
fn no_two_entries_with_one_packet_id_are_under_way() {
    let config =
        Config { feed_count_max: usize::MAX, feed_bytes_max: usize::MAX, ..Config::default() };
    let world = World::with(config);
    let at = world.open_session(1, NEVER);
    let sequences = flood(&world, &[1], u32::from(PACKET_ID_MAX) + 10);
    let place = world.attach(1, 5, at);
    eventually("all ids in use", || world.ledger.stats().inflight == usize::from(PACKET_ID_MAX));
    // The window of packet ids moves only when the oldest delivery is settled.
    world.settle(1, sequences[1]);
    world.got(place, usize::from(PACKET_ID_MAX));
    world.settle(1, sequences[0]);
    let got = world.got(place, 2 + usize::from(PACKET_ID_MAX));
    let ids: Vec<u16> = publishes(&got).into_iter().map(|(_, id, _)| id).collect();
    let plain = |ordinal: usize| u16::try_from(ordinal % 49_151).unwrap() + 1;
    let expected: Vec<u16> = (0..ids.len()).map(plain).collect();
    assert_eq!(ids, expected);
}

#[test]
fn many_lag_at_once_and_each_gets_everything_in_order() {
    let world = World::with(Config { feed_count_max: 64, ..Config::default() });
    let sessions: Vec<u32> = (1..=40).collect();
    for number in &sessions {
        world.open_session(*number, NEVER);
        world.change(*number, SessionChange::Left { expiry: NEVER });
    }
    let sequences = flood(&world, &sessions, 300);
    let places: Vec<_> = sessions
        .iter()
        .map(|number| {
            let at = world.change(*number, SessionChange::Resumed { expiry: NEVER });
            world.attach(*number, *number, at)
        })
        .collect();
    // Each session acknowledges what it got, until it has everything.
    let mut settled = vec![0; sessions.len()];
    eventually("everybody has everything", || {
        let got = world.cores.got.lock().clone();
        for (index, number) in sessions.iter().enumerate() {
            let mine = got.iter().filter(|one| one.place() == places[index]);
            let count = mine.filter(|one| matches!(one, Delivery::Publish { .. })).count();
            for sequence in &sequences[settled[index]..count] {
                world.settle(*number, *sequence);
            }
            settled[index] = count;
        }
        settled.iter().all(|count| *count == 300)
    });
    world.settled_down();
    for place in places {
        let got = world.got(place, 300);
        let seen: Vec<Sequence> = got
            .iter()
            .filter_map(|one| match one {
                Delivery::Publish { sequence, .. } => Some(*sequence),
                _ => None,
            })
            .collect();
        assert_eq!(seen, sequences);
    }
    assert_eq!(world.ledger.stats().owed, 0);
}
