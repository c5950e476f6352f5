//! One core: its engine, its connections, and the tick that flushes them.

mod certificates;
mod connection;
mod contain;
mod figures;
mod flush;
mod in_process;
mod layered;
mod linger;
mod lingering;
mod link;
mod orders;
mod report;
mod shed;
mod stream;
mod tasks;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::Waker;
use std::time::Duration;

use broker_engine::{Broker, CoreNo, Engine, Key, Now, RefusedRows, Stats, Together};
use broker_ledger::Ledger;
use fabric::Rejection;
use tokio::sync::{mpsc, oneshot, watch};
use uns_model::{Clock, Sequence};
use uns_namespace::Namespace;

use crate::addresses::AddressPlace;
use crate::gate::ServerGate;
use crate::post::Post;
use crate::tls::Certificates;
use crate::told::Told;
use crate::verify::Verifiers;
pub(crate) use figures::Sources;
pub(crate) use layered::Layers;
use lingering::Lingering;
use link::Link;
pub(crate) use orders::{HeldBy, ORDERS_MAX, Order};
use stream::Stream;
pub(crate) use tasks::run;

/// An in-process publish that was taken.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Published {
    /// Where in the log it is; `None` if it is plain MQTT, which is not logged.
    pub sequence: Option<Sequence>,
    /// Where it is a batch of which rows were refused (NS-21): which and why.
    pub refused: Option<Box<RefusedRows>>,
}

/// How a batch of in-process publishes ended, item by item.
pub(crate) type Outcomes = Vec<Result<Published, Rejection>>;

/// A socket with what lies between it and MQTT.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) stream: tokio::net::TcpStream,
    pub(crate) layers: Option<Box<Layers>>,
    /// How long what came before MQTT took, which is time its CONNECT has no more.
    pub(crate) waited: Duration,
    /// Its place among the connections of its address.
    pub(crate) place: AddressPlace,
}

/// The same on its way from one runtime to another.
#[derive(Debug)]
pub(crate) struct Carrier {
    pub(crate) stream: std::net::TcpStream,
    pub(crate) layers: Option<Box<Layers>>,
}

/// A socket for a core to serve.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) carrier: Carrier,
    pub(crate) peer: Box<broker_engine::Peer>,
    pub(crate) waited: Duration,
    pub(crate) place: AddressPlace,
    /// Otherwise it is refused in words.
    pub(crate) welcome: bool,
}

/// Publishes of somebody in this process. Those of one lane keep their order.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) batch: Together,
    pub(crate) lane: u64,
    pub(crate) reply: oneshot::Sender<Outcomes>,
}

/// What all threads see of a core.
#[derive(Debug)]
pub(crate) struct Gauges {
    /// Sockets handed to it and not yet closed.
    pub(crate) sockets: AtomicUsize,
    /// About how many of them give way where there is no room: they have not said who they are, or
    /// are kept only until their client has read why it was disconnected.
    pub(crate) giving_way: AtomicUsize,
    counters: [AtomicU64; Stats::LEN],
}

impl Default for Gauges {
    fn default() -> Self {
        let counters = std::array::from_fn(|_| AtomicU64::new(0));
        Self { sockets: AtomicUsize::new(0), giving_way: AtomicUsize::new(0), counters }
    }
}

impl Gauges {
    pub(crate) fn stats(&self) -> Stats {
        Stats::from_array(&self.counters.each_ref().map(|counter| counter.load(Ordering::Relaxed)))
    }

    fn publish(&self, stats: &Stats) {
        for (counter, value) in self.counters.iter().zip(stats.to_array()) {
            counter.store(value, Ordering::Relaxed);
        }
    }
}

/// What a core needs to run.
pub(crate) struct Setup {
    pub(crate) core: CoreNo,
    pub(crate) broker: Arc<Broker>,
    pub(crate) namespace: Option<Arc<Namespace>>,
    pub(crate) ledger: Option<Arc<Ledger>>,
    pub(crate) post: Arc<Post>,
    pub(crate) verifiers: Arc<Verifiers>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) gauges: Arc<Vec<Gauges>>,
    pub(crate) arrivals: mpsc::Receiver<Arrival>,
    pub(crate) requests: mpsc::Receiver<Request>,
    /// Batches of this process that may wait for their turn.
    pub(crate) waiting_max: usize,
    pub(crate) orders: mpsc::Receiver<Order>,
    pub(crate) stop: watch::Receiver<Option<Duration>>,
    pub(crate) sources: Sources,
    pub(crate) upkeep: Upkeep,
    pub(crate) certificates: Option<Arc<Certificates>>,
    pub(crate) told: Arc<Told>,
}

/// What a core does now and then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Upkeep {
    /// How often `$SYS` is published.
    pub(crate) figures_interval: Duration,
    /// Has the allocator return what its thread does not use.
    pub(crate) give_back: fn(),
    /// Bytes of incomplete packets while memory is short.
    pub(crate) unread_bytes_max: usize,
}

