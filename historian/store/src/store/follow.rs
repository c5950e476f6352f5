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
use super::publish::Job;
use crate::covered::Covered;
use crate::error::Error;
use crate::ingest::{self, Ingest};

/// The longest sleep: bounds how late a time-driven flush starts.
const NAP: Duration = Duration::from_millis(250);

/// What the following thread holds.
struct Follow {
    runtime: Runtime,
    tail: Box<dyn Tail>,
    ingest: Ingest,
    committed: watch::Receiver<uns_model::Sequence>,
    stop: watch::Receiver<bool>,
    jobs: SyncSender<Job>,
    /// When the oldest unpublished record was folded in.
    since: Option<Duration>,
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
        let (jobs, queue) = sync_channel::<Job>(1);
        let store = Arc::clone(self);
        let writer = thread::Builder::new()
            .name("history-writer".into())
            .spawn(move || {
                let _guard = AbortOnPanic;
                queue.into_iter().for_each(|job| store.publish_job(&job));
            })
            .map_err(start)?;
        let files = Arc::clone(&self.state.lock().files);
        let covered = Covered::by(files.iter().map(|file| &file.entry), self.cursor());
        let follow = Follow {
            runtime,
            tail: self.log.tail(self.cursor()),
            ingest: Ingest::new(&self.config, self.names.get().cloned(), covered),
            committed: self.log.watch(),
            stop,
            jobs,
            since: None,
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

    fn rotate_if_due(&self, f: &mut Follow) {
        let state = self.state.lock();
        if state.applied == state.cursor {
            f.since = None;
            self.flush_wanted.store(false, Ordering::Release);
            return;
        }
        let now = self.clock.monotonic();
        let since = *f.since.get_or_insert(now);
        let due = state.memory.bytes >= self.config.memory_bytes_max
            || now.saturating_sub(since) >= self.config.flush_after
            || self.flush_wanted.load(Ordering::Acquire);
        let rotate = due && !state.flushing;
        drop(state);
        if rotate {
            self.flush_wanted.store(false, Ordering::Release);
            f.since = None;
            self.rotate(&f.jobs);
        }
    }

    fn rotate(&self, jobs: &SyncSender<Job>) {
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
        if jobs.send(job).is_err() {
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
