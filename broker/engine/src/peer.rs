//! The other end of a connection: where it comes from, and how.

use crate::config::Durability;

/// The other end of a connection.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Peer {
    /// Its address, in words.
    pub address: Box<str>,
    /// The listener it came to.
    pub listener: Box<str>,
    /// What carries its bytes.
    pub transport: Transport,
    /// Whether it came through a proxy, so that its address is what that proxy says.
    pub proxied: bool,
    /// Whether its listener lets in clients without a log-in.
    pub anonymous_allowed: bool,
    /// Whether its listener passes over faults that real devices are known for.
    pub lenient: bool,
    /// What acknowledgements wait for on its listener.
    pub durability: Durability,
    /// Its certificate, if it showed one and a CA of the listener vouches for it.
    pub certificate: Option<Box<Certificate>>,
}

/// What carries MQTT.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(usize)]
pub enum Transport {
    /// Plain TCP.
    #[default]
    Tcp,
    /// TLS.
    Tls,
    /// WebSocket.
    WebSocket,
    /// WebSocket in TLS.
    WebSocketTls,
}

impl Transport {
    /// Every transport.
    pub const ALL: [Self; 4] = [Self::Tcp, Self::Tls, Self::WebSocket, Self::WebSocketTls];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::WebSocket => "websocket",
            Self::WebSocketTls => "websocket_tls",
        }
    }
}

/// A client's certificate, checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Certificate {
    /// All of it, in DER.
    pub der: Box<[u8]>,
    /// Its subject as RFC 4514 writes it, such as `CN=press-7,O=Acme`.
    pub subject: Box<str>,
    /// The common name, if the subject has exactly one and it is printable text.
    pub common_name: Option<Box<str>>,
}
