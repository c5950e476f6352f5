//! What is asked for on the command line.

use std::net::SocketAddr;

use clap::{Parser, Subcommand, ValueEnum};

use crate::brokers::Binaries;

/// Measures the broker beside its peers.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// The programs under test.
    #[command(flatten)]
    pub(crate) binaries: Binaries,
    /// Rounds of each row; the lowest counts.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,
    /// Multiplies the number of messages.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) scale: f64,
    /// Only rows whose name contains this.
    #[arg(long, default_value = "")]
    pub(crate) only: String,
    /// Only this table.
    #[arg(long, value_enum)]
    pub(crate) table: Option<Table>,
    /// Idle connections, no more than descriptors allow.
    #[arg(long, default_value_t = 19_000)]
    pub(crate) idle: usize,
    /// Idle connections in TLS.
    #[arg(long, default_value_t = 5_000)]
    pub(crate) idle_tls: usize,
    /// Topics of the table of many topics.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) topics: usize,
    /// Instead of measuring.
    #[command(subcommand)]
    pub(crate) inner: Option<Inner>,
}

impl Args {
    /// Whether the table is to be measured.
    pub(crate) fn wants(&self, table: Table) -> bool {
        self.table.is_none_or(|only| only == table)
    }
}

/// The tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Table {
    /// A plain broker, as the peers are.
    Broker,
    /// With gate, log, last value and history.
    Fabric,
    /// Acknowledged messages of QoS 1.
    Acks,
    /// Wildcard subscriptions beside the publishes.
    Wild,
    /// Subscriptions that come and go beside the publishes.
    Churn,
    /// Idle connections.
    Idle,
    /// A million retained topics.
    Many,
}

/// What this program is to others of its runs.
#[derive(Debug, Subcommand)]
pub(crate) enum Inner {
    /// Run as the rumqttd peer.
    #[command(hide = true)]
    Rumqttd {
        /// Where to listen.
        address: SocketAddr,
    },
}
