//! Start and end of the broker.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use broker_engine::{Anonymous, Authenticate, Broker, CoreNo, DeadLetters, Transport};
use broker_ledger::Ledger;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{mpsc, watch};
use uns_model::{Clock, Random, SystemClock, SystemRandom};
use uns_namespace::Namespace;

use crate::abort::AbortOnPanic;
use crate::accept::{Floor, accept};
use crate::config::Listener;
use crate::counters::Counters;
use crate::handle::{Adopted, Handle};
use crate::handshake::{Hall, Pages, Programs};
use crate::post::Post;
use crate::tls::{Certificates, watch};
use crate::told::Told;
use crate::verify::Verifiers;
use crate::worker::{Gauges, ORDERS_MAX, Setup, Sources, Upkeep, run};
use crate::{Config, Error};
use crate::{restore, sessions};

/// What the broker takes from its surroundings.
pub struct Deps {
    /// The namespace and through it the log; without one this is a plain broker.
    pub namespace: Option<Arc<Namespace>>,
    /// Sessions that outlive their connections, and messages without a node that outlive the
    /// process; without it, or without a namespace, there are none.
    pub ledger: Option<Arc<Ledger>>,
    /// What becomes of refused publishes; without it they are only counted.
    pub dead_letters: Option<Arc<dyn DeadLetters>>,
    /// Who may connect.
    pub authenticate: Box<dyn Authenticate>,
    /// Which pages may connect over WebSocket.
    pub pages: Arc<dyn Pages>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// Called on the thread of each core, about once a second while memory is short: has the
    /// allocator return what that thread does not use.
    pub give_back: fn(),
}

impl fmt::Debug for Deps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deps").field("namespace", &self.namespace.is_some()).finish_non_exhaustive()
    }
}

impl Default for Deps {
    /// A plain broker for everybody.
    fn default() -> Self {
        Self {
            namespace: None,
            ledger: None,
            dead_letters: None,
            authenticate: Box::new(Anonymous),
            pages: Arc::new(Programs),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            give_back: || {},
        }
    }
}

/// A running broker. Dropping it stops it without a good-bye.
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

/// Sockets on their way to one core.
const ARRIVALS_MAX: usize = 256;

