//! What is counted of connections before and beside MQTT, per transport.

use std::sync::atomic::{AtomicU64, Ordering};

use broker_engine::Transport;

/// Why a connection never became one, or broke below MQTT.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub enum Failure {
    /// Its handshake took too long.
    Timeout,
    /// Its handshake was the oldest of too many.
    Shed,
    /// It began with no usable PROXY header, or came from no known proxy.
    Proxy,
    /// Its address has as many connections as it may have.
    Address,
    /// TLS failed, as with no certificate where one is required.
    Tls,
    /// Its HTTP request asks for no MQTT over WebSocket, or comes from a page that may not.
    Upgrade,
    /// Its WebSocket frames are against the rules.
    Frames,
    /// The hub panicked in its handshake.
    Panic,
}

impl Failure {
    /// Every cause.
    pub const ALL: [Self; 8] = [
        Self::Timeout,
        Self::Shed,
        Self::Proxy,
        Self::Address,
        Self::Tls,
        Self::Upgrade,
        Self::Frames,
        Self::Panic,
    ];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Shed => "shed",
            Self::Proxy => "proxy_header",
            Self::Address => "address",
            Self::Tls => "tls",
            Self::Upgrade => "upgrade",
            Self::Frames => "frames",
            Self::Panic => "panic",
        }
    }
}

/// Figures of one transport.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TransportStats {
    /// Connections handed to a core.
    pub accepted: u64,
    /// Those that failed, by [`Failure`].
    pub failed: [u64; Failure::ALL.len()],
}

/// Outcomes of looking at changed TLS files.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Reloads {
    /// The new files serve.
    pub done: u64,
    /// They cannot, so the old ones go on serving.
    pub failed: u64,
}

#[derive(Debug, Default)]
struct Counted {
    accepted: AtomicU64,
    failed: [AtomicU64; Failure::ALL.len()],
}

/// Shared by listeners, handshakes and connections.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    transports: [Counted; Transport::ALL.len()],
    /// Times a listener waited before it took the next connection.
    pub(crate) delayed: AtomicU64,
    pub(crate) reloaded: AtomicU64,
    pub(crate) reload_failed: AtomicU64,
}

impl Counters {
    pub(crate) fn accepted(&self, transport: Transport) {
        self.transports[transport as usize].accepted.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn failed(&self, transport: Transport, cause: Failure) {
        self.transports[transport as usize].failed[cause as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn transports(&self) -> [TransportStats; Transport::ALL.len()] {
        self.transports.each_ref().map(|counted| TransportStats {
            accepted: counted.accepted.load(Ordering::Relaxed),
            failed: counted.failed.each_ref().map(|count| count.load(Ordering::Relaxed)),
        })
    }

    pub(crate) fn reloads(&self) -> Reloads {
        Reloads {
            done: self.reloaded.load(Ordering::Relaxed),
            failed: self.reload_failed.load(Ordering::Relaxed),
        }
    }
}
