//! What lies between an accepted socket and MQTT: PROXY header, TLS, WebSocket. Each connection has
//! a task of its own here, timed and counted, so that a silent one holds up nobody; the cores see
//! only connections that are through.

mod explain;
mod plain;
mod proxy;
mod upgrade;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use broker_engine::{Peer, Transport};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConnection;

use crate::accept::Floor;
use crate::addresses::{AddressPlace, Addresses};
use crate::config::{Config, Handshakes, Listener};
use crate::counters::{Counters, Failure};
use crate::network::Network;
use crate::tls::{Certificates, certificate_of};
use crate::told::Told;
use crate::websocket::Deframer;
use crate::worker::{Layers, Socket};
pub(crate) use proxy::read as read_proxy_header;
pub(crate) use upgrade::serve as serve_upgrade;
pub use upgrade::{Pages, Programs, accept_upgrade};

/// A handshake that did not succeed.
#[derive(Debug)]
pub(crate) struct Failed {
    cause: Failure,
    why: String,
    /// What the operators are told of it.
    mend: Option<&'static str>,
}

impl Failed {
    fn new(cause: Failure, why: &impl ToString) -> Self {
        Self { cause, why: why.to_string(), mend: None }
    }

    fn proxy(error: &io::Error) -> Self {
        Self::new(Failure::Proxy, error)
    }

    fn tls(error: &io::Error) -> Self {
        Self { mend: explain::explain(error), ..Self::new(Failure::Tls, error) }
    }

    fn not_tls() -> Self {
        let mend = "it speaks MQTT without TLS to a listener with TLS (mqtt.tls.listen): turn TLS \
                    on in the client, or have it connect to mqtt.listen";
        Self { mend: Some(mend), ..Self::new(Failure::Tls, &"MQTT without TLS") }
    }

    fn upgrade(error: &io::Error) -> Self {
        Self::new(Failure::Upgrade, error)
    }
}

/// Handshakes under way.
#[derive(Debug, Default)]
pub(crate) struct Guests(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    /// By arrival.
    tasks: BTreeMap<u64, (Transport, AbortHandle)>,
    next: u64,
    closed: bool,
}

impl Guests {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.lock().tasks.len()
    }

    /// Ends the oldest where there are this many.
    pub(crate) fn shed(&self, most: usize, counters: &Counters) {
        let mut waiting = self.0.lock();
        let oldest = (waiting.tasks.len() >= most).then(|| waiting.tasks.pop_first()).flatten();
        drop(waiting);
        if let Some((_, (transport, oldest))) = oldest {
            oldest.abort();
            counters.failed(transport, Failure::Shed);
        }
    }
}

/// Who is let in, and within which limits.
#[derive(Clone, Debug)]
struct Admission {
    handshakes: Handshakes,
    proxies: Vec<Network>,
}

/// What a handshake comes to.
type Greeted = (TcpStream, Option<Box<Layers>>, Peer, AddressPlace);

/// Where handshakes happen.
pub(crate) struct Hall {
    pub(crate) addresses: Arc<Addresses>,
    limits: Admission,
    pub(crate) certificates: Option<Arc<Certificates>>,
    pages: Arc<dyn Pages>,
    counters: Arc<Counters>,
    pub(crate) guests: Arc<Guests>,
    told: Told,
}

impl fmt::Debug for Hall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hall").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// Frees the place of a handshake when it ends, however it ends.
struct Seat(Arc<Hall>, u64);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.guests.0.lock().tasks.remove(&self.1);
    }
}

impl Hall {
    pub(crate) fn new(
        config: &Config,
        certificates: Option<Arc<Certificates>>,
        pages: Arc<dyn Pages>,
        counters: Arc<Counters>,
    ) -> Self {
        let limits = Admission { handshakes: config.handshakes, proxies: config.proxies.clone() };
        let addresses = Addresses::new(config.connections_per_address);
        let (guests, told) = (Arc::default(), Told::default());
        Self { addresses, limits, certificates, pages, counters, guests, told }
    }

    /// Ends every handshake and begins no other.
    pub(crate) fn close(&self) {
        let mut waiting = self.guests.0.lock();
        waiting.closed = true;
        let tasks = std::mem::take(&mut waiting.tasks);
        drop(waiting);
        tasks.values().for_each(|(_, task)| task.abort());
    }

    /// Starts the handshake of a connection.
    pub(crate) fn receive(
        self: &Arc<Self>,
        stream: TcpStream,
        from: SocketAddr,
        listener: Listener,
        floor: &Floor,
    ) {
        // Those under way and those served stay within the limit of connections together.
        self.guests.shed(self.limits.handshakes.max.min(floor.room()).max(1), &self.counters);
        let mut waiting = self.guests.0.lock();
        if waiting.closed {
            return;
        }
        let id = waiting.next;
        waiting.next += 1;
        let task = tokio::spawn(self.clone().lead(id, (stream, from), listener, floor.clone()));
        waiting.tasks.insert(id, (listener.transport, task.abort_handle()));
    }

