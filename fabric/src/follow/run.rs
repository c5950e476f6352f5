//! The loop around a follower: turns, waiting, and the thread that writes checkpoints. Both threads
//! give back memory when they are asked to.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::watch;
use uns_model::Sequence;

use super::{Commits, Handle, Job, Next, Phase, Step};
use crate::Error;

/// The longest wait: a clock may be a test's, and the pace is measured.
const IDLE: Duration = Duration::from_secs(1);
/// How long commits gather while nobody waits for them.
const GATHER: Duration = Duration::from_millis(20);

impl Handle {
    /// Takes one turn after the other until `stop` is true or its sender is gone, then those that
    /// end it. `turn` is [`Follower::turn`](super::Follower::turn) with the fold, behind whatever
    /// lock the two lie. Blocks: it wants a thread of its own, outside any asynchronous runtime.
    /// Checkpoints are written on a second thread, which inherits the priority of this one.
    ///
    /// # Errors
    /// When its waiting or the second thread cannot be set up. Trouble with log and disk shows in
    /// the figures and is tried again.
    pub fn run(
        &self,
        stop: watch::Receiver<bool>,
        mut turn: impl FnMut(Phase) -> Step,
    ) -> Result<(), Error> {
        let failed = |source| Error::Start { what: self.name, source };
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(failed)?;
        let (jobs, writer) = start_writer(self.name).map_err(failed)?;
        let mut waits = Waits { runtime, committed: self.log.watch(), stop };
        loop {
            waits.committed.mark_unchanged();
            if waits.is_told_to_stop() {
                break;
            }
            let Step { next, job } = turn(Phase::Running);
            // A second one comes after the first is done, so there is room, or will be as soon as the
            // writer has given back memory. A writer that is gone drops it, which counts as a failure.
            if let Some(job) = job {
                drop(jobs.send(Work::Checkpoint(job)));
            }
            if let Some(how) = self.memory.take() {
                how();
                // Where the queue is full, the writer has work and is asked again.
                drop(jobs.try_send(Work::GiveBack(how)));
            }
            if let Next::Wait { until, commits } = next {
                let now = self.clock.monotonic();
                let pause = until.map_or(IDLE, |at| at.saturating_sub(now)).min(IDLE);
                waits.wait(self, pause, commits);
            }
        }
        drop(jobs);
        // What panics inside a job is caught there.
        drop(writer.join());
        loop {
            let Step { next, job } = turn(Phase::Stopping);
            if let Some(job) = job {
                job.run();
            }
            if next == Next::Done {
                return Ok(());
            }
        }
    }
}

/// What the thread that writes does.
enum Work {
    Checkpoint(Job),
    GiveBack(fn()),
}

fn start_writer(fold: &str) -> std::io::Result<(SyncSender<Work>, JoinHandle<()>)> {
    let (jobs, queue) = sync_channel(1);
    let writer = Builder::new().name(format!("{fold}-writer")).spawn(move || {
        for work in queue {
            match work {
                Work::Checkpoint(job) => job.run(),
                Work::GiveBack(how) => how(),
            }
        }
    })?;
    Ok((jobs, writer))
}

/// What ends a wait.
struct Waits {
    runtime: Runtime,
    committed: watch::Receiver<Sequence>,
    stop: watch::Receiver<bool>,
}

impl Waits {
    fn is_told_to_stop(&self) -> bool {
        *self.stop.borrow() || self.stop.has_changed().is_err()
    }

    fn wait(&mut self, handle: &Handle, pause: Duration, commits: Commits) {
        let Self { runtime, committed, stop } = self;
        runtime.block_on(async {
            tokio::select! {
                changed = committed.changed(), if commits != Commits::Ignore => {
                    let more = match (changed, commits) {
                        // The log is gone; nothing can come any more but stop.
                        (Err(_), _) => IDLE,
                        (Ok(()), Commits::Gather) => GATHER,
                        (Ok(()), _) => return,
                    };
                    tokio::select! {
                        () = handle.woken.notified() => {}
                        _ = stop.changed() => {}
                        () = tokio::time::sleep(more.min(pause)) => {}
                    }
                }
                () = handle.woken.notified() => {}
                // Either way the loop looks at it next.
                _ = stop.changed() => {}
                () = tokio::time::sleep(pause) => {}
            }
        });
    }
}
