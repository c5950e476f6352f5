//! When checkpoints are due, and that one is written beside the fold.

use uns_model::Sequence;

use super::waits;
use super::world::{SECOND, World};
use crate::Log;
use crate::follow::{Commits, Next};

/// A step that has a checkpoint to write, which is written.
fn write(world: &mut World) {
    world.turn().job.expect("a checkpoint is due").run();
    world.turn();
}

#[test]
fn one_is_due_a_while_after_the_first_record_that_is_in_none() {
    let mut world = World::new();
    world.clock.advance(SECOND * 500);
    assert_eq!(world.turn().next, Next::Wait { until: None, commits: Commits::Wake });
    world.append(1);
    assert_eq!(world.turn().next, waits(560));
    world.clock.advance(SECOND * 30);
    world.append(1);
    assert_eq!(world.turn().next, waits(560), "what comes later does not put it off");
    world.clock.advance(SECOND * 30);
    write(&mut world);
    assert_eq!(world.turn().next, Next::Wait { until: None, commits: Commits::Wake });
    let last = world.figures().last_checkpoint.unwrap();
    assert!(last.bytes > 16);
    assert_eq!(world.figures().checkpoints, 1);
}

#[test]
fn one_is_due_after_so_many_records_and_never_a_second_before_it_is_done() {
    let mut world = World::new();
    world.append(100);
    let mut job = None;
    while job.is_none() {
        job = world.turn().job;
    }
    let taken = world.fold.seen.len();
    // It is being written: the fold goes on, and nothing else is begun.
    world.append(250);
    world.clock.advance(SECOND * 600);
    loop {
        let step = world.turn();
        assert!(step.job.is_none(), "one is under way");
        if step.next != Next::Again {
            assert_eq!(step.next, Next::Wait { until: None, commits: Commits::Wake });
            break;
        }
    }
    assert_eq!(world.fold.seen, world.logged());
    assert_eq!(world.held(), Sequence::ZERO, "it is not durable");
    job.unwrap().run();
    // The next one holds the log for the first.
    write(&mut world);
    assert_eq!(world.held(), Sequence(taken as u64));
}

#[test]
fn a_fold_may_want_one_before_its_time() {
    let mut world = World::new();
    world.append(1);
    world.turn();
    world.fold.wants_checkpoint = true;
    write(&mut world);
    assert_eq!(world.figures().checkpoints, 1);
}

#[test]
fn one_that_fails_is_named_and_tried_again_after_a_whole_interval() {
    let mut world = World::new();
    world.append(1);
    world.turn();
    world.clock.advance(SECOND * 60);
    world.disk.set_capacity(0);
    world.turn().job.unwrap().run();
    let figures = world.figures();
    assert_eq!((figures.checkpoints, figures.checkpoint_failures), (0, 1));
    assert!(figures.checkpoint_error.unwrap().contains("cannot write the checkpoint"));
    assert_eq!(world.turn().next, waits(120), "also if nothing comes any more");
    world.disk.set_capacity(16 << 20);
    world.clock.advance(SECOND * 60);
    write(&mut world);
    assert_eq!(world.figures().checkpoint_error, None);
}

#[test]
fn one_that_panics_or_is_never_written_is_a_failure() {
    let mut world = World::new();
    world.append(1);
    world.fold.write_panics = true;
    world.fold.wants_checkpoint = true;
    world.turn().job.unwrap().run();
    assert!(world.figures().checkpoint_error.unwrap().contains("panicked"));
    assert_eq!((world.turn().next, world.held()), (waits(60), Sequence::ZERO));
    world.clock.advance(SECOND * 60);
    drop(world.turn().job.expect("it is due again"));
    assert_eq!(world.turn().next, waits(120));
    world.fold.write_panics = false;
    world.clock.advance(SECOND * 60);
    write(&mut world);
    assert_eq!(world.figures().checkpoints, 1);
}

#[test]
fn one_that_has_no_memory_waits_for_the_next_time() {
    let mut world = World::new();
    world.append(1);
    world.turn();
    world.fold.short = true;
    world.clock.advance(SECOND * 60);
    let step = world.turn();
    assert!(step.job.is_none());
    assert_eq!(step.next, waits(120));
}

#[test]
fn what_waited_before_a_restart_does_not_wait_as_long_again() {
    let mut world = World::new();
    world.append(1);
    world.turn();
    world.clock.advance(SECOND * 40);
    world.append(1);
    let mut world = world.reopen();
    assert_eq!(world.turn().next, waits(60), "20 s are left, by the clock that shows 40");
    // What comes after the start waits for its whole time, whatever its record says.
    world.clock.advance(SECOND * 20);
    write(&mut world);
    world.clock.advance(SECOND * 40);
    world.append(1);
    assert_eq!(world.turn().next, waits(160));
}

#[test]
fn the_log_is_held_for_what_is_durable_whatever_the_fold_has_taken() {
    let mut world = World::new();
    for round in 0..4 {
        world.append(10);
        world.fold.wants_checkpoint = true;
        let job = world.turn().job.unwrap();
        let held = world.held();
        world.log.drop_until(held);
        world.append(10);
        world.turn();
        assert_eq!(world.held(), held, "round {round}: the checkpoint is not written");
        job.run();
        assert!(world.held() < world.log.committed());
    }
}
