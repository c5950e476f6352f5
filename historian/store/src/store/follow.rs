//! History as a fold over the log: memory that becomes files, which is its checkpoint.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fabric::Frame;
use fabric::follow::{Fold, Gap, Phase, Snapshot};
use tokio::sync::watch;
use uns_model::Sequence;

use super::Store;
use super::job::Job;
use crate::covered::Covered;
use crate::error::Error;
use crate::ingest::{self, Ingest};

/// How soon a change of files that failed is tried again; each failure in a row doubles it.
const CHANGE_AGAIN: Duration = Duration::from_secs(2);
/// It doubles so often at most.
const CHANGE_DOUBLED_MAX: u32 = 5;

/// History while it is driven.
pub(super) struct Folding {
    store: Arc<Store>,
    ingest: Ingest,
    stop: watch::Receiver<bool>,
    /// Whether files that cannot be written are tried again by whoever drives it, and not by a writer
    /// that waits in between.
    gives_up: bool,
    /// What waited before the start is folded in.
    is_current: bool,
    changing: Changing,
}

/// A purge that is not through all files, or damaged files for which there was no room.
#[derive(Debug, Default)]
struct Changing {
    /// When it is tried again.
    at: Duration,
    tried: u32,
    is_due: bool,
}

impl Store {
    /// Follows the log on the calling thread until `stop` becomes true or its sender is gone;
    /// files are written by a second thread, which inherits the priority of this one.
    ///
    /// # Errors
    /// When a thread cannot be started. Failed reads and writes are retried and show in health.
    pub fn run(self: &Arc<Self>, stop: watch::Receiver<bool>) -> Result<(), Error> {
        let mut folding = self.folding(stop.clone());
        let turn = |phase: Phase| self.follower.lock().turn(&mut folding, phase);
        self.following.run(stop, turn).map_err(|source| Error::Run { source })
    }

    /// What drives it takes its turns with.
    pub(super) fn folding(self: &Arc<Self>, stop: watch::Receiver<bool>) -> Folding {
        let covered = {
            // Not kept: files that a purge replaces go with their last holder.
            let files = Arc::clone(&self.state.lock().files);
            Covered::by(files.iter().map(|file| &file.entry), self.cursor())
        };
        self.adopt_names();
        Folding {
            store: Arc::clone(self),
            ingest: Ingest::new(&self.config, self.names.get().cloned(), covered),
            stop,
            gives_up: false,
            is_current: false,
            changing: Changing::default(),
        }
    }

    /// The catalog came with strings of its own: lets go of those others have too.
    fn adopt_names(&self) {
        const AT_ONCE: usize = 1024;
        let Some(names) = self.names.get() else { return };
        let mut next = Some(0);
        while let Some(from) = next {
            next = self.state.lock().registry.share_names(from, AT_ONCE, names);
        }
    }

    /// Takes what is in memory, to be written to files; `None` if there is nothing.
    fn rotate(&self) -> Option<Job> {
        let mut state = self.state.lock();
        // A load the writer gave up comes first: the cursor must not pass it.
        if let Some(job) = self.given_up.lock().take() {
            state.flushing = true;
            return Some(job);
        }
        if state.flushing || state.frozen.is_some() || state.applied == state.cursor {
            return None;
        }
        if let Some(mut gap) = state.open_gap.take() {
            gap.end = self.clock.now();
            state.gaps.push(gap.clone());
            state.new_gaps.push(gap);
        }
        state.purge_writing |= std::mem::take(&mut state.purge_noted);
        let frozen = Arc::new(state.memory.rotate());
        state.frozen = Some(Arc::clone(&frozen));
        state.flushing = true;
        Some(Job {
            frozen,
            changes: Arc::new(state.registry.take_changes()),
            gaps: std::mem::take(&mut state.new_gaps),
            range: (state.cursor, state.applied),
            ingest: state.ingest,
        })
    }
}

impl Folding {
    /// The same for a driver that tries again itself what could not be written.
    pub(super) fn giving_up(self) -> Self {
        Self { gives_up: true, ..self }
    }

    fn is_told_to_stop(&self) -> bool {
        told_to_stop(&self.stop)
    }
}

impl Fold for Folding {
    /// Memory and time say when it becomes files, not how many records there are.
    fn frame(&mut self, frame: &Frame) -> u64 {
        self.ingest.frame(&self.store.state, frame);
        0
    }

    fn gap(&mut self, Gap { after, until, reason }: Gap) {
        tracing::error!(%after, %until, ?reason, "history misses a part of the log");
        ingest::lost(&mut self.store.state.lock(), (after, until), reason);
    }

    fn caught_up(&mut self, until: Sequence) {
        let mut state = self.store.state.lock();
        state.applied = state.applied.max(until);
        self.is_current = true;
    }

    /// Full memory becomes files first. While the writer is busy with the load before, the log keeps
    /// the rest.
    fn is_ready(&self) -> bool {
        self.store.state.lock().memory.bytes < self.store.config.memory_bytes_max
    }

    fn is_awaited(&self) -> bool {
        false
    }

    /// What failed, or was killed, is tried again every now and then.
    fn tend(&mut self, now: Duration) -> Option<Duration> {
        let changing = &mut self.changing;
        if !self.store.state.lock().has_files_to_change() {
            *changing = Changing::default();
            return None;
        }
        changing.is_due = self.is_current && changing.at <= now;
        let is_busy = self.store.following.is_writing();
        Some(changing.at).filter(|at| *at > now && !is_busy)
    }

    fn wants_checkpoint(&self) -> bool {
        let Store { config, flush_wanted, given_up, .. } = &*self.store;
        let state = self.store.state.lock();
        if state.applied == state.cursor {
            flush_wanted.store(false, Ordering::Release);
            return self.changing.is_due;
        }
        self.changing.is_due
            || given_up.lock().is_some()
            || state.memory.bytes >= config.memory_bytes_max
            || state.purge_noted
            || flush_wanted.load(Ordering::Acquire)
    }

    fn snapshot(&mut self) -> Option<Snapshot> {
        if self.is_told_to_stop() && !self.store.config.flush_on_stop {
            return None;
        }
        let (store, stop) = (Arc::clone(&self.store), self.stop.clone());
        let gives_up = self.gives_up;
        // A stop does not wait for what the next start takes up again.
        let changes = std::mem::take(&mut self.changing.is_due) && !told_to_stop(&stop);
        if changes {
            let pause = CHANGE_AGAIN * 2_u32.pow(self.changing.tried.min(CHANGE_DOUBLED_MAX));
            self.changing.at = store.clock.monotonic() + pause;
            self.changing.tried += 1;
        }
        store.flush_wanted.store(false, Ordering::Release);
        match store.rotate() {
            Some(job) => Some(Box::new(move || {
                let _guard = AbortOnPanic;
                Ok(store.publish_job(job, || gives_up || told_to_stop(&stop)))
            })),
            None if changes => Some(Box::new(move || {
                let _guard = AbortOnPanic;
                store.change_files();
                Ok(None)
            })),
            None => None,
        }
    }
}

fn told_to_stop(stop: &watch::Receiver<bool>) -> bool {
    *stop.borrow() || stop.has_changed().is_err()
}

/// A panic of the writer ends the process: without it history would stand still, and everybody who
/// waits for it would wait for ever.
struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("the history writer panicked, the process ends");
            std::process::abort();
        }
    }
}
