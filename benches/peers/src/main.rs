//! `make bench`: this broker beside rumqttd, mosquitto and, if it is given, FlashMQ in one run.
//!
//! [`rows`] are five loads; [`acks`] is what QoS 1 costs with a log behind it; [`wild`], [`idle`] and
//! [`many`] are what a plant has a lot of. Figures are those of the whole broker process.

#![expect(clippy::print_stdout, reason = "the tables are the result")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a measuring program: counts become ratios, time is the machine's"
)]

mod acks;
mod brokers;
mod client;
mod cpu;
mod idle;
mod load;
mod many;
mod memory;
mod rows;
mod wild;
mod wire;

use std::net::SocketAddr;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand, ValueEnum};

use brokers::{Binaries, Kind};

/// Measures the broker beside its peers.
#[derive(Debug, Parser)]
struct Args {
    #[command(flatten)]
    binaries: Binaries,
    /// Rounds of each row; the lowest counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Multiplies the number of messages.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Only rows whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// Only this table.
    #[arg(long, value_enum)]
    table: Option<Table>,
    /// Idle connections, no more than descriptors allow.
    #[arg(long, default_value_t = 19_000)]
    idle: usize,
    /// Idle connections in TLS.
    #[arg(long, default_value_t = 5_000)]
    idle_tls: usize,
    /// Topics of the table of many topics.
    #[arg(long, default_value_t = 1_000_000)]
    topics: usize,
    #[command(subcommand)]
    inner: Option<Inner>,
}

/// The tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Table {
    /// A plain broker, as the peers are.
    Broker,
    /// With gate, log, last value and history.
    Fabric,
    /// Acknowledged messages of QoS 1.
    Acks,
    /// Wildcard subscriptions beside the publishes.
    Wild,
    /// Idle connections.
    Idle,
    /// A million retained topics.
    Many,
}

#[derive(Debug, Subcommand)]
enum Inner {
    /// Run as the rumqttd peer.
    #[command(hide = true)]
    Rumqttd {
        /// Where to listen.
        address: SocketAddr,
    },
}

fn main() -> Result<()> {
    let args = Args::parse();
    if let Some(Inner::Rumqttd { address }) = args.inner {
        return brokers::serve_rumqttd(address);
    }
    let uns = &args.binaries.uns;
    if !uns.is_file() {
        bail!("{} is missing; build it with cargo build --release", uns.display());
    }
    let wanted = |table: Table| args.table.is_none_or(|only| only == table);
    if wanted(Table::Broker) {
        rows::table("Broker rows (namespace.brownfield = \"off\")", Kind::Uns, &args)?;
    }
    if wanted(Table::Fabric) {
        let title = "Fabric rows (gate, log, last value and history on)";
        rows::table(title, Kind::UnsFabric, &args)?;
    }
    if wanted(Table::Acks) {
        acks::table(&args)?;
    }
    if wanted(Table::Wild) {
        wild::table(&args)?;
    }
    if wanted(Table::Idle) {
        idle::table(&args)?;
    }
    if wanted(Table::Many) {
        many::table(&args)?;
    }
    Ok(())
}
