//! The ledger as a fold over the log: it folds, feeds connected sessions, and runs the timers.

mod due;
mod save;
mod steps;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fabric::follow::{Fold, Gap, Phase, Snapshot};
use fabric::{Frame, GapReason};
use tokio::sync::watch;
use uns_model::Sequence;

use crate::command::Command;
use crate::feed::drop_remains;
use crate::fold::{Cause, Context, Replay};
use crate::ledger::State;
use crate::reader::{Answer, Reader};
use crate::{Delivery, Error, Ledger, Outlet};
pub use steps::Steps;

/// How long nothing is read for sessions that lag after the log could not be read.
const READ_AGAIN: Duration = Duration::from_secs(1);
/// How long the ledger waits for a core that takes nothing.
const FULL: Duration = Duration::from_millis(1);

/// The state that is kept from one turn to the next.
struct Turns {
    reader: Reader,
    /// Nothing is read before this time, since the log could not be read.
    read_after: Duration,
    /// Whether deliveries were handed to the cores since the last frame.
    handed: bool,
}

impl Turns {
    fn new(reader: Reader) -> Self {
        Self { reader, read_after: Duration::ZERO, handed: true }
    }
}

impl Ledger {
    /// Follows the log until `stop` is true or its sender is dropped, then writes a last checkpoint.
    /// This blocks, so it needs a thread of its own outside any asynchronous runtime.
    ///
    /// # Errors
    /// When its thread or its reader cannot be set up. Errors of log or disk are logged, and it tries
    /// again.
    pub fn run(
        self: &Arc<Self>,
        outlet: &dyn Outlet,
        stop: watch::Receiver<bool>,
    ) -> Result<(), Error> {
        let (log, memory) = (Arc::clone(&self.log), Arc::clone(&self.reader_memory));
        let reader = Reader::start(log, Arc::clone(&self.following), memory)?;
        let mut turns = Turns::new(reader);
        let turn = |phase: Phase| {
            let feeding = &mut Feeding { ledger: self, outlet, turns: &mut turns };
            self.follower.lock().turn(feeding, phase)
        };
        self.following.run(stop, turn).map_err(|source| Error::Run { source })
    }

    /// Folds everything committed so far, without feeding anybody.
    pub(crate) fn replay(&self) -> Result<(), Error> {
        let caught_up = self.follower.lock().catch_up(&mut Replaying(self));
        caught_up.map_err(|source| Error::Follow { after: self.folded(), source })
    }

    /// Applies what cores asked for since the last turn.
    fn apply_commands(&self, state: &mut State) {
        let commands = std::mem::take(&mut *self.commands.lock());
        let State { fold, feeder } = state;
        for (session, command) in commands {
            match command {
                Command::Attach(attach) => feeder.attach(fold, attach),
                Command::Detach(place) => feeder.detach(fold, session, place),
            }
        }
    }

    fn caught_up(&self, until: Sequence) {
        let mut state = self.state.lock();
        let fold = &mut state.fold;
        fold.applied = fold.applied.max(until);
        self.owed.store(fold.totals.owed, Ordering::Relaxed);
    }

    fn gap(&self, gap: Gap) {
        warn_of_gap(gap);
        self.state.lock().fold.gap(gap.until);
    }

    /// Serves sessions that lag from what was read. Returns whether there was anything.
    fn serve(&self, turns: &mut Turns, state: &mut State) -> bool {
        let Some(Answer { request, items, error }) = turns.reader.answer() else { return false };
        let State { fold, feeder } = state;
        for item in &items {
            feeder.serve(fold, item, &*self.topics);
        }
        if let Some(source) = error {
            warn_with_cause(&Error::Follow { after: request.from, source });
            turns.read_after = feeder.now + READ_AGAIN;
        } else if items.is_empty() {
            // The log says that there is nothing more, and yet a later record is owed.
            let (range, cause) = (request.from..=request.from, Cause::Gap(GapReason::Damage));
            feeder.serve_gap(fold, range.clone(), cause);
            drop_remains(fold, request.session, range, cause);
        }
        feeder.read_remains(fold, request, &items, &*self.topics);
        feeder.requeue(fold, request.session);
        true
    }

    /// Asks the reader for what the next session that lags waits for.
    fn request(&self, turns: &mut Turns) {
        let mut state = self.state.lock();
        let State { fold, feeder } = &mut *state;
        if turns.reader.is_idle()
            && feeder.now >= turns.read_after
            && let Some(request) = feeder.wanted(fold).or_else(|| feeder.wanted_remains(fold))
        {
            turns.reader.request(request);
        }
    }

