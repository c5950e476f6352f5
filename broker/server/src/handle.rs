//! What the rest of the process may do with a running broker.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use broker_engine::{Broker, Durability, Peer, Pressure, Stats, Together, Transport};
use broker_ledger::Ledger;
use fabric::Rejection;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;
use uns_model::Clock;
use uns_namespace::Namespace;

use crate::Error;
use crate::accept::{Floor, Lent};
use crate::addresses::AddressPlace;
use crate::counters::{Failure, Reloads, TransportStats};
use crate::handshake::{CROWDED, FULL, Hall, Refused};
use crate::inspect::offline;
use crate::loads::{Load, Loads};
use crate::traces::Traces;
use crate::worker::{Gauges, Layers, Order, Published, Request, Socket};

/// A running broker, from anywhere in the process.
#[derive(Clone)]
pub struct Handle {
    pub(crate) broker: Arc<Broker>,
    pub(crate) cores: Arc<[mpsc::Sender<Request>]>,
    pub(crate) orders: Arc<[mpsc::Sender<Order>]>,
    pub(crate) traces: Arc<Traces>,
    pub(crate) loads: Arc<Loads>,
    pub(crate) namespace: Option<Arc<Namespace>>,
    pub(crate) ledger: Option<Arc<Ledger>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) gauges: Arc<Vec<Gauges>>,
    pub(crate) turned_away: Arc<AtomicU64>,
    pub(crate) floor: Floor,
    pub(crate) hall: Arc<Hall>,
    pub(crate) adopted: Adopted,
}

/// What holds for connections that were adopted, as a listener says it of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Adopted {
    pub(crate) durability: Durability,
    pub(crate) lenient: bool,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("broker", &self.broker).finish_non_exhaustive()
    }
}

/// Figures of the whole broker.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct StatsSnapshot {
    /// Counters, summed over the cores; causes of drops are [`broker_engine::Drop::ALL`].
    pub stats: Stats,
    /// Since the start.
    pub uptime: Duration,
    /// The most clients there were at once.
    pub clients_max: u64,
    /// Averages over some minutes.
    pub loads: [Load; 3],
    /// Sessions in the log whose client is not connected.
    pub sessions_offline: u64,
    /// Sockets, connected clients or not.
    pub sockets: usize,
    /// Subscriptions of all clients.
    pub subscriptions: usize,
    /// Retained messages.
    pub retained: usize,
    /// Their bytes.
    pub retained_bytes: usize,
    /// Connections closed at the door, beyond the limit.
    pub turned_away: u64,
    /// Connections after which a listener waited, since they came too fast.
    pub delayed: u64,
    /// Figures of each of [`Transport::ALL`].
    pub transports: [TransportStats; Transport::ALL.len()],
    /// Handshakes under way.
    pub handshakes: usize,
    /// TLS files read again.
    pub reloads: Reloads,
}

impl Handle {
    /// Publishes as a client would: through the gate, live to subscribers, retained if wanted. The
    /// batch keeps its order and is one append. The future resolves after the commit with where in
    /// the log each item is and which rows of it were refused, and behind them what became of its mark.
    /// A refused item stops no other; a refused mark stops all. Batches of one lane keep their order
    /// too, and those of different lanes never wait for each other.
    ///
    /// # Errors
    /// The broker is shutting down.
    pub async fn together(
        &self,
        lane: u64,
        batch: Together,
    ) -> Result<Vec<Result<Published, Rejection>>, Error> {
        let place = lane % (self.cores.len() as u64).max(1);
        let core = usize::try_from(place).ok().and_then(|place| self.cores.get(place));
        let (reply, outcome) = oneshot::channel();
        let request = Request { batch, lane, reply };
        core.ok_or(Error::ShuttingDown)?.send(request).await.map_err(|_| Error::ShuttingDown)?;
        outcome.await.map_err(|_| Error::ShuttingDown)
    }

    /// Serves a connection that somebody else turned into a WebSocket for MQTT (see
    /// [`accept_upgrade`](crate::accept_upgrade)), within the same limits as those of the broker's
    /// own listeners. `early` is what was read from it after the request.
    ///
    /// # Errors
    /// The socket is gone already, or the broker is shutting down.
    pub async fn adopt(
        &self,
        place: AddressPlace,
        stream: TcpStream,
        early: Vec<u8>,
    ) -> Result<(), Error> {
        let layers = self.hall.upgraded(None, early);
        self.take_in(Transport::WebSocket, (stream, place), layers).await
    }

