//! A fold that remembers what it was given, with its checkpoints.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use uns_model::{Clock, ManualClock, Sequence, Timestamp};

use super::sequences;
use crate::checkpoint::{Checkpoints, Format};
use crate::conformance::{append, publish};
use crate::follow::{
    Durable, Figures, Fold, Follower, Gap, Phase, Settings, Snapshot, Start, Step,
};
use crate::sim::{SimDisk, SimLog};
use crate::{Batch, Frame, Log};

pub(super) const SECOND: Duration = Duration::from_secs(1);
const FORMAT: Format = Format { prefix: "fold-", magic: b"UNSTESTS", version: 1, what: "tests" };
const SETTINGS: Settings = Settings {
    name: "tests",
    checkpoint_interval: Duration::from_secs(60),
    checkpoint_records: 100,
};

/// The sequences of all records, by the frame.
pub(super) struct Remembers {
    pub(super) seen: Vec<u64>,
    pub(super) gaps: Vec<Gap>,
    applied: Sequence,
    pub(super) tended: usize,
    pub(super) tend_at: Option<Duration>,
    /// It takes no more than so many records.
    pub(super) room: usize,
    pub(super) awaited: bool,
    pub(super) wants_checkpoint: bool,
    /// There is no memory for a checkpoint.
    pub(super) short: bool,
    pub(super) panics: bool,
    /// Writing a checkpoint panics.
    pub(super) write_panics: bool,
    pub(super) checkpoints: Arc<Mutex<Checkpoints>>,
}

impl Fold for Remembers {
    fn frame(&mut self, frame: &Frame) -> u64 {
        assert!(!self.panics, "a fold may have a fault");
        self.seen.extend(frame.records().map(|(sequence, _)| sequence.0));
        self.applied = frame.last();
        frame.records().len() as u64
    }

    fn gap(&mut self, gap: Gap) {
        self.gaps.push(gap);
        self.applied = gap.until;
    }

    fn caught_up(&mut self, until: Sequence) {
        self.applied = self.applied.max(until);
    }

    fn is_ready(&self) -> bool {
        self.seen.len() < self.room
    }

    fn is_awaited(&self) -> bool {
        self.awaited
    }

    fn tend(&mut self, _now: Duration) -> Option<Duration> {
        self.tended += 1;
        self.tend_at
    }

    fn wants_checkpoint(&self) -> bool {
        self.wants_checkpoint
    }

    fn snapshot(&mut self) -> Option<Snapshot> {
        if self.short {
            return None;
        }
        self.wants_checkpoint = false;
        let (applied, seen, panics) = (self.applied, self.seen.clone(), self.write_panics);
        let checkpoints = Arc::clone(&self.checkpoints);
        Some(Box::new(move || {
            assert!(!panics, "writing may have a fault");
            let bytes = FORMAT.encode(applied, |to| {
                to.length(seen.len());
                seen.iter().for_each(|one| to.u64(*one));
            });
            let mut checkpoints = checkpoints.lock().expect("no holder of this lock panics");
            checkpoints.write(applied, &bytes)?;
            Ok(Some(Durable { floor: checkpoints.floor(), bytes: bytes.len() as u64 }))
        }))
    }
}

pub(super) struct World {
    pub(super) log: Arc<SimLog>,
    pub(super) disk: SimDisk,
    pub(super) clock: Arc<ManualClock>,
    pub(super) fold: Remembers,
    pub(super) follower: Follower,
}

impl World {
    pub(super) fn new() -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000_000_000)));
        Self::open(Arc::new(SimLog::new()), SimDisk::new(1, 16 << 20), clock)
    }

    pub(super) fn open(log: Arc<SimLog>, disk: SimDisk, clock: Arc<ManualClock>) -> Self {
        let dir = PathBuf::from("/fold");
        let checkpoints = Checkpoints::open(Arc::new(disk.clone()), dir, FORMAT);
        let mut checkpoints = checkpoints.expect("the disk is on");
        let loaded = checkpoints.load(|applied, from| {
            let seen = (0..from.u32()?).map(|_| from.u64()).collect::<Option<Vec<u64>>>()?;
            Some((applied, seen))
        });
        let (applied, seen) = loaded.expect("the disk is on").unwrap_or_default();
        let start = Start { applied, read: applied, floor: checkpoints.floor() };
        let shared = Arc::clone(&log) as Arc<dyn Log>;
        let follower = Follower::open(shared, Arc::clone(&clock) as _, SETTINGS, start);
        let fold = Remembers {
            seen,
            gaps: Vec::new(),
            applied,
            tended: 0,
            tend_at: None,
            room: usize::MAX,
            awaited: true,
            wants_checkpoint: false,
            short: false,
            panics: false,
            write_panics: false,
            checkpoints: Arc::new(Mutex::new(checkpoints)),
        };
        Self { log, disk, clock, fold, follower }
    }

    /// Opened again on the same log and disk.
    pub(super) fn reopen(self) -> Self {
        let Self { log, disk, clock, .. } = self;
        Self::open(log, disk, clock)
    }

    /// So many records, each in a frame of its own; the sequence of the first.
    pub(super) fn append(&self, records: usize) -> Sequence {
        let first = self.log.committed().next();
        for _ in 0..records {
            let mut batch = Batch::new();
            batch.push(&publish(b"1", self.clock.now().0));
            append(&*self.log, batch).expect("a log in memory takes all");
        }
        first
    }

    pub(super) fn turn(&mut self) -> Step {
        self.follower.turn(&mut self.fold, Phase::Running)
    }

    pub(super) fn figures(&self) -> Figures {
        self.follower.handle().figures()
    }

    /// What the log still has.
    pub(super) fn logged(&self) -> Vec<u64> {
        sequences(&self.log, Sequence::ZERO)
    }

    /// Where the log is held.
    pub(super) fn held(&self) -> Sequence {
        let holds = self.log.health().holds;
        let hold = holds.iter().find(|hold| hold.name == SETTINGS.name);
        hold.expect("a follower holds its log").at
    }
}
