//! What history is known to lack.

use std::sync::Arc;

use fabric::GapReason;
use uns_model::{Sequence, Timestamp};

use crate::SeriesId;

/// Why history lacks something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum GapCause {
    /// Retention of the log dropped it before history had read it.
    Retention,
    /// The log, or a file of history, is damaged there.
    Damage,
    /// The log lost its newest files.
    Lost,
}

impl GapCause {
    const ALL: [Self; 3] = [Self::Retention, Self::Damage, Self::Lost];

    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Retention => "retention",
            Self::Damage => "damage",
            Self::Lost => "lost",
        }
    }
}

impl From<GapReason> for GapCause {
    fn from(reason: GapReason) -> Self {
        match reason {
            GapReason::Retention => Self::Retention,
            GapReason::Damage => Self::Damage,
            GapReason::Lost => Self::Lost,
        }
    }
}

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
    /// Why.
    pub cause: GapCause,
    /// The same for people.
    pub reason: Arc<str>,
}

/// Between cause and reason in the catalog.
const STORED: &str = ": ";

impl Gap {
    /// Cause and reason as the catalog keeps them, in one column.
    pub(crate) fn stored_reason(&self) -> String {
        format!("{}{STORED}{}", self.cause.name(), self.reason)
    }

    /// Reads that column. Before causes were stored, only one text was about retention.
    pub(crate) fn read_reason(stored: &str) -> (GapCause, Arc<str>) {
        let split = stored.split_once(STORED).and_then(|(name, reason)| {
            Some((GapCause::ALL.into_iter().find(|cause| cause.name() == name)?, reason))
        });
        let retention = "the log dropped these records before history had read them";
        let (cause, reason) = split.unwrap_or(match stored == retention {
            true => (GapCause::Retention, stored),
            false => (GapCause::Damage, stored),
        });
        (cause, reason.into())
    }

    /// Whether an answer about these series and times may lack samples.
    pub(crate) fn concerns(&self, series: &[SeriesId], start: Timestamp, end: Timestamp) -> bool {
        let times = self.start < end && start <= self.end;
        times
            && self
                .series
                .is_none_or(|(first, last)| series.iter().any(|sid| first <= *sid && *sid <= last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_survives_the_catalog_and_rows_from_before_there_were_causes_have_one() {
        let (series, time) = (None, Timestamp(0));
        for cause in GapCause::ALL {
            let (after, until) = (Sequence(1), Sequence(2));
            // A file may be called anything, as may what is said of it.
            let reason = "history file retention: x is damaged".into();
            let gap = Gap { after, until, start: time, end: time, series, cause, reason };
            assert_eq!(Gap::read_reason(&gap.stored_reason()), (gap.cause, gap.reason));
        }
        for (stored, cause) in [
            ("the log dropped these records before history had read them", GapCause::Retention),
            ("these records are damaged in the log", GapCause::Damage),
            ("history file a: b is damaged (retention)", GapCause::Damage),
        ] {
            assert_eq!(Gap::read_reason(stored), (cause, stored.into()));
        }
    }
}
