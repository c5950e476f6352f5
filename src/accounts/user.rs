//! `uns user`: people, each with a password of their own.

use anyhow::{Result, bail};
use broker_access::AccountRights;
use clap::{Args, Subcommand};
use uns_model::SystemRandom;

use super::{DataArgs, RuleArgs, print_list, prompt};

/// `uns user`
#[derive(Debug, Args)]
pub(crate) struct UserArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a user; the password is asked for, or read from standard input.
    Add {
        /// The name.
        name: String,
        /// A role: `admin`, or one of access.toml; may be repeated.
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
        #[command(flatten)]
        rules: RuleArgs,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Give a user another password; connections with the old one end.
    Passwd {
        /// The name.
        name: String,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Print every user and what they may do.
    List {
        #[command(flatten)]
        data: DataArgs,
    },
    /// Remove a user; their connections end.
    Remove {
        /// The name.
        name: String,
        #[command(flatten)]
        data: DataArgs,
    },
}

/// Runs the sub-command.
pub(crate) fn user(args: &UserArgs) -> Result<()> {
    match &args.command {
        Command::Add { name, roles, rules, data } => {
            let RuleArgs { allow, publish, subscribe } = rules;
            if roles.is_empty() && allow.is_empty() && publish.is_empty() && subscribe.is_empty() {
                bail!(
                    "say what the user may do: --role admin, --allow 'acme/#', --publish or --subscribe"
                );
            }
            let password = prompt::new_password(name)?;
            let rights = AccountRights { allow, publish, subscribe, roles };
            data.file().add_user(name, &password, rights, &SystemRandom)?;
            data.taken_in()
        }
        Command::Passwd { name, data } => {
            let password = prompt::new_password(name)?;
            data.file().set_password(name, &password, &SystemRandom)?;
            data.taken_in()
        }
        Command::List { data } => print_list("user", &data.file().list("user")?),
        Command::Remove { name, data } => {
            data.file().remove("user", name)?;
            data.taken_in()
        }
    }
}
