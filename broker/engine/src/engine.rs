//! One core of the broker: events in, effects out. It owns its connections and touches no socket,
//! thread or clock.

mod acknowledged;
mod acks;
mod ahead;
mod answer;
mod authenticate;
mod close;
mod connect;
mod deliver;
mod end_session;
mod exchange;
mod fell_short;
mod figures;
mod inspect;
mod leaving;
mod oversize;
mod pass_on;
mod permit;
mod publish;
mod qos2;
mod receive;
mod remote;
mod retain;
mod session;
mod shed;
mod strangers;
mod subscribe;
mod throttle;
mod timers;
mod trace;
mod unconfirmed;
mod unfolded;
mod walks;
mod wills;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use ahash::RandomState;
use broker_codec::ReasonCode;
use fabric::Rejection;
use uns_model::{Sequence, SessionNo, Timestamp};

use crate::alone::Alone;
use crate::batch::Batch;
use crate::broker::Broker;
use crate::connection::Connection;
use crate::dead::LetterNo;
use crate::failed::RefusedLogin;
use crate::forgive::Forgiven;
use crate::gate::{Gate, Placed};
use crate::key::{Address, CoreNo, Key, Slots};
use crate::login::OwnedLogin;
use crate::outbound::Desk;
use crate::oversize::Oversize;
use crate::peer::Peer;
use crate::policy::Policies;
use crate::route::{Routes, Shares};
use crate::shortfall::FellShort;
use crate::stats::Stats;
use crate::told::Untold;
use crate::trace::Tracer;
use acks::Acks;
use connect::Claim;
use leaving::Leaving;
pub use pass_on::LeftBehind;
pub use publish::{InProcess, Offer, Progress, Together};
pub use receive::Received;
pub(crate) use unconfirmed::Unconfirmed;
use unfolded::Unfolded;
pub use wills::DueWill;

/// The time of an event.
#[derive(Clone, Copy, Debug, Default)]
pub struct Now {
    /// Monotonic, for timers and expiry.
    pub monotonic: Duration,
    /// Wall time, for ingest times.
    pub wall: Timestamp,
}

/// A word from one core to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// This connection's client id was taken over; say so to the new holder when it is gone.
    TakeOver {
        /// Who has to go.
        old: Key,
        /// Who takes its place.
        new: Address,
    },
    /// The old holder of this connection's client id is gone.
    TakenOver {
        /// Who may go on.
        new: Key,
    },
    /// Somebody drained: paused publishers may try again.
    Resume,
    /// The fold that keeps the retained messages has moved.
    Folded,
    /// A dead letter that an answer waits for is on disk, or will not be.
    Kept(LetterNo, bool),
}

/// How a batch of in-process publishes ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply<R> {
    /// The token it was offered under.
    pub token: u64,
    /// For each item its place in what was committed and its refused rows, or why it was refused.
    pub taken: Vec<Placed>,
    /// What the log said of all that have a place; `None` if none has.
    pub outcome: Option<Result<R, Rejection>>,
}

/// A session whose connection the log knows: from here on the ledger may feed it.
#[derive(Clone, Debug)]
pub struct Attached<R> {
    /// Which connection.
    pub key: Key,
    /// Its session.
    pub session: SessionNo,
    /// The commit that says so; `None` if nothing had to be said, or could be.
    pub receipt: Option<R>,
}

/// What the embedder has to do after events.
#[derive(Debug)]
pub struct Effects<R> {
    /// Connections whose output has bytes to write, or that are to be closed after that.
    pub dirty: Vec<Key>,
    /// Words for other cores.
    pub signals: Vec<(CoreNo, Signal)>,
    /// Connections to be read again, their unread bytes first.
    pub resumed: Vec<Key>,
    /// Outcomes of in-process publishes.
    pub replies: Vec<Reply<R>>,
    /// Sessions the ledger may feed.
    pub attached: Vec<Attached<R>>,
    /// Sessions it must not feed any more.
    pub detached: Vec<(SessionNo, Key)>,
    /// What ended sessions left to their shares and the log did not take: to be offered again.
    pub not_passed_on: Vec<(SessionNo, Sequence)>,
    /// Log-ins to verify off the core; the answers come back with [`Engine::verified`].
    pub asked: Vec<(Key, OwnedLogin)>,
    /// Log-ins that failed, to be told to the operators.
    pub refused: Vec<RefusedLogin>,
    /// Faults that were passed over, to be told to them as well.
    pub forgiven: Vec<Forgiven>,
    /// Packets over the limit, to be told to them as well.
    pub oversize: Vec<Oversize>,
    /// Refusals that their clients cannot be told, to be told to them as well.
    pub untold: Vec<Untold>,
    /// Clients that lose messages since they are slow, to be told to them as well.
    pub fell_short: Vec<FellShort>,
    /// Addresses that began TLS on a listener without, and the listener.
    pub began_tls: Vec<(Box<str>, Box<str>)>,
}

impl<R> Default for Effects<R> {
    fn default() -> Self {
        Self {
            dirty: vec![],
            signals: vec![],
            resumed: vec![],
            replies: vec![],
            attached: vec![],
            detached: vec![],
            not_passed_on: vec![],
            asked: vec![],
            refused: vec![],
            forgiven: vec![],
            oversize: vec![],
            untold: vec![],
            fell_short: vec![],
            began_tls: vec![],
        }
    }
}

