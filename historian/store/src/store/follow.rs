//! The thread that follows the log.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use fabric::{Tail, TailItem};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::Store;
use super::publish::{Job, Work};
use crate::covered::Covered;
use crate::error::Error;
use crate::ingest::{self, Ingest};

/// The longest sleep: bounds how late a time-driven flush starts.
const NAP: Duration = Duration::from_millis(250);

/// How often a purge that failed is tried again.
const PURGE_AGAIN: Duration = Duration::from_secs(2);

/// What the following thread holds.
struct Follow {
    runtime: Runtime,
    tail: Box<dyn Tail>,
    ingest: Ingest,
    committed: watch::Receiver<uns_model::Sequence>,
    stop: watch::Receiver<bool>,
    jobs: SyncSender<Work>,
    /// When a purge was last tried again.
    purge_tried: Duration,
    /// Whether what waited before the start was counted.
    is_current: bool,
    /// When the oldest unpublished record has waited long enough.
    due: Option<Duration>,
}

impl Store {
    /// Follows the log on the calling thread until `stop` becomes true or its sender is gone;
    /// files are written by a second thread, which inherits the priority of this one.
    ///
    /// # Errors
    /// When a thread cannot be started. Failed reads and writes are retried and show in health.
    pub fn run(self: &Arc<Self>, stop: watch::Receiver<bool>) -> Result<(), Error> {
        let start = |source| Error::Start { what: "the history writer", source };
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(start)?;
        let (jobs, queue) = sync_channel::<Work>(1);
        let store = Arc::clone(self);
        let writer = thread::Builder::new()
            .name("history-writer".into())
            .spawn(move || {
                let _guard = AbortOnPanic;
                queue.into_iter().for_each(|work| match work {
                    Work::Publish(job) => store.publish_job(&job),
                    Work::Purge => store.purge_job(),
                });
            })
            .map_err(start)?;
        let covered = {
            // Not kept: files that a purge replaces go with their last holder.
            let files = Arc::clone(&self.state.lock().files);
            Covered::by(files.iter().map(|file| &file.entry), self.cursor())
        };
        let follow = Follow {
            runtime,
            tail: self.log.tail(self.cursor()),
            ingest: Ingest::new(&self.config, self.names.get().cloned(), covered),
            committed: self.log.watch(),
            stop,
            jobs,
            purge_tried: Duration::ZERO,
            is_current: false,
            due: None,
        };
        self.adopt_names();
        self.follow(follow);
        // A panic of it has ended the process already.
        drop(writer.join());
        Ok(())
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

    fn follow(&self, mut f: Follow) {
        while !*f.stop.borrow() && f.stop.has_changed().is_ok() {
            if self.must_wait_for_writer() {
                nap(&mut f, &self.wake);
                continue;
            }
            let committed = self.log.committed();
            match f.tail.next() {
                Ok(Some(TailItem::Frame(frame))) => {
                    self.applied.send_replace(f.ingest.frame(&self.state, &frame));
                }
                Ok(Some(TailItem::Gap { after, until, reason })) => {
                    tracing::error!(%after, %until, ?reason, "history misses a part of the log");
                    let mut state = self.state.lock();
                    ingest::lost(&mut state, (after, until), reason);
                    let applied = state.applied;
                    drop(state);
                    self.applied.send_replace(applied);
                }
                Ok(None) => {
                    self.caught_up_to(committed);
                    self.count_waiting(&mut f);
                    self.purge_again(&mut f);
                    nap(&mut f, &self.wake);
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "cannot read the log");
                    nap(&mut f, &self.wake);
                }
            }
            self.rotate_if_due(&mut f);
        }
        self.stopping.store(true, Ordering::Release);
        if self.config.flush_on_stop {
            while self.state.lock().flushing {
                thread::sleep(Duration::from_millis(5));
            }
            self.rotate(&f.jobs);
        }
    }

