//! What lies between an accepted socket and MQTT: PROXY header, TLS, WebSocket. Each connection has
//! a task of its own here, timed and counted, so that a silent one holds up nobody; the cores see
//! only connections that are through.

mod explain;
mod failed;
mod pending;
mod plain;
mod proxy;
mod refuse;
mod upgrade;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use broker_engine::{Peer, Transport};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
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
use failed::Failed;
use pending::HandshakeSlot;
pub(crate) use pending::PendingHandshakes;
pub(crate) use proxy::read as read_proxy_header;
pub use refuse::Refused;
pub(crate) use refuse::{CROWDED, FULL, TOLD_MAX};
pub(crate) use upgrade::serve as serve_upgrade;
pub use upgrade::{Pages, Programs, accept_upgrade};

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
    pub(crate) guests: Arc<PendingHandshakes>,
    told: Arc<Told>,
    /// How many more may be told why they are not let in.
    refusals: Semaphore,
}

impl fmt::Debug for Hall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hall").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Hall {
    pub(crate) fn new(
        config: &Config,
        certificates: Option<Arc<Certificates>>,
        pages: Arc<dyn Pages>,
        (counters, told): (Arc<Counters>, Arc<Told>),
    ) -> Self {
        let limits = Admission { handshakes: config.handshakes, proxies: config.proxies.clone() };
        let addresses = Addresses::new(config.connections_per_address, Arc::clone(&told));
        let (guests, refusals) = (Arc::default(), Semaphore::new(TOLD_MAX));
        Self { addresses, limits, certificates, pages, counters, guests, told, refusals }
    }

    /// Ends every handshake and begins no other.
    pub(crate) fn close(&self) {
        self.guests.close();
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
        let (hall, floor) = (Arc::clone(self), floor.clone());
        let handshake = |slot| hall.lead(slot, (stream, from), listener, floor);
        self.guests.begin(listener.transport, handshake);
    }

    /// Leads a connection from its socket to a core.
    async fn lead(
        self: Arc<Self>,
        slot: HandshakeSlot,
        (stream, from): (TcpStream, SocketAddr),
        listener: Listener,
        floor: Floor,
    ) {
        let _noted = NotedPanic { counters: &self.counters, from, listener };
        let began = Instant::now();
        let handshake = self.greet(stream, from, listener);
        let outcome = tokio::time::timeout(self.limits.handshakes.timeout, handshake).await;
        drop(slot);
        let failed = match outcome {
            Ok(Ok((stream, layers, peer, place))) => {
                let socket = Socket { stream, layers, waited: began.elapsed(), place };
                return floor.admit(socket, peer).await;
            }
            Ok(Err(failed)) => failed,
            Err(_) => Failed::new(Failure::Timeout, &"it took too long"),
        };
        self.counters.failed(listener.transport, failed.cause);
        if let Some(mend) = failed.mend {
            self.told.tell(mend, from.ip(), |peer, left_out| {
                let listener = listener.address;
                tracing::warn!(%peer, %listener, left_out, "not let in: {mend}");
            });
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
        let Some(place) = self.addresses.enter(address) else {
            self.say_refused(stream, listener.transport, CROWDED).await;
            return Err(Failed::new(Failure::Address, &CROWDED.why));
        };
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
        self.told.tell("proxy", from.ip(), |peer, left_out| {
            tracing::warn!(
                %peer,
                left_out,
                "a connection to a listener for proxies is refused: list its address in \
                 mqtt.proxies if it is one"
            );
        });
        Err(Failed::new(Failure::Proxy, &"its address is not in mqtt.proxies"))
    }

    /// A connection that is not let in hears why, unless many others do.
    pub(crate) fn turn_away(
        self: &Arc<Self>,
        stream: TcpStream,
        listener: Listener,
        refused: Refused,
    ) {
        if listener.proxy || self.refusals.available_permits() == 0 {
            return;
        }
        let hall = Arc::clone(self);
        tokio::spawn(async move { hall.say_refused(stream, listener.transport, refused).await });
    }

    /// Says so in what its client speaks, within bounds of time and number.
    async fn say_refused(&self, mut stream: TcpStream, transport: Transport, refused: Refused) {
        let Ok(_permit) = self.refusals.try_acquire() else { return };
        let answer = async {
            let web = matches!(transport, Transport::WebSocket | Transport::WebSocketTls);
            match transport {
                Transport::Tcp => refuse::connect(&mut stream, &refused).await,
                Transport::WebSocket => upgrade::refuse(&mut stream, &refused).await,
                Transport::Tls | Transport::WebSocketTls => {
                    let Some(certificates) = &self.certificates else { return Ok(()) };
                    let acceptor = TlsAcceptor::from(certificates.config(web));
                    let mut stream = acceptor.accept(stream).await?;
                    match web {
                        true => upgrade::refuse(&mut stream, &refused).await,
                        false => refuse::connect(&mut stream, &refused).await,
                    }
                }
            }
        };
        match tokio::time::timeout(refuse::PATIENCE, answer).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "a refused connection did not hear why"),
            Err(_) => tracing::debug!("a refused connection said too little to hear why"),
        }
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

/// A panic in a handshake ends that one alone: its task is the only one that has its state.
struct NotedPanic<'a> {
    counters: &'a Counters,
    from: SocketAddr,
    listener: Listener,
}

impl Drop for NotedPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.counters.failed(self.listener.transport, Failure::Panic);
            let (peer, listener) = (self.from, self.listener.address);
            tracing::error!(%peer, %listener, "a panic ended this handshake and no other");
        }
    }
}
