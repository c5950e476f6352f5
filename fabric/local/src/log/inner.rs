//! What the appender, the keeper, the tails and the callers share.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use fabric::{
    Counters, Damage, DirLock, Disk, Error as LogError, GapReason, Health, Hold, epoch_after,
};
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;
use uns_model::{Clock, Sequence};

use super::ingest_clock::IngestClock;
use super::keeper_signal::KeeperSignal;
use super::queue::Queue;
use super::recovery::Recovered;
use super::segments::Segments;
use super::trouble::Trouble;
use super::view::View;
use super::writer::WriterState;
use crate::config::Limits;
use crate::{Error, LogConfig};

/// More damaged ranges than this are counted as one with the last.
const DAMAGE_MAX: usize = 1024;

/// Where a log lives and what it lives by.
pub(super) struct Place {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) dir: PathBuf,
    pub(super) config: LogConfig,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) lock: DirLock,
}

pub(super) struct Shared {
    pub(super) segments: Segments,
    pub(super) config: LogConfig,
    pub(super) limits: Limits,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) queue: Queue,
    committed: AtomicU64,
    epoch: AtomicU64,
    pub(super) watch: watch::Sender<Sequence>,
    holds: Mutex<BTreeMap<String, Sequence>>,
    damage: Mutex<Vec<Damage>>,
    pub(super) alarms: Mutex<Vec<String>>,
    disk_full: AtomicBool,
    pub(super) read_only: OnceLock<Arc<str>>,
    pub(super) counters: Totals,
    pub(super) ingest_clock: IngestClock,
    pub(super) trouble: Trouble,
    _lock: DirLock,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("dir", &self.segments.dir).finish_non_exhaustive()
    }
}

/// The counters, each written by one thread or rarely.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) records: AtomicU64,
    pub(super) frames: AtomicU64,
    pub(super) bytes: AtomicU64,
    refused_full: AtomicU64,
    refused_disk_full: AtomicU64,
    refused_failed: AtomicU64,
    dropped_records: AtomicU64,
    pub(super) segments_removed: AtomicU64,
}

impl Totals {
    pub(super) fn refuse_full(&self) {
        self.refused_full.fetch_add(1, Relaxed);
    }

    /// A batch was refused, which somebody waited for, or nobody.
    pub(super) fn refuse(&self, error: &LogError, records: usize, awaited: bool) {
        match error {
            _ if !awaited => self.dropped_records.fetch_add(records as u64, Relaxed),
            LogError::DiskFull => self.refused_disk_full.fetch_add(1, Relaxed),
            _ => self.refused_failed.fetch_add(1, Relaxed),
        };
    }

    fn snapshot(&self) -> Counters {
        let mut counters = Counters::default();
        counters.records = self.records.load(Relaxed);
        counters.frames = self.frames.load(Relaxed);
        counters.bytes = self.bytes.load(Relaxed);
        counters.refused_full = self.refused_full.load(Relaxed);
        counters.refused_disk_full = self.refused_disk_full.load(Relaxed);
        counters.refused_failed = self.refused_failed.load(Relaxed);
        counters.dropped_records = self.dropped_records.load(Relaxed);
        counters.segments_removed = self.segments_removed.load(Relaxed);
        counters
    }
}

impl Shared {
    pub(super) fn new(place: Place, recovered: Recovered) -> Result<(Self, WriterState), Error> {
        let Place { disk, dir, config, clock, lock } = place;
        let space = disk.space(&dir).map_err(Error::io("measure", &dir))?;
        let limits = config.limits(space);
        let state = recovered.writer;
        let segments: VecDeque<_> = recovered.segments.into_iter().map(Arc::new).collect();
        let ends = (state.last, state.next);
        let segments = Segments {
            disk,
            dir,
            key: recovered.key,
            segment_bytes: limits.segment_bytes,
            view: RwLock::new(View::new(segments, state.end, ends, config.memory_bytes)),
            prepared: Mutex::new(None),
            keeper: KeeperSignal::default(),
        };
        let shared = Self {
            limits,
            clock,
            queue: Queue::new(config.queue_bytes, config.flush_interval),
            committed: AtomicU64::new(state.last.0),
            epoch: AtomicU64::new(0),
            watch: watch::Sender::new(state.last),
            holds: Mutex::default(),
            damage: Mutex::new(recovered.damage),
            alarms: Mutex::default(),
            disk_full: AtomicBool::new(false),
            read_only: OnceLock::new(),
            counters: Totals::default(),
            ingest_clock: IngestClock::default(),
            trouble: Trouble::default(),
            segments,
            config,
            _lock: lock,
        };
        shared.ingest_clock.set_newest(state.ingest);
        Ok((shared, state))
    }

    pub(super) fn committed(&self) -> Sequence {
        Sequence(self.committed.load(Acquire))
    }

