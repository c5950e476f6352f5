//! Start and end of the broker.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use broker_engine::{Anonymous, Authenticate, Broker, DeadLetters, Transport};
use broker_ledger::Ledger;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use uns_model::{Clock, Random, SystemClock, SystemRandom};
use uns_namespace::Namespace;

use crate::abort::AbortOnPanic;
use crate::accept::accept;
use crate::accept_rate::AcceptRateLimiter;
use crate::addresses::Addresses;
use crate::config::Listener;
use crate::core_gauges::CoreGauges;
use crate::cores::Cores;
use crate::counters::Counters;
use crate::dispatch::{self, CoreDispatch};
use crate::handle::{AdoptedSettings, Handle};
use crate::handshake::{HandshakeContext, NoBrowsers, OriginCheck};
use crate::inboxes::Inboxes;
use crate::operator_request::OperatorRequests;
use crate::tls::{Certificates, watch};
use crate::verify::Verifiers;
use crate::worker::{FigureSources, SharedSetup, Upkeep};
use crate::{Config, Error};
use crate::{restore, sessions};

/// What the broker takes from its surroundings.
pub struct Deps {
    /// The namespace and through it the log; without one this is a plain broker.
    pub namespace: Option<Arc<Namespace>>,
    /// Keeps sessions beyond their connections, and messages without a node beyond the process.
    /// Without it, or without a namespace, both end with the process.
    pub ledger: Option<Arc<Ledger>>,
    /// Takes refused publishes; without it they are only counted.
    pub dead_letters: Option<Arc<dyn DeadLetters>>,
    /// Who may connect.
    pub authenticate: Box<dyn Authenticate>,
    /// Decides which web pages may connect over WebSocket.
    pub origin_check: Arc<dyn OriginCheck>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Random numbers.
    pub random: Arc<dyn Random>,
    /// Makes the allocator return the memory that a thread does not use. Called on the thread of
    /// each core about once a second while memory is short.
    pub give_back: fn(),
}

impl fmt::Debug for Deps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deps").field("namespace", &self.namespace.is_some()).finish_non_exhaustive()
    }
}

impl Default for Deps {
    /// A plain broker without a log, to which everybody on this machine may connect.
    fn default() -> Self {
        Self {
            namespace: None,
            ledger: None,
            dead_letters: None,
            authenticate: Box::new(Anonymous),
            origin_check: Arc::new(NoBrowsers),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            give_back: || {},
        }
    }
}

/// A running broker. Dropping it stops it without telling the clients.
#[derive(Debug)]
pub struct Server {
    handle: Handle,
    listeners: Vec<Listener>,
    stop: watch::Sender<Option<Duration>>,
    acceptors: Vec<tokio::task::JoinHandle<()>>,
    threads: Vec<JoinHandle<()>>,
    stop_sessions: watch::Sender<bool>,
    /// The ledger's thread, which ends after the cores.
    sessions: Option<JoinHandle<()>>,
}

impl Server {
    /// Opens the listeners and starts the cores. Listeners run on the caller's runtime, connections
    /// on the cores' own threads.
    ///
    /// # Errors
    /// An address cannot be listened on, or a thread cannot be made.
    pub async fn start(config: Config, deps: Deps) -> Result<Self, Error> {
        let cores = config.resolved_cores();
        let Deps { namespace, ledger, dead_letters, authenticate, clock, random, .. } = deps;
        let counters = Arc::new(Counters::default());
        let addresses = Addresses::new(config.connections_per_address);
        let certificates = certificates(&config, &counters)?;
        let listeners = config.listen.iter().map(bind).collect::<Result<Vec<_>, _>>()?;
        let broker = Broker::new(config.engine.clone(), cores, authenticate, random);
        let broker = Arc::new(broker.with_dead_letters(dead_letters));
        restore::all(&broker, namespace.as_ref(), ledger.as_ref(), &clock);
        let (stop, stopped) = watch::channel(None);
        let gauges: Arc<Vec<_>> = Arc::new((0..cores).map(|_| CoreGauges::default()).collect());
        let inboxes = Inboxes::new(cores, &broker.retained);
        let verifiers =
            Verifiers::start(config.verification, &broker, &inboxes, &clock, deps.give_back)?;
        let sources = FigureSources::new(&broker, &counters, ledger.as_ref(), clock.monotonic());
        let loads = Arc::clone(&sources.loads);
        let (operators, requests) = OperatorRequests::new(cores);
        let Cores { incoming, publishes, threads } = Cores::start(
            &SharedSetup {
                broker: Arc::clone(&broker),
                namespace: namespace.clone(),
                ledger: ledger.clone(),
                inboxes: Arc::clone(&inboxes),
                verifiers,
                clock: Arc::clone(&clock),
                gauges: Arc::clone(&gauges),
                in_process_max: config.in_process_max.max(1),
                stop: stopped,
                sources,
                upkeep: Upkeep::new(&config, deps.give_back),
                certificates: certificates.clone(),
                addresses: Arc::clone(&addresses),
            },
            requests,
        )?;
        let (stop_sessions, stopped) = watch::channel(false);
        let sessions = sessions::start(ledger.as_ref(), inboxes, stopped)?;
        let origins = deps.origin_check;
        let handshakes =
            HandshakeContext::new(&config, addresses, counters.clone(), certificates, origins);
        let dispatch = CoreDispatch::new(dispatch::Parts {
            cores: incoming,
            gauges: Arc::clone(&gauges),
            connections_max: config.connections_max,
            counters: Arc::clone(&counters),
            pending: Arc::clone(&handshakes.pending),
            broker: Arc::clone(&broker),
        });
        let handle = Handle {
            broker,
            publish_queues: publishes.into(),
            operators,
            traces: Arc::default(),
            loads,
            namespace,
            ledger,
            clock,
            gauges,
            counters,
            dispatch,
            handshakes: Arc::new(handshakes),
            adopted: AdoptedSettings { durability: config.durability, lenient: config.lenient },
        };
        let (listeners, sockets): (Vec<_>, Vec<_>) = listeners.into_iter().unzip();
        let bound = listeners.iter().copied().zip(sockets);
        let acceptors = Self::start_acceptors(&handle, bound, config.connections_per_second);
        Ok(Self { handle, listeners, stop, acceptors, threads, stop_sessions, sessions })
    }

