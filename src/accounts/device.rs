//! `uns device`: machines and programs, each with a generated secret.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Result, bail};
use broker_access::{AccountRights, generate_secret};
use clap::{Args, Subcommand};
use uns_model::SystemRandom;

use super::{DataArgs, RuleArgs, print_list};
use crate::ready::Ready;

/// `uns device`
#[derive(Debug, Args)]
pub(crate) struct DeviceArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a device and print its secret, once.
    Add {
        /// Its name, which is its MQTT user name.
        name: String,
        #[command(flatten)]
        rules: RuleArgs,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Print every device and what it may do.
    List {
        #[command(flatten)]
        data: DataArgs,
    },
    /// Remove a device; its connections end.
    Remove {
        /// Its name.
        name: String,
        #[command(flatten)]
        data: DataArgs,
    },
}

/// Runs the sub-command.
pub(crate) fn device(args: &DeviceArgs) -> Result<()> {
    match &args.command {
        Command::Add { name, rules, data } => add(name, rules, data),
        Command::List { data } => print_list("device", &data.file().list("device")?),
        Command::Remove { name, data } => {
            data.file().remove("device", name)?;
            data.taken_in()
        }
    }
}

fn add(name: &str, rules: &RuleArgs, data: &DataArgs) -> Result<()> {
    let RuleArgs { allow, publish, subscribe } = rules;
    let Some(first) = publish.iter().chain(allow).chain(subscribe).next() else {
        bail!("say what the device may do: --allow 'acme/#', --publish or --subscribe");
    };
    let secret = generate_secret(&SystemRandom);
    let rights = AccountRights { allow, publish, subscribe, roles: &[] };
    data.file().add_device(name, &secret, rights)?;
    // Whatever comes of it, the secret is shown: nobody has another copy.
    let taken_in = data.taken_in();
    let lines = examples(&data.data, name, &secret, &topic_of(first, name));
    crate::client::print(&format!(
        "user name  {name}\npassword   {}\n\nThe password is shown this once. Try:\n\n{lines}\n",
        *secret
    ))?;
    taken_in
}

/// Lines that work, as far as the hub of this directory has said where it listens.
fn examples(data: &Path, name: &str, secret: &str, topic: &str) -> String {
    let left = Ready::left_in(data).unwrap_or_default();
    let address = |key: &str| left[key].as_str().and_then(|text| text.parse::<SocketAddr>().ok());
    let (host, port, ca) = match (address("mqtt_tls"), left["ca"].as_str(), address("mqtt")) {
        (Some(secure), Some(ca), _) => {
            let known = left["host"].as_str().unwrap_or("localhost");
            let host = if secure.ip().is_loopback() { "localhost" } else { known };
            (host.to_owned(), secure.port(), Some(format!(" --cafile {}", quoted(ca))))
        }
        (_, _, Some(plain)) => (plain.ip().to_string(), plain.port(), None),
        (_, _, None) => ("127.0.0.1".to_owned(), 1883, None),
    };
    let scheme = if ca.is_some() { "mqtts" } else { "mqtt" };
    let named = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    let log_in = format!("{} -u {} -P {}", ca.unwrap_or_default(), quoted(name), quoted(secret));
    let topic = quoted(topic);
    format!(
        "mosquitto_pub -h {host} -p {port}{log_in} -t {topic} -m 23.4\n\
         uns pub --mqtt {}{log_in} {topic} 23.4",
        quoted(&format!("{scheme}://{named}:{port}"))
    )
}

/// A topic the filter matches.
fn topic_of(filter: &str, name: &str) -> String {
    let levels = filter.split('/').map(|level| match level {
        "+" | "#" => "test",
        other => other,
    });
    levels.collect::<Vec<_>>().join("/").replace("%u", name).replace("%c", name)
}

/// As a shell takes it whole.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_take_words_whole() {
        assert_eq!(quoted("uns_aB-9"), "uns_aB-9");
        assert_eq!(quoted("press 1"), "'press 1'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(topic_of("acme/+/x/#", "p"), "acme/test/x/test");
        assert_eq!(topic_of("%u/out", "press1"), "press1/out");
    }
}