    /// The place of one more connection from there, before it is turned into a WebSocket for MQTT:
    /// its client can still be answered in HTTP.
    ///
    /// # Errors
    /// There is none; why, in words for the client.
    pub fn place_for(&self, from: SocketAddr) -> Result<AddressPlace, Refused> {
        if self.floor.closed.load(Ordering::Relaxed) || !self.floor.has_room() {
            return Err(FULL);
        }
        self.floor.addresses.enter(from).ok_or_else(|| {
            // Whether it lies in TLS is known once it is handed over.
            self.floor.counters.failed(Transport::WebSocket, Failure::Address);
            CROWDED
        })
    }

    /// The same for a WebSocket in TLS.
    ///
    /// # Errors
    /// The socket is gone already, or the broker is shutting down.
    pub async fn adopt_tls(
        &self,
        place: AddressPlace,
        stream: TlsStream<TcpStream>,
        early: Vec<u8>,
    ) -> Result<(), Error> {
        let (stream, session) = stream.into_inner();
        let layers = self.hall.upgraded(Some(session), early);
        self.take_in(Transport::WebSocketTls, (stream, place), layers).await
    }

    /// Lends one of the broker's connections, so that somebody else in this process may open one
    /// without there being more descriptors than are counted on.
    pub fn lend(&self) -> Option<Lent> {
        self.floor.lend()
    }

    async fn take_in(
        &self,
        transport: Transport,
        (stream, place): (TcpStream, AddressPlace),
        layers: Layers,
    ) -> Result<(), Error> {
        if self.floor.closed.load(Ordering::Relaxed) {
            return Err(Error::ShuttingDown);
        }
        let from = stream.peer_addr().map_err(Error::Adopt)?;
        let here = stream.local_addr().map_err(Error::Adopt)?;
        let peer = Peer {
            address: from.to_string().into(),
            listener: here.to_string().into(),
            transport,
            durability: self.adopted.durability,
            lenient: self.adopted.lenient,
            anonymous_allowed: from.ip().is_loopback() && here.ip().is_loopback(),
            ..Peer::default()
        };
        let (layers, waited) = (Some(Box::new(layers)), Duration::ZERO);
        self.floor.admit(Socket { stream, layers, waited, place }, peer).await;
        Ok(())
    }

    /// What a handshake of HTTPS that begins now goes by, where there are TLS files.
    pub fn page_tls(&self) -> Option<Arc<ServerConfig>> {
        self.hall.certificates.as_ref().map(|certificates| certificates.page())
    }

    /// Reads the TLS files again now, changed or not; connections keep what they began with.
    pub fn reload_certificates(&self) {
        if let Some(certificates) = &self.hall.certificates {
            certificates.ask();
        }
    }

    /// Rights have changed: every decision about publishing and receiving is made anew, and
    /// connections whose rights were revoked are ended within a second.
    pub fn policy_changed(&self) {
        self.broker.policy_changed();
    }

    /// Says how short memory is; cores act on it within a quarter of a second, and at once when
    /// something comes in.
    pub fn set_pressure(&self, pressure: Pressure) {
        self.broker.set_pressure(pressure);
    }

    /// Says whether sessions are owed about as much as they may be together; then what would be
    /// owed to those whose clients are away is refused.
    pub fn set_owed_full(&self, full: bool) {
        self.broker.set_owed_full(full);
    }

    /// Figures of this moment.
    pub fn stats(&self) -> StatsSnapshot {
        let sum = |sum: Stats, gauges: &Gauges| sum.plus(&gauges.stats());
        let (retained, retained_bytes) = self.broker.retained.size();
        let stats = self.gauges.iter().fold(Stats::default(), sum);
        StatsSnapshot {
            uptime: self.clock.monotonic().saturating_sub(self.loads.started),
            clients_max: self.broker.clients.count_max() as u64,
            loads: self.loads.loads(),
            sessions_offline: offline(&self.broker, &stats),
            stats,
            sockets: self.gauges.iter().map(|g| g.sockets.load(Ordering::Relaxed)).sum(),
            subscriptions: self.broker.subscriptions.count(),
            retained,
            retained_bytes,
            delayed: self.floor.counters.delayed.load(Ordering::Relaxed),
            turned_away: self.turned_away.load(Ordering::Relaxed),
            transports: self.floor.counters.transports(),
            handshakes: self.hall.guests.count(),
            reloads: self.floor.counters.reloads(),
        }
    }

    /// Figures of the sessions in the log; none without one.
    pub fn session_stats(&self) -> broker_ledger::Stats {
        self.ledger.as_ref().map(|ledger| ledger.stats()).unwrap_or_default()
    }

    /// Figures of each core.
    pub fn stats_by_core(&self) -> Vec<Stats> {
        self.gauges.iter().map(Gauges::stats).collect()
    }
}
