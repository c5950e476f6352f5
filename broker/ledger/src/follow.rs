//! The loop of the ledger's own thread: follow the log, feed who is connected, keep the timers.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use fabric::{GapReason, TailItem};
use tokio::sync::watch;
use uns_model::{Sequence, SessionNo};

use crate::command::Command;
use crate::feed::Timer;
use crate::fold::{Cause, Context, Replay};
use crate::ledger::State;
use crate::reader::{Answer, Reader};
use crate::{Delivery, DueWill, Error, Ledger, Outlet};

/// How long the loop waits after the log could not be read, and before a will is offered again.
const RETRY: Duration = Duration::from_secs(1);
/// How long it waits for a core that takes nothing.
const FULL: Duration = Duration::from_millis(1);
/// How often somebody is asked again to end a session that has expired.
const EXPIRED_AGAIN: Duration = Duration::from_secs(30);
/// The longest wait: time may be a test's.
const IDLE: Duration = Duration::from_secs(1);
/// Most frames folded before those who lag get their turn.
const FRAMES_MAX: usize = 16;

/// The loop's own state.
struct Turns {
    reader: Reader,
    /// No request before this time, since the log could not be read.
    read_after: Duration,
    checkpoint_at: Duration,
    changes_at_checkpoint: u64,
    folded_at_checkpoint: Sequence,
    writing: Option<JoinHandle<()>>,
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
            checkpoint_at: self.clock.monotonic(),
            changes_at_checkpoint: 0,
            folded_at_checkpoint: self.folded(),
            writing: None,
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
            self.checkpoint_if_due(&mut turns);
            if pause.is_zero() {
                continue;
            }
            waiting.block_on(async {
                tokio::select! {
                    changed = committed.changed() => if changed.is_err() {
                        // The log is gone; nothing can come any more but stop.
                        tokio::time::sleep(RETRY).await;
                    },
                    () = self.wake.notified() => {}
                    // Either way the loop looks at `stop` next.
                    _ = stop.changed() => {}
                    () = tokio::time::sleep(pause) => {}
                }
            });
        }
        if let Some(writing) = turns.writing.take() {
            join(writing);
        }
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
        feeder.begin(fold);
        feeder.unstall(fold);
        let served = self.serve(turns, &mut state);
        let due = due(&mut state);
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
        }
        feeder.requeue(fold, request.session);
        true
    }

    /// Asks for what the next of those who lag waits for.
    fn request(&self, turns: &mut Turns) {
        let mut state = self.state.lock();
        let State { fold, feeder, .. } = &mut *state;
        if turns.reader.is_idle()
            && feeder.now >= turns.read_after
            && let Some(request) = feeder.wanted(fold)
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

    /// Tells whose will is due and whose session has expired.
    fn tell(&self, outlet: &dyn Outlet, due: Due) {
        for session in due.expired {
            outlet.expired(session);
        }
        for will in due.wills {
            let taken = outlet.will(&will);
            let mut state = self.state.lock();
            if taken {
                if let Some(pending) = state.fold.wills.get_mut(&will.session) {
                    pending.taken = true;
                }
            } else {
                let again = state.feeder.now + RETRY;
                state.feeder.timers.set(Timer::Will, will.session, again);
            }
        }
    }

    /// Writes a checkpoint on a thread of its own: the disk may be slow.
    fn checkpoint_if_due(self: &Arc<Self>, turns: &mut Turns) {
        if turns.writing.as_ref().is_some_and(|writing| !writing.is_finished()) {
            return;
        }
        if let Some(done) = turns.writing.take() {
            join(done);
        }
        let state = self.state.lock();
        let (folded, changes) = (state.fold.applied, state.fold.counts.changes);
        let now = self.clock.monotonic();
        drop(state);
        let waited = now.saturating_sub(turns.checkpoint_at);
        let many = changes - turns.changes_at_checkpoint >= self.config.checkpoint_records;
        let late = folded > turns.folded_at_checkpoint && waited >= self.config.checkpoint_interval;
        if !many && !late {
            return;
        }
        // A failed one is tried again after a whole interval: the disk may be full for long.
        turns.checkpoint_at = now;
        turns.changes_at_checkpoint = changes;
        turns.folded_at_checkpoint = folded;
        let ledger = Arc::clone(self);
        let name = "sessions-checkpoint";
        let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            if let Err(error) = ledger.checkpoint() {
                warn_with_cause(&error);
            }
        });
        match spawned {
            Ok(writing) => turns.writing = Some(writing),
            Err(source) => warn_with_cause(&Error::Thread { name, source }),
        }
    }
}

/// Who is told while folding.
enum Observed {
    Nobody,
    Feeding,
}

/// What is due.
struct Due {
    wills: Vec<DueWill>,
    expired: Vec<SessionNo>,
}

fn due(state: &mut State) -> Due {
    let State { fold, feeder, .. } = state;
    let mut due = Due { wills: Vec::new(), expired: Vec::new() };
    while let Some((timer, session)) = feeder.timers.pop(feeder.now) {
        match timer {
            Timer::Will => {
                let pending = fold.wills.get(&session).filter(|pending| !pending.taken);
                due.wills.extend(pending.map(|pending| DueWill {
                    session,
                    org: pending.org,
                    publisher: pending.publisher,
                    client_id: Arc::clone(&pending.client_id),
                    will: Arc::clone(&pending.will),
                }));
            }
            Timer::Expiry if fold.sessions.contains_key(&session) => {
                due.expired.push(session);
                feeder.timers.set(Timer::Expiry, session, feeder.now + EXPIRED_AGAIN);
            }
            Timer::Expiry => {}
        }
    }
    due
}

fn join(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("writing a checkpoint of the sessions has panicked");
    }
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
    }
}
