//! What the rest of the process may do with a running broker.

mod clients;
mod consumers;
mod sessions;
mod subscriptions;
mod topics;
mod traces;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
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
use crate::addresses::AddressSlot;
use crate::core_gauges::CoreGauges;
use crate::counters::{Counters, Failure};
use crate::dispatch::{ConnectionLoan, CoreDispatch};
use crate::handshake::{ADDRESS_LIMIT, CONNECTION_LIMIT, HandshakeContext, Refusal};
use crate::in_process::{PublishRequest, Published};
use crate::incoming::AcceptedSocket;
use crate::layers::Layers;
use crate::load_averages::LoadAverages;
use crate::operator_request::OperatorRequests;
use crate::stats::{StatsSnapshot, sessions_offline};
use crate::traces::Traces;

pub use sessions::SessionInfo;
pub use subscriptions::{SubscriptionInfo, SubscriptionQuery};
pub use topics::{TopicInfo, TopicQuery};

/// A running broker, from anywhere in the process.
#[derive(Clone)]
pub struct Handle {
    pub(crate) broker: Arc<Broker>,
    pub(crate) publish_queues: Arc<[mpsc::Sender<PublishRequest>]>,
    pub(crate) operators: OperatorRequests,
    pub(crate) traces: Arc<Traces>,
    pub(crate) loads: Arc<LoadAverages>,
    pub(crate) namespace: Option<Arc<Namespace>>,
    pub(crate) ledger: Option<Arc<Ledger>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) gauges: Arc<Vec<CoreGauges>>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) dispatch: CoreDispatch,
    pub(crate) handshakes: Arc<HandshakeContext>,
    pub(crate) adopted: AdoptedSettings,
}

/// The settings of adopted connections, as a listener has them for its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdoptedSettings {
    pub(crate) durability: Durability,
    pub(crate) lenient: bool,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("broker", &self.broker).finish_non_exhaustive()
    }
}

impl Handle {
    /// Publishes as a client would: through the gate, live to subscribers, retained if wanted. The
    /// batch keeps its order and is one append. The future resolves after the commit. It gives, for
    /// each item and then for the mark, its place in the log, and the rows of it that were refused.
    /// A refused item does not stop the others; a refused mark refuses all. Batches of one lane keep
    /// their order, and batches of different lanes do not wait for each other.
    ///
    /// # Errors
    /// The broker is shutting down.
    pub async fn together(
        &self,
        lane: u64,
        batch: Together,
    ) -> Result<Vec<Result<Published, Rejection>>, Error> {
        let core = lane % (self.publish_queues.len() as u64).max(1);
        let queue = usize::try_from(core).ok().and_then(|core| self.publish_queues.get(core));
        let (reply, outcome) = oneshot::channel();
        let request = PublishRequest { batch, lane, reply };
        queue.ok_or(Error::ShuttingDown)?.send(request).await.map_err(|_| Error::ShuttingDown)?;
        outcome.await.map_err(|_| Error::ShuttingDown)
    }

    /// Counts one more connection of an address, before it becomes a WebSocket for MQTT. At this
    /// point its client can still be refused in HTTP.
    ///
    /// # Errors
    /// There is no room; the refusal says why.
    pub fn address_slot(&self, from: SocketAddr) -> Result<AddressSlot, Refusal> {
        if self.dispatch.is_closed() || !self.dispatch.has_room() {
            return Err(CONNECTION_LIMIT);
        }
        self.handshakes.addresses.add_connection(from).ok_or_else(|| {
            // Whether the connection has TLS is known only once it is handed over.
            self.counters.failed(Transport::WebSocket, Failure::Address);
            ADDRESS_LIMIT
        })
    }