    /// Both loads of memory are taken: the log keeps the rest until the writer is done.
    fn must_wait_for_writer(&self) -> bool {
        let state = self.state.lock();
        state.flushing && state.memory.bytes >= self.config.memory_bytes_max
    }

    fn caught_up_to(&self, committed: uns_model::Sequence) {
        if self.applied() < committed {
            self.state.lock().applied = committed;
            self.applied.send_replace(committed);
        }
    }

    /// Samples that waited for their file before a restart do not wait as long again.
    fn count_waiting(&self, f: &mut Follow) {
        if std::mem::replace(&mut f.is_current, true) {
            return;
        }
        let Some(oldest) = self.state.lock().waiting_since else { return };
        let waited = self.clock.now().0.saturating_sub(oldest.0);
        let waited = Duration::from_nanos(u64::try_from(waited).unwrap_or_default());
        f.due = Some(self.clock.monotonic() + self.config.flush_after.saturating_sub(waited));
    }

    /// A purge that failed, or that was killed, is tried again every now and then.
    fn purge_again(&self, f: &mut Follow) {
        let state = self.state.lock();
        let idle = state.purging && !state.flushing;
        drop(state);
        let now = self.clock.monotonic();
        if idle && (now.saturating_sub(f.purge_tried) >= PURGE_AGAIN || f.purge_tried.is_zero()) {
            f.purge_tried = now.max(Duration::from_nanos(1));
            // A writer that is busy comes to it behind what it is busy with.
            drop(f.jobs.try_send(Work::Purge));
        }
    }

    fn rotate_if_due(&self, f: &mut Follow) {
        let state = self.state.lock();
        if state.applied == state.cursor {
            f.due = None;
            self.flush_wanted.store(false, Ordering::Release);
            return;
        }
        let now = self.clock.monotonic();
        let due_at = *f.due.get_or_insert(now + self.config.flush_after);
        let due = state.memory.bytes >= self.config.memory_bytes_max
            || now >= due_at
            || state.purge_noted
            || self.flush_wanted.load(Ordering::Acquire);
        let rotate = due && !state.flushing;
        drop(state);
        if rotate {
            self.flush_wanted.store(false, Ordering::Release);
            f.due = None;
            self.rotate(&f.jobs);
        }
    }

    fn rotate(&self, jobs: &SyncSender<Work>) {
        let mut state = self.state.lock();
        // A load the writer gave up at the end comes first: the cursor must not pass it.
        if state.flushing || state.frozen.is_some() || state.applied == state.cursor {
            return;
        }
        if let Some(mut gap) = state.open_gap.take() {
            gap.end = self.clock.now();
            state.gaps.push(gap.clone());
            state.new_gaps.push(gap);
        }
        state.purge_writing |= std::mem::take(&mut state.purge_noted);
        state.waiting_since = None;
        let frozen = Arc::new(state.memory.rotate());
        state.frozen = Some(Arc::clone(&frozen));
        state.flushing = true;
        let job = Job {
            frozen,
            changes: Arc::new(state.registry.take_changes()),
            gaps: std::mem::take(&mut state.new_gaps),
            range: (state.cursor, state.applied),
            ingest: state.ingest,
        };
        drop(state);
        if jobs.send(Work::Publish(Box::new(job))).is_err() {
            tracing::error!("the history writer is gone; the log keeps what it had not written");
        }
    }
}

/// A panic of the writer ends the process: without it history would stand still, and everybody who
/// waits for it would wait for ever.
struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            tracing::error!("the history writer panicked, the process ends");
            std::process::abort();
        }
    }
}

/// Sleeps until something is committed, somebody asks for a flush, it is time to stop, or a while.
fn nap(f: &mut Follow, wake: &tokio::sync::Notify) {
    f.runtime.block_on(async {
        tokio::select! {
            _ = f.committed.changed() => {}
            _ = f.stop.changed() => {}
            () = wake.notified() => {}
            () = tokio::time::sleep(NAP) => {}
        }
    });
}
