//! The bounded queue in front of the appender.

use std::collections::VecDeque;
use std::time::Duration;

use fabric::{Batch, Error, GiveBack, OnCommit};
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::config::FRAME_BYTES;

/// What one waiting batch costs besides its records.
const BATCH_OVERHEAD: usize = 64;

/// One batch on its way.
pub(super) struct Pending {
    pub(super) batch: Batch,
    pub(super) on_commit: Option<OnCommit>,
}

impl Pending {
    /// What it counts against the bound of the queue.
    pub(super) fn cost(&self) -> usize {
        self.batch.bytes_len() + BATCH_OVERHEAD
    }
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Pending>,
    /// Cost of `waiting`.
    waiting_bytes: usize,
    /// Cost of everything not committed yet, `waiting` included.
    bytes: usize,
    /// How many of `waiting` have somebody who waits.
    awaited: usize,
    closing: bool,
}

/// Batches in order of arrival, bounded by bytes.
pub(super) struct Queue {
    state: Mutex<State>,
    work: Condvar,
    memory: GiveBack,
    limit: usize,
    flush_interval: Duration,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl Queue {
    pub(super) fn new(limit: usize, flush_interval: Duration) -> Self {
        let (state, work, memory) = (Mutex::default(), Condvar::new(), GiveBack::default());
        Self { state, work, memory, limit, flush_interval }
    }

    /// Queues a batch. A single batch above the bound is taken by an empty queue.
    pub(super) fn push(&self, batch: Batch, on_commit: Option<OnCommit>) -> Result<(), Error> {
        let pending = Pending { batch, on_commit };
        let cost = pending.cost();
        let mut state = self.state.lock();
        if state.closing {
            return Err(Error::Closed);
        }
        if state.bytes > 0 && state.bytes + cost > self.limit {
            return Err(Error::Full { queued: state.bytes, limit: self.limit });
        }
        let below = state.waiting_bytes < FRAME_BYTES;
        let wake = state.waiting.is_empty()
            || (pending.on_commit.is_some() && state.awaited == 0)
            || (below && state.waiting_bytes + cost >= FRAME_BYTES);
        state.awaited += usize::from(pending.on_commit.is_some());
        state.waiting_bytes += cost;
        state.bytes += cost;
        state.waiting.push_back(pending);
        drop(state);
        if wake {
            self.work.notify_one();
        }
        Ok(())
    }

    /// Waits until a frame is due and moves all waiting batches to `taken`, which is empty.
    ///
    /// A frame is due when somebody waits, when it is full, or when its first batch has waited for
    /// the flush interval. `false` when the queue is closed and empty.
    pub(super) fn take(&self, taken: &mut VecDeque<Pending>) -> bool {
        let mut state = self.state.lock();
        loop {
            if state.awaited > 0 || state.waiting_bytes >= FRAME_BYTES {
                break;
            }
            // Only while nobody waits: a thread that is busy has its memory taken back as it allocates.
            if let Some(how) = self.memory.take() {
                MutexGuard::unlocked(&mut state, how);
                continue;
            }
            if state.closing {
                if state.waiting.is_empty() {
                    return false;
                }
                break;
            }
            // Pushes between the first and the due one do not wake, so this waits once.
            if state.waiting.is_empty() {
                self.work.wait(&mut state);
            } else if self.work.wait_for(&mut state, self.flush_interval).timed_out() {
                break;
            }
        }
        state.hand_over(taken);
        true
    }

    /// Moves what came in the meantime, without waiting.
    pub(super) fn top_up(&self, taken: &mut VecDeque<Pending>) {
        self.state.lock().hand_over(taken);
    }

    /// Has the thread that takes give back memory that it does not use.
    pub(super) fn give_back(&self, how: fn()) {
        let state = self.state.lock();
        self.memory.ask(how);
        drop(state);
        self.work.notify_one();
    }

    /// So much was committed, or has failed.
    pub(super) fn release(&self, bytes: usize) {
        let mut state = self.state.lock();
        state.bytes = state.bytes.saturating_sub(bytes);
    }

    pub(super) fn bytes(&self) -> usize {
        self.state.lock().bytes
    }

    /// Takes nothing more.
    pub(super) fn close(&self) {
        self.state.lock().closing = true;
        self.work.notify_one();
    }
}

impl State {
    fn hand_over(&mut self, taken: &mut VecDeque<Pending>) {
        if taken.is_empty() {
            std::mem::swap(taken, &mut self.waiting);
        } else {
            taken.append(&mut self.waiting);
        }
        self.waiting_bytes = 0;
        self.awaited = 0;
    }
}
