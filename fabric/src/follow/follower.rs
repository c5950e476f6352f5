//! The follower itself: one turn after the other, and no thread.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use uns_model::{Clock, Sequence};

use super::figures::{Pace, add};
use super::handle::Writing;
use super::schedule::Schedule;
use super::{Commits, Fold, Gap, Handle, Job, Next, Phase, Settings, Step};
use crate::{Error, Frame, Log, Tail, TailItem};

/// How long nothing is read after the log could not be read.
const RETRY: Duration = Duration::from_secs(1);
/// Most pieces of the log in one turn.
const PIECES_MAX: usize = 16;
/// How long a follower that stops takes in what is left: a start applies the rest.
const STOPPING_MAX: Duration = Duration::from_secs(5);

/// Where a fold stands when it is opened.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// What it has applied: it follows from there.
    pub applied: Sequence,
    /// The newest record it knows anything of, if that is later (see [`Log::begin_after`]).
    pub read: Sequence,
    /// What the log may forget (see [`Log::hold`]).
    pub floor: Sequence,
}

/// Reads a log for a [`Fold`].
pub struct Follower {
    tail: Box<dyn Tail>,
    handle: Arc<Handle>,
    schedule: Schedule,
    pace: Pace,
    /// What was committed when it was opened.
    opened_at: Sequence,
    /// Nothing is read before this time.
    retry_at: Option<Duration>,
    /// When it was told to stop.
    stopping_since: Option<Duration>,
}

impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower").field("handle", &self.handle).finish_non_exhaustive()
    }
}

/// How reading ended.
enum Read {
    More,
    CaughtUp,
    /// The fold takes nothing now.
    Held,
    Failed,
}

impl Follower {
    /// Tells the log where the fold stands, and begins to follow it there. Wants to be called before
    /// anything is appended.
    pub fn open(
        log: Arc<dyn Log>,
        clock: Arc<dyn Clock>,
        settings: Settings,
        start: Start,
    ) -> Self {
        log.hold(settings.name, start.floor);
        log.begin_after(settings.name, start.read.max(start.applied));
        let tail = log.tail(start.applied);
        let pace = Pace::starting(clock.monotonic());
        let opened_at = log.committed();
        let handle = Arc::new(Handle::new(settings.name, log, clock, start.applied));
        Self {
            tail,
            handle,
            schedule: Schedule::new(settings),
            pace,
            opened_at,
            retry_at: None,
            stopping_since: None,
        }
    }

    /// What others need of it.
    pub fn handle(&self) -> &Arc<Handle> {
        &self.handle
    }

    /// Applies everything committed so far, whether or not the fold is ready for more.
    ///
    /// # Errors
    /// When the log cannot be read; what came before is applied.
    pub fn catch_up(&mut self, fold: &mut dyn Fold) -> Result<(), Error> {
        let now = self.handle.clock.monotonic();
        while self.piece(fold, now)? {}
        Ok(())
    }

    /// One turn: a bounded piece of the log, what else the fold has to do, and a checkpoint if one
    /// is due.
    pub fn turn(&mut self, fold: &mut dyn Fold, phase: Phase) -> Step {
        let handle = Arc::clone(&self.handle);
        let _mark = MarkPanic(&handle);
        let began = handle.clock.monotonic();
        if handle.writing() == Writing::Failed {
            self.schedule.put_off(began);
        }
        let read = self.read(fold, began);
        let now = handle.clock.monotonic();
        let tend_at = fold.tend(now);
        self.pace.measure(&handle.counts, now);
        match phase {
            Phase::Running => {
                let job = self.job_if_due(fold, now);
                // A fold that was full may take more now.
                let read = if job.is_some() { Read::More } else { read };
                Step { next: self.next(fold, &read, (tend_at, now)), job }
            }
            Phase::Stopping => self.stop(fold, &read, now),
        }
    }

    /// Reads a bounded piece of the log.
    fn read(&mut self, fold: &mut dyn Fold, now: Duration) -> Read {
        if self.retry_at.is_some_and(|at| now < at) {
            return Read::Failed;
        }
        for _ in 0..PIECES_MAX {
            if !fold.is_ready() {
                return Read::Held;
            }
            match self.piece(fold, now) {
                Ok(true) => {}
                Ok(false) => return Read::CaughtUp,
                Err(error) => {
                    self.failed(&error, now);
                    return Read::Failed;
                }
            }
        }
        Read::More
    }

