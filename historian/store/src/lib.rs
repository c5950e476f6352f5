//! The historian's memory: a cursor over the log that becomes sorted Parquet files.
//!
//! [`Store::run`] follows the log on its own thread, decodes payloads into samples and keeps them
//! in blocks that [`Store::view`] reads at once. A checkpoint turns everything up to one
//! sequence into files and publishes files, series and cursor in one catalog transaction, so each
//! committed record is in history exactly once, whenever the process dies. The log is the only
//! write-ahead log: what is not published yet is replayed from it.

mod catalog;
mod config;
mod covered;
mod error;
mod file;
mod flush;
mod gap;
mod health;
mod ingest;
mod memory;
mod names;
mod partition;
mod recover;
mod refill;
mod registry;
mod state;
mod store;
mod view;

pub use config::Config;
pub use error::Error;
pub use file::HistoryFile;
pub use gap::{Gap, GapCause};
pub use health::{Aside, Counters, Health};
pub use historian_segment::{Sample, SeriesId};
pub use names::{KnownNode, SharedNames};
pub use registry::ValueType;
pub use store::{Parts, Steps, Store};
pub use view::{PieceOfFile, Request, View};
