//! Who may connect: the hook behind which identities live.

use broker_codec::ReasonCode;
use uns_model::OrgId;

/// What is known of a client that wants to connect.
#[derive(Clone, Copy, Debug)]
pub struct Login<'a> {
    /// Its client id; empty if the broker is to choose one.
    pub client_id: &'a str,
    /// User Name.
    pub user_name: Option<&'a str>,
    /// Password.
    pub password: Option<&'a [u8]>,
    /// Where it comes from and how.
    pub peer: &'a Peer,
}

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

/// Who a client turned out to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The organisation whose topics it sees (NS-34).
    pub org: OrgId,
}

/// Decides who may connect. It runs on a core thread and must not block.
pub trait Authenticate: Send + Sync {
    /// Who this is.
    ///
    /// # Errors
    /// The reason for CONNACK.
    fn authenticate(&self, login: &Login<'_>) -> Result<Identity, ReasonCode>;
}

impl<F> Authenticate for F
where
    F: Fn(&Login<'_>) -> Result<Identity, ReasonCode> + Send + Sync,
{
    fn authenticate(&self, login: &Login<'_>) -> Result<Identity, ReasonCode> {
        self(login)
    }
}

/// Everybody is welcome, in the default organisation, but whoever came through a proxy: who is
/// behind one is not known to be on this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anonymous;

impl Authenticate for Anonymous {
    fn authenticate(&self, login: &Login<'_>) -> Result<Identity, ReasonCode> {
        if login.peer.proxied {
            return Err(ReasonCode::NotAuthorized);
        }
        Ok(Identity { org: OrgId::DEFAULT })
    }
}
