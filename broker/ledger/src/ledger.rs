//! The ledger as one object: what its thread, the cores and the operators share.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use ahash::AHashMap;
use fabric::checkpoint::Checkpoints;
use fabric::{Disk, Log, Tail};
use parking_lot::Mutex;
use tokio::sync::Notify;
use uns_model::{Clock, Sequence, SessionNo, TopicId};

use crate::checkpoint;
use crate::command::Command;
use crate::feed::Feeder;
use crate::fold::Fold;
use crate::{Attach, Config, Error, Place};

/// The name of the log's retention floor.
const HOLD: &str = "sessions";
/// How far session numbers jump at start: more than can have been given out and not committed.
const NUMBER_JUMP: u32 = 16_384;

/// What a ledger is made of.
pub struct Parts {
    /// The data log.
    pub log: Arc<dyn Log>,
    /// Where checkpoints are kept.
    pub disk: Arc<dyn Disk>,
    /// Their directory; made if missing.
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

/// Knows the string of every topic id that is in the log.
pub trait Topics: Send + Sync {
    /// The topic; `None` for an id that was never given out.
    fn topic(&self, id: TopicId) -> Option<Arc<str>>;
}

/// The logged sessions of one data directory.
pub struct Ledger {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) topics: Arc<dyn Topics>,
    pub(crate) config: Config,
    pub(crate) state: Mutex<State>,
    pub(crate) commands: Mutex<AHashMap<SessionNo, Command>>,
    pub(crate) wake: Arc<Notify>,
    /// What all sessions are owed, for those who cannot wait for the lock.
    pub(crate) owed: AtomicUsize,
    /// Memory that may be taken for a while, as for the bytes of a checkpoint.
    memory_room: AtomicU64,
    checkpoints: Mutex<Checkpoints>,
    pub(crate) damaged_checkpoints: u64,
}

/// What the ledger's thread works on, and operators look at.
pub(crate) struct State {
    pub(crate) fold: Fold,
    pub(crate) feeder: Feeder,
    pub(crate) tail: Box<dyn Tail>,
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
    /// When the directory or the log cannot be read, or a checkpoint is of a newer release. Damage
    /// is no error: an older checkpoint or the whole log takes its place, with a warning.
    pub fn open(parts: Parts) -> Result<Arc<Self>, Error> {
        let Parts { log, disk, dir, clock, topics, config } = parts;
        let mut checkpoints = Checkpoints::open(disk, dir, checkpoint::FORMAT)?;
        let fold = checkpoint::load(&mut checkpoints)?;
        log.hold(HOLD, checkpoint::floor(&checkpoints, fold.oldest_owed()));
        log.begin_after(HOLD, fold.applied);
        let tail = log.tail(fold.applied);
        let feeder = Feeder::new(&config);
        let ledger = Arc::new(Self {
            log,
            clock,
            topics,
            config,
            state: Mutex::new(State { fold, feeder, tail }),
            commands: Mutex::default(),
            wake: Arc::new(Notify::new()),
            owed: AtomicUsize::new(0),
            memory_room: AtomicU64::new(u64::MAX),
            damaged_checkpoints: checkpoints.damaged(),
            checkpoints: Mutex::new(checkpoints),
        });
        ledger.replay()?;
        let mut state = ledger.state.lock();
        let State { fold, feeder, .. } = &mut *state;
        fold.forget_run();
        feeder.start(fold, ledger.clock.monotonic());
        drop(state);
        Ok(ledger)
    }

    /// The first number for new sessions: none that may have been given out before a crash.
    pub fn next_session(&self) -> SessionNo {
        SessionNo(self.state.lock().fold.seen.0.saturating_add(NUMBER_JUMP))
    }

    /// Feeds a connection what its session is owed, in place of the connection before.
    pub fn attach(&self, attach: Attach) {
        let mut commands = self.commands.lock();
        commands.insert(attach.session, Command::Attach(attach));
        drop(commands);
        self.wake.notify_one();
    }

    /// The connection is gone; nothing happens when another one has its session by now.
    pub fn detach(&self, session: SessionNo, place: Place) {
        let mut commands = self.commands.lock();
        let before = commands.remove(&session);
        commands.insert(session, Command::detach(before, place));
        drop(commands);
        self.wake.notify_one();
    }

    /// What an ended session left could not be passed on: the log did not take it.
    pub fn offer_again(&self, session: SessionNo, sequence: Sequence) {
        let mut state = self.state.lock();
        let State { fold, feeder, .. } = &mut *state;
        feeder.offer_again(fold, session, sequence);
    }

    /// The last sequence folded.
    pub fn folded(&self) -> Sequence {
        self.state.lock().fold.applied
    }

    /// Says how much memory may be taken for a while: a checkpoint that does not fit waits.
    pub fn set_memory_room(&self, bytes: u64) {
        self.memory_room.store(bytes, Ordering::Relaxed);
    }

    /// Writes a checkpoint of what is folded and moves the log's hold; nothing if one of the same
    /// sequence exists.
    ///
    /// # Errors
    /// When the file cannot be written; the ones before stay usable.
    pub fn checkpoint(&self) -> Result<(), Error> {
        let mut checkpoints = self.checkpoints.lock();
        let mut state = self.state.lock();
        let State { fold, feeder, .. } = &mut *state;
        if checkpoints.is_current(fold.applied) {
            return Ok(());
        }
        let room = self.memory_room.load(Ordering::Relaxed);
        if checkpoint::memory(fold) > room {
            tracing::info!(room, "a checkpoint of the sessions waits for memory");
            return Ok(());
        }
        feeder.drop_before(fold, self.log.oldest());
        let (applied, oldest) = (fold.applied, fold.oldest_owed());
        let bytes = checkpoint::encode(fold);
        drop(state);
        checkpoints.write(applied, &bytes)?;
        self.log.hold(HOLD, checkpoint::floor(&checkpoints, oldest));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
