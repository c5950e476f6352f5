//! One history from one seed: who acts in it, and whose turn it is.

mod auditor;
mod consumer;
mod damage;
mod damaging;
mod deleting;
mod deletion;
mod history;
mod hub;
mod power;
mod program;
mod publisher;
mod rest;
mod session;
mod watcher;

use std::fmt::Arguments;
use std::time::Duration;

use broker_codec::{QoS, Version};
use broker_engine::Key;

use crate::Fault;
use crate::audit::{Files, Journal, Promises};
use crate::choices::Choices;
use crate::client::Client;
use crate::machine::Machine;
use crate::program::Program;
use crate::trace::Trace;
use crate::watchers::watchers;
use crate::worker::Worker;
use damage::Damages;
use deletion::Deletion;

/// How many turns a history has before it comes to rest.
const TURNS: usize = 400;
/// The same where messages are large, so that there is time for retention to drop some.
const MANY_TURNS: usize = 1_000;

/// Then everything comes to rest every now and then: what nobody is owed any more need not be held.
const CALM: usize = 200;

/// By so many hours the clock is set back at most.
const HOURS_BACK_MAX: i64 = 3;

/// Who acts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Actor {
    /// A client connects or publishes.
    Publisher,
    /// A program inside the hub publishes a batch.
    Program,
    /// A program does the work of a durable consumer, or takes it over.
    Consumer,
    /// Somebody looks at what is retained, for a while.
    Watcher,
    /// A client answers, says something again, or loses its connection.
    Session,
    /// Bytes arrive at the hub: some, of one connection.
    Network,
    /// A core takes what is in its inbox, flushes and writes.
    Core,
    /// The log commits a frame, or its keeper takes a turn.
    Log,
    /// A fold takes a turn, or writes a checkpoint.
    Follower,
    /// History reads the log, or writes files.
    Historian,
    /// Time passes, or somebody sets the clock.
    Clock,
    /// An account loses a right, or a topic is deleted.
    Operator,
    /// The power fails, or the process is killed.
    Power,
    /// The disk is full, or has room again.
    DiskFull,
    /// Looks whether everything is as it should be.
    Auditor,
}

/// How often each is chosen, of so many turns.
const WEIGHTS: &[(Actor, usize)] = &[
    (Actor::Publisher, 32),
    (Actor::Program, 6),
    (Actor::Consumer, 8),
    (Actor::Watcher, 10),
    (Actor::Session, 30),
    (Actor::Network, 24),
    (Actor::Core, 36),
    (Actor::Log, 16),
    (Actor::Follower, 24),
    (Actor::Historian, 18),
    (Actor::Clock, 4),
    (Actor::Operator, 2),
    (Actor::Power, 2),
    (Actor::DiskFull, 2),
    (Actor::Auditor, 4),
];

/// A history.
pub(crate) struct World {
    machine: Machine,
    choices: Choices,
    clients: Vec<Client>,
    program: Program,
    /// The newest last.
    workers: Vec<Worker>,
    /// The newest epoch of all workers.
    claimed: u64,
    /// Connections whose clients are gone and which the hub has not noticed.
    ghosts: Vec<(usize, Key)>,
    /// Connections with output the network did not take.
    unwritten: Vec<(usize, Key)>,
    promises: Promises,
    journal: Journal,
    files: Files,
    /// By how many hours the clock was set back.
    hours_back: i64,
    /// Deletions that are under way.
    deletions: Vec<Deletion>,
    /// Whether the disk is full.
    is_full: bool,
    /// Whether all but the first client stay away.
    is_over: bool,
    /// Whether messages are so large that retention drops segments.
    is_heavy: bool,
    /// Whether the namespace seldom has a checkpoint.
    is_lazy: bool,
    /// Whether the power fails once a client is told that it has no session.
    fails_when_told: bool,
    /// What somebody has damaged.
    damages: Damages,
    pub(crate) trace: Trace,
}

impl World {
    pub(crate) fn new(seed: u64, fault: Option<Fault>) -> Result<Self, String> {
        let two = QoS::ExactlyOnce;
        let mut clients = vec![
            Client::new("a", Version::V5, &[("t/#", two), ("w/#", two)]),
            Client::new("b", Version::V311, &[("t/+/1", QoS::AtLeastOnce)]),
            Client::new("c", Version::V5, &[("t/#", two)]),
            Client::new("d", Version::V5, &[("$share/g/t/#", two)]),
            Client::new("e", Version::V311, &[("$share/g/t/#", two)]),
            Client::new("g", Version::V5, &[("$share/g/t/#", two)]).for_seconds(1),
            Client::new("f", Version::V5, &[("$share/g/t/#", two), ("t/#", two)]),
            Client::new("h", Version::V5, &[("t/#", two)]).for_seconds(1),
        ];
        if seed % 4 >= 2 {
            // What it has when the hub dies is for another member.
            let share = ("$share/g/t/#", QoS::AtLeastOnce);
            clients.push(Client::new("i", Version::V5, &[share]).for_seconds(0));
        }
        let promises = Promises::new(clients.len());
        clients.extend(watchers(fault));
        let mut machine = Machine::new(seed, fault)?;
        let mut journal = Journal::default();
        journal.restarted(&*machine.hub().log_as_read())?;
        Ok(Self {
            machine,
            choices: Choices::new(seed),
            program: Program::default(),
            workers: Vec::new(),
            claimed: 0,
            ghosts: Vec::new(),
            unwritten: Vec::new(),
            promises,
            clients,
            journal,
            files: Files::default(),
            hours_back: 0,
            deletions: Vec::new(),
            is_full: false,
            is_over: false,
            is_heavy: seed % 4 == 1,
            is_lazy: seed % 8 == 5,
            fails_when_told: false,
            damages: Damages::default(),
            trace: Trace::default(),
        })
    }

