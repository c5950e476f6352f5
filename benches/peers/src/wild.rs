//! Wildcard subscriptions: that ten thousand of them that do not match cost a publish nothing.

use anyhow::Result;

use crate::args::Args;
use crate::brokers::{Binaries, Broker, Kind};
use crate::client::{self, Sender};
use crate::{cpu, wire};

const SUBSCRIPTIONS: usize = 10_000;
const PUBLISHES: u64 = 1_000_000;
const TOPICS: u64 = 50;

/// Measures this hub, then mosquitto.
pub(crate) fn table(args: &Args) -> Result<()> {
    println!("\n{SUBSCRIPTIONS} wildcard subscriptions that do not match\n");
    println!("| broker | µs/publish without | with | change |");
    println!("|---|---|---|---|");
    for kind in [Kind::Uns, Kind::UnsFabric, Kind::Mosquitto] {
        let (without, with) = round(kind, args.rounds, &args.binaries)?;
        let change = (with / without - 1.0) * 100.0;
        println!("| {} | {without:.3} | {with:.3} | {change:+.0} % |", kind.name());
    }
    Ok(())
}

/// CPU microseconds of a publish without and with the subscriptions, the lowest of the rounds, on a
/// new broker.
pub(crate) fn round(kind: Kind, rounds: usize, binaries: &Binaries) -> Result<(f64, f64)> {
    let broker = kind.start(binaries)?;
    publish(&broker, kind)?;
    let without = best(&broker, kind, rounds)?;
    let mut subscriber = client::connect(broker.address, "wild")?;
    for n in 0..SUBSCRIPTIONS {
        let filter = format!("{}+/other{n}/#", kind.prefix());
        client::subscribe(&mut subscriber, &filter, 0)?;
    }
    Ok((without, best(&broker, kind, rounds)?))
}

fn best(broker: &Broker, kind: Kind, rounds: usize) -> Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..rounds.max(1) {
        best = best.min(publish(broker, kind)?);
    }
    Ok(best)
}

fn publish(broker: &Broker, kind: Kind) -> Result<f64> {
    cpu::settle(broker.pid());
    let before = cpu::by_thread(broker.pid());
    let mut sender = Sender::new(client::connect(broker.address, "known")?, usize::MAX);
    let topics: Vec<String> =
        (0..TOPICS).map(|n| format!("{}site/line/tag{n}", kind.prefix())).collect();
    for n in 0..PUBLISHES {
        let topic = &topics[(n % TOPICS) as usize];
        sender.send(topic, wire::Form::default(), &wire::payload(n))?;
    }
    sender.finish()?;
    cpu::settle(broker.pid());
    let used = cpu::difference(&before, &cpu::by_thread(broker.pid()));
    Ok(used.values().sum::<u64>() as f64 / 1000.0 / PUBLISHES as f64)
}
