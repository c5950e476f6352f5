//! What the tests share: a simulated disk, a clock, small segments.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fabric::sim::SimDisk;
use fabric::{Disk, Tail, TailItem};
use fabric_local::{Error, LocalLog, LogConfig};
use uns_model::{ManualClock, SeededRandom, Timestamp};

pub(crate) const DIR: &str = "/log";
const START: Timestamp = Timestamp(1_700_000_000_000_000_000);

pub(crate) struct Rig {
    pub(crate) disk: SimDisk,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) config: LogConfig,
}

impl Rig {
    pub(crate) fn new(seed: u64) -> Self {
        let config = LogConfig {
            segment_bytes: 64 * 1024,
            memory_bytes: 32 * 1024,
            flush_interval: Duration::from_millis(1),
            // The records of most tests are from 1970.
            retention_age: None,
            retention_percent: 100,
            hold_percent: 100,
            retention_grace: Duration::ZERO,
            retention_interval: Duration::from_millis(5),
            retry_interval: Duration::from_millis(5),
            ..LogConfig::default()
        };
        let clock = Arc::new(ManualClock::new(START));
        Self { disk: SimDisk::new(seed, 16 << 20), clock, config }
    }

    pub(crate) fn try_open(&self) -> Result<Arc<LocalLog>, Error> {
        LocalLog::open(
            Arc::new(self.disk.clone()),
            Path::new(DIR),
            self.config.clone(),
            Arc::clone(&self.clock) as _,
            &SeededRandom::new(7),
        )
    }

    pub(crate) fn open(&self) -> Arc<LocalLog> {
        self.try_open().expect("the log opens")
    }

    /// The segment files, oldest first.
    pub(crate) fn segments(&self) -> Vec<PathBuf> {
        let names = self.disk.list(Path::new(DIR)).expect("the disk is on");
        let segments = names
            .into_iter()
            .filter(|name| Path::new(name).extension().is_some_and(|e| e == "log"));
        segments.map(|name| Path::new(DIR).join(name)).collect()
    }
}

/// Asks again until it holds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..12_000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(holds(), "{what}");
}

/// Everything a tail has until it is caught up.
pub(crate) fn items(tail: &mut dyn Tail) -> Vec<TailItem> {
    std::iter::from_fn(|| tail.next().expect("the log is readable")).collect()
}
