//! `[mqtt]` and its listeners.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Result, bail};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::access::is_secure;
use super::limits::Limits;
use super::network::Network;
use super::range::within;
use super::units::{ByteSize, Span};

/// `[mqtt]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mqtt {
    pub(crate) listen: SocketAddr,
    pub(crate) proxy_protocol: bool,
    pub(crate) proxies: Vec<Network>,
    pub(crate) cores: usize,
    pub(crate) connections_max: usize,
    pub(crate) packet_bytes_max: ByteSize,
    pub(crate) connect_timeout: Span,
    pub(crate) keep_alive_max: Span,
    pub(crate) outbound_bytes_max: ByteSize,
    pub(crate) refusals: Refusals,
    pub(crate) lenient: bool,
    pub(crate) durability: Durability,
    pub(crate) session_expiry_max: Span,
    pub(crate) sessions_max: usize,
    pub(crate) session_messages_max: usize,
    pub(crate) session_bytes_max: ByteSize,
    pub(crate) limits: Limits,
    pub(crate) tls: Tls,
    pub(crate) websocket: WebSocket,
    pub(crate) websocket_tls: WebSocket,
}

/// `[mqtt.tls]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    pub(crate) listen: Listen,
    pub(crate) proxy_protocol: bool,
    /// Empty for none, as are the others.
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) client_ca: PathBuf,
    pub(crate) client_crl: PathBuf,
    pub(crate) client_certificate: ClientCertificate,
    pub(crate) lenient: bool,
    pub(crate) durability: ListenerDurability,
}

/// Whether a client has to show a certificate, where there are CAs for it.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ClientCertificate {
    /// Without one it is not let in.
    #[default]
    Required,
    /// One that is shown must be good.
    Optional,
}

/// What MQTT 3.1.1 hears of a refused publish.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Refusals {
    /// It is acknowledged all the same, and counted.
    #[default]
    Acknowledge,
    /// The connection is closed.
    Close,
}

/// `[mqtt.websocket]` and `[mqtt.websocket_tls]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebSocket {
    pub(crate) listen: Listen,
    pub(crate) proxy_protocol: bool,
    pub(crate) lenient: bool,
    pub(crate) durability: ListenerDurability,
}

/// What acknowledgements wait for.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Durability {
    /// The commit.
    #[default]
    Commit,
    /// Nothing; the commit follows within milliseconds.
    Interval,
    /// Nothing, not even a disk that takes anything.
    Memory,
}

/// The same for one listener.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ListenerDurability {
    /// As `mqtt.durability` says.
    #[default]
    Inherit,
    Commit,
    Interval,
    Memory,
}

impl ListenerDurability {
    /// What holds where `mqtt.durability` is this.
    pub(crate) fn or(self, inherited: Durability) -> Durability {
        match self {
            Self::Inherit => inherited,
            Self::Commit => Durability::Commit,
            Self::Interval => Durability::Interval,
            Self::Memory => Durability::Memory,
        }
    }
}

/// An address, or `off`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listen(pub(crate) Option<SocketAddr>);

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("off"),
        }
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        if text == "off" {
            return Ok(Self(None));
        }
        text.parse().map(|address| Self(Some(address))).map_err(|_| {
            D::Error::custom(format!("`{text}` is no address; write 127.0.0.1:8883 or off"))
        })
    }
}

impl Serialize for Listen {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl Default for Mqtt {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 1883)),
            proxy_protocol: false,
            proxies: Network::loopback(),
            cores: 0,
            connections_max: 19_000,
            packet_bytes_max: ByteSize::mib(4),
            connect_timeout: Span::seconds(10),
            keep_alive_max: Span::seconds(3600),
            outbound_bytes_max: ByteSize::mib(8),
            refusals: Refusals::default(),
            lenient: false,
            durability: Durability::Commit,
            session_expiry_max: Span::seconds(7 * 24 * 3600),
            sessions_max: 100_000,
            session_messages_max: 100_000,
            session_bytes_max: ByteSize::mib(256),
            limits: Limits::default(),
            tls: Tls::default(),
            websocket: WebSocket::default(),
            websocket_tls: WebSocket::default(),
        }
    }
}

