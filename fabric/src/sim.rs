//! Simulations: a disk that loses power, and a log in memory.

mod disk;
mod file;
mod log;
mod state;

pub use disk::SimDisk;
pub use log::SimLog;

#[cfg(test)]
mod tests;
