//! Reads the access file again when it has changed. It takes effect as a whole or not at all.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::AccessControl;
use crate::file_state::{FileState, warn_of_other_readers};
use crate::policy::Policy;

impl AccessControl {
    /// Which state of the file is in effect, in the form of [`AccessFile::state`].
    ///
    /// [`AccessFile::state`]: crate::AccessFile::state
    pub fn state_in_force(&self) -> String {
        self.0.watch.lock().in_effect().to_string()
    }

    /// Reads the file if it has changed, or if `forced`. Returns whether rights may have changed. A
    /// file that cannot be used changes nothing; that is logged once and counted.
    pub fn reload(&self, forced: bool) -> bool {
        let shared = &self.0;
        let path = shared.file.path();
        let mut watch = shared.watch.lock();
        // The metadata is read before the content, so that a change in between is noticed next time.
        let state = FileState::of(path);
        if !forced && watch.was_tried(state) {
            return false;
        }
        let read = shared.file.read();
        match read.and_then(|text| crate::file::parse(path, &text)) {
            Ok(policy) => {
                let current = &shared.context.policy;
                let version = current.load().version + 1;
                current.store(Arc::new(Policy { version, ..policy }));
                shared.verified.clear();
                warn_of_other_readers(path);
                watch.succeeded(state);
                shared.counters.reloaded.fetch_add(1, Ordering::Relaxed);
                tracing::info!(file = %path.display(), "who may connect was read again");
                true
            }
            Err(error) => {
                watch.failed(state);
                shared.counters.reload_failed.fetch_add(1, Ordering::Relaxed);
                tracing::error!(%error, "a changed access file cannot be used, the rules before it stay");
                false
            }
        }
    }
}
