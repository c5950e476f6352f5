//! The fabric in one process: segment files, one appender, committed tail.
//!
//! [`DataDir`] owns a directory: its version and its lock. [`LocalLog`] is one stream of it: an
//! appender thread gathers batches into frames, makes each durable with one write and one
//! `fdatasync`, keeps the newest in memory and tells everybody. A keeper thread prepares segments
//! ahead, drops old ones, waits for space to return and reads old segments for damage.
//! [`SystemDisk`] is the real disk. [`Origin`] tells whether folds belong to the log beside them.
//!
//! What is absent: no retry after a failed sync, no truncation of anything but a torn tail, no
//! cache of damaged data, and no second thread that writes frames.

mod config;
mod data_dir;
mod error;
mod header;
mod inspect;
mod locks;
mod log;
mod origin;
mod private;
mod scan;
mod segment;
mod system_disk;

pub use config::{LogConfig, OnDamage};
pub use data_dir::DataDir;
pub use error::Error;
pub use inspect::{FoundFormat, Holder, InspectedLog, Inspection};
pub use log::{LocalLog, LogSteps};
pub use origin::Origin;
pub use system_disk::SystemDisk;
