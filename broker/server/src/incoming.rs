//! A connection on its way from its listener to the core that will serve it.

use std::time::Duration;

use crate::addresses::AddressSlot;
use crate::layers::Layers;

/// A socket whose handshakes are done, on the runtime that accepted it.
#[derive(Debug)]
pub(crate) struct AcceptedSocket {
    pub(crate) stream: tokio::net::TcpStream,
    pub(crate) layers: Option<Box<Layers>>,
    /// How long the handshakes took. The client has that much less time for its CONNECT.
    pub(crate) waited: Duration,
    pub(crate) address_slot: AddressSlot,
}

/// A socket on its way from one runtime to another.
#[derive(Debug)]
pub(crate) struct DetachedSocket {
    pub(crate) stream: std::net::TcpStream,
    pub(crate) layers: Option<Box<Layers>>,
}

/// A connection for a core to serve.
#[derive(Debug)]
pub(crate) struct IncomingConnection {
    pub(crate) socket: DetachedSocket,
    pub(crate) peer: Box<broker_engine::Peer>,
    pub(crate) waited: Duration,
    pub(crate) address_slot: AddressSlot,
    /// There was no room when it came: the core serves it only if another connection gives way, and
    /// refuses it with a reason otherwise.
    pub(crate) over_limit: bool,
}