    /// Reads one piece; whether there was one.
    fn piece(&mut self, fold: &mut dyn Fold, now: Duration) -> Result<bool, Error> {
        // Asked before the tail is: what is committed in between is the next piece.
        let end = self.handle.log.committed();
        let item = self.tail.next()?;
        if self.retry_at.take().is_some() {
            self.handle.told().read_error = None;
        }
        match item {
            None => {
                fold.caught_up(end);
                self.schedule.caught_up(now, self.handle.clock.now());
                self.handle.move_to(end);
                return Ok(false);
            }
            Some(TailItem::Frame(frame)) => self.frame(fold, &frame, now),
            Some(TailItem::Gap { after, until, reason }) => {
                fold.gap(Gap { after, until, reason });
                add(&self.handle.counts.gaps, 1);
                self.schedule.note(0, None, now);
                self.handle.move_to(until);
            }
        }
        Ok(true)
    }

    fn frame(&mut self, fold: &mut dyn Fold, frame: &Frame, now: Duration) {
        let is_old = frame.first() <= self.opened_at && !self.schedule.has_news();
        let first = is_old.then(|| frame.records().next()).flatten();
        let records = fold.frame(frame);
        let counts = &self.handle.counts;
        add(&counts.records, frame.records().len() as u64);
        add(&counts.bytes, frame.bytes().len() as u64);
        self.schedule.note(records, first.map(|(_, record)| record.ingest()), now);
        self.handle.move_to(frame.last());
    }

    fn failed(&mut self, error: &Error, now: Duration) {
        let fold = self.handle.name;
        let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        let after = self.handle.applied().0;
        tracing::warn!(fold, after, %error, cause, "the log cannot be followed, it is tried again");
        add(&self.handle.counts.read_failures, 1);
        self.handle.told().read_error = Some(format!("{error}: {cause}").into());
        self.retry_at = Some(now + RETRY);
    }

    fn job_if_due(&mut self, fold: &mut dyn Fold, now: Duration) -> Option<Job> {
        if self.handle.is_writing() || !(self.schedule.is_due(now) || fold.wants_checkpoint()) {
            return None;
        }
        self.take(fold, now)
    }

    fn take(&mut self, fold: &mut dyn Fold, now: Duration) -> Option<Job> {
        let Some(snapshot) = fold.snapshot() else {
            // What is due stays so, later; what was only wished for is asked again in each turn.
            if self.schedule.is_due(now) {
                self.schedule.put_off(now);
            }
            return None;
        };
        self.schedule.taken();
        Some(Job::new(snapshot, Arc::clone(&self.handle)))
    }

    fn next(
        &self,
        fold: &dyn Fold,
        read: &Read,
        (tend_at, now): (Option<Duration>, Duration),
    ) -> Next {
        let commits = match read {
            Read::More => return Next::Again,
            Read::Held | Read::Failed => Commits::Ignore,
            Read::CaughtUp if fold.is_awaited() || self.handle.is_awaited() => Commits::Wake,
            Read::CaughtUp => Commits::Gather,
        };
        // While one is written the next is not begun: its end wakes the follower.
        let due = self.schedule.due().filter(|_| !self.handle.is_writing());
        let until = [tend_at, due, self.retry_at].into_iter().flatten().min();
        match until {
            Some(until) if until <= now => Next::Again,
            until => Next::Wait { until, commits },
        }
    }

    /// The end: what is left, unless there is too much of it, and a last checkpoint.
    fn stop(&mut self, fold: &mut dyn Fold, read: &Read, now: Duration) -> Step {
        let since = *self.stopping_since.get_or_insert(now);
        let in_time = now.saturating_sub(since) < STOPPING_MAX;
        if matches!(read, Read::More) && in_time && !fold.wants_checkpoint() {
            return Step { next: Next::Again, job: None };
        }
        let job = if self.handle.is_writing() { None } else { self.take(fold, now) };
        Step { next: Next::Done, job }
    }
}

/// Notes that a fold has panicked while this lived.
struct MarkPanic<'a>(&'a Handle);

impl Drop for MarkPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.told().has_panicked = true;
        }
    }
}
