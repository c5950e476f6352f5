//! Why a query is refused or fails.

use std::time::Duration;

/// A refused or failed query.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The topic never had a value, or its history was purged.
    #[error("no node has the topic {topic:?}")]
    NodeUnknown {
        /// The topic asked for.
        topic: String,
    },
    /// The time range is empty or reversed.
    #[error("the time range is empty: end must be after start")]
    EmptyRange,
    /// More samples per page than allowed, or none.
    #[error("limit must be between 1 and {max}")]
    Limit {
        /// The most one page holds.
        max: usize,
    },
    /// An aggregate without a bucket, or a bucket without an aggregate.
    #[error("aggregate and bucket go together")]
    HalfAnAggregate,
    /// The bucket is too small or too large.
    #[error("a bucket must be between 1 ms and 100 years, not {bucket:?}")]
    Bucket {
        /// The bucket asked for.
        bucket: Duration,
    },
    /// What is to be computed with has no numbers.
    #[error(
        "{topic}{} holds values of type {of}, which have no average, sum, minimum or maximum: \
         count, first and last work{}",
        field.as_ref().map(|field| format!(", field {field},")).unwrap_or_default(),
        if *of == "document" { "; the numbers of a document are its fields" } else { "" }
    )]
    NotNumbers {
        /// The topic.
        topic: String,
        /// The field, when one was asked for.
        field: Option<String>,
        /// The type of its values.
        of: &'static str,
    },
    /// `after` is not what an earlier page gave as `next`.
    #[error("after is not a position of an earlier page")]
    After,
    /// The range holds more samples than one query may read.
    #[error("the range holds more than {max} samples: ask for a shorter one")]
    TooMuch {
        /// The most one query reads.
        max: usize,
    },
    /// The store could not be read.
    #[error("cannot read history")]
    Store(#[source] historian_store::Error),
    /// The query was cut off by shutdown or a panic of its thread.
    #[error("the query was interrupted")]
    Interrupted,
}