impl Server {
    /// Opens the listeners and starts the cores. Listeners run on the caller's runtime, connections
    /// on the cores' own threads.
    ///
    /// # Errors
    /// An address cannot be listened on, or a thread cannot be made.
    pub async fn start(config: Config, deps: Deps) -> Result<Self, Error> {
        let cores = config.resolved_cores();
        let Deps { namespace, ledger, dead_letters, authenticate, pages, clock, random, .. } = deps;
        let (counters, told) = (Arc::new(Counters::default()), Arc::new(Told::default()));
        let certificates = certificates(&config, &counters)?;
        let listeners = config.listen.iter().map(bind).collect::<Result<Vec<_>, _>>()?;
        let broker = Broker::new(config.engine.clone(), cores, authenticate, random);
        let broker = Arc::new(broker.with_dead_letters(dead_letters));
        restore::all(&broker, (namespace.as_ref(), ledger.as_ref()), &clock);
        let (stop, stopped) = watch::channel(None);
        let gauges: Arc<Vec<Gauges>> = Arc::new((0..cores).map(|_| Gauges::default()).collect());
        let post = Post::new(cores, &broker.retained);
        let verifiers =
            Verifiers::start(config.verification, broker.clone(), post.clone(), clock.clone())?;
        let (mut doors, mut desks, mut order_desks, mut threads) = (vec![], vec![], vec![], vec![]);
        let sources = Sources::new(&broker, &counters, ledger.as_ref(), clock.monotonic());
        for core in 0..cores {
            let (door, arrivals) = mpsc::channel(ARRIVALS_MAX);
            let (desk, requests) = mpsc::channel(config.in_process_max.max(1));
            let (order_desk, orders) = mpsc::channel(ORDERS_MAX);
            doors.push(door);
            order_desks.push(order_desk);
            desks.push(desk);
            threads.push(start_core(Setup {
                core: CoreNo(core),
                broker: Arc::clone(&broker),
                namespace: namespace.clone(),
                ledger: ledger.clone(),
                post: Arc::clone(&post),
                verifiers: Arc::clone(&verifiers),
                clock: Arc::clone(&clock),
                gauges: Arc::clone(&gauges),
                arrivals,
                requests,
                waiting_max: config.in_process_max.max(1),
                orders,
                sources: sources.clone(),
                stop: stopped.clone(),
                upkeep: Upkeep::new(&config, deps.give_back),
                certificates: certificates.clone(),
                told: Arc::clone(&told),
            })?);
        }
        let (stop_sessions, stopped) = watch::channel(false);
        let sessions = sessions::start(ledger.as_ref(), Arc::clone(&post), stopped)?;
        let hall = Hall::new(&config, certificates, pages, (Arc::clone(&counters), told));
        let floor = Floor::new(doors, gauges, &config, (&broker, counters, &hall));
        let handle = Handle {
            broker,
            cores: desks.into(),
            orders: order_desks.into(),
            traces: Arc::default(),
            loads: Arc::clone(&sources.loads),
            namespace: namespace.clone(),
            ledger: ledger.clone(),
            clock,
            gauges: Arc::clone(&floor.gauges),
            turned_away: Arc::clone(&floor.turned_away),
            floor,
            hall: Arc::new(hall),
            adopted: Adopted { durability: config.durability, lenient: config.lenient },
        };
        let (listeners, sockets): (Vec<_>, Vec<_>) = listeners.into_iter().unzip();
        let acceptors = Self::open_doors(&handle, listeners.iter().copied().zip(sockets));
        Ok(Self { handle, listeners, stop, acceptors, threads, stop_sessions, sessions })
    }

    fn open_doors(
        handle: &Handle,
        doors: impl Iterator<Item = (Listener, TcpListener)>,
    ) -> Vec<tokio::task::JoinHandle<()>> {
        let (floor, hall) = (&handle.floor, &handle.hall);
        let door = |(listener, socket): (Listener, TcpListener)| {
            let accepts = accept(socket, listener, floor.clone(), Arc::clone(hall));
            guarded(format!("the listener on {}", listener.address), accepts)
        };
        let watch = |certificates| guarded("the watch over TLS files".into(), watch(certificates));
        doors.map(door).chain(hall.certificates.clone().map(watch)).collect()
    }

    /// The listeners, in the order of the configuration, ports filled in.
    pub fn listeners(&self) -> &[Listener] {
        &self.listeners
    }

    /// For the rest of the process.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Stops: no new connections, DISCONNECT 0x8B to every client, wills, a last commit, then the
    /// threads end; at the latest after the deadline.
    pub async fn shutdown(mut self, deadline: Duration) {
        self.close_doors();
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

    fn close_doors(&self) {
        self.handle.floor.closed.store(true, Ordering::Relaxed);
        self.acceptors.iter().for_each(tokio::task::JoinHandle::abort);
        self.handle.hall.close();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.close_doors();
    }
}

/// Spawns what the broker cannot do without: its panic ends the process.
fn guarded(
    part: String,
    task: impl Future<Output = ()> + Send + 'static,
) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        let _guard = AbortOnPanic(part);
        task.await;
    })
}

/// The certificates, where there are any: HTTPS may need them where no listener does.
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

/// A listener whose queue holds a storm of reconnecting clients.
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

fn start_core(setup: Setup) -> Result<JoinHandle<()>, Error> {
    let core = setup.core.0;
    let thread = |source| Error::Thread { thread: format!("mqtt-{core}"), source };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(thread)?;
    std::thread::Builder::new()
        .name(format!("mqtt-{core}"))
        .spawn(move || run(setup, &runtime))
        .map_err(thread)
}
