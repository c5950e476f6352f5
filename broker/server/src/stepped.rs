//! A broker that runs turn by turn, for simulations. The engines, the gate, and what cores, ledger and
//! namespace hand each other are those of [`Server`](crate::Server). The caller takes the place of
//! sockets and threads.

use std::sync::Arc;

use broker_engine::{Authenticate, Broker, Config, CoreNo, Engine, Key, Now};
use broker_ledger::{Ledger, Outlet};
use uns_model::{Clock, Random};
use uns_namespace::Namespace;

use crate::exchange;
pub use crate::gate::ServerGate;
use crate::inboxes::Inboxes;
use crate::restore;
use crate::sessions::LedgerOutlet;

/// The parts of a stepped broker.
pub struct Parts {
    /// The topics and their gate.
    pub namespace: Arc<Namespace>,
    /// The sessions.
    pub ledger: Arc<Ledger>,
    /// Who may connect.
    pub authenticate: Box<dyn Authenticate>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Random numbers.
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

/// The cores of a broker. Each takes a turn when the caller says so.
pub struct Stepped {
    broker: Arc<Broker>,
    ledger: Arc<Ledger>,
    inboxes: Arc<Inboxes>,
    clock: Arc<dyn Clock>,
    engines: Vec<Engine<ServerGate>>,
}

impl std::fmt::Debug for Stepped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stepped").field("cores", &self.engines.len()).finish_non_exhaustive()
    }
}

impl Stepped {
    /// Restores what the log kept, as a server does at its start.
    pub fn new(parts: Parts) -> Self {
        let Parts { namespace, ledger, authenticate, clock, random, config, cores } = parts;
        let broker = Arc::new(Broker::new(config, cores, authenticate, random));
        restore::all(&broker, Some(&namespace), Some(&ledger), &clock);
        let inboxes = Inboxes::new(cores, &broker.retained);
        let engine = |core| {
            let gate = ServerGate::new(Some(&namespace), true, Arc::clone(&inboxes), core);
            Engine::new(Arc::clone(&broker), core, gate)
        };
        let engines = (0..cores).map(|core| engine(CoreNo(core))).collect();
        Self { broker, ledger, inboxes, clock, engines }
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
        LedgerOutlet { inboxes: Arc::clone(&self.inboxes) }
    }

    /// The time as engines take it.
    pub fn now(&self) -> Now {
        Now { monotonic: self.clock.monotonic(), wall: self.clock.now() }
    }

    /// Begins a core's turn: takes what others and the log handed over; `false` if that is nothing.
    ///
    /// # Panics
    /// There is no such core.
    pub fn take_inbox(&mut self, core: usize) -> bool {
        let (now, number) = (self.now(), number(core));
        let has_news = self.inboxes.take_news(number);
        if has_news {
            exchange::take(&mut self.engines[core], &self.inboxes, number, now);
        }
        has_news
    }

    /// Ends a core's turn: hands its batch to the log, and signals and batches to the other cores.
    /// Returns the connections that waited and may be read again.
    ///
    /// # Panics
    /// There is no such core.
    pub fn flush(&mut self, core: usize) -> Vec<Key> {
        let (now, number) = (self.now(), number(core));
        let engine = &mut self.engines[core];
        engine.flush(now);
        exchange::hand_over(engine, &self.inboxes, number, Some(&self.ledger));
        engine.resume();
        std::mem::take(&mut engine.effects().resumed)
    }
}

fn number(core: usize) -> CoreNo {
    CoreNo(u16::try_from(core).expect("there are few cores"))
}