    pub(super) fn set_committed(&self, last: Sequence) {
        self.committed.fetch_max(last.0, Release);
        self.watch.send_replace(last);
    }

    /// Where the appender goes on at least.
    pub(super) fn epoch(&self) -> Sequence {
        Sequence(self.epoch.load(Acquire))
    }

    /// See [`fabric::Log::begin_after`]. The first frame of the epoch links to its end, so that
    /// readers and later starts find the gap where it is.
    pub(super) fn begin_after(&self, fold: &str, at: Sequence) {
        let mut view = self.segments.view.write();
        let end = view.last();
        if at <= end {
            return;
        }
        let epoch = epoch_after(at);
        view.begin_epoch(epoch);
        self.epoch.fetch_max(epoch.0, Release);
        drop(view);
        self.set_committed(epoch);
        let (at, ends_at, goes_on_after) = (at.0, end.0, epoch.0);
        tracing::error!(log = %self.segments.dir.display(), fold, at, ends_at, goes_on_after,
            "the log ends before what was already read from it: its newest files were removed, \
             cut, or are an older copy; what was acknowledged after {at} and not yet read by \
             {fold} is lost unless those files come back");
        let (after, until, reason) = (end, epoch, GapReason::Lost);
        self.note_damage(Damage { after, until, reason, segment: Sequence::ZERO });
    }

    pub(super) fn is_disk_full(&self) -> bool {
        self.disk_full.load(Relaxed)
    }

    pub(super) fn set_disk_full(&self, full: bool) {
        if self.disk_full.swap(full, Relaxed) == full {
            return;
        }
        if full {
            tracing::error!(log = %self.segments.dir.display(), "disk full: appends are refused");
            self.segments.keeper.wake();
        } else {
            tracing::info!(log = %self.segments.dir.display(), "space has returned: appends go on");
        }
    }

    /// Refuses who waits, and drops and counts what nobody waits for.
    pub(super) fn refuse_on_full_disk(
        &self,
        records: usize,
        awaited: bool,
    ) -> Result<(), LogError> {
        self.counters.refuse(&LogError::DiskFull, records, awaited);
        if awaited { Err(LogError::DiskFull) } else { Ok(()) }
    }

    /// Stops accepting for ever.
    pub(super) fn stop_accepting(&self, reason: &Arc<str>) {
        if self.read_only.set(Arc::clone(reason)).is_ok() {
            tracing::error!(log = %self.segments.dir.display(), %reason, "the log is read-only until restart");
        }
    }

    pub(super) fn hold(&self, name: &str, at: Sequence) {
        let mut holds = self.holds.lock();
        match holds.get_mut(name) {
            Some(hold) => *hold = at,
            None => {
                holds.insert(name.to_owned(), at);
            }
        }
    }

    /// The consumer that is furthest behind.
    pub(super) fn lowest_hold(&self) -> Option<(String, Sequence)> {
        let holds = self.holds.lock();
        holds.iter().min_by_key(|(_, at)| **at).map(|(name, at)| (name.clone(), *at))
    }

    /// Remembers and logs a damaged range once.
    pub(super) fn note_damage(&self, found: Damage) {
        let mut damage = self.damage.lock();
        let known = |one: &Damage| one.after <= found.after && found.until <= one.until;
        if damage.iter().any(known) {
            return;
        }
        if damage.len() < DAMAGE_MAX {
            damage.push(found);
        } else if let Some(last) = damage.last_mut() {
            last.until = last.until.max(found.until);
        }
        let (after, until) = (found.after.0, found.until.0);
        let what = match found.reason {
            GapReason::Lost => "the log lost its end and began a new epoch",
            GapReason::Damage | GapReason::Retention => "records are damaged on disk",
        };
        tracing::error!(log = %self.segments.dir.display(), after, until, "{what}");
    }

    pub(super) fn health(&self) -> Health {
        let hold = |(name, at): (&String, &Sequence)| Hold { name: name.clone(), at: *at };
        let mut health = Health::default();
        health.read_only = self.read_only.get().cloned();
        health.disk_full = self.is_disk_full();
        health.damage.clone_from(&self.damage.lock());
        health.alarms.clone_from(&self.alarms.lock());
        health.committed = self.committed();
        health.queued_bytes = self.queue.bytes();
        health.holds = self.holds.lock().iter().map(hold).collect();
        health.counters = self.counters.snapshot();
        health.write_error = self.trouble.write_error();
        health.read_error = self.trouble.read_error(self.clock.monotonic());
        health.counters.read_failures = self.trouble.read_failures();
        health.clock = self.ingest_clock.health(self.clock.now(), self.clock.monotonic());
        let view = self.segments.view.read();
        for damage in &mut health.damage {
            damage.segment = view.segment_after(damage.after);
        }
        health.oldest = view.oldest();
        health.segments = view.segments().len();
        health.bytes = view.bytes();
        health.memory_bytes = view.memory_bytes();
        health
    }
}
