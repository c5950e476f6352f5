//! What lies between a socket and MQTT once the handshakes are done: TLS, WebSocket, or both.

use std::sync::Arc;

use broker_engine::Transport;
use tokio_rustls::rustls::ServerConnection;

use crate::counters::{Counters, Failure};
use crate::websocket::Deframer;

/// The state that handshakes leave. It is not tied to a runtime.
#[derive(Debug)]
pub(crate) struct Layers {
    pub(crate) tls: Option<ServerConnection>,
    pub(crate) websocket: Option<Deframer>,
    /// Bytes that were read together with the handshake and come after it.
    pub(crate) early: Vec<u8>,
    pub(crate) counters: Arc<Counters>,
}

impl Layers {
    /// Counts a failure of these layers.
    pub(crate) fn failed(&self, cause: Failure) {
        self.counters.failed(self.transport(), cause);
    }

    fn transport(&self) -> Transport {
        match (&self.tls, &self.websocket) {
            (None, None) => Transport::Tcp,
            (Some(_), None) => Transport::Tls,
            (None, Some(_)) => Transport::WebSocket,
            (Some(_), Some(_)) => Transport::WebSocketTls,
        }
    }
}
