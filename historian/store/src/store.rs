//! The store: opening, following the log, and how it is doing.

mod follow;
mod job;
mod publish;
mod purge;
mod stepped;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, OnceLock};

use fabric::follow::{Follower, Handle, Settings, Start};
use fabric::{Disk, Log};
use parking_lot::Mutex;
use tokio::sync::watch;
use uns_model::{Clock, Sequence, Timestamp};

use crate::catalog::{Catalog, CatalogFile};
use crate::config::Config;
use crate::error::Error;
use crate::file::{Files, HistoryFile};
use crate::health::{Counters, Health};
use crate::memory::Memory;
use crate::names::SharedNames;
use crate::recover::Recovery;
use crate::state::State;
use job::Job;

pub use stepped::Steps;

/// The name under which the log keeps what is not in files yet.
const HOLD: &str = "historian";

/// What a store is made of.
#[derive(Clone)]
pub struct Parts {
    /// The log it follows.
    pub log: Arc<dyn Log>,
    /// Where files are written.
    pub disk: Arc<dyn Disk>,
    /// The directory of the catalog, with the files in `files/` below it.
    pub dir: PathBuf,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Limits.
    pub config: Config,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("dir", &self.dir).finish_non_exhaustive()
    }
}

/// History, from the log to files; see the crate's head.
pub struct Store {
    pub(crate) files: Files,
    pub(crate) catalog: Catalog,
    pub(crate) state: Mutex<State>,
    /// Held while a damaged file is set aside.
    pub(crate) setting_aside: Mutex<()>,
    /// Files a purge replaced that somebody still reads.
    doomed_alive: Arc<AtomicUsize>,
    pub(crate) log: Arc<dyn Log>,
    clock: Arc<dyn Clock>,
    pub(crate) config: Config,
    pub(crate) following: Arc<Handle>,
    follower: Mutex<Follower>,
    cursor: watch::Sender<Sequence>,
    flush_wanted: AtomicBool,
    /// The table that names series for other tools lacks some.
    series_map_is_old: AtomicBool,
    /// A checkpoint that could not be written and is not tried at present.
    given_up: Mutex<Option<Job>>,
    names: OnceLock<SharedNames>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("dir", &self.files.dir()).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens or creates the store of a directory and cleans up after a crash. Blocks.
    ///
    /// # Errors
    /// When the catalog or the directory cannot be read, or is of a newer release.
    pub fn open(parts: Parts) -> Result<Arc<Self>, Error> {
        // SQLite opens its file itself, so its directory must exist beside any disk.
        let failed = |source| Error::Disk { action: "create", path: parts.dir.clone(), source };
        std::fs::create_dir_all(&parts.dir).map_err(failed)?;
        Self::open_at(parts, CatalogFile::default())
    }

    /// Opens the files, and the catalog wherever it is.
    fn open_at(parts: Parts, place: CatalogFile) -> Result<Arc<Self>, Error> {
        let Parts { log, disk, dir, clock, config } = parts;
        let failed = |source| Error::Disk { action: "create", path: dir.clone(), source };
        disk.create_dir_all(&dir.join("files")).map_err(failed)?;
        let files = Files::new(disk, dir.clone(), config.open_files_max);
        let (catalog, mut loaded) = Catalog::open(place.in_dir(&dir))?;
        let recovery = Recovery { files: &files, catalog: &catalog, log: &*log, config: &config };
        let aside = recovery.run(&mut loaded)?;

        let cursor = loaded.cursor;
        // Under a new catalog the log is read again from before the end of the files.
        let read = loaded.files.iter().map(|entry| entry.until).fold(cursor, Sequence::max);
        let published = loaded.files.into_iter().map(|entry| Arc::new(HistoryFile::new(entry)));
        let state = State {
            registry: loaded.registry,
            memory: Memory::default(),
            frozen: None,
            flushing: false,
            files: Arc::new(published.collect()),
            gaps: loaded.gaps,
            aside,
            new_gaps: Vec::new(),
            open_gap: None,
            purge_noted: false,
            purge_writing: false,
            purging: loaded.purging,
            doomed: HashSet::new(),
            unrepaired: loaded.unrepaired,
            counters: Default::default(),
            applied: cursor,
            ingest: loaded.ingest,
            cursor,
            flush_error: None,
        };
        let settings = Settings {
            name: HOLD,
            checkpoint_interval: config.flush_after,
            checkpoint_records: u64::MAX,
        };
        let start = Start { applied: cursor, read, floor: cursor };
        let follower = Follower::open(Arc::clone(&log), Arc::clone(&clock), settings, start);
        Ok(Arc::new(Self {
            files,
            catalog,
            state: Mutex::new(state),
            setting_aside: Mutex::default(),
            doomed_alive: Arc::default(),
            log,
            clock,
            config,
            following: Arc::clone(follower.handle()),
            follower: Mutex::new(follower),
            cursor: watch::Sender::new(cursor),
            flush_wanted: AtomicBool::new(false),
            series_map_is_old: AtomicBool::new(loaded.series_map_is_old),
            given_up: Mutex::default(),
            names: OnceLock::new(),
        }))
    }

    /// Says, before [`Store::run`], who else keeps topic strings; once.
    pub fn share_names(&self, names: SharedNames) {
        self.names.get_or_init(|| names);
    }

    /// When the newest record was taken in; it may be ahead of the clock.
    pub fn newest(&self) -> Timestamp {
        self.state.lock().ingest
    }

    /// Nodes below this number may be known here.
    pub fn nodes_end(&self) -> u32 {
        self.state.lock().registry.nodes_end()
    }

    /// Everything up to here can be queried.
    pub fn applied(&self) -> Sequence {
        self.following.applied()
    }

    /// Everything up to here is in published files; the log may forget it.
    pub fn cursor(&self) -> Sequence {
        *self.cursor.borrow()
    }

    /// Waits until everything committed before this call can be queried.
    pub async fn caught_up(&self) {
        self.following.caught_up().await;
    }

    /// Who follows the log for it.
    pub fn following(&self) -> &Arc<Handle> {
        &self.following
    }

    /// Has its threads give back memory that they do not use.
    pub fn give_back(&self, how: fn()) {
        self.catalog.give_back(how);
        self.following.give_back(how);
    }

    /// Has what is in memory written to files soon, without waiting for it.
    pub fn flush_soon(&self) {
        self.flush_wanted.store(true, std::sync::atomic::Ordering::Release);
        self.following.wake();
    }

    /// Writes everything committed before this call to files and waits for it.
    pub async fn flush(&self) {
        self.caught_up().await;
        let target = self.applied();
        self.flush_soon();
        drop(self.cursor.subscribe().wait_for(|cursor| *cursor >= target).await);
    }

    /// How it is doing.
    pub fn health(&self) -> Health {
        let state = self.state.lock();
        let frozen = state.frozen.as_deref();
        Health {
            cursor: state.cursor,
            applied: state.applied,
            pending_samples: state.memory.samples + frozen.map_or(0, |f| f.samples),
            pending_bytes: state.memory.bytes + frozen.map_or(0, |f| f.bytes),
            files: state.files.len(),
            file_bytes: state.files.iter().map(|file| file.entry.bytes).sum(),
            series: state.registry.series_count(),
            flush_error: state.flush_error.clone(),
            gaps: state.gaps.clone(),
            aside: state.aside.clone(),
            counters: Counters { units_refused: state.registry.units_refused(), ..state.counters },
        }
    }
}
