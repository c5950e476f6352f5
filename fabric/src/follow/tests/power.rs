//! Power cuts at every moment of a checkpoint, while retention drops all it may.

use std::sync::Arc;

use uns_model::{ManualClock, Random, SeededRandom, Timestamp};

use super::sequences;
use super::world::World;
use crate::Log;
use crate::follow::{Job, Next};
use crate::sim::{SimDisk, SimLog};

#[test]
fn nothing_is_lost_and_the_hold_is_never_ahead_of_what_is_durable() {
    let seeds = 300;
    let (mut cuts, mut loaded) = (0, 0_u64);
    for seed in 0..seeds {
        let random = SeededRandom::new(seed);
        let below = |most: u64| random.u64() % most;
        let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000_000_000)));
        let disk = SimDisk::new(seed, 16 << 20);
        let mut world = World::open(Arc::new(SimLog::new()), disk, clock);
        // What the fold must know, although retention drops what the hold lets it.
        let mut all: Vec<u64> = Vec::new();
        for _ in 0..6 {
            if below(2) == 0 {
                world.disk.power_off_in(below(14));
            }
            let mut under_way: Option<Job> = None;
            for _ in 0..below(30) {
                match below(5) {
                    0 | 1 => {
                        let before = world.log.committed();
                        world.append(usize::try_from(below(5)).unwrap());
                        all.extend(sequences(&world.log, before));
                    }
                    2 => world.fold.wants_checkpoint = true,
                    3 => {
                        if let Some(job) = under_way.take() {
                            job.run();
                        }
                    }
                    _ => world.log.drop_until(world.held()),
                }
                under_way = world.turn().job.or(under_way);
            }
            drop(under_way);
            cuts += u64::from(world.disk.take_cut().is_some());
            world.disk.clear_faults();
            world.disk.crash();
            world = world.reopen();
            loaded += u64::from(!world.fold.seen.is_empty());
            while world.turn().next == Next::Again {}
            assert_eq!(world.fold.gaps, [], "seed {seed}: the log forgot what was needed");
            assert_eq!(world.fold.seen, all, "seed {seed}");
        }
    }
    assert!(cuts > seeds / 2 && loaded > seeds / 2, "{cuts} cuts, {loaded} checkpoints loaded");
}
