//! Following a log: one driver for everything that is folded from it.
//!
//! A module writes a [`Fold`]: what a frame changes, what a gap means, what a checkpoint holds. A
//! [`Follower`] does the rest, turn by turn: it reads the log, from memory or disk, tries again what
//! could not be read, says when a checkpoint is due and counts. [`Follower::turn`] is a pure step
//! that takes time from a [`Clock`](uns_model::Clock) and starts no thread, so that a simulation can
//! drive it; [`Handle::run`] is the loop around it, on the thread of whoever calls it. The
//! [`Handle`] is what everybody else has: who waits until the fold has caught up, who wakes it, and
//! who shows its [`Figures`].

mod figures;
mod fold;
mod follower;
mod handle;
mod job;
mod run;
mod schedule;
mod step;

pub use figures::{Figures, LastCheckpoint};
pub use fold::{Durable, Fold, Gap, Snapshot};
pub use follower::{Follower, Start};
pub use handle::Handle;
pub use job::Job;
pub use schedule::Settings;
pub use step::{Commits, Next, Phase, Step};

#[cfg(test)]
mod tests;
