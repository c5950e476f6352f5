//! The loop of the ledger's own thread: follow the log, feed who is connected, keep the timers.

mod due;
mod save;
mod steps;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fabric::{GapReason, TailItem};
use tokio::sync::watch;
use uns_model::Sequence;

use crate::command::Command;
use crate::feed::drop_remains;
use crate::fold::{Cause, Context, Replay};
use crate::ledger::State;
use crate::reader::{Answer, Reader};
use crate::{Delivery, Error, Ledger, Outlet};
use save::Saving;
pub use steps::Steps;

/// How long the loop waits after the log could not be read, and before a will is offered again.
const RETRY: Duration = Duration::from_secs(1);
/// How long it waits for a core that takes nothing.
const FULL: Duration = Duration::from_millis(1);
/// The longest wait: time may be a test's.
const IDLE: Duration = Duration::from_secs(1);
/// How long commits may gather while nobody is fed: a wake-up for each would cost more than folding.
const GATHER: Duration = Duration::from_millis(20);
/// Most frames folded before those who lag get their turn.
const FRAMES_MAX: usize = 16;

/// The loop's own state.
struct Turns {
    reader: Reader,
    /// No request before this time, since the log could not be read.
    read_after: Duration,
    saving: Saving,
}

impl Ledger {
    /// Follows the log until `stop` is true or its sender is gone, then writes a last checkpoint.
    /// Blocks: it wants a thread of its own, outside any asynchronous runtime.
    ///
    /// # Errors
    /// When its waiting or its reader cannot be set up. Trouble with log or disk is logged and
    /// tried again.
    pub fn run(
        self: &Arc<Self>,
        outlet: &dyn Outlet,
        mut stop: watch::Receiver<bool>,
    ) -> Result<(), Error> {
        let waiting = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|source| Error::Runtime { source })?;
        let mut turns = Turns {
            reader: Reader::start(Arc::clone(&self.log), Arc::clone(&self.wake))?,
            read_after: Duration::ZERO,
            saving: Saving::new(self.clock.monotonic(), self.folded()),
        };
        let mut committed = self.log.watch();
        loop {
            committed.mark_unchanged();
            if *stop.borrow() || stop.has_changed().is_err() {
                break;
            }
            let pause = self.turn(&mut turns, outlet).unwrap_or_else(|error| {
                warn_with_cause(&error);
                RETRY
            });
            self.checkpoint_if_due(&mut turns.saving);
            if pause.is_zero() {
                continue;
            }
            let idle = self.state.lock().feeder.is_idle();
            waiting.block_on(async {
                tokio::select! {
                    changed = committed.changed() => if changed.is_err() {
                        // The log is gone; nothing can come any more but stop.
                        tokio::time::sleep(RETRY).await;
                    } else if idle {
                        tokio::select! {
                            () = self.wake.notified() => {}
                            _ = stop.changed() => {}
                            () = tokio::time::sleep(GATHER) => {}
                        }
                    },
                    () = self.wake.notified() => {}
                    // Either way the loop looks at `stop` next.
                    _ = stop.changed() => {}
                    () = tokio::time::sleep(pause) => {}
                }
            });
        }
        turns.saving.finish();
        self.fold_committed(&mut Observed::Feeding)?;
        self.checkpoint()
    }

    /// Folds everything committed so far and tells nobody.
    pub(crate) fn replay(&self) -> Result<(), Error> {
        self.fold_committed(&mut Observed::Nobody)
    }

    fn fold_committed(&self, observed: &mut Observed) -> Result<(), Error> {
        let mut state = self.state.lock();
        while self.fold_some(&mut state, observed)? {}
        Ok(())
    }

    /// One turn; how long to wait for the next.
    fn turn(&self, turns: &mut Turns, outlet: &dyn Outlet) -> Result<Duration, Error> {
        let mut state = self.state.lock();
        state.feeder.now = self.clock.monotonic();
        self.obey(&mut state);
        let more = self.fold_some(&mut state, &mut Observed::Feeding);
        let State { fold, feeder, .. } = &mut *state;
        fold.retained.share_late();
        feeder.begin(fold);
        feeder.unstall(fold);
        let served = self.serve(turns, &mut state);
        let due = due::due(&mut state);
        let batches = state.feeder.outboxes.take();
        drop(state);
        let handed = self.hand_over(outlet, batches);
        self.tell(outlet, due);
        self.request(turns);
        let next = self.state.lock().feeder.timers.next();
        if more? || served {
            return Ok(Duration::ZERO);
        }
        let timer = next.map_or(IDLE, |at| at.saturating_sub(self.clock.monotonic()));
        Ok(timer.max(FULL).min(handed))
    }

    /// Does what cores asked for since the last turn.
    fn obey(&self, state: &mut State) {
        let commands = std::mem::take(&mut *self.commands.lock());
        let State { fold, feeder, .. } = state;
        for (session, command) in commands {
            match command {
                Command::Attach(attach) => feeder.attach(fold, attach),
                Command::Detach(place) => feeder.detach(fold, session, place),
            }
        }
    }

    /// Folds a bounded number of frames; whether there are more.
    fn fold_some(&self, state: &mut State, observed: &mut Observed) -> Result<bool, Error> {
        let context = Context { config: &self.config, topics: &*self.topics };
        let State { fold, feeder, tail } = state;
        for _ in 0..FRAMES_MAX {
            self.owed.store(fold.totals.owed, Ordering::Relaxed);
            let end = self.log.committed();
            let after = fold.applied;
            match tail.next().map_err(|source| Error::Follow { after, source })? {
                None => {
                    fold.applied = fold.applied.max(end);
                    return Ok(false);
                }
                Some(TailItem::Frame(frame)) => match observed {
                    Observed::Nobody => fold.apply(&context, &frame, &mut Replay),
                    Observed::Feeding => {
                        fold.apply(&context, &frame, feeder);
                        feeder.drop_unreadable(fold);
                        if feeder.outboxes.are_long() {
                            return Ok(true);
                        }
                    }
                },
                Some(TailItem::Gap { after, until, reason }) => {
                    warn_of_gap(after, until, reason);
                    fold.gap(until);
                }
            }
        }
        Ok(true)
    }

    /// Serves who lags from what was read; whether there was anything.
    fn serve(&self, turns: &mut Turns, state: &mut State) -> bool {
        let Some(Answer { request, items, error }) = turns.reader.answer() else { return false };
        let State { fold, feeder, .. } = state;
        for item in &items {
            feeder.serve(fold, item, &*self.topics);
        }
        if let Some(source) = error {
            warn_with_cause(&Error::Follow { after: request.from, source });
            turns.read_after = feeder.now + RETRY;
        } else if items.is_empty() {
            // The log says it is caught up, and yet somebody is owed what comes later.
            let range = (request.from, request.from);
            feeder.serve_gap(fold, range, Cause::Gap(GapReason::Damage));
            drop_remains(fold, request.session, range, Cause::Gap(GapReason::Damage));
        }
        feeder.read_remains(fold, request, &items, &*self.topics);
        feeder.requeue(fold, request.session);
        true
    }

    /// Asks for what the next of those who lag waits for.
    fn request(&self, turns: &mut Turns) {
        let mut state = self.state.lock();
        let State { fold, feeder, .. } = &mut *state;
        if turns.reader.is_idle()
            && feeder.now >= turns.read_after
            && let Some(request) = feeder.wanted(fold).or_else(|| feeder.wanted_remains(fold))
        {
            turns.reader.request(request);
        }
    }

    /// Hands batches to their cores; how long to wait at most for the next.
    fn hand_over(&self, outlet: &dyn Outlet, batches: Vec<(u16, Vec<Delivery>)>) -> Duration {
        let mut refused = Vec::new();
        for (core, batch) in batches {
            if let Err(rest) = outlet.deliver(core, batch) {
                refused.push((core, rest));
            }
        }
        let mut state = self.state.lock();
        let State { fold, feeder, .. } = &mut *state;
        let full = !refused.is_empty();
        for (core, rest) in refused {
            feeder.outboxes.put_back(core, rest);
        }
        feeder.unstall(fold);
        match (full, feeder.outboxes.is_empty()) {
            (true, _) => FULL,
            (false, true) => IDLE,
            (false, false) => Duration::ZERO,
        }
    }
}

/// Who is told while folding.
enum Observed {
    Nobody,
    Feeding,
}

fn warn_with_cause(error: &Error) {
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    tracing::warn!(%error, cause, "the sessions' ledger will try again");
}

fn warn_of_gap(after: Sequence, until: Sequence, reason: GapReason) {
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
