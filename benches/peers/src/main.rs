//! `make bench`: this broker beside rumqttd, mosquitto and, if it is given, FlashMQ in one run.
//!
//! [`rows`] are five loads; [`acks`] is what QoS 1 costs with a log behind it; [`wild`], [`churn`],
//! [`idle`] and [`many`] are what a plant has a lot of. Figures are those of the whole broker process.
//!
//! With `--before PATH` the loads are put on an earlier build of this hub and on this one in turn.

#![expect(clippy::print_stdout, reason = "the tables are the result")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a measuring program: counts become ratios, time is the machine's"
)]

mod acks;
mod args;
mod before;
mod brokers;
mod churn;
mod client;
mod cpu;
mod idle;
mod load;
mod many;
mod memory;
mod rows;
mod wild;
mod wire;

use anyhow::{Result, bail};
use clap::Parser as _;

use args::{Args, Inner, Table};
use brokers::Kind;

fn main() -> Result<()> {
    let args = Args::parse();
    if let Some(Inner::Rumqttd { address }) = args.inner {
        return brokers::serve_rumqttd(address);
    }
    let uns = &args.binaries.uns;
    if !uns.is_file() {
        bail!("{} is missing; build it with cargo build --release", uns.display());
    }
    if let Some(earlier) = args.binaries.earlier() {
        return before::table(&earlier, &args);
    }
    let wanted = |table: Table| args.wants(table);
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
    if wanted(Table::Churn) {
        churn::table(&args)?;
    }
    if wanted(Table::Idle) {
        idle::table(&args)?;
    }
    if wanted(Table::Many) {
        many::table(&args)?;
    }
    Ok(())
}
