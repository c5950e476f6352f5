//! What a log reports about itself.

use std::sync::Arc;
use std::time::Duration;

use uns_model::Sequence;

use crate::GapReason;

/// A snapshot for readiness, metrics and people.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Health {
    /// Why the log no longer accepts; only a restart ends this.
    pub read_only: Option<Arc<str>>,
    /// The disk is full: appends are refused until space returns.
    pub disk_full: bool,
    /// Why the last commit failed; the next ones may succeed, and end this.
    pub write_error: Option<Arc<str>>,
    /// Why something on disk could not be read, within the last minute.
    pub read_error: Option<Arc<str>>,
    /// Ranges known to be damaged.
    pub damage: Vec<Damage>,
    /// What retention wants a person to know: a consumer that holds too much, records it lost.
    pub alarms: Vec<String>,
    /// The last committed sequence.
    pub committed: Sequence,
    /// The first sequence that may still be read.
    pub oldest: Sequence,
    /// Segments on disk, the one being written included.
    pub segments: usize,
    /// Bytes they take.
    pub bytes: u64,
    /// Bytes of committed frames kept in memory.
    pub memory_bytes: usize,
    /// Bytes waiting for the appender.
    pub queued_bytes: usize,
    /// Who holds retention, and where.
    pub holds: Vec<Hold>,
    /// Ingest times and the clock.
    pub clock: ClockHealth,
    /// Counters since the log was opened.
    pub counters: Counters,
}

/// How ingest times stand to the clock of the machine.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct ClockHealth {
    /// How far the newest record is ahead of the clock, if that is remarkable.
    pub ahead: Option<Duration>,
    /// At most so far; a clock that is further behind is followed back.
    pub ahead_max: Duration,
    /// How often that was done since the log was opened.
    pub steps: u64,
    /// The last time, if that is not long ago.
    pub last_step: Option<ClockStep>,
}

/// Ingest times followed the clock back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClockStep {
    /// The last record that was stamped by the clock as it was.
    pub after: Sequence,
    /// By how much.
    pub back: Duration,
}

/// Records that existed and cannot be read: those after `after`, up to and with `until`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Damage {
    /// The last good sequence before it.
    pub after: Sequence,
    /// The last sequence inside it.
    pub until: Sequence,
    /// Why: [`GapReason::Damage`], or [`GapReason::Lost`].
    pub reason: GapReason,
    /// The first sequence of the segment it is in, which its file is called by; 0 where no such file
    /// is there.
    pub segment: Sequence,
}

/// A named durable consumer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hold {
    /// Who.
    pub name: String,
    /// It has taken everything up to here.
    pub at: Sequence,
}

/// Totals since the log was opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Records committed.
    pub records: u64,
    /// Frames committed, which is also the number of syncs.
    pub frames: u64,
    /// Bytes committed, frame headers included.
    pub bytes: u64,
    /// Batches refused because the queue was full.
    pub refused_full: u64,
    /// Batches refused because the disk was full.
    pub refused_disk_full: u64,
    /// Batches refused because a write failed.
    pub refused_failed: u64,
    /// Reads from disk that failed.
    pub read_failures: u64,
    /// Records nobody waited for, dropped because the disk was full or a write failed.
    pub dropped_records: u64,
    /// Segments removed by retention.
    pub segments_removed: u64,
}