    fn start_acceptors(
        handle: &Handle,
        listeners: impl Iterator<Item = (Listener, TcpListener)>,
        connections_per_second: u32,
    ) -> Vec<tokio::task::JoinHandle<()>> {
        let (dispatch, handshakes) = (&handle.dispatch, &handle.handshakes);
        let acceptor = |(listener, socket): (Listener, TcpListener)| {
            let rate = AcceptRateLimiter::new(connections_per_second);
            let accepts = accept(socket, listener, rate, dispatch.clone(), Arc::clone(handshakes));
            guarded(format!("the listener on {}", listener.address), accepts)
        };
        let watch = |certificates| guarded("the watch over TLS files".into(), watch(certificates));
        let watches = handshakes.certificates.clone().map(watch);
        listeners.map(acceptor).chain(watches).collect()
    }

    /// The listeners in the order of the configuration, with the ports they got.
    pub fn listeners(&self) -> &[Listener] {
        &self.listeners
    }

    /// The handle for the rest of the process.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Stops: accepts no more connections, sends DISCONNECT 0x8B to every client, publishes wills,
    /// commits, and ends the threads. All this takes no longer than the deadline.
    pub async fn shutdown(mut self, deadline: Duration) {
        self.stop_accepting();
        self.stop.send_replace(Some(deadline));
        let threads = std::mem::take(&mut self.threads);
        let sessions = self.sessions.take();
        let stop_sessions = self.stop_sessions.clone();
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                // A core that panicked has ended the process already.
                thread.join().ok();
            }
            stop_sessions.send_replace(true);
            sessions.map(JoinHandle::join);
        });
        joined.await.ok();
    }

    fn stop_accepting(&self) {
        self.handle.dispatch.close();
        self.acceptors.iter().for_each(tokio::task::JoinHandle::abort);
        self.handle.handshakes.close();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop_accepting();
    }
}

/// Spawns a task that the broker cannot do without: a panic in it ends the process.
fn guarded(
    part: String,
    task: impl Future<Output = ()> + Send + 'static,
) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        let _guard = AbortOnPanic(part);
        task.await;
    })
}

/// The certificates, if there are any. They are opened even if no listener needs them, since HTTPS may.
fn certificates(
    config: &Config,
    counters: &Arc<Counters>,
) -> Result<Option<Arc<Certificates>>, Error> {
    let secure = |listener: &&Listener| {
        matches!(listener.transport, Transport::Tls | Transport::WebSocketTls)
    };
    match (config.listen.iter().find(secure), &config.tls) {
        (None, None) => Ok(None),
        (Some(listener), None) => Err(Error::NoCertificate { address: listener.address }),
        (_, Some(files)) => Certificates::open(files, Arc::clone(counters)).map(Some),
    }
}

/// Opens a listener and fills in its port.
fn bind(listener: &Listener) -> Result<(Listener, TcpListener), Error> {
    let failed = |source| Error::Listen { address: listener.address, source };
    let socket = open(listener.address).map_err(failed)?;
    let address = socket.local_addr().map_err(failed)?;
    Ok((Listener { address, ..*listener }, socket))
}

/// Opens a listener whose queue is long enough for all clients that reconnect at once.
fn open(address: SocketAddr) -> std::io::Result<TcpListener> {
    const BACKLOG: u32 = 4096;
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
