//! The log: queue, appender, keeper, tails.

mod appender;
mod ingest_clock;
mod inner;
mod keeper;
mod keeper_signal;
mod queue;
mod recovery;
mod retention_clock;
mod segments;
mod steps;
mod tail;
mod trouble;
mod view;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use fabric::{
    Batch, Damage, Disk, Error as LogError, FrameKey, GapReason, Health, Log, OnCommit, Tail,
    TailItem,
};
use parking_lot::Mutex;
use tokio::sync::watch;
use uns_model::{Clock, Random, Sequence};

use crate::config::SEQUENCE_JUMP;
use crate::{Error, LogConfig, OnDamage};
use inner::Shared;
pub use steps::LogSteps;
use tail::LocalTail;

/// One stream's log in one directory.
///
/// Dropping it closes it: what was queued is committed, both threads end.
#[derive(Debug)]
pub struct LocalLog {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl LocalLog {
    /// Opens the log in `dir`, or makes a new one, and recovers what a crash left.
    ///
    /// `random` gives a new log its key. On a full disk it opens, reads, and refuses to append.
    ///
    /// # Errors
    /// When a file cannot be read or a torn tail cannot be cut, when a newer release wrote it, and
    /// with [`OnDamage::Refuse`] when it is damaged.
    pub fn open(
        disk: Arc<dyn Disk>,
        dir: &Path,
        config: LogConfig,
        clock: Arc<dyn Clock>,
        random: &dyn Random,
    ) -> Result<Arc<Self>, Error> {
        let (log, LogSteps { appender, keeper }) =
            Self::open_stepped(disk, dir, config, clock, random)?;
        log.spawn("log-appender", move || appender.run())?;
        log.spawn("log-keeper", move || keeper.run())?;
        Ok(log)
    }

    /// In place of [`LocalLog::open`], for simulations: the log has no threads, and the caller takes
    /// their turns.
    ///
    /// # Errors
    /// Those of [`LocalLog::open`].
    pub fn open_stepped(
        disk: Arc<dyn Disk>,
        dir: &Path,
        config: LogConfig,
        clock: Arc<dyn Clock>,
        random: &dyn Random,
    ) -> Result<(Arc<Self>, LogSteps), Error> {
        disk.create_dir_all(dir).map_err(Error::io("create", dir))?;
        // Before anything is read, let alone cut: what another one writes looks like a torn tail.
        let lock = disk.lock_dir(dir).map_err(Error::in_use(dir))?;
        let keys = (config.known_key, || FrameKey(random.u64()));
        let recovered = recovery::recover(&*disk, dir, keys)?;
        let place = inner::Place { disk, dir: dir.to_path_buf(), config, clock, lock };
        let (shared, state) = Shared::new(place, recovered)?;
        let shared = Arc::new(shared);
        if shared.config.on_damage == OnDamage::Refuse {
            let damage = verify(&shared)?;
            if !damage.is_empty() {
                return Err(Error::Damaged { path: dir.to_path_buf(), damage });
            }
        }
        let keeper = keeper::Keeper::new(Arc::clone(&shared));
        let log = Self { shared: Arc::clone(&shared), threads: Mutex::new(Vec::new()) };
        let appender = appender::Appender::new(shared, state);
        Ok((Arc::new(log), LogSteps { appender, keeper }))
    }

    fn spawn(&self, name: &'static str, run: impl FnOnce() + Send + 'static) -> Result<(), Error> {
        let thread = Builder::new().name(name.to_owned()).spawn(move || {
            let _guard = AbortOnPanic(name);
            run();
        });
        let thread = thread.map_err(|source| Error::Thread { name, source })?;
        self.threads.lock().push(thread);
        Ok(())
    }

    /// Commits what is queued, marks the clean end and stops both threads.
    pub fn close(&self) {
        self.shared.queue.close();
        self.shared.segments.keeper.close();
        for thread in self.threads.lock().drain(..) {
            // A panic of theirs has ended the process already.
            let _joined = thread.join();
        }
    }

    /// What tells this log from others.
    pub fn key(&self) -> FrameKey {
        self.shared.segments.key
    }

    /// Keeps so many bytes of the newest frames in memory from now on, at most as many as the
    /// settings say; readers get the others from disk.
    pub fn set_memory(&self, bytes: usize) {
        self.shared
            .segments
            .view
            .write()
            .set_recent_limit(bytes.min(self.shared.config.memory_bytes));
    }

    /// Has both threads give back memory that they do not use, also while nothing is appended.
    pub fn give_back(&self, how: fn()) {
        self.shared.queue.give_back(how);
        self.shared.segments.keeper.give_back(how);
    }

    /// Reads the whole log from disk and returns every damaged range.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn verify(&self) -> Result<Vec<Damage>, Error> {
        verify(&self.shared)
    }
}

fn verify(shared: &Arc<Shared>) -> Result<Vec<Damage>, Error> {
    let mut tail = LocalTail::from_disk(Arc::clone(shared));
    let mut damage = Vec::new();
    while let Some(item) = tail.next().map_err(Error::Log)? {
        if let TailItem::Gap { after, until, reason } = item
            && reason != GapReason::Retention
        {
            let segment = shared.segments.view.read().segment_after(after);
            damage.push(Damage { after, until, reason, segment });
        }
    }
    Ok(damage)
}

impl Drop for LocalLog {
    fn drop(&mut self) {
        self.close();
    }
}

/// A panic in the log ends the process: a hub that half works would acknowledge and lose.
struct AbortOnPanic(&'static str);

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!(thread = self.0, "the log panicked, the process ends");
            std::process::abort();
        }
    }
}

impl Log for LocalLog {
    fn append(&self, batch: Batch, on_commit: Option<OnCommit>) -> Result<(), LogError> {
        let shared = &self.shared;
        let (bytes, records) = (batch.bytes_len(), batch.len());
        if bytes > shared.limits.batch_bytes || records as u64 > SEQUENCE_JUMP {
            return Err(LogError::TooLarge { bytes, records });
        }
        if let Some(reason) = shared.read_only.get() {
            return Err(LogError::ReadOnly { reason: Arc::clone(reason) });
        }
        if shared.is_disk_full() {
            return shared.refuse_on_full_disk(records, on_commit.is_some());
        }
        if batch.is_empty() && on_commit.is_none() {
            return Ok(());
        }
        shared.queue.push(batch, on_commit).inspect_err(|_| shared.counters.refuse_full())
    }

    fn committed(&self) -> Sequence {
        self.shared.committed()
    }

    fn oldest(&self) -> Sequence {
        self.shared.segments.view.read().oldest()
    }

    fn watch(&self) -> watch::Receiver<Sequence> {
        self.shared.watch.subscribe()
    }

    fn tail(&self, after: Sequence) -> Box<dyn Tail> {
        Box::new(LocalTail::new(Arc::clone(&self.shared), after))
    }

    fn hold(&self, name: &str, at: Sequence) {
        self.shared.hold(name, at);
    }

    fn begin_after(&self, fold: &str, at: Sequence) {
        self.shared.begin_after(fold, at);
    }

    fn health(&self) -> Health {
        self.shared.health()
    }
}