    /// Plays it all, lets everything come to rest, and asks the auditors; how many deliveries were
    /// right.
    pub(crate) fn play(&mut self) -> Result<usize, String> {
        for turn in 0..if self.is_heavy { MANY_TURNS } else { TURNS } {
            self.turn()?;
            if self.is_heavy && turn % CALM == CALM - 1 {
                self.rest()?;
            }
        }
        self.arrive_on_full_disk()?;
        self.rest()?;
        self.everybody_leaves()?;
        let right = self.judge()?;
        self.is_over = false;
        // Somebody new gets what is retained.
        self.clients.push(Client::new("new", Version::V5, &[("t/+/kept", QoS::AtLeastOnce)]));
        self.rest()?;
        let new = self.clients.pop().expect("it was pushed");
        Promises::judge_retained(&new.kept, &self.journal.newest_retained()).map(|()| right)
    }

    /// How many records were committed, and how many of them retention dropped.
    pub(crate) fn records(&self) -> (usize, usize) {
        (self.journal.entries().len(), self.journal.dropped)
    }

    /// How often the hub was killed.
    pub(crate) fn kills(&self) -> u32 {
        self.promises.kills
    }

    fn note(&mut self, actor: Actor, what: Arguments<'_>) {
        self.trace.note(self.machine.monotonic(), &format!("{actor:?}"), what);
    }

    fn turn(&mut self) -> Result<(), String> {
        self.machine.clock.advance(Duration::from_millis(1));
        match self.choose() {
            Actor::Publisher => self.publisher_turn(),
            Actor::Program => self.program_turn()?,
            Actor::Consumer => self.consumer_turn()?,
            Actor::Watcher => self.watcher_turn(),
            Actor::Session => self.session_turn(),
            Actor::Network => self.network_turn(),
            Actor::Core => {
                let core = self.choices.below(crate::machine::CORES);
                self.core_turn(core)?;
            }
            Actor::Log => self.log_turn()?,
            Actor::Follower => self.follower_turn()?,
            Actor::Historian => self.historian_turn()?,
            Actor::Clock if self.choices.one_in(5) => self.set_clock(),
            Actor::Clock => self.pass(self.choices.pick(&[200, 200, 1_500])),
            Actor::Operator => self.operator_turn()?,
            Actor::Power => self.power_turn()?,
            Actor::DiskFull => self.disk_turn(),
            Actor::Auditor => {
                let judged = self.auditor_turn();
                // The look itself may change the disk, as it opens the catalog, and fail with the power.
                if self.machine.was_cut() {
                    return self.restart(crate::machine::End::Power);
                }
                judged?;
            }
        }
        if self.machine.was_cut() {
            self.restart(crate::machine::End::Power)?;
        }
        Ok(())
    }

    fn choose(&self) -> Actor {
        let all: usize = WEIGHTS.iter().map(|(_, weight)| weight).sum();
        let mut left = self.choices.below(all);
        for (actor, weight) in WEIGHTS {
            match left.checked_sub(*weight) {
                None => return *actor,
                Some(rest) => left = rest,
            }
        }
        unreachable!("the weights add up to `all`")
    }

    /// Somebody sets the clock back by an hour, or right again.
    fn set_clock(&mut self) {
        let is_back = self.hours_back > 0 && self.choices.one_in(2);
        let hours = if is_back || self.hours_back >= HOURS_BACK_MAX { 1 } else { -1 };
        self.hours_back -= hours;
        self.machine.set_clock(hours * 3_600);
        self.note(Actor::Clock, format_args!("is set by {hours} hours"));
    }

    /// Time passes for everybody.
    fn pass(&mut self, millis: u64) {
        self.machine.clock.advance(Duration::from_millis(millis));
        self.machine.hub().tick();
        self.note(Actor::Clock, format_args!("{millis} ms pass"));
    }
}

/// Whether a client is the one behind a connection.
fn is_at(client: &Client, core: usize, key: Key) -> bool {
    client.line.as_ref().is_some_and(|line| (line.core, line.key) == (core, key))
}