impl Upkeep {
    /// For one of the cores.
    pub(crate) fn new(config: &crate::Config, give_back: fn()) -> Self {
        Self {
            figures_interval: config.figures_interval,
            give_back,
            unread_bytes_max: config.unread_bytes_max / usize::from(config.resolved_cores()),
        }
    }
}

/// Bytes read from a socket at once.
const READ_BYTES: usize = 64 << 10;

/// The state of a core, shared by the tasks of its thread.
pub(crate) struct Worker {
    core: CoreNo,
    engine: RefCell<Engine<ServerGate>>,
    links: RefCell<HashMap<Key, Rc<Link>, ahash::RandomState>>,
    lingering: Rc<Lingering>,
    /// One read buffer for all connections: none keeps bytes between two polls unless a packet is
    /// incomplete.
    buffer: RefCell<Vec<u8>>,
    post: Arc<Post>,
    verifiers: Arc<Verifiers>,
    ledger: Option<Arc<Ledger>>,
    clock: Arc<dyn Clock>,
    gauges: Arc<Vec<Gauges>>,
    replies: RefCell<HashMap<u64, oneshot::Sender<Outcomes>, ahash::RandomState>>,
    next_token: Cell<u64>,
    flush_waker: RefCell<Option<Waker>>,
    flush_due: Cell<bool>,
    stalled: tokio::sync::Notify,
    certificates: Option<Arc<Certificates>>,
    /// The files that all connections but those below were judged by.
    judged: Cell<u64>,
    unjudged: RefCell<Vec<Key>>,
    /// Strangers that operators were told of.
    told: Arc<Told>,
    /// Incomplete packets of all its connections, while memory is short.
    unread_bytes_max: usize,
}

impl Worker {
    fn new(setup: &Setup) -> Rc<Self> {
        let gate = ServerGate::new(
            setup.namespace.as_ref(),
            setup.ledger.is_some(),
            Arc::clone(&setup.post),
            setup.core,
        );
        Rc::new(Self {
            core: setup.core,
            engine: RefCell::new(Engine::new(Arc::clone(&setup.broker), setup.core, gate)),
            links: RefCell::default(),
            lingering: Rc::default(),
            buffer: RefCell::new(vec![0; 2 * READ_BYTES]),
            post: Arc::clone(&setup.post),
            verifiers: Arc::clone(&setup.verifiers),
            ledger: setup.ledger.clone(),
            clock: Arc::clone(&setup.clock),
            gauges: Arc::clone(&setup.gauges),
            replies: RefCell::default(),
            next_token: Cell::new(0),
            flush_waker: RefCell::new(None),
            flush_due: Cell::new(false),
            stalled: tokio::sync::Notify::new(),
            certificates: setup.certificates.clone(),
            judged: Cell::default(),
            unjudged: RefCell::default(),
            told: Arc::clone(&setup.told),
            unread_bytes_max: setup.upkeep.unread_bytes_max,
        })
    }

    fn now(&self) -> Now {
        Now { monotonic: self.clock.monotonic(), wall: self.clock.now() }
    }

    fn gauges(&self) -> &Gauges {
        &self.gauges[self.core.index()]
    }

    fn link(&self, key: Key) -> Option<Rc<Link>> {
        self.links.borrow().get(&key).cloned()
    }

    /// The engine handled something: flush after the tasks that are ready now.
    fn flush_soon(&self) {
        if !self.flush_due.replace(true)
            && let Some(waker) = &*self.flush_waker.borrow()
        {
            waker.wake_by_ref();
        }
    }

    /// Takes a socket in and returns the key under which it is served.
    fn adopt(&self, arrival: Arrival) -> Option<Rc<Link>> {
        let Arrival { carrier, peer, waited, place, welcome } = arrival;
        let stream = Stream::new(carrier)
            .inspect_err(|error| tracing::warn!(%error, "a socket was not taken over"))
            .ok()?;
        let mut engine = self.engine.borrow_mut();
        // Its time began when it was accepted.
        let now = self.now();
        let accepted = Now { monotonic: now.monotonic.saturating_sub(waited), ..now };
        // A socket that has ended gives way to one that may say something, and one that has said
        // nothing yet.
        let welcome = welcome || self.lingering.shed() || engine.shed_stranger(now);
        let key = engine.open(accepted, *peer)?;
        if !welcome {
            engine.refuse(key, broker_codec::ReasonCode::QuotaExceeded);
        }
        let link = Rc::new(Link::new(key, stream, place));
        self.links.borrow_mut().insert(key, Rc::clone(&link));
        // So that others know of one more stranger.
        drop(engine);
        self.flush_soon();
        Some(link)
    }
}
