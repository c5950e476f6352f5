//! What others have of a follower: to wait for it, to wake it, and to look at it.

use std::fmt;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU8, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{Notify, watch};
use uns_model::{Clock, Sequence};

use super::figures::{Counts, Told};
use super::{Figures, LastCheckpoint};
use crate::{GiveBack, Log};

/// Shared by a follower and everybody who asks something of it.
pub struct Handle {
    pub(super) name: &'static str,
    pub(super) log: Arc<dyn Log>,
    pub(super) clock: Arc<dyn Clock>,
    applied: watch::Sender<Sequence>,
    /// How many wait for it.
    awaited: AtomicUsize,
    pub(super) woken: Notify,
    pub(super) memory: GiveBack,
    writing: AtomicU8,
    pub(super) counts: Counts,
    told: Mutex<Told>,
}

/// What became of the checkpoint that is written beside the fold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Writing {
    /// There is none.
    Nothing,
    /// It is not done yet.
    Busy,
    /// It is, and waits to be noticed.
    Done,
    /// It failed, and waits to be noticed.
    Failed,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let applied = self.applied();
        f.debug_struct("Handle").field("fold", &self.name).field("applied", &applied).finish()
    }
}

impl Handle {
    pub(super) fn new(
        name: &'static str,
        log: Arc<dyn Log>,
        clock: Arc<dyn Clock>,
        applied: Sequence,
    ) -> Self {
        Self {
            name,
            log,
            clock,
            applied: watch::Sender::new(applied),
            awaited: AtomicUsize::new(0),
            woken: Notify::new(),
            memory: GiveBack::default(),
            writing: AtomicU8::new(Writing::Nothing as u8),
            counts: Counts::default(),
            told: Mutex::default(),
        }
    }

    /// Everything up to here is applied.
    pub fn applied(&self) -> Sequence {
        *self.applied.borrow()
    }

    /// Waits until everything committed on arrival is applied, so that a client reads its own
    /// writes. Somebody must drive the follower.
    pub async fn caught_up(&self) {
        self.reached(self.log.committed()).await;
    }

    /// Waits until everything up to `sequence` is applied.
    pub async fn reached(&self, sequence: Sequence) {
        let mut applied = self.applied.subscribe();
        if *applied.borrow_and_update() >= sequence {
            return;
        }
        let _waiting = Waiting::at(self);
        // The sender lives in self, so waiting cannot fail.
        drop(applied.wait_for(|applied| *applied >= sequence).await);
    }

    /// Has the follower take its next turn at once: a fold has something to do, or takes again
    /// what it would not take before.
    pub fn wake(&self) {
        self.woken.notify_one();
    }

    /// Has the threads of [`Handle::run`] give back memory that they do not use, also while there is
    /// nothing to follow.
    pub fn give_back(&self, how: fn()) {
        self.memory.ask(how);
        self.wake();
    }

    /// How it is doing.
    pub fn figures(&self) -> Figures {
        // What is applied first, so that nothing seems to be ahead of the log.
        let applied = self.applied();
        let committed = self.log.committed();
        let Counts { records, records_per_second, bytes, gaps, read_failures } = &self.counts;
        let told = self.told();
        Figures {
            fold: self.name,
            applied,
            lag: committed.0.saturating_sub(applied.0),
            records: records.load(Relaxed),
            records_per_second: records_per_second.load(Relaxed),
            bytes: bytes.load(Relaxed),
            gaps: gaps.load(Relaxed),
            read_failures: read_failures.load(Relaxed),
            checkpoints: told.checkpoints,
            checkpoint_failures: told.checkpoint_failures,
            last_checkpoint: told.last_checkpoint,
            checkpoint_error: told.checkpoint_error.clone(),
            read_error: told.read_error.clone(),
            has_panicked: told.has_panicked,
        }
    }

    pub(super) fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().expect("no holder of this lock panics")
    }

    pub(super) fn is_awaited(&self) -> bool {
        self.awaited.load(Acquire) > 0
    }

    pub(super) fn move_to(&self, sequence: Sequence) {
        self.applied.send_if_modified(|applied| {
            let moved = *applied < sequence;
            *applied = sequence.max(*applied);
            moved
        });
    }

    /// What became of the last checkpoint; one that is over is told once.
    pub(super) fn writing(&self) -> Writing {
        match self.writing.load(Acquire) {
            busy if busy == Writing::Busy as u8 => Writing::Busy,
            done if done == Writing::Done as u8 => {
                self.set_writing(Writing::Nothing);
                Writing::Done
            }
            failed if failed == Writing::Failed as u8 => {
                self.set_writing(Writing::Nothing);
                Writing::Failed
            }
            _ => Writing::Nothing,
        }
    }

    /// Whether a checkpoint is on its way to the disk.
    pub fn is_writing(&self) -> bool {
        self.writing.load(Acquire) == Writing::Busy as u8
    }

    pub(super) fn set_writing(&self, writing: Writing) {
        self.writing.store(writing as u8, Release);
    }

    /// A checkpoint is durable.
    pub(super) fn written(&self, checkpoint: LastCheckpoint) {
        let mut told = self.told();
        told.checkpoints += 1;
        told.last_checkpoint = Some(checkpoint);
        told.checkpoint_error = None;
    }

    /// A checkpoint could not be written.
    pub(super) fn not_written(&self, why: String) {
        let mut told = self.told();
        told.checkpoint_failures += 1;
        told.checkpoint_error = Some(why.into());
    }
}

/// Somebody waits, as long as this lives.
struct Waiting<'a>(&'a Handle);

impl<'a> Waiting<'a> {
    fn at(handle: &'a Handle) -> Self {
        handle.awaited.fetch_add(1, AcqRel);
        handle.wake();
        Self(handle)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.awaited.fetch_sub(1, AcqRel);
    }
}
