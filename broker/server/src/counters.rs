//! Counters of connections before and below MQTT, by transport.

use std::sync::atomic::{AtomicU64, Ordering};

use broker_engine::Transport;

/// Why a connection failed before MQTT began, or below MQTT.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub enum Failure {
    /// Its handshake took too long.
    Timeout,
    /// Its handshake was the oldest when there were too many.
    Shed,
    /// It began without a valid PROXY header, or not from a known proxy.
    Proxy,
    /// Its address has as many connections as it may have.
    Address,
    /// TLS failed, for example because a client certificate is required and was not shown.
    Tls,
    /// Its HTTP request does not ask for MQTT over WebSocket, or comes from a page that may not.
    Upgrade,
    /// Its WebSocket frames violate the protocol.
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

/// How often changed TLS files were read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Reloads {
    /// The new files took effect.
    pub done: u64,
    /// The new files cannot be used, so the old ones stay in effect.
    pub failed: u64,
}

#[derive(Debug, Default)]
struct TransportCounters {
    accepted: AtomicU64,
    failed: [AtomicU64; Failure::ALL.len()],
}

/// All counters, shared by listeners, handshakes and connections.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    transports: [TransportCounters; Transport::ALL.len()],
    /// How often a listener waited because connections came faster than its rate.
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
