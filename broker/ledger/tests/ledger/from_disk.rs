//! Sessions that lag far behind are served from segments on disk.

use std::path::Path;
use std::sync::Arc;

use broker_ledger::{Config, Delivery};
use fabric::SessionChange;
use fabric_local::{LocalLog, LogConfig};
use uns_model::{SeededRandom, Sequence};

use crate::world::{NEVER, World, eventually};

/// A log with small segments that keeps almost nothing in memory.
fn on_disk() -> World {
    World::on(Config { feed_count_max: 50, ..Config::default() }, |disk, clock| {
        let config =
            LogConfig { segment_bytes: 64 * 1024, memory_bytes: 0, ..LogConfig::default() };
        let disk = Arc::new(disk.clone());
        let random = SeededRandom::new(7);
        LocalLog::open(disk, Path::new("/log"), config, Arc::clone(clock) as _, &random)
            .expect("the log opens")
    })
}

fn sequences(got: &[Delivery]) -> Vec<Sequence> {
    got.iter()
        .filter_map(|one| match one {
            Delivery::Publish { sequence, .. } => Some(*sequence),
            _ => None,
        })
        .collect()
}

#[test]
fn everything_comes_in_order_from_many_segments() {
    let world = on_disk();
    for number in [1, 2] {
        world.open_session(number, NEVER);
        world.change(number, SessionChange::Left { expiry: NEVER });
    }
    // The second session is owed only every tenth publish.
    let mut owed: [Vec<Sequence>; 2] = Default::default();
    for number in 0..400u32 {
        let to: &[u32] = if number % 10 == 0 { &[1, 2] } else { &[1] };
        let sequence = world.publish(&[b'x'; 1_000], to);
        owed[0].push(sequence);
        if to.len() == 2 {
            owed[1].push(sequence);
        }
    }
    assert!(world.log.health().segments > 5);
    let places = [1, 2].map(|number| {
        let at = world.change(number, SessionChange::Resumed { expiry: NEVER });
        world.attach(number, number, at)
    });
    let mut settled = [0, 0];
    eventually("both have everything", || {
        for (number, place) in places.iter().enumerate() {
            let mut got = world.cores.got.lock().clone();
            got.retain(|one| one.place() == *place);
            let got = sequences(&got).len();
            assert!(got - settled[number] <= 50, "the window holds");
            for sequence in &owed[number][settled[number]..got] {
                world.settle(if number == 0 { 1 } else { 2 }, *sequence);
            }
            settled[number] = got;
        }
        settled == [400, 40]
    });
    for (number, place) in places.iter().enumerate() {
        assert_eq!(sequences(&world.got(*place, owed[number].len())), owed[number]);
    }
    assert_eq!(world.ledger.stats().dropped, broker_ledger::Dropped::default());
}
