//! The owner of a will is logged with it, kept in checkpoints, and known after its session has ended.

use std::time::Duration;

use fabric::SessionChange;

use crate::world::{NEVER, World, eventually, opened, record, will};

fn owners(world: &World) -> Vec<(u32, Option<String>)> {
    let wills = world.cores.wills.lock();
    let mut owners: Vec<_> = wills
        .iter()
        .map(|will| (will.session.0, will.owner.as_deref().map(str::to_owned)))
        .collect();
    owners.sort_unstable();
    owners
}

#[test]
fn a_will_belongs_to_whoever_had_its_session_when_it_was_noted() {
    let mut world = World::new();
    world.cores.refuse_wills.store(true, std::sync::atomic::Ordering::SeqCst);
    let owner = |name| SessionChange::Owner { name };
    for (number, expiry) in [(1, NEVER), (2, NEVER), (3, 0)] {
        world.open_session(number, expiry);
        if number > 1 {
            world.change(number, owner("press7"));
        }
        world.change(number, will(0));
    }
    // A client that takes over a session without an owner is not the owner of its due will.
    world.append(&[
        record(1, SessionChange::Left { expiry: NEVER }),
        record(1, SessionChange::Resumed { expiry: NEVER }),
        record(1, owner("anna")),
    ]);
    world.change(2, SessionChange::Ended);
    world.append(&[record(9, opened("client-9", NEVER)), record(9, owner("ben"))]);
    world.settled_down();
    for checkpoint in [false, true] {
        if checkpoint {
            world.ledger.checkpoint().expect("the disk works");
        }
        world.restart();
        world.clock.advance(Duration::from_secs(100));
        world.publish(b"tick", &[]);
        eventually("three wills", || owners(&world).len() == 3);
        let press7 = || Some("press7".to_owned());
        assert_eq!(owners(&world), [(1, None), (2, press7()), (3, press7())], "{checkpoint}");
    }
}
