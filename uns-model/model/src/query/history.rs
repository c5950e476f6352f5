//! Samples and aggregates of one series.

use std::sync::Arc;
use std::time::Duration;

use crate::{OrgId, Quality, Sequence, Timestamp, Value};

/// How the samples of a bucket become one value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Aggregate {
    /// Arithmetic mean of the Good samples.
    Avg,
    /// Smallest.
    Min,
    /// Largest.
    Max,
    /// Sum.
    Sum,
    /// How many Good samples, of any type.
    Count,
    /// The earliest Good sample, of any type.
    First,
    /// The latest Good sample, of any type.
    Last,
}

impl Aggregate {
    /// Every aggregate by its stable name.
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

/// Which samples of one node or field.
#[derive(Clone, PartialEq, Eq, Debug)]
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
    /// One value per bucket instead of samples; needs `bucket`.
    pub aggregate: Option<Aggregate>,
    /// The width of a bucket, aligned to 1970 UTC.
    pub bucket: Option<Duration>,
    /// At most so many samples or buckets.
    pub limit: usize,
    /// Continue after the page that gave this as `next`.
    pub after: Option<String>,
}

/// One sample, or one bucket that is not empty.
#[derive(Clone, PartialEq, Debug)]
pub struct HistorySample {
    /// Its source time, or the start of the bucket.
    pub timestamp: Timestamp,
    /// The value as stored, exact.
    pub value: Value,
    /// Its quality.
    pub quality: Quality,
    /// The log record it came with; for a bucket the newest one in it.
    pub sequence: Sequence,
    /// The unit of its series, where one is known. A bucket has one row for each unit in it.
    pub unit: Option<Arc<str>>,
}

/// Why there is nothing on the only page of an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Nothing {
    /// The topic has no such field; it has these.
    NoField(Vec<Arc<str>>),
    /// No sample in this range. The newest one of all is at this time, where there is one and it is
    /// found quickly.
    NotThen(Option<Timestamp>),
}
