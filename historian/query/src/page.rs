//! What is asked and what is answered.

use std::time::Duration;

use historian_aggregate::Aggregate;
use historian_store::Gap;
use uns_model::{OrgId, Quality, Sequence, Timestamp, Value};

use crate::error::Error;

/// Which samples of one node or field.
#[derive(Clone, Debug)]
pub struct HistoryQuery {
    /// The asking organisation.
    pub org: OrgId,
    /// The node's topic.
    pub topic: String,
    /// A JSON field; `None` is the node's own value.
    pub field: Option<String>,
    /// From this time on.
    pub start: Timestamp,
    /// Up to but without this time.
    pub end: Timestamp,
    /// One value per bucket instead of samples.
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
    /// Its time, or the start of the bucket.
    pub timestamp: Timestamp,
    /// The value as stored, exact.
    pub value: Value,
    /// Its quality.
    pub quality: Quality,
    /// The log record it came with; for a bucket the newest one in it.
    pub sequence: Sequence,
}

/// One page of an answer.
#[derive(Clone, Debug)]
pub struct HistoryPage {
    /// In time order.
    pub samples: Vec<HistorySample>,
    /// Pass as `after` for the next page; `None` on the last.
    pub next: Option<String>,
    /// What may be missing from the whole range.
    pub gaps: Vec<Gap>,
}

/// A position between samples: behind the first `skip` samples of this time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Position {
    pub(crate) time: Timestamp,
    pub(crate) skip: usize,
}

impl Position {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let (time, skip) = text.rsplit_once('.').ok_or(Error::After)?;
        Ok(Self {
            time: Timestamp(time.parse().map_err(|_| Error::After)?),
            skip: skip.parse().map_err(|_| Error::After)?,
        })
    }

    pub(crate) fn text(self) -> String {
        format!("{}.{}", self.time.0, self.skip)
    }
}
