//! What history is known to lack.

use std::sync::Arc;

use uns_model::{Sequence, Timestamp};

use crate::SeriesId;

/// Records that existed and that history cannot show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gap {
    /// The last sequence before it.
    pub after: Sequence,
    /// The last sequence inside it.
    pub until: Sequence,
    /// Samples may be missing from this time on.
    pub start: Timestamp,
    /// Up to and with this time.
    pub end: Timestamp,
    /// Only series in this range are concerned; all where `None`.
    pub series: Option<(SeriesId, SeriesId)>,
    /// Why, for people.
    pub reason: Arc<str>,
}

impl Gap {
    /// Whether an answer about these series and times may lack samples.
    pub(crate) fn concerns(&self, series: &[SeriesId], start: Timestamp, end: Timestamp) -> bool {
        let times = self.start < end && start <= self.end;
        times
            && self
                .series
                .is_none_or(|(first, last)| series.iter().any(|sid| first <= *sid && *sid <= last))
    }
}
