//! Following changes of the file: looked at every few seconds, taken in as a whole or not at all.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use crate::AccessControl;
use crate::policy::Policy;

/// What the file looked like, without its content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Look(Option<(SystemTime, u64)>);

impl Look {
    pub(crate) fn at(path: &Path) -> Self {
        let seen = std::fs::metadata(path).ok();
        Self(seen.and_then(|seen| Some((seen.modified().ok()?, seen.len()))))
    }
}

impl Look {
    /// Tells when others than the owner can read the file: hashes can be guessed at.
    pub(crate) fn warn_of_readers(self, path: &Path) {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path).map_or(0, |seen| seen.permissions().mode());
        if mode & 0o077 != 0 {
            let file = path.display();
            tracing::warn!(%file, "others can read who may connect; chmod 600 keeps it to the hub");
        }
    }
}

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
