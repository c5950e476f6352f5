//! Wildcard subscriptions: that ten thousand of them that do not match cost a publish nothing.

use anyhow::Result;

use crate::brokers::{Broker, Kind};
use crate::client::{self, Sender};
use crate::{Args, cpu, wire};

const SUBSCRIPTIONS: usize = 10_000;
const PUBLISHES: u64 = 1_000_000;
const TOPICS: u64 = 50;

/// Measures this hub, then mosquitto.
pub(crate) fn table(args: &Args) -> Result<()> {
    println!("\n{SUBSCRIPTIONS} wildcard subscriptions that do not match\n");
    println!("| broker | µs/publish without | with | change |");
    println!("|---|---|---|---|");
    for kind in [Kind::Uns, Kind::UnsFabric, Kind::Mosquitto] {
        let broker = kind.start(&args.binaries)?;
        publish(&broker, kind)?;
        let without = best(&broker, kind, args.rounds)?;
        let mut subscriber = client::connect(broker.address, "wild")?;
        for n in 0..SUBSCRIPTIONS {
            let filter = format!("{}+/other{n}/#", kind.prefix());
            client::subscribe(&mut subscriber, &filter, 0)?;
        }
        let with = best(&broker, kind, args.rounds)?;
        let change = (with / without - 1.0) * 100.0;
        println!("| {} | {without:.3} | {with:.3} | {change:+.0} % |", kind.name());
    }
    Ok(())
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
