//! Simulations: a disk that loses power, one that somebody stands in front of, and a log in memory.

mod disk;
mod file;
mod hooked;
mod log;
mod state;
mod step;

pub use disk::SimDisk;
pub use hooked::{Hook, HookedDisk, Operation, Verdict};
pub use log::SimLog;
pub use step::{Cut, Step};

#[cfg(test)]
mod tests;
