//! The ledger as one object, which its thread, the cores and the operators share.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use ahash::AHashMap;
use fabric::checkpoint::Checkpoints;
use fabric::follow::{Follower, Handle, Settings, Start};
use fabric::{Disk, GiveBack, Log};
use parking_lot::Mutex;
use uns_model::{Clock, Sequence, SessionNo};

use crate::checkpoint;
use crate::command::Command;
use crate::feed::Feeder;
use crate::fold::Fold;
use crate::{Attach, Config, Error, Place, Topics};

/// The name of its hold on the log.
pub(crate) const HOLD: &str = "sessions";
/// How far session numbers jump at start: more than can have been given out and not committed.
const NUMBER_JUMP: u32 = 16_384;

/// The parts of a ledger.
pub struct Parts {
    /// The data log.
    pub log: Arc<dyn Log>,
    /// The disk of the checkpoints.
    pub disk: Arc<dyn Disk>,
    /// Their directory, which is created if it is missing.
    pub dir: PathBuf,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The topics of publishes to nodes.
    pub topics: Arc<dyn Topics>,
    /// Settings.
    pub config: Config,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("dir", &self.dir).finish_non_exhaustive()
    }
}

/// The logged sessions of one data directory.
pub struct Ledger {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) topics: Arc<dyn Topics>,
    pub(crate) config: Config,
    pub(crate) state: Mutex<State>,
    pub(crate) commands: Mutex<AHashMap<SessionNo, Command>>,
    pub(crate) following: Arc<Handle>,
    pub(crate) follower: Mutex<Follower>,
    /// How much all sessions are owed, for readers that cannot wait for the lock.
    pub(crate) owed: AtomicUsize,
    /// How much memory may be used for a while, for example for the bytes of a checkpoint.
    pub(crate) memory_room: AtomicU64,
    /// Asks the reader of lagging sessions to give back memory. It looks every few seconds.
    pub(crate) reader_memory: Arc<GiveBack>,
    pub(crate) checkpoints: Mutex<Checkpoints>,
    pub(crate) damaged_checkpoints: u64,
}

/// What the thread of the ledger changes, and operators read.
pub(crate) struct State {
    pub(crate) fold: Fold,
    pub(crate) feeder: Feeder,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").finish_non_exhaustive()
    }
}

impl Ledger {
    /// Loads the newest usable checkpoint and replays the log up to its committed end.
    ///
    /// # Errors
    /// When the directory or the log cannot be read, or a checkpoint is of a newer release. A damaged
    /// checkpoint is no error: an older one or the whole log takes its place, with a warning.
    pub fn open(parts: Parts) -> Result<Arc<Self>, Error> {
        let Parts { log, disk, dir, clock, topics, config } = parts;
        let mut checkpoints = Checkpoints::open(disk, dir, checkpoint::FORMAT)?;
        let fold = checkpoint::load(&mut checkpoints)?;
        let settings = Settings {
            name: HOLD,
            checkpoint_interval: config.checkpoint_interval,
            checkpoint_records: config.checkpoint_records,
        };
        let floor = checkpoint::floor(&checkpoints, fold.oldest_owed());
        let start = Start { applied: fold.applied, read: fold.applied, floor };
        let follower = Follower::open(Arc::clone(&log), Arc::clone(&clock), settings, start);
        let feeder = Feeder::new(&config);
        let ledger = Arc::new(Self {
            log,
            clock,
            topics,
            config,
            state: Mutex::new(State { fold, feeder }),
            commands: Mutex::default(),
            following: Arc::clone(follower.handle()),
            follower: Mutex::new(follower),
            owed: AtomicUsize::new(0),
            memory_room: AtomicU64::new(u64::MAX),
            reader_memory: Arc::default(),
            damaged_checkpoints: checkpoints.damaged(),
            checkpoints: Mutex::new(checkpoints),
        });
        ledger.replay()?;
        let mut state = ledger.state.lock();
        let State { fold, feeder } = &mut *state;
        fold.forget_run();
        feeder.start(fold, ledger.clock.monotonic());
        drop(state);
        Ok(ledger)
    }

    /// The first number for new sessions. It is above all that may have been given out before a crash.
    pub fn next_session(&self) -> SessionNo {
        SessionNo(self.state.lock().fold.seen.0.saturating_add(NUMBER_JUMP))
    }

    /// Feeds a connection what its session is owed, instead of the connection before.
    pub fn attach(&self, attach: Attach) {
        let mut commands = self.commands.lock();
        commands.insert(attach.session, Command::Attach(attach));
        drop(commands);
        self.following.wake();
    }

    /// A connection is gone. If another one has its session by now, nothing happens.
    pub fn detach(&self, session: SessionNo, place: Place) {
        let mut commands = self.commands.lock();
        let before = commands.remove(&session);
        commands.insert(session, Command::detach(before, place));
        drop(commands);
        self.following.wake();
    }

    /// A message of an ended session could not be passed on, because the log did not take it.
    pub fn offer_again(&self, session: SessionNo, sequence: Sequence) {
        let mut state = self.state.lock();
        let State { fold, feeder } = &mut *state;
        feeder.offer_again(fold, session, sequence);
    }

    /// The last sequence folded.
    pub fn folded(&self) -> Sequence {
        self.state.lock().fold.applied
    }

    /// The handle of the follower that drives the ledger.
    pub fn following(&self) -> &Arc<Handle> {
        &self.following
    }

    /// Has its threads give back memory that they do not use.
    pub fn give_back(&self, how: fn()) {
        self.reader_memory.ask(how);
        self.following.give_back(how);
    }

    /// Sets how much memory may be used for a while. A checkpoint that needs more waits.
    pub fn set_memory_room(&self, bytes: u64) {
        self.memory_room.store(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
