//! Reads and writes that failed and may succeed the next time, for health.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use fabric::Error;
use parking_lot::Mutex;

/// How long a failed read shows.
const READ_SHOWN: Duration = Duration::from_mins(1);

/// What failed lately.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// The last frame was not written. Beside the reason, since each commit asks.
    failing: AtomicBool,
    write_error: Mutex<Option<Arc<str>>>,
    /// With its time on the monotonic clock.
    read_error: Mutex<Option<(Arc<str>, Duration)>>,
    read_failures: AtomicU64,
}

impl Trouble {
    pub(super) fn write_failed(&self, log: &Path, reason: &Arc<str>) {
        self.failing.store(true, Relaxed);
        let before = self.write_error.lock().replace(Arc::clone(reason));
        if before.is_none() {
            let log = log.display();
            tracing::error!(%log, %reason, "a commit was refused; the next one is tried");
        }
    }

    pub(super) fn written(&self, log: &Path) {
        if self.failing.swap(false, Relaxed) {
            *self.write_error.lock() = None;
            tracing::info!(log = %log.display(), "commits succeed again");
        }
    }

    pub(super) fn read_failed(&self, error: &Error, now: Duration) {
        self.read_failures.fetch_add(1, Relaxed);
        let cause = std::error::Error::source(error).map(ToString::to_string);
        let reason = format!("{error}: {}", cause.unwrap_or_default()).into();
        *self.read_error.lock() = Some((reason, now));
    }

    pub(super) fn write_error(&self) -> Option<Arc<str>> {
        self.write_error.lock().clone()
    }

    pub(super) fn read_error(&self, now: Duration) -> Option<Arc<str>> {
        let error = self.read_error.lock();
        let recent = error.as_ref().filter(|(_, at)| now.saturating_sub(*at) < READ_SHOWN);
        recent.map(|(reason, _)| Arc::clone(reason))
    }

    pub(super) fn read_failures(&self) -> u64 {
        self.read_failures.load(Relaxed)
    }
}