impl Mqtt {
    /// The number of cores to run.
    pub(crate) fn cores(&self) -> usize {
        let available = || std::thread::available_parallelism().map_or(1, usize::from);
        if self.cores > 0 { self.cores } else { available() }
    }

    /// Every address that is listened on, by its key.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = (&'static str, SocketAddr)> {
        [
            ("mqtt.listen", Some(self.listen)),
            ("mqtt.tls.listen", self.tls.listen.0),
            ("mqtt.websocket.listen", self.websocket.listen.0),
            ("mqtt.websocket_tls.listen", self.websocket_tls.listen.0),
        ]
        .into_iter()
        .filter_map(|(key, address)| Some((key, address?)))
    }

    /// Whether a listener expects a proxy.
    pub(super) fn is_behind_proxy(&self) -> bool {
        let others = [&self.websocket, &self.websocket_tls];
        self.proxy_protocol
            || self.tls.proxy_protocol
            || others.iter().any(|other| other.proxy_protocol)
    }

    /// The files that a listener with TLS needs are named.
    pub(super) fn check_files(&self, key: &str) -> Result<()> {
        let files =
            [("mqtt.tls.certificate", &self.tls.certificate), ("mqtt.tls.key", &self.tls.key)];
        if let Some((file, _)) = files.iter().find(|(_, path)| path.as_os_str().is_empty()) {
            bail!("{key} needs {file}, the path of a PEM file");
        }
        Ok(())
    }

    /// What TLS listeners need is there.
    pub(super) fn check(&self) -> Result<()> {
        if let Some((key, _)) = self.addresses().find(|(key, _)| is_secure(key)) {
            self.check_files(key)?;
        }
        if self.is_behind_proxy() && self.proxies.is_empty() {
            bail!(
                "mqtt.proxy_protocol needs mqtt.proxies: the addresses and networks of the proxies, \
                 such as [\"10.0.0.5\", \"10.1.0.0/16\"]"
            );
        }
        let no_ca = self.tls.client_ca.as_os_str().is_empty();
        if no_ca && !self.tls.client_crl.as_os_str().is_empty() {
            bail!("mqtt.tls.client_crl needs mqtt.tls.client_ca, the CAs whose lists it holds");
        }
        if self.tls.client_certificate == ClientCertificate::Optional && no_ca {
            bail!("mqtt.tls.client_certificate = \"optional\" needs mqtt.tls.client_ca");
        }
        self.check_ranges()
    }

    /// What each number may be; beyond it the hub would not start, or not work.
    fn check_ranges(&self) -> Result<()> {
        let (mib, gib) = (ByteSize::mib, |n: u64| ByteSize::mib(n << 10));
        let span = Span::seconds;
        within("mqtt.cores", self.cores, 0, 256)?;
        within("mqtt.connections_max", self.connections_max, 1, 1_000_000)?;
        within("mqtt.packet_bytes_max", self.packet_bytes_max, ByteSize::kib(1), mib(32))?;
        within("mqtt.outbound_bytes_max", self.outbound_bytes_max, ByteSize::kib(64), gib(1))?;
        within("mqtt.connect_timeout", self.connect_timeout, span(1), span(600))?;
        within(
            "mqtt.session_expiry_max",
            self.session_expiry_max,
            span(0),
            span(10 * 365 * 24 * 3600),
        )?;
        within("mqtt.session_messages_max", self.session_messages_max, 1, 8_000_000)?;
        within("mqtt.session_bytes_max", self.session_bytes_max, ByteSize::kib(64), gib(1024))?;
        within("mqtt.sessions_max", self.sessions_max, 0, 10_000_000)?;
        within("mqtt.keep_alive_max", self.keep_alive_max, span(1), span(65_535))?;
        self.limits.check()
    }
}
