//! The namespace as one object: what gates, fold and queries share.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use fabric::checkpoint::Checkpoints;
use fabric::follow::{Follower, Handle, Settings, Start};
use fabric::{Disk, Log, Rejection};
use parking_lot::{Mutex, RwLock};
use uns_model::{Clock, NodeNo, OrgId, Random, Reason, Sequence, TopicId};

use crate::checkpoint::{self, Loaded};
use crate::consumers::Consumers;
use crate::registry::{Publishers, Registry, Underway};
use crate::rejections::Rejections;
use crate::rule::{RuleBook, Rules};
use crate::view::{
    Clocks, FoldCounts, Retained, RetainedChange, RetainedSink, Scratch, Sink, View,
};
use crate::{Config, Error};

/// What a namespace is made of.
pub struct Parts {
    /// The data log.
    pub log: Arc<dyn Log>,
    /// Where checkpoints are kept.
    pub disk: Arc<dyn Disk>,
    /// Their directory; made if missing.
    pub dir: PathBuf,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance, for node ids.
    pub random: Arc<dyn Random>,
    /// Settings.
    pub config: Config,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("dir", &self.dir).finish_non_exhaustive()
    }
}

/// The namespace of one data directory.
pub struct Namespace {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) config: Config,
    pub(crate) registry: Registry,
    pub(crate) publishers: Arc<Publishers>,
    /// New nodes whose record is not committed yet.
    pub(crate) underway: Arc<Underway>,
    /// How often nodes were deleted. Gates hold it to read while they append, a deletion to write: what
    /// comes behind a deletion in the log knows of it.
    pub(crate) deletions: RwLock<u64>,
    pub(crate) rules: RuleBook,
    pub(crate) consumers: Consumers,
    pub(crate) gates: Mutex<Vec<Arc<Rejections>>>,
    pub(crate) gates_gone: Rejections,
    pub(crate) view: RwLock<View>,
    pub(crate) following: Arc<Handle>,
    pub(crate) follower: Mutex<Follower>,
    /// The fold's buffers; locked by whoever has the follower.
    pub(crate) scratch: Mutex<Scratch>,
    pub(crate) checkpoints: Mutex<Checkpoints>,
    /// Whether no node is minted for lack of memory.
    pub(crate) memory_short: AtomicBool,
    /// Memory that may be taken for a while, as for the bytes of a checkpoint.
    pub(crate) memory_room: AtomicU64,
    /// Beside the lock, which is held while a checkpoint is written.
    pub(crate) damaged_checkpoints: u64,
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Namespace").field("applied", &self.applied()).finish_non_exhaustive()
    }
}

/// Figures for metrics and people.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// Living nodes, ahead of commit.
    pub nodes: u32,
    /// Those of them outside `uns/v1/`.
    pub brownfield_nodes: u32,
    /// Committed retained messages.
    pub retained: usize,
    /// `uns_rejected_total{reason}`.
    pub rejected: [(Reason, u64); Reason::ALL.len()],
    /// Publishes outside our prefixes that passed as plain MQTT, beyond the quota or the limits of
    /// brownfield nodes (NS-1).
    pub plain_brownfield: u64,
    /// What the fold met.
    pub fold: FoldCounts,
    /// Publishers whose clocks cannot be right, as far as they are remembered.
    pub clock_violators: usize,
    /// How many of them were forgotten for others.
    pub clock_violators_forgotten: u64,
    /// The last sequence applied.
    pub applied: Sequence,
    /// Checkpoints found damaged at start.
    pub damaged_checkpoints: u64,
    /// Publishers whose introduction the log has not taken yet.
    pub unnamed_publishers: usize,
}

impl Namespace {
    /// The name of its hold on the log.
    pub(crate) const HOLD: &str = "namespace";

    /// Loads the newest usable checkpoint and replays the log up to its committed end.
    ///
    /// # Errors
    /// When the directory or the log cannot be read, or a checkpoint is of a newer release. Damage
    /// is no error: an older checkpoint or the whole log takes its place, with a warning.
    pub fn open(parts: Parts) -> Result<Arc<Self>, Error> {
        let Parts { log, disk, dir, clock, random, config } = parts;
        let mut checkpoints = Checkpoints::open(disk, dir, checkpoint::FORMAT)?;
        let Loaded { registry, mut view, next_publisher } =
            checkpoint::load(&mut checkpoints, config.names)?;
        view.fields_max = config.fields.fields_max;
        let settings = Settings {
            name: Self::HOLD,
            checkpoint_interval: config.checkpoint_interval,
            checkpoint_records: config.checkpoint_records,
        };
        let (applied, read) = (view.applied, view.known.until());
        let start = Start { applied, read, floor: checkpoints.floor() };
        let follower = Follower::open(Arc::clone(&log), Arc::clone(&clock), settings, start);
        let space = Arc::new(Self {
            log,
            clock,
            random,
            config,
            registry,
            publishers: Arc::new(Publishers::starting_at(next_publisher)),
            underway: Arc::default(),
            deletions: RwLock::default(),
            rules: RuleBook::default(),
            consumers: Consumers::default(),
            gates: Mutex::default(),
            gates_gone: Rejections::default(),
            following: Arc::clone(follower.handle()),
            scratch: Mutex::default(),
            view: RwLock::new(view),
            follower: Mutex::new(follower),
            memory_short: AtomicBool::new(false),
            memory_room: AtomicU64::new(u64::MAX),
            damaged_checkpoints: checkpoints.damaged(),
            checkpoints: Mutex::new(checkpoints),
        });
        space.catch_up()?;
        let mut view = space.view.write();
        (view.counts, view.clocks) = (FoldCounts::default(), Clocks::default());
        drop(view);
        Ok(space)
    }