    /// Leads a connection from its socket to a core.
    async fn lead(
        self: Arc<Self>,
        id: u64,
        (stream, from): (TcpStream, SocketAddr),
        listener: Listener,
        floor: Floor,
    ) {
        let seat = Seat(Arc::clone(&self), id);
        let began = Instant::now();
        let handshake = self.greet(stream, from, listener);
        let outcome = tokio::time::timeout(self.limits.handshakes.timeout, handshake).await;
        drop(seat);
        let failed = match outcome {
            Ok(Ok((stream, layers, peer, place))) => {
                let socket = Socket { stream, layers, waited: began.elapsed(), place };
                return floor.admit(socket, peer).await;
            }
            Ok(Err(failed)) => failed,
            Err(_) => Failed::new(Failure::Timeout, &"it took too long"),
        };
        self.counters.failed(listener.transport, failed.cause);
        if let Some(mend) = failed.mend
            && self.told.is_due(mend, &from.to_string())
        {
            tracing::warn!(peer = %from, listener = %listener.address, "not let in: {mend}");
        }
        tracing::debug!(
            peer = %from,
            listener = %listener.address,
            cause = failed.cause.name(),
            why = failed.why,
            "a connection was not let in"
        );
    }

    async fn greet(
        &self,
        mut stream: TcpStream,
        from: SocketAddr,
        listener: Listener,
    ) -> Result<Greeted, Failed> {
        let mut address = from;
        if listener.proxy {
            self.check_proxy(from)?;
            let said =
                read_proxy_header(&mut stream).await.map_err(|error| Failed::proxy(&error))?;
            address = said.unwrap_or(from);
        }
        let place = self.addresses.enter(address);
        let place = place.ok_or_else(|| Failed::new(Failure::Address, &"its address has many"))?;
        let mut peer = Peer {
            address: address.to_string().into(),
            listener: listener.address.to_string().into(),
            transport: listener.transport,
            proxied: listener.proxy,
            durability: listener.durability,
            lenient: listener.lenient,
            anonymous_allowed: listener.anonymous,
            certificate: None,
        };
        let (stream, layers) = match listener.transport {
            Transport::Tcp => return Ok((stream, None, peer, place)),
            Transport::WebSocket => {
                let early = self.upgrade(&mut stream, address).await?;
                (stream, Layers { websocket: Some(self.deframer()), early, ..self.layers() })
            }
            Transport::Tls | Transport::WebSocketTls => {
                let web = listener.transport == Transport::WebSocketTls;
                let certificates = self.certificates.as_ref();
                let config = certificates
                    .map(|certificates| certificates.config(web))
                    .ok_or_else(|| Failed::new(Failure::Tls, &"there is no certificate"))?;
                if plain::answer(&mut stream).await.map_err(|error| Failed::tls(&error))? {
                    return Err(Failed::not_tls());
                }
                let accepted = TlsAcceptor::from(config).accept(stream).await;
                let mut stream = accepted.map_err(|error| Failed::tls(&error))?;
                let early = if web { self.upgrade(&mut stream, address).await? } else { vec![] };
                let (stream, session) = stream.into_inner();
                peer.certificate = certificate_of(&session).map(Box::new);
                let websocket = web.then(|| self.deframer());
                (stream, Layers { tls: Some(session), websocket, early, ..self.layers() })
            }
        };
        Ok((stream, Some(Box::new(layers)), peer, place))
    }

    /// Whoever is not listed could say in a header that it is anybody.
    fn check_proxy(&self, from: SocketAddr) -> Result<(), Failed> {
        if self.limits.proxies.iter().any(|proxy| proxy.contains(from.ip())) {
            return Ok(());
        }
        if self.addresses.is_due(from.ip()) {
            tracing::warn!(
                peer = %from.ip(),
                "a connection to a listener for proxies is refused: list its address in \
                 mqtt.proxies if it is one"
            );
        }
        Err(Failed::new(Failure::Proxy, &"its address is not in mqtt.proxies"))
    }

    async fn upgrade(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
        from: SocketAddr,
    ) -> Result<Vec<u8>, Failed> {
        serve_upgrade(stream, from, &*self.pages).await.map_err(|error| Failed::upgrade(&error))
    }

    /// The layers of a WebSocket that somebody else upgraded.
    pub(crate) fn upgraded(&self, tls: Option<ServerConnection>, early: Vec<u8>) -> Layers {
        Layers { tls, websocket: Some(self.deframer()), early, ..self.layers() }
    }

    fn layers(&self) -> Layers {
        Layers { tls: None, websocket: None, early: vec![], counters: self.counters.clone() }
    }

    fn deframer(&self) -> Deframer {
        Deframer::new(self.limits.handshakes.frame_bytes_max)
    }
}
