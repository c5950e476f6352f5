//! A namespace over simulated parts, and short words to use it by.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use fabric::sim::{SimDisk, SimLog};
use fabric::{Disk, Inbound, Rejection, Resolved};
use tokio::sync::watch;
use uns_model::query::{CurrentQuery, CurrentValue};
use uns_model::{Filter, ManualClock, OrgId, PublisherId, Reason, SeededRandom, Timestamp, Value};
use uns_namespace::{AllRights, Config, Gate, Namespace, Node, Parts};

pub(crate) const ORG: OrgId = OrgId::DEFAULT;
/// 2026-11-21T12:00:00Z.
pub(crate) const NOON: Timestamp = Timestamp(1_795_262_400_000_000_000);
pub(crate) const SECOND: i64 = 1_000_000_000;

pub(crate) struct World {
    pub(crate) log: Arc<SimLog>,
    pub(crate) disk: Arc<SimDisk>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) random: Arc<SeededRandom>,
    pub(crate) config: Config,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            log: Arc::new(SimLog::new()),
            disk: Arc::new(SimDisk::new(7, 1 << 30)),
            clock: Arc::new(ManualClock::new(NOON)),
            random: Arc::new(SeededRandom::new(7)),
            config: Config::default(),
        }
    }

    pub(crate) fn dir() -> PathBuf {
        PathBuf::from("/data/namespace")
    }

    pub(crate) fn try_open(&self) -> Result<Arc<Namespace>, uns_namespace::Error> {
        Namespace::open(Parts {
            log: self.log.clone(),
            disk: self.disk.clone(),
            dir: Self::dir(),
            clock: self.clock.clone(),
            random: self.random.clone(),
            config: self.config.clone(),
        })
    }

    pub(crate) fn open(&self) -> Arc<Namespace> {
        self.try_open().expect("simulated parts open")
    }

    /// The checkpoint files, oldest first.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let dir = Self::dir();
        let files = self.disk.list(&dir).expect("the directory exists");
        files.into_iter().map(|file| dir.join(file)).collect()
    }

    pub(crate) fn flip(&self, path: &Path, bit: u64) {
        assert!(self.disk.flip_bit(path, bit), "{} has bit {bit}", path.display());
    }
}

/// What a test publishes.
pub(crate) fn inbound(payload: &[u8]) -> Inbound<'_> {
    Inbound {
        publisher: PublisherId(0),
        qos: 1,
        retain: false,
        expiry: None,
        properties: &[],
        payload,
        ingest: NOON,
    }
}

/// The node of a topic that is one.
pub(crate) fn node(gate: &mut Gate, topic: &str) -> Arc<Node> {
    match gate.resolve(ORG, topic, &AllRights).expect("a valid topic") {
        Resolved::Node(node) => node,
        Resolved::Guarded | Resolved::Plain => unreachable!("{topic} is no plain topic"),
    }
}

/// Publishes and flushes; `Ok(false)` if it passed as plain MQTT.
pub(crate) fn publish_as(
    gate: &mut Gate,
    topic: &str,
    inbound: &Inbound<'_>,
) -> Result<bool, Rejection> {
    match gate.resolve(ORG, topic, &AllRights)? {
        Resolved::Node(node) => gate.admit(&node, inbound, &AllRights)?,
        Resolved::Guarded => return gate.check(topic, inbound).map(|_| false),
        Resolved::Plain => return Ok(false),
    };
    gate.flush(None).map(|()| true)
}

pub(crate) fn publish(gate: &mut Gate, topic: &str, payload: &str) -> Result<bool, Rejection> {
    publish_as(gate, topic, &inbound(payload.as_bytes()))
}

pub(crate) fn refusal(gate: &mut Gate, topic: &str, payload: &str) -> Option<Reason> {
    publish(gate, topic, payload).err().map(|reject| reject.reason)
}

pub(crate) fn current(space: &Namespace, filter: &str) -> Vec<CurrentValue> {
    space.catch_up().expect("the simulated log is readable");
    let filter = Filter::parse(filter).expect("a filter");
    let query = CurrentQuery { org: ORG, filter, after: None, limit: 100_000 };
    space.current(&query).expect("no token").items
}

/// The one value on a topic.
pub(crate) fn value(space: &Namespace, topic: &str) -> Option<Value> {
    let own = current(space, topic).into_iter().find(|value| value.field.is_none());
    own.map(|own| own.last.value)
}

/// [`Namespace::run`] on a thread, until dropped.
pub(crate) struct Running(Option<(watch::Sender<bool>, JoinHandle<()>)>);

impl Running {
    pub(crate) fn start(space: &Arc<Namespace>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let space = space.clone();
        let thread = std::thread::spawn(move || space.run(stopped).expect("it runs"));
        Self(Some((stop, thread)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.0.take() {
            stop.send_replace(true);
            thread.join().expect("the follower ends well");
        }
    }
}

/// Waits for a future that a [`Running`] namespace completes.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let limited = async { tokio::time::timeout(Duration::from_secs(20), future).await };
    runtime.expect("a runtime").block_on(limited).expect("it takes less than 20 s")
}
