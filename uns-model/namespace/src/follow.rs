//! The view as a fold over the log, and the thread that drives it.

mod save;

use std::sync::Arc;
use std::time::Duration;

use fabric::follow::{Fold, Gap, Next, Phase, Snapshot, Step};
use fabric::{Frame, GapReason, Kind, Record, SessionChange};
use tokio::sync::watch;
use uns_model::Sequence;

use crate::view::Scratch;
use crate::{Error, Namespace};

/// How far publisher numbers jump at a gap: more than can have been given out in it.
const PUBLISHERS_LOST: u32 = 1 << 20;

impl Namespace {
    /// Follows the log until `stop` is true or its sender is gone, then writes a last checkpoint.
    /// Blocks: it wants a thread of its own, outside any asynchronous runtime.
    ///
    /// # Errors
    /// When its waiting cannot be set up. Trouble with log or disk is logged and tried again.
    pub fn run(self: &Arc<Self>, stop: watch::Receiver<bool>) -> Result<(), Error> {
        let turn = |phase| self.turn(phase);
        self.following.run(stop, turn).map_err(|source| Error::Run { source })
    }

    /// In place of [`Namespace::run`], for simulations: one turn, and the checkpoint that was due in
    /// it; whether there is more to do at once.
    pub fn step(self: &Arc<Self>) -> bool {
        let Step { next, job } = self.turn(Phase::Running);
        if let Some(job) = job {
            job.run();
        }
        next == Next::Again
    }

    fn turn(self: &Arc<Self>, phase: Phase) -> Step {
        let mut follower = self.follower.lock();
        let scratch = &mut self.scratch.lock();
        follower.turn(&mut Folding { space: self, scratch, writer: Some(self) }, phase)
    }

    /// Applies everything committed so far.
    ///
    /// # Errors
    /// When the log cannot be read; what came before is applied.
    pub fn catch_up(&self) -> Result<(), Error> {
        let mut follower = self.follower.lock();
        let scratch = &mut self.scratch.lock();
        let caught_up = follower.catch_up(&mut Folding { space: self, scratch, writer: None });
        caught_up.map_err(|source| Error::Follow { after: self.applied(), source })
    }

    fn note_publishers(&self, frame: &Frame) {
        let numbers = frame.skim().filter_map(|raw| match raw.kind() {
            Kind::Publish => raw.publisher(),
            Kind::Publisher | Kind::Message | Kind::Session => match raw.record() {
                Record::Publisher { publisher, .. } => Some(publisher),
                Record::Message(message) => Some(message.publisher),
                Record::Session { change: SessionChange::Opened { publisher, .. }, .. } => {
                    Some(publisher)
                }
                _ => None,
            },
            _ => None,
        });
        if let Some(newest) = numbers.max() {
            self.publishers.seen(newest);
        }
    }
}

/// The namespace while it is driven.
struct Folding<'a> {
    space: &'a Namespace,
    scratch: &'a mut Scratch,
    /// The same, for the thread that writes a checkpoint; `None` where none is written.
    writer: Option<&'a Arc<Namespace>>,
}

impl Folding<'_> {
    fn move_to(&self, sequence: Sequence) {
        let mut view = self.space.view.write();
        view.applied = view.applied.max(sequence);
        let applied = view.applied;
        view.sink.applied(applied);
    }
}

impl Fold for Folding<'_> {
    fn frame(&mut self, frame: &Frame) -> u64 {
        let Self { space, scratch, .. } = self;
        space.note_publishers(frame);
        let records = scratch.apply(&space.view, &space.registry, frame);
        self.move_to(frame.last());
        records
    }

    fn gap(&mut self, gap: Gap) {
        warn_of_gap(gap);
        // Who was introduced in there is unknown, but has a number.
        self.space.publishers.skip(PUBLISHERS_LOST);
        self.move_to(gap.until);
    }

    fn caught_up(&mut self, until: Sequence) {
        self.move_to(until);
    }

    fn tend(&mut self, _now: Duration) -> Option<Duration> {
        self.space.tell_of_clocks();
        self.space.take_back_deletions();
        None
    }

    fn snapshot(&mut self) -> Option<Snapshot> {
        let space = Arc::clone(self.writer.filter(|space| space.has_room_for_checkpoint())?);
        Some(Box::new(move || space.write_checkpoint()))
    }
}

fn warn_of_gap(Gap { after, until, reason }: Gap) {
    let (after, until) = (after.0, until.0);
    match reason {
        GapReason::Retention => tracing::warn!(
            after,
            until,
            "records the namespace had not seen were dropped by retention: nodes and last values \
             may be missing until they are published again"
        ),
        GapReason::Damage => tracing::warn!(
            after,
            until,
            "damaged records in the log: last values may be older than what was acknowledged"
        ),
        GapReason::Lost => tracing::warn!(
            after,
            until,
            "the log lost its end: nodes and last values stay as of the checkpoint until they are \
             published again"
        ),
    }
}
