//! `uns pub|sub|get|history|broker`: the hub for people without MQTT tools.

mod account;
mod broker;
mod endpoint;
mod hidden;
mod http;
mod mqtt;
mod publisher;
mod reach;
mod site;
mod stream;
mod subscriber;
mod target;
mod values;

use std::io::Write as _;

use anyhow::{Context as _, Result, bail};
use clap::Args;

pub(crate) use broker::{BrokerArgs, broker};
pub(crate) use endpoint::{Endpoint, MqttArgs};
pub(crate) use publisher::Publisher;
use subscriber::Subscriber;
use target::Target;
pub(crate) use values::{GetArgs, HistoryArgs, get, history};

/// `uns pub`
#[derive(Debug, Args)]
pub(crate) struct PubArgs {
    /// Topic, for example `uns/v1/acme/dallas/press/line1/cell3/temperature`.
    #[arg(value_parser = topic)]
    topic: String,
    /// The value: a number, true, false, text or JSON.
    #[arg(allow_negative_numbers = true)]
    value: String,
    /// Keep it as the topic's retained message.
    #[arg(long, short)]
    retain: bool,
    /// QoS 1 waits until the value is durable; at QoS 0 nobody says if it was refused.
    #[arg(long, short, default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=1))]
    qos: u8,
    #[command(flatten)]
    mqtt: MqttArgs,
}

/// `uns sub`
#[derive(Debug, Args)]
pub(crate) struct SubArgs {
    /// Topic filters; `+` is one level, `#` all below.
    #[arg(required = true, value_parser = filter)]
    filters: Vec<String>,
    /// Stop after this many messages.
    #[arg(long, short = 'n', value_name = "COUNT")]
    count: Option<u64>,
    /// Values only, without their topics.
    #[arg(long)]
    plain: bool,
    #[command(flatten)]
    mqtt: MqttArgs,
}

/// A topic, or the beginning of one, that MQTT can carry: brokers hang up on others.
pub(crate) fn topic(text: &str) -> Result<String, String> {
    uns_model::validate_publish_topic(text)
        .map(|()| text.to_owned())
        .map_err(|error| format!("no topic to publish to: {error}"))
}

fn filter(text: &str) -> Result<String, String> {
    uns_model::Filter::parse(text)
        .map(|_| text.to_owned())
        .map_err(|error| format!("no filter to subscribe to: {error}"))
}

/// Publishes one value and waits for the acknowledgement.
pub(crate) fn publish(args: &PubArgs) -> Result<()> {
    let mut publisher = Publisher::connect_once(args.mqtt.endpoint()?, args.qos)?;
    publisher.publish(&args.topic, args.value.as_bytes(), args.retain)?;
    publisher.finish()?;
    match publisher.refused_rows() {
        0 => Ok(()),
        rows => bail!("{}", rows_refused(&args.topic, rows)),
    }
}

/// What is said of a batch that was not taken whole.
fn rows_refused(topic: &str, rows: u64) -> String {
    let rows = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
    format!(
        "{rows} of the batch for {topic} were refused and the others taken; \
         `GET /api/v1/uns/dead-letters` says which and why: publish those again once they are mended"
    )
}

/// Prints messages until interrupted.
pub(crate) fn subscribe(args: &SubArgs) -> Result<()> {
    let mut subscriber = Subscriber::connect(args.mqtt.endpoint()?, &args.filters)?;
    for _ in 0..args.count.unwrap_or(u64::MAX) {
        let (topic, payload) = subscriber.next()?;
        let value = String::from_utf8_lossy(&payload);
        if args.plain {
            print(&format!("{value}\n"))?;
        } else {
            print(&format!("{topic} {value}\n"))?;
        }
    }
    Ok(())
}

/// Writes to standard output; a closed pipe ends the program quietly, as in `uns sub | head`.
#[expect(clippy::exit, reason = "nothing is left to do for a reader that is gone")]
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        result => result.context("standard output cannot be written"),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Alone {
        #[command(flatten)]
        args: PubArgs,
    }

    fn parse(line: &[&str]) -> Result<PubArgs, String> {
        let line = [&["pub"], line].concat();
        Alone::try_parse_from(line).map(|alone| alone.args).map_err(|error| error.to_string())
    }

    #[test]
    fn values_below_zero_are_values() {
        for value in ["-5", "-0", "-1.5e3", "5"] {
            assert_eq!(parse(&["a/b", value]).unwrap().value, value);
        }
        assert!(parse(&["a/b", "-r", "-5"]).unwrap().retain);
    }

    #[test]
    fn a_topic_no_broker_takes_is_refused_here() {
        for (topic, said) in [("a/+/b", "wildcard"), ("a/#", "wildcard"), ("", "empty")] {
            let error = parse(&[topic, "1"]).unwrap_err();
            assert!(error.contains("no topic to publish to") && error.contains(said), "{error}");
        }
        assert_eq!(parse(&["Werk/Öfen 1/T", "1"]).unwrap().topic, "Werk/Öfen 1/T");
        assert!(filter("a/#/b").unwrap_err().contains("no filter to subscribe to"));
        assert_eq!(filter("$SYS/#"), Ok("$SYS/#".to_owned()));
    }
}
