//! The machine the hub runs on: a disk, a clock, and the hub while there is power.

pub(crate) mod accounts;
mod faulty_clock;
mod faulty_disk;
pub(crate) mod history;
mod running;
mod sqlite;
pub(crate) mod watched_disk;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fabric::Disk;
use fabric::sim::SimDisk;
use uns_model::{Clock, ManualClock, Timestamp};

use crate::Fault;
use accounts::Forbidden;
use faulty_clock::START;
use faulty_disk::unsynced;
use history::history_files;
use running::Boot;
pub(crate) use running::{CHECKPOINT_DIRS, CORES, LOG_DIR, Running};
use sqlite::SqliteDisk;
use watched_disk::{Watch, WatchedDisk, watched};

/// Room for many segments, history and checkpoints, so that only ballast fills it.
const DISK_BYTES: u64 = 8 << 20;
/// What takes the room of a disk that is full.
const BALLAST: &str = "/ballast";

/// How the hub comes to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// The machine loses power: what was not synced may be gone.
    Power,
    /// The process is killed: what was written is there.
    Process,
}

/// A machine and the hub on it.
pub(crate) struct Machine {
    pub(crate) clock: Arc<ManualClock>,
    disk: SimDisk,
    seed: u64,
    fault: Option<Fault>,
    forbidden: Forbidden,
    /// How many starts there were.
    starts: u64,
    /// Nothing only while it starts. It goes before what SQLite has of the disk.
    running: Option<Running>,
    sqlite: SqliteDisk,
    history_disk: Arc<WatchedDisk>,
}

impl Machine {
    pub(crate) fn new(seed: u64, fault: Option<Fault>) -> Result<Self, String> {
        let clock = Arc::new(ManualClock::new(START));
        let disk = SimDisk::new(seed, DISK_BYTES);
        let forbidden = Forbidden::default();
        let sqlite_disk = unsynced(Arc::new(disk.clone()), fault, Fault::CatalogIsNotSynced);
        let sqlite = SqliteDisk::new(sqlite_disk);
        let history_disk = Arc::new(watched(Arc::new(disk.clone()), fault));
        let (starts, running) = (0, None);
        let mut machine =
            Self { clock, disk, seed, fault, forbidden, starts, running, sqlite, history_disk };
        machine.start()?;
        Ok(machine)
    }

    /// The hub that runs on it.
    pub(crate) fn hub(&mut self) -> &mut Running {
        self.running.as_mut().expect("it was started")
    }

    pub(crate) fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    /// The clock is set back, or ahead, by so many seconds; nothing else notices.
    pub(crate) fn set_clock(&self, by_seconds: i64) {
        self.clock.set_wall(Timestamp(self.clock.now().0 + by_seconds * 1_000_000_000));
    }

    /// The mistake that is built in.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// The power fails in the middle of a change of the disk, so many changes from now.
    pub(crate) fn cut_in(&self, changes: u64) {
        self.disk.power_off_in(changes);
    }

    /// Whether the power went off since this was asked last.
    pub(crate) fn was_cut(&self) -> bool {
        self.disk.take_cut().is_some()
    }

    /// Whether the power is on, for whoever asks in the middle of a turn.
    pub(crate) fn is_on(&self) -> impl Fn() -> bool + Send + use<> {
        let disk = self.disk.clone();
        move || disk.space(Path::new("/")).is_ok()
    }

    /// What was ordered of the disk and has not happened does not happen any more.
    pub(crate) fn clear_faults(&self) {
        self.disk.clear_faults();
        self.spoil_disk();
    }

    /// The hub is gone, with everything it had not made durable, and starts again.
    /// Meanwhile somebody may damage what is on the disk.
    pub(crate) fn restart(
        &mut self,
        end: End,
        damage: impl FnOnce(&SimDisk),
    ) -> Result<(), String> {
        // Whatever lets go of its files now must not tidy up, as a process that is killed does not.
        self.disk.power_off();
        self.running = None;
        self.history_disk.hook().forget();
        self.power_up(end);
        damage(&self.disk);
        self.start()
    }

    /// The files of history that are there, by name, and their bytes.
    pub(crate) fn history_files(&self) -> Vec<(String, Vec<u8>)> {
        history_files(&self.disk)
    }

    /// Who looks at history while its files change.
    pub(crate) fn history_watch(&self) -> &Watch {
        self.history_disk.hook()
    }

    fn power_up(&self, end: End) {
        match end {
            End::Power => self.disk.crash(),
            End::Process => self.disk.restart(),
        }
    }

    /// Starts the hub, again where the power fails meanwhile.
    fn start(&mut self) -> Result<(), String> {
        loop {
            self.spoil_disk();
            self.starts += 1;
            // A start makes numbers of its own, and never those of the one before.
            let seed = self.seed.wrapping_add(self.starts << 32);
            let boot = Boot {
                disk: self.disk.clone(),
                history_disk: Arc::clone(&self.history_disk),
                vfs: self.sqlite.name().to_owned(),
                clock: Arc::clone(&self.clock),
                seed,
                forbidden: self.forbidden.clone(),
                fault: self.fault,
            };
            match Running::open(boot) {
                Ok(running) => {
                    self.running = Some(running);
                    return Ok(());
                }
                Err(_) if self.was_cut() => self.power_up(End::Power),
                Err(error) => return Err(format!("the hub does not start: {}", chain(&*error))),
            }
        }
    }

    fn spoil_disk(&self) {
        self.disk.set_lying(self.fault == Some(Fault::DiskLiesAboutSync));
    }

    /// Takes all the room there is.
    pub(crate) fn fill_disk(&self) {
        let ballast = Path::new(BALLAST);
        let free = self.disk.space(ballast).map_or(0, |space| space.free);
        // A disk that is off cannot be filled, and is looked at next.
        drop(self.disk.create(ballast).and_then(|file| file.allocate(free)));
    }

    /// Gives it back, for good: a power cut does not take the room again.
    pub(crate) fn free_disk(&self) {
        drop(self.disk.remove(Path::new(BALLAST)));
        drop(self.disk.sync_dir(Path::new("/")));
    }

    /// Whether all room is taken: the power may have failed while it was given back.
    pub(crate) fn is_full(&self) -> bool {
        self.disk.open(Path::new(BALLAST)).is_ok()
    }

    /// From here on the wills of this account are refused. What came before is in the log, as if the
    /// log had been quick.
    pub(crate) fn forbid(&mut self, account: &str) {
        while self.hub().commit() {}
        self.forbidden.add(account);
        self.hub().server.broker().policy_changed();
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
