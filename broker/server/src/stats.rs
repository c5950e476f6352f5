//! Figures of the whole broker.

use std::time::Duration;

use broker_engine::{Broker, Stats, Transport};

use crate::counters::{Reloads, TransportStats};
use crate::load_averages::Load;

/// Figures of one moment.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct StatsSnapshot {
    /// Counters, summed over the cores; causes of drops are [`broker_engine::Drop::ALL`].
    pub stats: Stats,
    /// Since the start.
    pub uptime: Duration,
    /// The most clients there were at once.
    pub clients_max: u64,
    /// Averages over some minutes.
    pub loads: [Load; 3],
    /// Sessions in the log whose client is not connected.
    pub sessions_offline: u64,
    /// Sockets, whether their clients have sent CONNECT or not.
    pub sockets: usize,
    /// Subscriptions of all clients.
    pub subscriptions: usize,
    /// Retained messages.
    pub retained: usize,
    /// Their bytes.
    pub retained_bytes: usize,
    /// Connections closed unserved because there was no room.
    pub turned_away: u64,
    /// How often a listener waited, because connections came faster than its rate.
    pub delayed: u64,
    /// Figures of each of [`Transport::ALL`].
    pub transports: [TransportStats; Transport::ALL.len()],
    /// Handshakes under way.
    pub handshakes: usize,
    /// How often changed TLS files were read.
    pub reloads: Reloads,
}

/// How many logged sessions have no connection. The cores publish their figures at their ticks, so a
/// client that has just connected may still be counted here.
pub(crate) fn sessions_offline(broker: &Broker, stats: &Stats) -> u64 {
    (broker.clients.sessions() as u64).saturating_sub(stats.sessions_connected)
}