    /// Serves a connection that another part of the process turned into a WebSocket for MQTT (see
    /// [`accept_upgrade`](crate::accept_upgrade)), within the limits of the broker's own listeners.
    /// `early` is what was read from it after the request.
    ///
    /// # Errors
    /// The socket is gone already, or the broker is shutting down.
    pub async fn adopt(
        &self,
        address_slot: AddressSlot,
        stream: TcpStream,
        early: Vec<u8>,
    ) -> Result<(), Error> {
        let layers = self.handshakes.upgraded(None, early);
        self.admit(Transport::WebSocket, stream, address_slot, layers).await
    }

    /// The same for a WebSocket in TLS.
    ///
    /// # Errors
    /// The socket is gone already, or the broker is shutting down.
    pub async fn adopt_tls(
        &self,
        address_slot: AddressSlot,
        stream: TlsStream<TcpStream>,
        early: Vec<u8>,
    ) -> Result<(), Error> {
        let (stream, session) = stream.into_inner();
        let layers = self.handshakes.upgraded(Some(session), early);
        self.admit(Transport::WebSocketTls, stream, address_slot, layers).await
    }

    async fn admit(
        &self,
        transport: Transport,
        stream: TcpStream,
        address_slot: AddressSlot,
        layers: Layers,
    ) -> Result<(), Error> {
        if self.dispatch.is_closed() {
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
        self.dispatch.admit(AcceptedSocket { stream, layers, waited, address_slot }, peer).await;
        Ok(())
    }

    /// Lends one of the broker's connections to another part of the process, which may open one in
    /// its place. So the descriptors that were planned for suffice for both.
    pub fn lend(&self) -> Option<ConnectionLoan> {
        self.dispatch.lend()
    }

    /// The TLS settings for an HTTPS handshake that begins now, where there are TLS files.
    pub fn page_tls(&self) -> Option<Arc<ServerConfig>> {
        self.handshakes.certificates.as_ref().map(|certificates| certificates.page())
    }

    /// Reads the TLS files again now, whether they changed or not. Open connections keep theirs.
    pub fn reload_certificates(&self) {
        if let Some(certificates) = &self.handshakes.certificates {
            certificates.ask();
        }
    }

    /// Says that rights have changed: every decision about publishing and receiving is made anew,
    /// and connections whose rights were revoked end within a second.
    pub fn policy_changed(&self) {
        self.broker.policy_changed();
    }

    /// Sets the memory pressure. Cores act on it within a quarter of a second, and at once when
    /// something is received.
    pub fn set_pressure(&self, pressure: Pressure) {
        self.broker.set_pressure(pressure);
    }

    /// Says whether all sessions together are owed about as much as they may be. While they are,
    /// publishes that would be owed to absent clients are refused.
    pub fn set_owed_full(&self, full: bool) {
        self.broker.set_owed_full(full);
    }

    /// Figures of this moment.
    pub fn stats(&self) -> StatsSnapshot {
        let (retained, retained_bytes) = self.broker.retained.size();
        let stats = CoreGauges::sum(&self.gauges);
        StatsSnapshot {
            uptime: self.clock.monotonic().saturating_sub(self.loads.started),
            clients_max: self.broker.clients.count_max() as u64,
            loads: self.loads.all(),
            sessions_offline: sessions_offline(&self.broker, &stats),
            stats,
            sockets: self.dispatch.sockets(),
            subscriptions: self.broker.subscriptions.count(),
            retained,
            retained_bytes,
            delayed: self.counters.delayed.load(Ordering::Relaxed),
            turned_away: self.dispatch.turned_away(),
            transports: self.counters.transports(),
            handshakes: self.handshakes.pending.count(),
            reloads: self.counters.reloads(),
        }
    }

    /// Figures of the sessions in the log; all zero without a ledger.
    pub fn session_stats(&self) -> broker_ledger::Stats {
        self.ledger.as_ref().map(|ledger| ledger.stats()).unwrap_or_default()
    }

    /// Figures of each core.
    pub fn stats_by_core(&self) -> Vec<Stats> {
        self.gauges.iter().map(CoreGauges::stats).collect()
    }
}
