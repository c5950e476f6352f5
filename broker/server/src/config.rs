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
    /// What listeners with TLS show and ask for.
    pub tls: Option<Tls>,
    /// What happens between a connection and its first MQTT byte.
    pub handshakes: Handshakes,
    /// How log-ins that take long are verified.
    pub verification: Verification,
    /// Threads that own connections; 0 for as many as the machine runs at once.
    pub cores: u16,
    /// Connections at the same time. Some more are let in to be refused in words.
    pub connections_max: usize,
    /// Those of one address, unless it is one of this machine; 0 for any.
    pub connections_per_address: usize,
    /// Who may say in a PROXY header whom a connection comes from.
    pub proxies: Vec<Network>,
    /// Connections each listener takes in a second, and as many at once; more wait in its queue.
    /// 0 for as many as come.
    pub connections_per_second: u32,
    /// How often `$SYS` is published; zero for never.
    pub figures_interval: Duration,
    /// Batches of in-process publishes waiting for one core; a quarter of them of one organisation.
    pub in_process_max: usize,
    /// Bytes of incomplete packets of all connections while memory is short; the largest are not
    /// waited for beyond it.
    pub unread_bytes_max: usize,
    /// What acknowledgements wait for on connections that were adopted.
    pub durability: Durability,
    /// Whether their faults are passed over, as those of a lenient listener are.
    pub lenient: bool,
    /// Limits of the engine.
    pub engine: broker_engine::Config,
}

/// One address listened on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Listener {
    /// Where; port 0 picks a free one.
    pub address: SocketAddr,
    /// What carries MQTT there.
    pub transport: Transport,
    /// Whether every connection begins with a header of the PROXY protocol, version 2.
    pub proxy: bool,
    /// Whether clients without a log-in may be let in there; authentication sees it as
    /// [`Peer::anonymous_allowed`](broker_engine::Peer::anonymous_allowed).
    pub anonymous: bool,
    /// Whether faults that real devices are known for are passed over, counted and logged.
    pub lenient: bool,
    /// What acknowledgements to its clients wait for.
    pub durability: Durability,
}

impl Listener {
    /// A listener that expects no proxy, and takes clients without a log-in only on loopback.
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

/// Files of the TLS listeners, all PEM. They are read again when they change.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The certificate, and those between it and the root.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The CAs of client certificates; without them no client is asked for one.
    pub client_ca: Option<PathBuf>,
    /// Lists of what these CAs revoked, one of each; without them nothing is revoked.
    pub client_crl: Option<PathBuf>,
    /// Whether a client without a certificate is let in all the same.
    pub client_optional: bool,
    /// How often the files are looked at.
    pub look_interval: Duration,
}

impl Tls {
    /// A certificate and its key, looked at every three seconds; no client certificates.
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self {
            certificate: certificate.into(),
            key: key.into(),
            client_ca: None,
            client_crl: None,
            client_optional: false,
            look_interval: Duration::from_secs(3),
        }
    }
}

/// Limits of everything before MQTT: PROXY header, TLS, WebSocket.
#[derive(Clone, Copy, Debug)]
pub struct Handshakes {
    /// How many go on at once. One more ends the oldest, so that silent clients cannot keep out
    /// those that speak.
    pub max: usize,
    /// How long one may take. What it takes, CONNECT has no more.
    pub timeout: Duration,
    /// Longest WebSocket frame taken. A packet may span frames.
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
    /// How many more may wait. One beyond is told that the server is busy.
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
