//! The log turn by turn, for simulations: what its two threads do, without the threads.

use std::time::Duration;

use super::appender::Appender;
use super::keeper::Keeper;

/// The turns of the appender and the keeper of a log that was opened with
/// [`LocalLog::open_stepped`](super::LocalLog::open_stepped).
pub struct LogSteps {
    pub(super) appender: Appender,
    pub(super) keeper: Keeper,
}

impl std::fmt::Debug for LogSteps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogSteps").finish_non_exhaustive()
    }
}

impl LogSteps {
    /// Makes one frame of what waits and commits it; `false` when nothing waited.
    pub fn commit(&mut self) -> bool {
        self.appender.step()
    }

    /// One turn of the keeper: retention, the next segment, a look for damage. The time until it
    /// would take the next one.
    pub fn keep(&mut self) -> Duration {
        self.keeper.turn()
    }

    /// Commits what waits and marks the clean end, as a log does that is closed.
    pub fn close(self) {
        self.appender.finish();
    }
}