    /// Hands batches to their cores. Returns how long to wait at most before the next turn.
    fn hand_over(&self, outlet: &dyn Outlet, batches: Vec<(u16, Vec<Delivery>)>) -> Wait {
        let mut refused = Vec::new();
        for (core, batch) in batches {
            if let Err(rest) = outlet.deliver(core, batch) {
                refused.push((core, rest));
            }
        }
        let mut state = self.state.lock();
        let State { fold, feeder } = &mut *state;
        let full = !refused.is_empty();
        for (core, rest) in refused {
            feeder.outboxes.put_back(core, rest);
        }
        feeder.unstall(fold);
        match (full, feeder.outboxes.is_empty()) {
            (true, _) => Some(FULL),
            (false, true) => None,
            (false, false) => Some(Duration::ZERO),
        }
    }
}

/// How long until there is something to do; `None` until somebody asks for something.
type Wait = Option<Duration>;

/// The ledger while it is opened, when nobody is fed.
struct Replaying<'a>(&'a Ledger);

impl Fold for Replaying<'_> {
    fn frame(&mut self, frame: &Frame) -> u64 {
        let Self(ledger) = self;
        let context = Context { config: &ledger.config, topics: &*ledger.topics };
        let State { fold, .. } = &mut *ledger.state.lock();
        let before = fold.counts.changes;
        fold.apply(&context, frame, &mut Replay);
        fold.counts.changes - before
    }

    fn gap(&mut self, gap: Gap) {
        self.0.gap(gap);
    }

    fn caught_up(&mut self, until: Sequence) {
        self.0.caught_up(until);
    }

    fn snapshot(&mut self) -> Option<Snapshot> {
        None
    }
}

/// The ledger while it runs.
struct Feeding<'a> {
    ledger: &'a Arc<Ledger>,
    outlet: &'a dyn Outlet,
    turns: &'a mut Turns,
}

impl Fold for Feeding<'_> {
    fn frame(&mut self, frame: &Frame) -> u64 {
        let Self { ledger, turns, .. } = self;
        let context = Context { config: &ledger.config, topics: &*ledger.topics };
        let State { fold, feeder } = &mut *ledger.state.lock();
        feeder.now = ledger.clock.monotonic();
        let before = fold.counts.changes;
        fold.apply(&context, frame, feeder);
        feeder.drop_unreadable(fold);
        turns.handed = false;
        ledger.owed.store(fold.totals.owed, Ordering::Relaxed);
        fold.counts.changes - before
    }

    fn gap(&mut self, gap: Gap) {
        self.ledger.gap(gap);
    }

    fn caught_up(&mut self, until: Sequence) {
        self.ledger.caught_up(until);
    }

    /// While many deliveries wait for the cores, they are handed over before the next frame is folded,
    /// whether the cores take them or not.
    fn is_ready(&self) -> bool {
        self.turns.handed || !self.ledger.state.lock().feeder.outboxes.are_long()
    }

    fn is_awaited(&self) -> bool {
        !self.ledger.state.lock().feeder.is_idle()
    }

    fn tend(&mut self, now: Duration) -> Option<Duration> {
        let Self { ledger, outlet, turns } = self;
        let mut state = ledger.state.lock();
        state.feeder.now = now;
        ledger.apply_commands(&mut state);
        let State { fold, feeder } = &mut *state;
        fold.retained.share_late();
        feeder.begin(fold);
        feeder.unstall(fold);
        let served = ledger.serve(turns, &mut state);
        let due = due::due(&mut state);
        let are_long = state.feeder.outboxes.are_long();
        let batches = state.feeder.outboxes.take();
        drop(state);
        let wait = ledger.hand_over(*outlet, batches);
        turns.handed = true;
        ledger.hand_over_due(*outlet, due);
        ledger.request(turns);
        let timer = ledger.state.lock().feeder.next_due();
        let at_once = served || are_long;
        // A core that took nothing is asked again only after a while.
        let wait = wait.or(at_once.then_some(Duration::ZERO));
        let timer = timer.map(|at| at.max(now + FULL));
        [timer, wait.map(|wait| now + wait)].into_iter().flatten().min()
    }

    fn snapshot(&mut self) -> Option<Snapshot> {
        let ledger = Arc::clone(self.ledger);
        if !ledger.has_room_for_checkpoint() {
            return None;
        }
        let draft = ledger.draft();
        Some(Box::new(move || ledger.write_checkpoint(draft)))
    }
}

#[cfg(test)]
mod tests;

fn warn_with_cause(error: &Error) {
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    tracing::warn!(%error, cause, "the sessions' ledger will try again");
}

fn warn_of_gap(Gap { after, until, reason }: Gap) {
    let (after, until) = (after.0, until.0);
    match reason {
        GapReason::Retention => tracing::error!(
            after,
            until,
            "records the sessions' ledger had not seen were dropped by retention: subscriptions \
             and deliveries in them are lost"
        ),
        GapReason::Damage => tracing::error!(
            after,
            until,
            "damaged records in the log: subscriptions and deliveries in them are lost"
        ),
        GapReason::Lost => tracing::error!(
            after,
            until,
            "the log lost its end: what sessions are owed from it, and subscriptions made since \
             the last checkpoint, are lost"
        ),
    }
}
