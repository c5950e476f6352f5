//! Following changes of the file: looked at every few seconds, taken in as a whole or not at all.

use std::sync::atomic::Ordering;

use crate::AccessControl;
use crate::look::Look;
use crate::policy::Policy;

/// The file as it is in force, and as it last failed to be.
#[derive(Debug)]
pub(crate) struct Reload {
    in_force: Look,
    failed: Option<Look>,
}

impl Reload {
    pub(crate) fn new(in_force: Look) -> Self {
        Self { in_force, failed: None }
    }
}

impl AccessControl {
    /// Which state of the file is in force, in the words of [`AccessFile::state`].
    ///
    /// [`AccessFile::state`]: crate::AccessFile::state
    pub fn state_in_force(&self) -> String {
        self.0.reload.lock().in_force.to_string()
    }

    /// Takes in the file if it changed, or if that is asked for, and says whether rights may have
    /// changed. A file that cannot be used changes nothing; it is told once and counted.
    pub fn reload(&self, forced: bool) -> bool {
        let shared = &self.0;
        let mut reload = shared.reload.lock();
        // Before the content: what changes in between is seen next time.
        let now = Look::at(shared.file.path());
        if !forced && (now == reload.in_force || reload.failed == Some(now)) {
            return false;
        }
        let read = shared.file.read();
        match read.and_then(|text| crate::file::parse(shared.file.path(), &text)) {
            Ok(policy) => {
                let version = shared.policy.load().version + 1;
                shared.policy.store(std::sync::Arc::new(Policy { version, ..policy }));
                shared.verified.clear();
                now.warn_of_readers(shared.file.path());
                *reload = Reload::new(now);
                shared.counters.reloaded.fetch_add(1, Ordering::Relaxed);
                tracing::info!(file = %shared.file.path().display(), "who may connect was read again");
                true
            }
            Err(error) => {
                reload.failed = Some(now);
                shared.counters.reload_failed.fetch_add(1, Ordering::Relaxed);
                tracing::error!(%error, "a changed access file cannot be used, the rules before it stay");
                false
            }
        }
    }
}
