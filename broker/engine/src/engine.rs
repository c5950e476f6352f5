//! One core of the broker: events in, effects out. It owns its connections and touches no socket, thread
//! or clock.
//!
//! Its state is in four parts: [`Sessions`] (who the clients are and how far their exchanges are),
//! [`Routing`] (where messages go), [`Outbounds`] (what is on its way to the clients) and [`Commits`] (who
//! waits for the log). No part holds another one; they share some types, such as routes and acknowledgements.
//! A part decides what its own state is enough for, and answers with a small value: what is granted, which
//! packet is said, whose turn it is. The files of this folder take an event to the parts, and what one of
//! them answers to the next one and to the [`Gate`].

mod acknowledge;
mod acknowledged;
mod ahead;
mod authenticate;
mod close;
mod committed;
mod connect;
mod deliver;
mod end_session;
mod exchange;
mod fell_short;
mod figures;
mod grant;
mod in_process;
mod inspect;
mod memory;
mod oversize;
mod pass_on;
mod permit;
mod publish;
mod qos2;
mod receive;
mod session;
pub(crate) mod step;
mod subscribe;
mod throttle;
mod timers;
mod trace;
mod unconfirmed;
mod walks;
mod wills;

use std::sync::Arc;

use broker_codec::ReasonCode;

use crate::broker::Broker;
use crate::commits::Commits;
use crate::effects::Effects;
use crate::gate::Gate;
use crate::key::{Address, CoreNo, Key};
use crate::now::Now;
use crate::outbound::Outbounds;
use crate::panic_scope::PanicScope;
use crate::peer::Peer;
use crate::pressure::Pressure;
use crate::routing::Routing;
use crate::sessions::Sessions;
use crate::sessions::connection::Connection;
use crate::signal::Signal;
use crate::stats::Stats;
use crate::trace::Tracer;

/// One core.
#[derive(Debug)]
pub struct Engine<G: Gate> {
    core: CoreNo,
    broker: Arc<Broker>,
    gate: G,
    sessions: Sessions<G::Node>,
    routing: Routing<G::Node>,
    outbound: Outbounds,
    commits: Commits<G::Receipt, G::Node>,
    /// Without those of output.
    stats: Stats,
    /// Everything that may be short, as [`Broker`] said last.
    shortage: u8,
    /// How short memory is, as of that.
    pressure: Pressure,
    tracer: Tracer,
    /// Whether what runs now concerns one connection.
    panic_scope: PanicScope,
    /// For the properties of the publish at hand.
    scratch: Vec<u8>,
    effects: Effects<G::Receipt>,
}

impl<G: Gate> Engine<G> {
    /// A core without connections.
    pub fn new(broker: Arc<Broker>, core: CoreNo, gate: G) -> Self {
        Self {
            core,
            gate,
            sessions: Sessions::default(),
            routing: Routing::new(core, Arc::clone(&broker)),
            outbound: Outbounds::new(Arc::clone(&broker.config), Arc::clone(&broker.congestion)),
            commits: Commits::default(),
            stats: Stats::default(),
            shortage: 0,
            pressure: Pressure::default(),
            tracer: Tracer::default(),
            panic_scope: PanicScope::default(),
            scratch: Vec::new(),
            effects: Effects::default(),
            broker,
        }
    }

    /// A socket was opened; `None` if the core's table is full.
    pub fn open(&mut self, now: Now, peer: Peer) -> Option<Key> {
        let key = self.sessions.open(now.monotonic, peer)?;
        self.outbound.open(key);
        Some(key)
    }

    /// The connection's CONNECT will be refused for this reason, as when the broker is full.
    pub fn refuse(&mut self, key: Key, reason: ReasonCode) {
        if let Some(connection) = self.sessions.get_mut(key) {
            connection.refuse = Some(reason);
        }
    }

    /// Whether nobody waits for a commit.
    pub fn is_settled(&self) -> bool {
        self.commits.is_empty()
    }

    /// The bytes to write to a socket.
    pub fn output(&self, key: Key) -> &[u8] {
        self.outbound.output(key)
    }

    /// Connections with something to write, or that are to be closed after that.
    pub fn pending_output(&mut self) -> &mut Vec<Key> {
        self.outbound.pending()
    }

    /// Takes a connection off the list of those with something to write; to be called before its
    /// output is written.
    pub fn begin_write(&mut self, key: Key) {
        self.outbound.begin_write(key);
    }

    /// Whether the socket is to be closed once its output is written.
    pub fn is_closing(&self, key: Key) -> bool {
        self.sessions.get(key).is_none_or(Connection::is_closing)
    }

    /// Whether a client is connected here under this key.
    pub fn is_up(&self, key: Key) -> bool {
        self.sessions.is_up(key)
    }

    /// What the embedder has to do.
    pub fn effects(&mut self) -> &mut Effects<G::Receipt> {
        &mut self.effects
    }

    /// What this core counted.
    pub fn stats(&self) -> Stats {
        self.stats.with_output(self.outbound.stats())
    }

    /// How many connections there are, connected or not.
    pub fn connections(&self) -> usize {
        self.sessions.len()
    }

    /// This core's gate.
    pub fn gate(&mut self) -> &mut G {
        &mut self.gate
    }

    fn address(&self, key: Key) -> Address {
        Address { core: self.core, key }
    }

    /// Tells every core, this one included, that paused publishers may try again.
    fn resume_all(&mut self) {
        self.sessions.allow_resume();
        self.tell_others(Signal::Resume);
    }

    /// Says something to all other cores.
    fn tell_others(&mut self, signal: Signal) {
        let me = self.core;
        let others = (0..self.broker.cores()).map(CoreNo).filter(|core| *core != me);
        self.effects.signals.extend(others.map(|core| (core, signal)));
    }

    /// The same if publishers were relieved.
    fn resume_all_if(&mut self, relieved: bool) {
        if relieved {
            self.resume_all();
        }
    }
}
