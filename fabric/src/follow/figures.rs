//! What a follower shows of itself.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use uns_model::{Sequence, Timestamp};

/// A snapshot for metrics, readiness and people.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Figures {
    /// The fold's name.
    pub fold: &'static str,
    /// Everything up to here is applied.
    pub applied: Sequence,
    /// Sequences that are committed and not applied. Sequences are not dense, so it is at least the
    /// number of records.
    pub lag: u64,
    /// Records applied since the start.
    pub records: u64,
    /// About how many in the last second.
    pub records_per_second: u64,
    /// Bytes of the log they took.
    pub bytes: u64,
    /// Pieces of the log that could not be had.
    pub gaps: u64,
    /// Times the log could not be read.
    pub read_failures: u64,
    /// Checkpoints written.
    pub checkpoints: u64,
    /// Attempts that failed.
    pub checkpoint_failures: u64,
    /// The last one that was written.
    pub last_checkpoint: Option<LastCheckpoint>,
    /// Why the last attempt failed, until one succeeds.
    pub checkpoint_error: Option<Arc<str>>,
    /// Why the log cannot be read at present.
    pub read_error: Option<Arc<str>>,
    /// What has panicked: the fold itself, after which it stands still.
    pub has_panicked: bool,
}

/// A checkpoint that was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LastCheckpoint {
    /// When it was durable.
    pub at: Timestamp,
    /// How long encoding and writing took.
    pub took: Duration,
    /// Its bytes.
    pub bytes: u64,
}

/// Counted by the fold's thread alone, read by anybody.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) records: AtomicU64,
    pub(super) records_per_second: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) gaps: AtomicU64,
    pub(super) read_failures: AtomicU64,
}

pub(super) fn add(count: &AtomicU64, more: u64) {
    count.store(count.load(Relaxed).wrapping_add(more), Relaxed);
}

/// What is told by name.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) checkpoints: u64,
    pub(super) checkpoint_failures: u64,
    pub(super) last_checkpoint: Option<LastCheckpoint>,
    pub(super) checkpoint_error: Option<Arc<str>>,
    pub(super) read_error: Option<Arc<str>>,
    pub(super) has_panicked: bool,
}

/// Records in a second, measured over at least one.
#[derive(Debug)]
pub(super) struct Pace {
    since: Duration,
    records: u64,
}

const SECOND: Duration = Duration::from_secs(1);

impl Pace {
    pub(super) fn starting(now: Duration) -> Self {
        Self { since: now, records: 0 }
    }

    pub(super) fn measure(&mut self, counts: &Counts, now: Duration) {
        let elapsed = now.saturating_sub(self.since);
        if elapsed < SECOND {
            return;
        }
        let records = counts.records.load(Relaxed);
        let came = u128::from(records.wrapping_sub(self.records));
        let pace = came * SECOND.as_nanos() / elapsed.as_nanos();
        counts.records_per_second.store(u64::try_from(pace).unwrap_or(u64::MAX), Relaxed);
        (self.since, self.records) = (now, records);
    }
}
