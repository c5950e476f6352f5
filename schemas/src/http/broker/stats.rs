//! Figures of the whole broker.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

/// Counts by the name of their cause, the same names as in metrics.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, ToSchema)]
#[serde(transparent)]
pub struct Counts(pub BTreeMap<&'static str, u64>);

impl<const N: usize> From<[(&'static str, u64); N]> for Counts {
    fn from(counts: [(&'static str, u64); N]) -> Self {
        Self(counts.into())
    }
}

impl FromIterator<(&'static str, u64)> for Counts {
    fn from_iter<I: IntoIterator<Item = (&'static str, u64)>>(counts: I) -> Self {
        Self(counts.into_iter().collect())
    }
}

/// Answer of `GET stats`. Counters run since the start of the process.
#[derive(Clone, PartialEq, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BrokerStats {
    /// Seconds since the start.
    pub uptime_seconds: u64,
    /// Connected clients.
    pub clients: u64,
    /// The most there were at once.
    pub clients_max: u64,
    /// Sessions that outlive their connections.
    pub sessions: SessionStats,
    /// Open sockets, connected clients or not.
    pub sockets: u64,
    /// Subscriptions.
    pub subscriptions: u64,
    /// Retained messages.
    pub retained: u64,
    /// Their bytes.
    pub retained_bytes: u64,
    /// Sums over all cores.
    pub total: CoreStats,
    /// Each core.
    pub cores: Vec<CoreStats>,
    /// What carries the connections.
    pub transports: Vec<TransportStats>,
    /// Messages not delivered, by cause.
    pub dropped: Counts,
    /// Connections of clients that ended, by cause.
    pub ended: Counts,
    /// Connections refused before they were clients, by cause.
    pub refused: Counts,
    /// Log-ins that failed, by reason.
    pub auth_failed: Counts,
    /// How fast, averaged over one, five and fifteen minutes.
    pub rates: Vec<Rates>,
}

/// Sessions the log keeps.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionStats {
    /// Those whose client is connected.
    pub connected: u64,
    /// The others.
    pub offline: u64,
    /// Those that ended because their client did not come back, since the start.
    pub expired: u64,
    /// Messages owed to them.
    pub queued_messages: u64,
    /// Their bytes.
    pub queued_bytes: u64,
    /// Those of them sent and not acknowledged.
    pub in_flight: u64,
    /// Messages they lost, by cause.
    pub dropped: Counts,
}

/// Figures of one core, or of all.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CoreStats {
    /// Connected clients.
    pub clients: u64,
    /// PUBLISH packets taken.
    pub messages_in: u64,
    /// PUBLISH packets given.
    pub messages_out: u64,
    /// Packets of any type taken.
    pub packets_in: u64,
    /// Packets of any type given.
    pub packets_out: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Publishes refused.
    pub rejected: u64,
    /// Messages not delivered.
    pub dropped: u64,
    /// Times a publisher was paused.
    pub stalls: u64,
    /// Publishers paused now.
    pub paused: u64,
    /// Clients for which nobody waits.
    pub slow: u64,
    /// Deliveries not acknowledged.
    pub in_flight: u64,
    /// Messages waiting for clients.
    pub queued_messages: u64,
    /// Their bytes.
    pub queued_bytes: u64,
    /// Bytes on their way into sockets.
    pub output_bytes: u64,
}

/// Figures of one transport.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransportStats {
    /// `tcp`, `tls`, `websocket` or `websocket_tls`.
    #[schema(value_type = String)]
    pub transport: &'static str,
    /// Connections served.
    pub accepted: u64,
    /// Connections that failed below MQTT, by cause.
    pub failed: Counts,
}

/// Averages over the last minutes, each per second.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rates {
    /// Over so many minutes.
    pub minutes: u32,
    /// PUBLISH packets taken.
    pub messages_in: f64,
    /// PUBLISH packets given.
    pub messages_out: f64,
    /// Bytes received.
    pub bytes_in: f64,
    /// Bytes sent.
    pub bytes_out: f64,
    /// Messages not delivered.
    pub dropped: f64,
    /// CONNECT packets accepted.
    pub connects: f64,
}
