//! The hub while it runs: every part of it is the one that ships, and waits for its turn.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use broker_engine::{Config, Key, Peer, Received};
use broker_ledger::{Ledger, Outlet, Steps, Topics};
use broker_server::stepped::{self, Stepped};
use fabric::Log;
use fabric::sim::SimDisk;
use fabric_local::{LocalLog, LogConfig, LogSteps};
use uns_model::{ManualClock, SeededRandom, TopicId};
use uns_namespace::{Namespace, PayloadReader};

use super::accounts::{Accounts, Forbidden};
use super::faulty_clock::{of_the_hub, of_the_log};
use super::faulty_disk::{LateSync, unsynced};
use super::history::History;
use super::watched_disk::WatchedDisk;
use crate::Fault;
use crate::faulty_log::{FaultyLog, User};
use crate::faulty_outlet::FaultyOutlet;

/// How many cores the hub has.
pub(crate) const CORES: usize = 2;
/// So small that a long history fills some, and larger than whatever may come in one batch, which is
/// all that everybody has under way, with copies for those who are owed it twice.
const SEGMENT_BYTES: u64 = 128 << 10;
/// What the log keeps, unless somebody needs more of it: so little that every segment goes that nobody
/// holds.
const RETENTION_AGE: Duration = Duration::from_millis(1);
/// Every other seed has so few nodes that some topics are plain MQTT.
const FEW_NODES: u32 = 6;

/// Where the log is.
pub(crate) const LOG_DIR: &str = "/data";
/// Where the checkpoints are.
pub(crate) const CHECKPOINT_DIRS: [&str; 2] = ["/namespace", "/sessions"];

/// What a hub is started with.
pub(super) struct Boot {
    pub(super) disk: SimDisk,
    /// The same, as history has it.
    pub(super) history_disk: Arc<WatchedDisk>,
    /// By what name SQLite reaches it.
    pub(super) vfs: String,
    pub(super) clock: Arc<ManualClock>,
    pub(super) seed: u64,
    pub(super) forbidden: Forbidden,
    pub(super) fault: Option<Fault>,
}

/// A hub.
pub(crate) struct Running {
    pub(crate) log: Arc<LocalLog>,
    pub(crate) history: History,
    pub(crate) namespace: Arc<Namespace>,
    pub(crate) server: Stepped,
    pub(crate) ledger: Arc<Ledger>,
    ledger_steps: Steps,
    log_steps: LogSteps,
    fault: Option<Fault>,
    /// Syncs frames late, if that is the mistake.
    late: Option<LateSync>,
    outlet: Box<dyn Outlet>,
}

impl Running {
    /// Recovers what is on the disk, in the order of the binary.
    pub(super) fn open(boot: Boot) -> Result<Self, Box<dyn Error>> {
        let Boot { disk, history_disk, vfs, clock, seed, forbidden, fault } = boot;
        let random = Arc::new(SeededRandom::new(seed));
        let log_clock = of_the_log(&clock, fault);
        let clock = of_the_hub(&clock, fault);
        let (log, log_steps) = LocalLog::open_stepped(
            Arc::new(disk.clone()),
            Path::new(LOG_DIR),
            log_config(),
            log_clock,
            &*random,
        )?;
        let late = (fault == Some(Fault::AnswersBeforeSync))
            .then(|| LateSync::new(disk.clone(), Path::new(LOG_DIR)));
        let disk = unsynced(Arc::new(disk), fault, Fault::CheckpointsAreNotSynced);
        let [namespace_dir, sessions_dir] = CHECKPOINT_DIRS.map(PathBuf::from);
        let seen_by = |user| FaultyLog::new(Arc::clone(&log) as _, user, fault);
        let history =
            History::open(seen_by(User::Historian), history_disk, &vfs, Arc::clone(&clock))?;
        let namespace = Namespace::open(uns_namespace::Parts {
            log: seen_by(User::Namespace),
            disk: Arc::clone(&disk),
            dir: namespace_dir,
            clock: Arc::clone(&clock),
            random: Arc::clone(&random) as _,
            config: namespace_config(seed),
        })?;
        let history = history.share_names(&namespace);
        let ledger = Ledger::open(broker_ledger::Parts {
            log: seen_by(User::Ledger),
            disk,
            dir: sessions_dir,
            clock: Arc::clone(&clock),
            topics: Arc::new(Names(Arc::clone(&namespace))),
            config: broker_ledger::Config { feed_count_max: 8, ..broker_ledger::Config::default() },
        })?;
        let cores = u16::try_from(CORES).expect("there are few cores");
        let server = Stepped::new(stepped::Parts {
            namespace: Arc::clone(&namespace),
            ledger: Arc::clone(&ledger),
            authenticate: Box::new(Accounts { forbidden, fault }),
            clock,
            random,
            config: Config { inflight_max: 8, receive_maximum: 16, ..Config::default() },
            cores,
        });
        let outlet = Box::new(FaultyOutlet::new(server.outlet(), fault, &*log));
        let ledger_steps = ledger.steps();
        Ok(Self {
            log,
            history,
            namespace,
            server,
            ledger,
            ledger_steps,
            log_steps,
            fault,
            late,
            outlet,
        })
    }

