//! What lies between an accepted socket and MQTT: PROXY header, TLS, WebSocket. Each connection has
//! a task of its own here, timed and counted, so that a silent client delays nobody. The cores see
//! only connections whose handshakes are done.

mod explain;
mod failed;
mod pending;
mod plain;
mod proxy;
mod refusal;
mod refusals;
mod upgrade;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use broker_engine::{Peer, Transport};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConnection;

use crate::addresses::{AddressSlot, Addresses};
use crate::config::{Config, Handshakes, Listener};
use crate::counters::{Counters, Failure};
use crate::dispatch::CoreDispatch;
use crate::incoming::AcceptedSocket;
use crate::layers::Layers;
use crate::network::Network;
use crate::tls::{Certificates, certificate_of};
use crate::websocket::Deframer;
use failed::Failed;
use pending::HandshakeSlot;
pub(crate) use pending::PendingHandshakes;
pub(crate) use proxy::read as read_proxy_header;
pub use refusal::Refusal;
pub(crate) use refusal::{ADDRESS_LIMIT, CONNECTION_LIMIT};
pub(crate) use refusals::REFUSALS_MAX;
use refusals::Refusals;
pub(crate) use upgrade::serve as serve_upgrade;
pub use upgrade::{NoBrowsers, OriginCheck, accept_upgrade};

/// What every handshake needs.
pub(crate) struct HandshakeContext {
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) certificates: Option<Arc<Certificates>>,
    pub(crate) pending: Arc<PendingHandshakes>,
    limits: Handshakes,
    /// The proxies that may say whom a connection comes from.
    proxies: Vec<Network>,
    origins: Arc<dyn OriginCheck>,
    refusals: Refusals,
}

impl fmt::Debug for HandshakeContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandshakeContext").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// What a handshake is made from.
struct Accepted {
    stream: TcpStream,
    from: SocketAddr,
    listener: Listener,
}

/// What a handshake results in.
struct Established {
    stream: TcpStream,
    layers: Option<Box<Layers>>,
    peer: Peer,
    address_slot: AddressSlot,
}

impl HandshakeContext {
    pub(crate) fn new(
        config: &Config,
        addresses: Arc<Addresses>,
        counters: Arc<Counters>,
        certificates: Option<Arc<Certificates>>,
        origins: Arc<dyn OriginCheck>,
    ) -> Self {
        Self {
            addresses,
            counters,
            refusals: Refusals::new(certificates.clone()),
            certificates,
            pending: Arc::default(),
            limits: config.handshakes,
            proxies: config.proxies.clone(),
            origins,
        }
    }

    /// Ends every handshake and starts no other.
    pub(crate) fn close(&self) {
        self.pending.close();
    }

    /// Starts the handshake of a connection.
    pub(crate) fn begin(
        self: &Arc<Self>,
        stream: TcpStream,
        from: SocketAddr,
        listener: Listener,
        dispatch: &CoreDispatch,
    ) {
        // Handshakes and served connections stay within the limit of connections together.
        self.pending.shed(self.limits.max.min(dispatch.room()).max(1), &self.counters);
        let (context, dispatch) = (Arc::clone(self), dispatch.clone());
        let accepted = Accepted { stream, from, listener };
        self.pending.begin(listener.transport, |slot| context.run(slot, accepted, dispatch));
    }

    /// Takes a connection from its socket to a core.
    async fn run(self: Arc<Self>, slot: HandshakeSlot, accepted: Accepted, dispatch: CoreDispatch) {
        let (from, listener) = (accepted.from, accepted.listener);
        let _panics = PanicReport { counters: &self.counters, from, listener };
        let began = Instant::now();
        let outcome = tokio::time::timeout(self.limits.timeout, self.negotiate(accepted)).await;
        drop(slot);
        let failed = match outcome {
            Ok(Ok(Established { stream, layers, peer, address_slot })) => {
                let waited = began.elapsed();
                let socket = AcceptedSocket { stream, layers, waited, address_slot };
                return dispatch.admit(socket, peer).await;
            }
            Ok(Err(failed)) => failed,
            Err(_) => Failed::new(Failure::Timeout, &"it took too long"),
        };
        self.counters.failed(listener.transport, failed.cause);
        if let Some(remedy) = failed.remedy {
            self.addresses.log(remedy, from.ip(), |peer, left_out| {
                let listener = listener.address;
                tracing::warn!(%peer, %listener, left_out, "not let in: {remedy}");
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

    /// Reads the PROXY header and does the handshakes of the transport.
    async fn negotiate(&self, accepted: Accepted) -> Result<Established, Failed> {
        let Accepted { mut stream, from, listener } = accepted;
        let mut address = from;
        if listener.proxy {
            self.check_proxy(from)?;
            let header = read_proxy_header(&mut stream).await;
            address = header.map_err(|error| Failed::proxy(&error))?.unwrap_or(from);
        }
        let Some(address_slot) = self.addresses.add_connection(address) else {
            self.refusals.send(stream, listener.transport, ADDRESS_LIMIT).await;
            return Err(Failed::new(Failure::Address, &ADDRESS_LIMIT.why));
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
            Transport::Tcp => return Ok(Established { stream, layers: None, peer, address_slot }),
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
        Ok(Established { stream, layers: Some(Box::new(layers)), peer, address_slot })
    }

    /// Refuses a client that is not a known proxy, since it could name any address in a header.
    fn check_proxy(&self, from: SocketAddr) -> Result<(), Failed> {
        if self.proxies.iter().any(|proxy| proxy.contains(from.ip())) {
            return Ok(());
        }
        self.addresses.log("proxy", from.ip(), |peer, left_out| {
            tracing::warn!(
                %peer,
                left_out,
                "a connection to a listener for proxies is refused: list its address in \
                 mqtt.proxies if it is one"
            );
        });
        Err(Failed::new(Failure::Proxy, &"its address is not in mqtt.proxies"))
    }

    /// Closes a connection and tells its client why, unless too many are being told.
    pub(crate) fn refuse(
        self: &Arc<Self>,
        stream: TcpStream,
        listener: Listener,
        refusal: Refusal,
    ) {
        // On a listener for proxies a PROXY header comes before what the client says.
        if listener.proxy || !self.refusals.has_room() {
            return;
        }
        let context = Arc::clone(self);
        tokio::spawn(async move {
            context.refusals.send(stream, listener.transport, refusal).await;
        });
    }

    async fn upgrade(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
        from: SocketAddr,
    ) -> Result<Vec<u8>, Failed> {
        serve_upgrade(stream, from, &*self.origins).await.map_err(|error| Failed::upgrade(&error))
    }

    /// The layers of a connection that another part of the process upgraded to WebSocket.
    pub(crate) fn upgraded(&self, tls: Option<ServerConnection>, early: Vec<u8>) -> Layers {
        Layers { tls, websocket: Some(self.deframer()), early, ..self.layers() }
    }

    fn layers(&self) -> Layers {
        Layers { tls: None, websocket: None, early: vec![], counters: self.counters.clone() }
    }

    fn deframer(&self) -> Deframer {
        Deframer::new(self.limits.frame_bytes_max)
    }
}

/// Counts and logs a panic in a handshake. The panic ends that handshake alone, because its task
/// shares no state with others.
struct PanicReport<'a> {
    counters: &'a Counters,
    from: SocketAddr,
    listener: Listener,
}

impl Drop for PanicReport<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.counters.failed(self.listener.transport, Failure::Panic);
            let (peer, listener) = (self.from, self.listener.address);
            tracing::error!(%peer, %listener, "a panic ended this handshake and no other");
        }
    }
}
