//! The driver on a simulated log, disk and clock, turn by turn: no thread, no sleep.

mod checkpoints;
mod power;
mod running;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use uns_model::Sequence;

use super::{Commits, Gap, Next, Phase};
use crate::sim::SimLog;
use crate::{GapReason, Log, TailItem};
use world::{SECOND, World};

/// Nothing is to be done before a commit, or before this second by the clock.
fn waits(seconds: u64) -> Next {
    Next::Wait { until: Some(SECOND * u32::try_from(seconds).unwrap()), commits: Commits::Wake }
}

#[test]
fn what_is_committed_is_folded_once_and_in_order() {
    let mut world = World::new();
    world.append(3);
    assert_eq!(world.turn().next, waits(60));
    assert_eq!(world.fold.seen, world.logged());
    assert_eq!(world.follower.handle().applied(), world.log.committed());
    world.append(2);
    assert_eq!(world.turn().next, waits(60));
    assert_eq!(world.fold.seen, world.logged());
    let figures = world.figures();
    assert_eq!((figures.lag, figures.records, figures.gaps), (0, 5, 0));
    assert!(figures.bytes > 0);
}

#[test]
fn a_turn_is_bounded_and_the_fold_is_tended_after_each() {
    let mut world = World::new();
    world.append(40);
    let mut tended = Vec::new();
    while world.turn().next == Next::Again {
        tended.push((world.fold.tended, world.fold.seen.len()));
    }
    assert_eq!(tended, [(1, 16), (2, 32)]);
    assert_eq!((world.fold.tended, world.fold.seen.len()), (3, 40));
}

#[test]
fn the_time_a_fold_names_ends_the_wait_and_one_that_has_come_is_now() {
    let mut world = World::new();
    world.fold.tend_at = Some(SECOND * 5);
    assert_eq!(world.turn().next, waits(5));
    world.clock.advance(SECOND * 5);
    assert_eq!(world.turn().next, Next::Again);
    world.fold.tend_at = None;
    assert_eq!(world.turn().next, Next::Wait { until: None, commits: Commits::Wake });
}

#[test]
fn commits_gather_while_nobody_waits_for_them() {
    let mut world = World::new();
    world.fold.awaited = false;
    assert_eq!(world.turn().next, Next::Wait { until: None, commits: Commits::Gather });
}

#[test]
fn who_waits_wakes_the_fold_and_no_commit_gathers_until_it_has_caught_up() {
    let mut world = World::new();
    world.fold.awaited = false;
    world.append(1);
    let handle = Arc::clone(world.follower.handle());
    let mut context = Context::from_waker(Waker::noop());
    let mut waiting = pin!(handle.caught_up());
    assert!(waiting.as_mut().poll(&mut context).is_pending());
    assert!(pin!(handle.woken.notified()).poll(&mut context).is_ready());
    let until = Some(SECOND * 60);
    assert_eq!(world.turn().next, Next::Wait { until, commits: Commits::Wake });
    assert!(waiting.as_mut().poll(&mut context).is_ready());
    assert_eq!(world.turn().next, Next::Wait { until, commits: Commits::Gather });
}

#[test]
fn gaps_are_handed_over_with_bounds_and_reason() {
    let mut world = World::new();
    let first = world.append(4);
    let dropped = Sequence(first.0 + 1);
    world.log.drop_until(dropped);
    let before = world.log.committed();
    world.log.begin_after("tests", Sequence(before.0 + 10));
    world.append(1);
    while world.turn().next == Next::Again {}
    let lost = crate::epoch_after(Sequence(before.0 + 10));
    let gap = |after, until, reason| Gap { after, until, reason };
    assert_eq!(
        world.fold.gaps,
        [gap(Sequence::ZERO, dropped, GapReason::Retention), gap(before, lost, GapReason::Lost)]
    );
    assert_eq!(world.fold.seen, world.logged());
    assert_eq!(world.figures().gaps, 2);
}