    /// The log as auditors read it.
    pub(crate) fn log_as_read(&self) -> Arc<dyn Log> {
        FaultyLog::new(Arc::clone(&self.log) as _, User::Auditor, self.fault)
    }

    /// One frame; `false` when nothing waited.
    pub(crate) fn commit(&mut self) -> bool {
        let log = &mut self.log_steps;
        match &self.late {
            Some(late) => late.commit(|| log.commit()),
            None => log.commit(),
        }
    }

    /// A turn of the log's keeper.
    pub(crate) fn keep_log(&mut self) -> Duration {
        self.log_steps.keep()
    }

    /// A turn of the namespace; whether there is more to do at once.
    pub(crate) fn step_namespace(&mut self) -> bool {
        self.namespace.step()
    }

    /// A turn of the ledger; whether there is more to do at once.
    pub(crate) fn step_ledger(&mut self) -> bool {
        self.ledger.step(&mut self.ledger_steps, &*self.outlet)
    }

    /// A connection is there.
    pub(crate) fn open_connection(&mut self, core: usize) -> Key {
        let peer = Peer { anonymous_allowed: true, ..Peer::default() };
        let now = self.server.now();
        self.server.engine(core).open(now, peer).expect("a core takes many connections")
    }

    /// How many of these bytes the engine used.
    pub(crate) fn receive(&mut self, core: usize, key: Key, bytes: &[u8]) -> usize {
        let now = self.server.now();
        match self.server.engine(core).receive(now, key, bytes) {
            Received::More(used) | Received::Paused(used) => used,
            Received::Done => bytes.len(),
        }
    }

    /// Time passes for the engines.
    pub(crate) fn tick(&mut self) {
        let now = self.server.now();
        (0..CORES).for_each(|core| self.server.engine(core).tick(now));
    }

    /// The last sequence that is durable.
    pub(crate) fn committed(&self) -> uns_model::Sequence {
        self.log.committed()
    }
}

fn log_config() -> LogConfig {
    LogConfig {
        segment_bytes: SEGMENT_BYTES,
        memory_bytes: 32 << 10,
        retention_age: Some(RETENTION_AGE),
        retention_bytes: SEGMENT_BYTES,
        retention_percent: 100,
        hold_percent: 100,
        retention_grace: Duration::ZERO,
        upgrade: Some(Arc::new(PayloadReader::new(&uns_namespace::Config::default()))),
        ..LogConfig::default()
    }
}

fn namespace_config(seed: u64) -> uns_namespace::Config {
    let all = uns_namespace::Config::default();
    match seed.is_multiple_of(2) {
        true => all,
        false => uns_namespace::Config { brownfield_nodes_max: FEW_NODES, ..all },
    }
}

/// The topics of nodes, for the ledger.
struct Names(Arc<Namespace>);

impl Topics for Names {
    fn topic(&self, id: TopicId) -> Option<Arc<str>> {
        self.0.topic(id)
    }
}