/// Deliveries to one other core.
#[derive(Debug, Default)]
struct Outbox {
    batch: Batch,
    /// Counts batches, so that routes know whether their targets are noted in this one.
    number: u64,
}

/// One core.
#[derive(Debug)]
pub struct Engine<G: Gate> {
    core: CoreNo,
    broker: Arc<Broker>,
    gate: G,
    connections: Slots<Connection<G::Node>>,
    routes: Routes<G::Node>,
    policies: Policies,
    shares: Shares,
    desk: Desk,
    outboxes: Vec<Outbox>,
    acks: Acks<G::Receipt, G::Node>,
    /// Connections that wait for the holder of their client id on another core to go.
    claims: HashMap<Key, Claim, RandomState>,
    /// Connections of durable sessions that are gone, and whose publishes the log has not decided.
    leaving: HashMap<Key, Leaving, RandomState>,
    /// Connections that wait for room somewhere.
    paused: Vec<Key>,
    /// Whether the paused may try again.
    resume: bool,
    /// Connections beyond their rate, and when they may go on.
    throttled: Vec<(Duration, Key)>,
    /// Connections whose retained messages wait for the fold that keeps them.
    walking: Vec<Key>,
    /// The last number given to such a wait.
    walks: u64,
    unfolded: Unfolded,
    /// Connections whose pace is being judged.
    stalled: Vec<Key>,
    /// Connections in the order they came, until they have said who they are.
    strangers: VecDeque<Key>,
    /// The policy epoch as of which the session of every account that is gone has ended.
    accounts_checked: Option<u64>,
    /// Connections that must not be answered, to be ended at the next tick.
    unanswered: Vec<Key>,
    scratch: Vec<u8>,
    tracer: Tracer,
    /// Whether what runs now concerns one connection.
    alone: Alone,
    effects: Effects<G::Receipt>,
}

impl<G: Gate> Engine<G> {
    /// A core without connections.
    pub fn new(broker: Arc<Broker>, core: CoreNo, gate: G) -> Self {
        let outbox = || Outbox { batch: Batch::default(), number: 1 };
        Self {
            core,
            gate,
            connections: Slots::default(),
            routes: Routes::new(broker.config.routes_max),
            policies: Policies::default(),
            shares: Shares::default(),
            desk: Desk::new(Arc::clone(&broker.config)),
            outboxes: std::iter::repeat_with(outbox).take(broker.cores().into()).collect(),
            acks: Acks::default(),
            claims: HashMap::default(),
            leaving: HashMap::default(),
            paused: Vec::new(),
            resume: false,
            throttled: Vec::new(),
            walking: Vec::new(),
            walks: 0,
            unfolded: Unfolded::new(broker.config.unfolded_bytes_max),
            stalled: Vec::new(),
            strangers: VecDeque::new(),
            accounts_checked: None,
            unanswered: Vec::new(),
            scratch: Vec::new(),
            tracer: Tracer::default(),
            alone: Alone::default(),
            effects: Effects::default(),
            broker,
        }
    }

    /// A socket was opened; `None` if the core's table is full.
    pub fn open(&mut self, now: Now, peer: Peer) -> Option<Key> {
        let max = self.broker.config.packet_bytes_max;
        let key = self.connections.insert(Connection::new(peer, now.monotonic, max))?;
        self.strangers.push_back(key);
        Some(key)
    }

    /// The connection's CONNECT will be refused for this reason, as when the broker is full.
    pub fn refuse(&mut self, key: Key, reason: ReasonCode) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.refuse = Some(reason);
        }
    }

    /// Whether nobody waits for a commit.
    pub fn is_settled(&self) -> bool {
        self.acks.is_empty()
    }

    /// The bytes to write to a socket.
    pub fn output(&self, key: Key) -> &[u8] {
        self.connections.get(key).map_or(&[], |connection| connection.outbound.output())
    }

    /// Whether the socket is to be closed once its output is written.
    pub fn is_closing(&self, key: Key) -> bool {
        self.connections.get(key).is_none_or(Connection::is_closing)
    }

    /// What the embedder has to do.
    pub fn effects(&mut self) -> &mut Effects<G::Receipt> {
        &mut self.effects
    }

    /// What this core counted.
    pub fn stats(&self) -> &Stats {
        &self.desk.stats
    }

    /// How many connections there are, connected or not.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// This core's gate.
    pub fn gate(&mut self) -> &mut G {
        &mut self.gate
    }

    /// Notes that a connection has something to write.
    fn mark_dirty(connection: &mut Connection<G::Node>, key: Key, dirty: &mut Vec<Key>) {
        if !connection.dirty {
            connection.dirty = true;
            dirty.push(key);
        }
    }

    fn address(&self, key: Key) -> Address {
        Address { core: self.core, key }
    }

    /// Tells every core, this one included, that paused publishers may try again.
    fn resume_all(&mut self) {
        self.resume = true;
        for core in (0..self.broker.cores()).map(CoreNo).filter(|core| *core != self.core) {
            self.effects.signals.push((core, Signal::Resume));
        }
    }
}
