//! Reads over history: raw and aggregated, files and memory as one.
//!
//! [`Query::history`] takes one consistent view of the store, walks its files and memory in time
//! order, collapses duplicates and corrections (NS-26), and gives one page. It waits until
//! everything committed when it was called can be read, never blocks ingest, and runs on the
//! blocking pool, a bounded number at a time.

mod buckets;
mod ends;
mod error;
mod newest;
mod page;
mod query;
mod sweep;
mod tagged;

pub use error::Error;
pub use historian_store::Gap;
pub use page::HistoryPage;
pub use query::{Config, Query};
