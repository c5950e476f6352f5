//! Simulations: a disk that loses power, and a log in memory.

mod disk;
mod file;
mod log;
mod state;
mod step;

pub use disk::SimDisk;
pub use log::SimLog;
pub use step::{Cut, Step};

#[cfg(test)]
mod tests;
