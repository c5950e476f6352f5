//! What the namespace was: samples and aggregates of one series.

use fabric::Cursor;
use uns_model::query::{HistoryQuery, HistorySample, Nothing};

use super::{Answer, Boxed};

/// Stored samples of every series.
pub trait History: Send + Sync {
    /// Waits until everything committed before this call can be queried.
    fn caught_up(&self) -> Boxed<'_, ()>;

    /// Waits a little until what was purged before this call is gone from memory and files; whether
    /// it is.
    fn purged(&self) -> Boxed<'_, bool>;

    /// One page of samples in time order. A topic never seen is refused as `node_unknown`.
    fn history(&self, query: HistoryQuery) -> Answer<'_, HistoryPage>;
}

/// One page of samples.
#[derive(Clone, Debug, Default)]
pub struct HistoryPage {
    /// The samples in time order.
    pub samples: Vec<HistorySample>,
    /// Pass as `after` for the next page; `None` on the last.
    pub next: Option<String>,
    /// Ranges this answer may lack samples from.
    pub gaps: Vec<HistoryGap>,
    /// Why it is empty, if it is.
    pub nothing: Option<Nothing>,
}

/// A range of the log history could not read.
#[derive(Clone, Debug)]
pub struct HistoryGap {
    /// The place in the log where it begins.
    pub after: Cursor,
    /// The place where it ends.
    pub until: Cursor,
    /// Why: `retention`, `damage` or `lost`, where the log lost its newest files.
    pub reason: &'static str,
}
