//! What can be wrong with a history file.

/// A failed write or read of history columns.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The Parquet library refused.
    #[error("cannot {action} a history file")]
    Parquet {
        /// What was being done.
        action: &'static str,
        /// Why it failed.
        #[source]
        source: parquet::errors::ParquetError,
    },
    /// The file is Parquet but not ours, or of a newer format.
    #[error("not a history file of this format: {0}")]
    Format(String),
    /// The columns of a row contradict each other.
    #[error("row {row} of a history file cannot be a sample: {what}")]
    Row {
        /// Position inside the piece that was read.
        row: usize,
        /// The contradiction.
        what: &'static str,
    },
    /// The writer was given something files do not hold.
    #[error("cannot write {0}")]
    Unwritable(&'static str),
}

/// Names the action of a Parquet failure.
pub(crate) fn parquet(action: &'static str) -> impl FnOnce(parquet::errors::ParquetError) -> Error {
    move |source| Error::Parquet { action, source }
}
