//! One stored sample and the number of its series.

use std::cmp::Ordering;
use std::fmt;

use uns_model::{Quality, Sequence, Timestamp, Value};

/// A series: one node or field and one type of value; dense from 0 in one data directory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct SeriesId(pub u32);

impl fmt::Display for SeriesId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One sample as history keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The time it is stored under: source time, or ingest time where there is none.
    pub time: Timestamp,
    /// The value, exact.
    pub value: Value,
    /// Its quality.
    pub quality: Quality,
    /// The log record it came with.
    pub sequence: Sequence,
    /// The source's own `seq`.
    pub source_seq: Option<u64>,
    /// Whole seconds from source time to ingest; `None` when `time` is the ingest time.
    pub lag_seconds: Option<i32>,
}

impl Sample {
    /// The order of samples in one series: time, source `seq`, samples under their ingest time
    /// after those that name a source event, then log order.
    pub fn order(&self, other: &Self) -> Ordering {
        let key = |s: &Self| (s.time, s.source_seq, s.lag_seconds.is_none(), s.sequence);
        key(self).cmp(&key(other))
    }

    /// Whether both claim the same source event (NS-26). A sample under its ingest time names no
    /// source event, so it is nobody's duplicate.
    pub fn same_event(&self, other: &Self) -> bool {
        self.time == other.time
            && self.source_seq == other.source_seq
            && self.lag_seconds.is_some()
            && other.lag_seconds.is_some()
    }
}
