//! Start and end of the broker.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::JoinHandle;
use std::time::Duration;

use broker_engine::{Anonymous, Authenticate, Broker, CoreNo, Retained};
use bytes::Bytes;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{mpsc, watch};
use uns_model::{Clock, Random, SystemClock, SystemRandom};
use uns_namespace::Namespace;

use crate::accept::{Floor, accept};
use crate::handle::Handle;
use crate::post::Post;
use crate::worker::{Gauges, Setup, run};
use crate::{Config, Error};

/// What the broker takes from its surroundings.
pub struct Deps {
    /// The namespace and through it the log; without one this is a plain broker.
    pub namespace: Option<Arc<Namespace>>,
    /// Who may connect.
    pub authenticate: Box<dyn Authenticate>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
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
            authenticate: Box::new(Anonymous),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
        }
    }
}

/// A running broker. Dropping it stops it without a good-bye.
#[derive(Debug)]
pub struct Server {
    handle: Handle,
    addresses: Vec<SocketAddr>,
    stop: watch::Sender<Option<Duration>>,
    acceptors: Vec<tokio::task::JoinHandle<()>>,
    threads: Vec<JoinHandle<()>>,
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
        let mut listeners = Vec::new();
        for address in &config.listen {
            let listen = |source| Error::Listen { address: *address, source };
            let listener = open(*address).map_err(listen)?;
            listeners.push((listener.local_addr().map_err(listen)?, listener));
        }
        let Deps { namespace, authenticate, clock, random } = deps;
        let broker = Arc::new(Broker::new(config.engine.clone(), cores, authenticate, random));
        if let Some(namespace) = &namespace {
            restore(&broker, namespace, &*clock);
        }
        let (stop, stopped) = watch::channel(None);
        let gauges: Arc<Vec<Gauges>> = Arc::new((0..cores).map(|_| Gauges::default()).collect());
        let post = Post::new(cores);
        let (mut doors, mut desks, mut threads) = (Vec::new(), Vec::new(), Vec::new());
        for core in 0..cores {
            let (door, arrivals) = mpsc::channel(ARRIVALS_MAX);
            let (desk, requests) = mpsc::channel(config.in_process_max.max(1));
            doors.push(door);
            desks.push(desk);
            threads.push(start_core(Setup {
                core: CoreNo(core),
                broker: Arc::clone(&broker),
                namespace: namespace.clone(),
                post: Arc::clone(&post),
                clock: Arc::clone(&clock),
                gauges: Arc::clone(&gauges),
                arrivals,
                requests,
                stop: stopped.clone(),
                figures_interval: config.figures_interval,
            })?);
        }
        let turned_away = Arc::new(AtomicU64::new(0));
        let floor = Floor {
            cores: doors,
            gauges: Arc::clone(&gauges),
            connections_max: config.connections_max,
            turned_away: Arc::clone(&turned_away),
        };
        let addresses = listeners.iter().map(|(address, _)| *address).collect();
        let acceptors = listeners
            .into_iter()
            .map(|(name, listener)| tokio::spawn(accept(listener, name, floor.clone())))
            .collect();
        let hasher = ahash::RandomState::new();
        let handle = Handle { broker, cores: desks.into(), gauges, turned_away, hasher };
        Ok(Self { handle, addresses, stop, acceptors, threads })
    }

    /// The addresses listened on, ports filled in.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// For the rest of the process.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Stops: no new connections, DISCONNECT 0x8B to every client, wills, a last commit, then the
    /// threads end; at the latest after the deadline.
    pub async fn shutdown(mut self, deadline: Duration) {
        self.acceptors.iter().for_each(tokio::task::JoinHandle::abort);
        self.stop.send_replace(Some(deadline));
        let threads = std::mem::take(&mut self.threads);
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                // A core that panicked has ended the process already.
                thread.join().ok();
            }
        });
        joined.await.ok();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.acceptors.iter().for_each(tokio::task::JoinHandle::abort);
    }
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
    let thread = |source| Error::Thread { core, source };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(thread)?;
    std::thread::Builder::new()
        .name(format!("mqtt-{core}"))
        .spawn(move || run(setup, &runtime))
        .map_err(thread)
}

/// Brings back what was retained and committed before.
fn restore(broker: &Broker, namespace: &Namespace, clock: &dyn Clock) {
    let (wall, monotonic) = (clock.now(), clock.monotonic());
    namespace.retained(&mut |kept| {
        let left = kept.expiry.map(|seconds| {
            let age = u64::try_from(wall.0.saturating_sub(kept.ingest.0)).unwrap_or_default();
            Duration::from_secs(u64::from(seconds)).saturating_sub(Duration::from_nanos(age))
        });
        broker.restore(
            kept.org,
            Retained {
                topic: kept.name.into(),
                qos: kept.qos,
                expires: left.map(|left| monotonic + left),
                properties: Bytes::copy_from_slice(kept.properties),
                payload: Bytes::copy_from_slice(kept.payload),
            },
        );
    });
}