    /// Puts other rules in place: those of contracts. Every publish that is admitted after this returns
    /// is judged by them.
    pub fn set_rules(&self, rules: Arc<dyn Rules>) {
        self.rules.set(rules, &self.registry);
    }

    /// Says whether memory is short: while it is, no topic becomes a node.
    pub fn set_memory_short(&self, short: bool) {
        self.memory_short.store(short, Ordering::Relaxed);
    }

    /// Says how much memory may be taken for a while: a checkpoint that does not fit waits.
    pub fn set_memory_room(&self, bytes: u64) {
        self.memory_room.store(bytes, Ordering::Relaxed);
    }

    /// Numbers of nodes and topics below this one are taken, although the namespace may not know
    /// by whom: others keep what the log and the checkpoints here have lost. Wants to be said before
    /// the first gate.
    pub fn reserve_numbers(&self, below: u32) {
        // A topic comes with a node, so topics have no higher numbers.
        self.registry.reserve_below(below, below);
    }

    /// Begins the next epoch of a durable consumer: from now on no mark of an earlier one is admitted.
    /// Those admitted before may still be on their way into the log.
    ///
    /// # Errors
    /// `quota_exceeded`: the organisation has as many consumers as it may.
    pub fn claim_consumer(&self, org: OrgId, consumer: &str) -> Result<u64, Rejection> {
        self.consumers.claim(org, consumer)
    }

    /// Learns the epoch of a durable consumer that is in the log, before anybody publishes.
    pub fn restore_consumer(&self, org: OrgId, consumer: &str, epoch: u64) {
        self.consumers.restore(org, consumer, epoch);
    }

    /// Learns the highest epoch of an organisation's consumers that ended, before anybody publishes.
    pub fn restore_ended(&self, org: OrgId, epoch: u64) {
        self.consumers.restore_floor(org, epoch);
    }

    /// The last sequence the view contains.
    pub fn applied(&self) -> Sequence {
        self.following.applied()
    }

    /// Waits until everything committed on arrival is applied, so that a client reads its own
    /// writes. Needs [`Namespace::run`] on its thread.
    pub async fn caught_up(&self) {
        self.following.caught_up().await;
    }

    /// Who follows the log for it.
    pub fn following(&self) -> &Arc<Handle> {
        &self.following
    }

    /// The topic string behind an interned id: known for every record of the log.
    pub fn topic(&self, topic: TopicId) -> Option<Arc<str>> {
        self.registry.topic(topic)
    }

    /// The string of a topic that has or had a node, as the registry keeps it: for others who
    /// keep it as well.
    pub fn shared_name(&self, org: OrgId, topic: &str) -> Option<Arc<str>> {
        self.registry.find(org, topic).map(|node| node.name.clone())
    }

    /// The node that lives on a topic.
    pub fn node_of_topic(&self, org: OrgId, topic: &str) -> Option<NodeNo> {
        self.view.read().node_of_topic(org, topic).map(|entry| entry.node.number)
    }

    /// The topic a node lives on, or lived on before its deletion.
    pub fn topic_of_node(&self, node: NodeNo) -> Option<Arc<str>> {
        self.view.read().entry(node).map(|entry| entry.node.name.clone())
    }

    /// A node by its number, also after its deletion.
    pub fn node(&self, number: NodeNo) -> Option<Arc<crate::Node>> {
        self.view.read().entry(number).map(|entry| Arc::clone(&entry.node))
    }

    /// Gives every committed retained message that has not expired, to seed the broker at start.
    pub fn retained(&self, each: &mut dyn FnMut(Retained<'_>)) {
        let now = self.clock.now();
        let view = self.view.read();
        view.entries.iter().filter_map(|entry| view.retained_of(entry, now)).for_each(each);
    }

    /// From now on this one is told what is retained, and first what is by now.
    pub fn tell_retained(&self, sink: Arc<dyn RetainedSink>) {
        let now = self.clock.now();
        let mut view = self.view.write();
        view.sink = Sink::new(sink);
        let mut counts = BTreeMap::<OrgId, usize>::new();
        for entry in view.entries.iter().filter(|entry| entry.retained.is_some()) {
            *counts.entry(entry.node.org).or_default() += 1;
        }
        counts.into_iter().for_each(|(org, count)| view.sink.expect(org, count));
        for retained in view.entries.iter().filter_map(|entry| view.retained_of(entry, now)) {
            let Retained { org, name, kept, ingest } = retained;
            let ingest = ingest.unwrap_or_default();
            view.sink.changed(RetainedChange { org, name, kept: Some(kept), ingest });
        }
        view.sink.applied(view.applied);
    }

    /// Figures for metrics and people.
    pub fn stats(&self) -> Stats {
        let mut sums = [0; Reason::ALL.len()];
        self.gates_gone.add_to(&mut sums);
        let mut plain_brownfield = self.gates_gone.plain_brownfield();
        for gate in self.gates.lock().iter() {
            gate.add_to(&mut sums);
            plain_brownfield += gate.plain_brownfield();
        }
        let mut counts = sums.into_iter();
        let (nodes, brownfield_nodes) = self.registry.living();
        let view = self.view.read();
        let (clock_violators, clock_violators_forgotten) = view.clocks.counts();
        Stats {
            nodes,
            brownfield_nodes,
            retained: view.retained,
            rejected: Reason::ALL.map(|reason| (reason, counts.next().unwrap_or_default())),
            plain_brownfield,
            fold: view.counts,
            clock_violators,
            clock_violators_forgotten,
            applied: view.applied,
            damaged_checkpoints: self.damaged_checkpoints,
            unnamed_publishers: self.publishers.unnamed(),
        }
    }
}
