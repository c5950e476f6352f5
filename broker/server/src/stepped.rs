//! A broker turn by turn, for simulations: the engines, the gate and what cores, ledger and namespace
//! hand each other are those of [`Server`](crate::Server); sockets and threads are the caller's.

use std::sync::Arc;

use broker_engine::{Authenticate, Broker, Config, CoreNo, Engine, Key, Now};
use broker_ledger::{Ledger, Outlet};
use uns_model::{Clock, Random};
use uns_namespace::Namespace;

use crate::exchange;
pub use crate::gate::ServerGate;
use crate::post::Post;
use crate::restore;
use crate::sessions::Counter;

/// What a stepped broker is made of.
pub struct Parts {
    /// The topics and their gate.
    pub namespace: Arc<Namespace>,
    /// The sessions.
    pub ledger: Arc<Ledger>,
    /// Who may connect.
    pub authenticate: Box<dyn Authenticate>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// Settings of the engines.
    pub config: Config,
    /// How many cores.
    pub cores: u16,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("cores", &self.cores).finish_non_exhaustive()
    }
}

/// Cores that take their turns when they are told to.
pub struct Stepped {
    broker: Arc<Broker>,
    ledger: Arc<Ledger>,
    post: Arc<Post>,
    clock: Arc<dyn Clock>,
    engines: Vec<Engine<ServerGate>>,
}

impl std::fmt::Debug for Stepped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stepped").field("cores", &self.engines.len()).finish_non_exhaustive()
    }
}

impl Stepped {
    /// Puts back what the log kept, as a server does at its start.
    pub fn new(parts: Parts) -> Self {
        let Parts { namespace, ledger, authenticate, clock, random, config, cores } = parts;
        let broker = Arc::new(Broker::new(config, cores, authenticate, random));
        restore::all(&broker, (Some(&namespace), Some(&ledger)), &clock);
        let post = Post::new(cores, &broker.retained);
        let engine = |core| {
            let gate = ServerGate::new(Some(&namespace), true, Arc::clone(&post), core);
            Engine::new(Arc::clone(&broker), core, gate)
        };
        let engines = (0..cores).map(|core| engine(CoreNo(core))).collect();
        Self { broker, ledger, post, clock, engines }
    }

    /// What all cores share.
    pub fn broker(&self) -> &Arc<Broker> {
        &self.broker
    }

    /// The engine of a core.
    ///
    /// # Panics
    /// There is no such core.
    pub fn engine(&mut self, core: usize) -> &mut Engine<ServerGate> {
        &mut self.engines[core]
    }

    /// Where the ledger hands things over.
    pub fn outlet(&self) -> impl Outlet + use<> {
        Counter { post: Arc::clone(&self.post) }
    }

    /// The time as engines take it.
    pub fn now(&self) -> Now {
        Now { monotonic: self.clock.monotonic(), wall: self.clock.now() }
    }

    /// The beginning of a core's turn: what others and the log handed over; `false` if nothing was.
    ///
    /// # Panics
    /// There is no such core.
    pub fn take_post(&mut self, core: usize) -> bool {
        let (now, number) = (self.now(), number(core));
        let posted = self.post.take_posted(number);
        if posted {
            exchange::take(&mut self.engines[core], &self.post, number, now);
        }
        posted
    }

    /// The end of a core's turn: its batch goes to the log, words and batches to the others. The
    /// connections that wait and may be read again.
    ///
    /// # Panics
    /// There is no such core.
    pub fn flush(&mut self, core: usize) -> Vec<Key> {
        let (now, number) = (self.now(), number(core));
        let engine = &mut self.engines[core];
        engine.flush(now);
        exchange::hand_over(engine, &self.post, number, Some(&self.ledger));
        engine.resume();
        std::mem::take(&mut engine.effects().resumed)
    }
}

fn number(core: usize) -> CoreNo {
    CoreNo(u16::try_from(core).expect("there are few cores"))
}
