//! What the namespace was: samples and aggregates of one series.

use std::sync::Arc;
use std::time::Duration;

use fabric::Cursor;
use uns_model::{OrgId, Quality, Sequence, Timestamp, Value};

use crate::services::{Answer, Boxed};

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

/// How the samples of a bucket become one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Aggregate {
    Avg,
    Min,
    Max,
    Sum,
    Count,
    First,
    Last,
}

impl Aggregate {
    /// Every aggregate by its name in a URL.
    pub const ALL: [(&'static str, Self); 7] = [
        ("avg", Self::Avg),
        ("min", Self::Min),
        ("max", Self::Max),
        ("sum", Self::Sum),
        ("count", Self::Count),
        ("first", Self::First),
        ("last", Self::Last),
    ];
}

/// Which samples.
#[derive(Clone, Debug)]
pub struct HistoryQuery {
    /// The asking organisation.
    pub org: OrgId,
    /// The node's topic.
    pub topic: String,
    /// A JSON field; `None` is the node's own value.
    pub field: Option<String>,
    /// From this source time on.
    pub start: Timestamp,
    /// Up to but without this source time.
    pub end: Timestamp,
    /// Nobody asked for that end: where the clock was ahead and the series has later samples, the
    /// range goes on up to the newest of them.
    pub until_newest: bool,
    /// Aggregate instead of raw samples; needs `bucket`.
    pub aggregate: Option<Aggregate>,
    /// The width of a bucket, aligned to 1970 UTC.
    pub bucket: Option<Duration>,
    /// At most so many samples.
    pub limit: usize,
    /// Continue after this page's `next`.
    pub after: Option<String>,
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
    /// Where there is no such field: those there are.
    pub fields: Vec<Arc<str>>,
    /// Where it is empty: when the newest sample of all is.
    pub newest: Option<Timestamp>,
}

/// One sample, or one bucket.
#[derive(Clone, Debug)]
pub struct HistorySample {
    /// Source time, or the start of the bucket.
    pub timestamp: Timestamp,
    /// The value.
    pub value: Value,
    /// Its quality.
    pub quality: Quality,
    /// The record it came with; for a bucket the newest of its records, or zero.
    pub sequence: Sequence,
    /// The unit of its series, where one is known.
    pub unit: Option<Arc<str>>,
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
