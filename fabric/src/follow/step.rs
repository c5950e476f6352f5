//! What one turn of a follower led to.

use std::time::Duration;

use super::Job;

/// Whether a follower goes on or is told to stop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// It follows.
    Running,
    /// It takes what is left, within some seconds, and a last checkpoint.
    Stopping,
}

/// What one turn led to.
#[derive(Debug)]
pub struct Step {
    /// What comes next.
    pub next: Next,
    /// A checkpoint to write, beside the turns that follow. There is never a second one before it
    /// is done.
    pub job: Option<Job>,
}

/// What comes after a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// There is more to do at once.
    Again,
    /// Nothing is to be done before somebody wakes the follower, or one of these.
    Wait {
        /// This time, by the monotonic clock.
        until: Option<Duration>,
        /// Something is committed.
        commits: Commits,
    },
    /// The follower was told to stop, and has.
    Done,
}

/// Whether a commit ends the wait after a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Commits {
    /// It does.
    Wake,
    /// It does, some milliseconds later.
    Gather,
    /// It does not: the fold takes nothing now, or the log cannot be read.
    Ignore,
}
