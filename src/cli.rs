//! The command line: one variant per sub-command, dispatched in one place.

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::umask::Umask;
use crate::{accounts, client, config, demo, doctor, replay, run};

/// UNS Hub: one address, one live value and one history for every value of a plant.
#[derive(Debug, Parser)]
#[command(name = "uns", version, about, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the hub (Lite edition) on a data directory.
    Run(run::RunArgs),
    /// Print the resolved configuration, every key with its meaning.
    Config(config::ConfigArgs),
    /// Look at ports, data directory, disk, clock and limits, and say what to do about each.
    Doctor(doctor::DoctorArgs),
    /// Devices that may connect: add, list, remove.
    Device(accounts::DeviceArgs),
    /// People who may log in: add, give another password, list, remove.
    User(accounts::UserArgs),
    /// Publish one value.
    Pub(client::PubArgs),
    /// Print values as they arrive.
    Sub(client::SubArgs),
    /// Print current values.
    Get(client::GetArgs),
    /// Print the history of one topic.
    History(client::HistoryArgs),
    /// Look into the broker: clients, figures, traces; disconnect a client.
    Broker(client::BrokerArgs),
    /// Publish a small living plant: a press line, a filling line and an energy meter.
    Demo(demo::DemoArgs),
    /// Publish a recording from a CSV file, one tag per column.
    Replay(replay::ReplayArgs),
}

/// Runs the chosen sub-command.
pub(crate) fn dispatch(cli: Cli) -> Result<()> {
    match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Config(args) => {
            let config = config::load(args.config.as_deref(), &args.set)?;
            client::print(&config::reference(&config))
        }
        Command::Doctor(args) => doctor::doctor(&args),
        Command::Device(args) => {
            // Accounts may be made before the first start, and their directory with them.
            Umask::close();
            accounts::device(&args)
        }
        Command::User(args) => {
            Umask::close();
            accounts::user(&args)
        }
        Command::Pub(args) => client::publish(&args),
        Command::Sub(args) => client::subscribe(&args),
        Command::Get(args) => client::get(&args),
        Command::History(args) => client::history(&args),
        Command::Broker(args) => client::broker(&args),
        Command::Demo(args) => demo::demo(&args),
        Command::Replay(args) => replay::replay(&args),
    }
}
