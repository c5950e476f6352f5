//! Settings of the server, with their defaults.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use broker_engine::{Durability, Transport};

use crate::network::Network;

/// Listeners, threads and limits.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where MQTT is served, and how.
    pub listen: Vec<Listener>,
    /// The files of listeners with TLS.
    pub tls: Option<Tls>,
    /// The handshakes before MQTT.
    pub handshakes: Handshakes,
    /// How log-ins that take long are verified.
    pub verification: Verification,
    /// Threads that own connections; 0 for as many as the machine has processors.
    pub cores: u16,
    /// The most connections at the same time. Some more are open only to be refused with a reason.
    pub connections_max: usize,
    /// The most connections of one address; 0 for no limit. Loopback addresses have none.
    pub connections_per_address: usize,
    /// The proxies that may say in a PROXY header whom a connection comes from.
    pub proxies: Vec<Network>,
    /// How many connections each listener accepts in a second, and at once; more wait in its queue.
    /// 0 for no limit.
    pub connections_per_second: u32,
    /// How often `$SYS` is published; zero for never.
    pub figures_interval: Duration,
    /// The most batches of in-process publishes that wait for one core. A quarter of them may be of
    /// one organisation.
    pub in_process_max: usize,
    /// The most bytes of incomplete packets of all connections while memory is short. Beyond it the
    /// connections with the largest ones are ended.
    pub unread_bytes_max: usize,
    /// What acknowledgements wait for on adopted connections.
    pub durability: Durability,
    /// Whether adopted connections are lenient, as those of a lenient listener are.
    pub lenient: bool,
    /// Limits of the engine.
    pub engine: broker_engine::Config,
}

/// One address listened on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Listener {
    /// The address; port 0 picks a free port.
    pub address: SocketAddr,
    /// What carries MQTT.
    pub transport: Transport,
    /// Whether every connection begins with a header of the PROXY protocol, version 2.
    pub proxy: bool,
    /// Whether clients without a log-in may be accepted. Authentication sees it as
    /// [`Peer::anonymous_allowed`](broker_engine::Peer::anonymous_allowed).
    pub anonymous: bool,
    /// Whether protocol faults that real devices are known for are ignored, counted and logged.
    pub lenient: bool,
    /// What acknowledgements to its clients wait for.
    pub durability: Durability,
}

impl Listener {
    /// A listener that expects no proxy, and accepts clients without a log-in only on loopback.
    pub fn new(address: SocketAddr, transport: Transport) -> Self {
        let durability = Durability::Commit;
        let anonymous = address.ip().is_loopback();
        Self { address, transport, proxy: false, anonymous, lenient: false, durability }
    }
}

impl From<SocketAddr> for Listener {
    /// Plain TCP.
    fn from(address: SocketAddr) -> Self {
        Self::new(address, Transport::Tcp)
    }
}

/// Files of the TLS listeners, all in PEM. They are read again when they change.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The certificate, and the intermediate ones up to the root.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The CAs of client certificates; without them no client is asked for one.
    pub client_ca: Option<PathBuf>,
    /// The revocation lists of these CAs, one of each; without them nothing is revoked.
    pub client_crl: Option<PathBuf>,
    /// Whether a client without a certificate is accepted too.
    pub client_optional: bool,
    /// How often the files are checked for changes.
    pub check_interval: Duration,
}

impl Tls {
    /// A certificate and its key, checked every three seconds; no client certificates.
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self {
            certificate: certificate.into(),
            key: key.into(),
            client_ca: None,
            client_crl: None,
            client_optional: false,
            check_interval: Duration::from_secs(3),
        }
    }
}

/// Limits of everything before MQTT: PROXY header, TLS, WebSocket.
#[derive(Clone, Copy, Debug)]
pub struct Handshakes {
    /// The most handshakes at once. One more ends the oldest, so that silent clients cannot keep
    /// others out.
    pub max: usize,
    /// The longest a handshake may take. The client has that much less time for its CONNECT.
    pub timeout: Duration,
    /// The longest WebSocket frame accepted. A packet may span frames.
    pub frame_bytes_max: u64,
}

impl Default for Handshakes {
    fn default() -> Self {
        Self { max: 1024, timeout: Duration::from_secs(10), frame_bytes_max: 16 << 20 }
    }
}

/// The threads that verify log-ins which [`Authenticate`](broker_engine::Authenticate) asked for.
#[derive(Clone, Copy, Debug)]
pub struct Verification {
    /// How many log-ins are verified at once. A password hash may want 20 MB for each.
    pub threads: u16,
    /// How many more may wait. One beyond that is refused because the server is busy.
    pub waiting_max: usize,
}

impl Default for Verification {
    fn default() -> Self {
        Self { threads: 4, waiting_max: 256 }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 1883)).into()],
            tls: None,
            handshakes: Handshakes::default(),
            verification: Verification::default(),
            cores: 0,
            connections_per_second: 5000,
            connections_per_address: 5000,
            proxies: Network::LOOPBACK.to_vec(),
            connections_max: 15_000,
            figures_interval: Duration::from_secs(10),
            in_process_max: 1024,
            unread_bytes_max: 64 << 20,
            durability: Durability::Commit,
            lenient: false,
            engine: broker_engine::Config::default(),
        }
    }
}

impl Config {
    /// The number of cores to run.
    pub(crate) fn resolved_cores(&self) -> u16 {
        if self.cores > 0 {
            return self.cores;
        }
        let available = std::thread::available_parallelism().map_or(1, usize::from);
        u16::try_from(available).unwrap_or(u16::MAX)
    }
}
