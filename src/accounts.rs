//! `uns device` and `uns user`: accounts of a data directory, also of one whose hub is running.

mod device;
pub(crate) mod in_force;
mod prompt;
mod user;

use std::path::PathBuf;

use anyhow::Result;
use broker_access::{AccessFile, ListedAccount};
use clap::Args;

pub(crate) use device::{DeviceArgs, device};
pub(crate) use user::{UserArgs, user};

/// Whose accounts.
#[derive(Debug, Args)]
struct DataArgs {
    /// Data directory of the hub; a running one takes changes in before this ends.
    #[arg(long, default_value = "uns-data", value_name = "DIR")]
    data: PathBuf,
}

impl DataArgs {
    fn file(&self) -> AccessFile {
        AccessFile::of(&self.data)
    }

    /// Waits until a running hub has taken in what was changed.
    fn taken_in(&self) -> Result<()> {
        in_force::wait(&self.data)
    }
}

/// What an account may do.
#[derive(Debug, Args)]
struct RuleArgs {
    /// Topics to publish and subscribe to, such as 'acme/#'; may be repeated.
    #[arg(long, value_name = "FILTER", num_args = 1..)]
    allow: Vec<String>,
    /// Topics to publish to.
    #[arg(long, value_name = "FILTER", num_args = 1..)]
    publish: Vec<String>,
    /// Topics to subscribe to and to read over HTTP.
    #[arg(long, value_name = "FILTER", num_args = 1..)]
    subscribe: Vec<String>,
}

/// Prints accounts, one a line.
fn print_list(kind: &str, listed: &[ListedAccount]) -> Result<()> {
    let width = listed.iter().map(|account| account.name.chars().count()).max().unwrap_or(0);
    let line = |account: &ListedAccount| format!("{:width$}  {}\n", account.name, account.rules);
    if listed.is_empty() {
        eprintln!("uns: there is no {kind}; `uns {kind} add` makes one");
    }
    crate::client::print(&listed.iter().map(line).collect::<String>())
}