#[test]
fn a_log_that_cannot_be_read_is_tried_again_after_a_pause() {
    let mut world = World::new();
    world.append(2);
    world.log.set_unreadable(true);
    let paused = Next::Wait { until: Some(SECOND), commits: Commits::Ignore };
    assert_eq!(world.turn().next, paused);
    let error = world.figures().read_error.unwrap();
    assert!(error.contains("unreadable"), "{error}");
    world.log.set_unreadable(false);
    // Whatever wakes it, the log has its pause, and the fold is tended.
    world.append(1);
    assert_eq!(world.turn().next, paused);
    assert_eq!((world.fold.tended, world.fold.seen.len()), (2, 0));
    world.clock.advance(SECOND);
    world.turn();
    assert_eq!(world.fold.seen, world.logged());
    let figures = world.figures();
    assert_eq!((figures.read_failures, figures.read_error), (1, None));
}

#[test]
fn what_a_fold_does_not_take_stays_in_the_log() {
    let mut world = World::new();
    world.append(6);
    world.fold.room = 2;
    assert_eq!(
        world.turn().next,
        Next::Wait { until: Some(SECOND * 60), commits: Commits::Ignore }
    );
    assert_eq!(world.fold.seen.len(), 2);
    assert_eq!(world.figures().lag, 4);
    world.fold.room = usize::MAX;
    world.turn();
    assert_eq!(world.fold.seen, world.logged());
}

#[test]
fn a_fold_that_panics_is_named_and_the_panic_goes_on() {
    let mut world = World::new();
    world.append(1);
    world.fold.panics = true;
    assert!(!world.figures().has_panicked);
    catch_unwind(AssertUnwindSafe(|| world.turn())).unwrap_err();
    assert!(world.figures().has_panicked);
}

#[test]
fn the_end_takes_what_is_left_and_a_last_checkpoint() {
    let mut world = World::new();
    world.append(40);
    assert_eq!(world.follower.turn(&mut world.fold, Phase::Stopping).next, Next::Again);
    assert_eq!(world.follower.turn(&mut world.fold, Phase::Stopping).next, Next::Again);
    let step = world.follower.turn(&mut world.fold, Phase::Stopping);
    assert_eq!(step.next, Next::Done);
    step.job.unwrap().run();
    let mut again = world.reopen();
    assert_eq!(again.fold.seen, again.logged(), "nothing is left to replay");
    assert_eq!(again.turn().next, Next::Wait { until: None, commits: Commits::Wake });
}

#[test]
fn the_end_comes_although_more_is_left_than_can_be_taken_in_time() {
    let mut world = World::new();
    world.append(400);
    assert_eq!(world.follower.turn(&mut world.fold, Phase::Stopping).next, Next::Again);
    world.clock.advance(Duration::from_secs(5));
    let step = world.follower.turn(&mut world.fold, Phase::Stopping);
    assert_eq!((step.next, world.fold.seen.len()), (Next::Done, 32));
    step.job.unwrap().run();
    let mut again = world.reopen();
    assert_eq!(again.fold.seen.len(), 32);
    while again.turn().next == Next::Again {}
    assert_eq!(again.fold.seen, again.logged());
}

#[test]
fn the_pace_is_that_of_the_last_second() {
    let mut world = World::new();
    world.append(10);
    world.turn();
    world.clock.advance(SECOND * 2);
    world.turn();
    assert_eq!(world.figures().records_per_second, 5);
    world.clock.advance(SECOND);
    world.turn();
    assert_eq!(world.figures().records_per_second, 0);
}

/// Every sequence of a log from after `after` on.
fn sequences(log: &SimLog, after: Sequence) -> Vec<u64> {
    let (mut tail, mut all) = (log.tail(after), Vec::new());
    while let Some(item) = tail.next().expect("it is in memory") {
        if let TailItem::Frame(frame) = item {
            all.extend(frame.records().map(|(sequence, _)| sequence.0));
        }
    }
    all
}
