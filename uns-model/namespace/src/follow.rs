//! Following the log: the loop of the namespace's own thread, and one turn of it for tests and
//! start-up.

use std::fmt;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use fabric::{GapReason, Log, Record, SessionChange, Tail, TailItem};
use tokio::sync::watch;
use uns_model::Sequence;

use crate::view::Scratch;
use crate::{Error, Namespace};

/// How long the loop waits after the log could not be read.
const RETRY: Duration = Duration::from_secs(1);

/// Most frames between two looks at `stop` and the checkpoint.
const FRAMES_MAX: usize = 256;

/// How far publisher numbers jump at a gap: more than can have been given out in it.
const PUBLISHERS_LOST: u32 = 1 << 20;

/// How a turn ended.
enum Turn {
    More,
    CaughtUp,
}

/// The reader's side of the fold.
pub(crate) struct Follower {
    tail: Box<dyn Tail>,
    scratch: Scratch,
    /// Records since the last checkpoint.
    records: u64,
    checkpoint_at: Duration,
}

impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower").field("records", &self.records).finish_non_exhaustive()
    }
}

impl Follower {
    pub(crate) fn new(log: &dyn Log, after: Sequence, now: Duration) -> Self {
        let scratch = Scratch::default();
        Self { tail: log.tail(after), scratch, records: 0, checkpoint_at: now }
    }
}

impl Namespace {
    /// Follows the log until `stop` is true or its sender is gone, then writes a last checkpoint.
    /// Blocks: it wants a thread of its own, outside any asynchronous runtime.
    ///
    /// # Errors
    /// When its waiting cannot be set up. Trouble with log or disk is logged and tried again.
    pub fn run(self: &Arc<Self>, mut stop: watch::Receiver<bool>) -> Result<(), Error> {
        let waiting = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|source| Error::Runtime { source })?;
        let mut committed = self.log.watch();
        let mut writing: Option<JoinHandle<()>> = None;
        loop {
            committed.mark_unchanged();
            if *stop.borrow() || stop.has_changed().is_err() {
                break;
            }
            let turn = self.turn();
            self.tell_of_clocks();
            self.checkpoint_if_due(&mut writing);
            let pause = match turn {
                Ok(Turn::More) => continue,
                Ok(Turn::CaughtUp) => self.config.checkpoint_interval,
                Err(error) => {
                    warn_with_cause(&error);
                    RETRY
                }
            };
            waiting.block_on(async {
                tokio::select! {
                    changed = committed.changed() => if changed.is_err() {
                        // The log is gone; nothing can come any more but stop.
                        tokio::time::sleep(RETRY).await;
                    },
                    // Either way the loop looks at `stop` next.
                    _ = stop.changed() => {}
                    () = tokio::time::sleep(pause) => {}
                }
            });
        }
        finish(&mut writing);
        self.catch_up()?;
        self.checkpoint()
    }

    /// Applies everything committed so far.
    ///
    /// # Errors
    /// When the log cannot be read; what came before is applied.
    pub fn catch_up(&self) -> Result<(), Error> {
        while let Turn::More = self.turn()? {}
        Ok(())
    }

    /// Applies a bounded number of frames.
    fn turn(&self) -> Result<Turn, Error> {
        let mut follower = self.follower.lock();
        for _ in 0..FRAMES_MAX {
            let end = self.log.committed();
            let item = follower.tail.next().map_err(|source| {
                let after = self.applied();
                Error::Follow { after, source }
            })?;
            match item {
                None => {
                    self.move_to(end);
                    return Ok(Turn::CaughtUp);
                }
                Some(TailItem::Frame(frame)) => {
                    self.note_publishers(&frame);
                    let Follower { scratch, records, .. } = &mut *follower;
                    *records += scratch.apply(&self.view, &self.registry, &self.config, &frame);
                    self.move_to(frame.last());
                }
                Some(TailItem::Gap { after, until, reason }) => {
                    warn_of_gap(after, until, reason);
                    // Who was introduced in there is unknown, but has a number.
                    self.publishers.skip(PUBLISHERS_LOST);
                    self.move_to(until);
                }
            }
        }
        Ok(Turn::More)
    }

    fn move_to(&self, sequence: Sequence) {
        let mut view = self.view.write();
        view.applied = view.applied.max(sequence);
        let applied = view.applied;
        view.sink.applied(applied);
        drop(view);
        self.applied.send_if_modified(|shown| {
            let moved = *shown < applied;
            *shown = applied;
            moved
        });
    }

    fn note_publishers(&self, frame: &fabric::Frame) {
        let numbers = frame.records().filter_map(|(_, record)| match record {
            Record::Publisher { publisher, .. } => Some(publisher),
            Record::Publish(publish) => Some(publish.publisher),
            Record::Message(message) => Some(message.publisher),
            Record::Session { change: SessionChange::Opened { publisher, .. }, .. } => {
                Some(publisher)
            }
            _ => None,
        });
        if let Some(newest) = numbers.max() {
            self.publishers.seen(newest);
        }
    }

    /// Writes a checkpoint on a thread of its own, so that the fold goes on.
    fn checkpoint_if_due(self: &Arc<Self>, writing: &mut Option<JoinHandle<()>>) {
        if writing.as_ref().is_some_and(|writing| !writing.is_finished()) {
            return;
        }
        finish(writing);
        let mut follower = self.follower.lock();
        let now = self.clock.monotonic();
        let waited = now.saturating_sub(follower.checkpoint_at);
        let due = follower.records >= self.config.checkpoint_records
            || (follower.records > 0 && waited >= self.config.checkpoint_interval);
        if !due {
            return;
        }
        // A failed one is tried again after a whole interval: the disk may be full for long.
        follower.checkpoint_at = now;
        follower.records = 0;
        drop(follower);
        let space = Arc::clone(self);
        let spawned = Builder::new().name("namespace-checkpoint".to_owned()).spawn(move || {
            if let Err(error) = space.checkpoint() {
                warn_with_cause(&error);
            }
        });
        match spawned {
            Ok(thread) => *writing = Some(thread),
            Err(error) => tracing::warn!(%error, "a checkpoint of the namespace has no thread"),
        }
    }
}

/// Waits for the checkpoint that is being written.
fn finish(writing: &mut Option<JoinHandle<()>>) {
    if let Some(thread) = writing.take()
        && thread.join().is_err()
    {
        tracing::error!("writing a checkpoint of the namespace has panicked");
    }
}

fn warn_with_cause(error: &Error) {
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    tracing::warn!(%error, cause, "the namespace will try again");
}

fn warn_of_gap(after: Sequence, until: Sequence, reason: GapReason) {
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
