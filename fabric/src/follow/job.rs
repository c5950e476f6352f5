//! A checkpoint that is written beside the fold.

use std::error::Error as _;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::handle::Writing;
use super::{Durable, Handle, LastCheckpoint, Snapshot};

/// A snapshot on its way to the disk. Dropped without [`Job::run`], it counts as failed.
pub struct Job {
    snapshot: Option<Snapshot>,
    handle: Arc<Handle>,
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("fold", &self.handle.name).finish_non_exhaustive()
    }
}

impl Job {
    pub(super) fn new(snapshot: Snapshot, handle: Arc<Handle>) -> Self {
        handle.set_writing(Writing::Busy);
        Self { snapshot: Some(snapshot), handle }
    }

    /// Encodes and writes it, and moves the log's hold once it is durable. It may take long, and
    /// belongs on another thread than the fold's. A panic inside is a failure that health names.
    pub fn run(mut self) {
        let Some(snapshot) = self.snapshot.take() else { return };
        let fold = self.handle.name;
        let began = self.handle.clock.monotonic();
        // What it shares with the fold lies behind locks, whose holders leave whole values.
        match catch_unwind(AssertUnwindSafe(snapshot)) {
            Ok(Ok(durable)) => self.finish(durable, began),
            Ok(Err(error)) => {
                let cause = error.source().map(ToString::to_string).unwrap_or_default();
                tracing::warn!(fold, %error, cause, "a checkpoint is not written, yet");
                self.handle.not_written(format!("{error}: {cause}"));
            }
            Err(_) => {
                tracing::error!(fold, "writing a checkpoint has panicked");
                self.handle.not_written("writing it has panicked".to_owned());
            }
        }
    }

    fn finish(self, durable: Option<Durable>, began: Duration) {
        let handle = &self.handle;
        if let Some(Durable { floor, bytes }) = durable {
            // Nothing that is needed to make it again may go before it is there.
            handle.log.hold(handle.name, floor);
            let took = handle.clock.monotonic().saturating_sub(began);
            handle.written(LastCheckpoint { at: handle.clock.now(), took, bytes });
        }
        handle.set_writing(Writing::Done);
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if self.handle.is_writing() {
            self.handle.set_writing(Writing::Failed);
        }
        // The fold may take more now, or write the next one.
        self.handle.wake();
    }
}
