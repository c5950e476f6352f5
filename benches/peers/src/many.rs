//! Many topics: what a million retained topics cost in memory, whether a subscriber of everything
//! gets all of them, what a publish costs among them, and how long a start takes.

use std::io::Read as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::args::Args;
use crate::brokers::{Binaries, Broker, Kind};
use crate::client::{self, Sender};
use crate::cpu::{self, Cost};
use crate::{memory, wire};

/// The payload: a number, as most of a plant's traffic is.
const PAYLOAD: usize = 8;
/// Topics of the small set that the publish cost is compared with.
const FEW: usize = 1_000;
/// Publishes that are measured.
const PUBLISHES: u64 = 1_000_000;
/// Unacknowledged publishes while the topics are made.
const WINDOW: usize = 2_000;
/// Of the process without any topic, settled.
const REST: Duration = Duration::from_millis(500);

/// One line of the table.
#[derive(Debug, Default)]
struct Line {
    bytes_per_topic: f64,
    bytes_after_restart: Option<f64>,
    walks: [(usize, f64); 2],
    few: Cost,
    many: Cost,
    start_seconds: Option<f64>,
}

/// Measures this hub, then mosquitto.
pub(crate) fn table(args: &Args) -> Result<()> {
    let topics = args.topics;
    println!("\n{topics} retained topics of {PAYLOAD} bytes each\n");
    println!(
        "| broker | B/topic beyond topic and payload | after a restart | `#` QoS 0 | `#` QoS 1 | \
         µs/publish, {FEW} topics | µs/publish, all | start s |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let plain = Kind::Uns;
    let all = [Kind::UnsFabric, plain, Kind::Mosquitto];
    for kind in all.into_iter().filter(|kind| kind.name().contains(&args.only)) {
        let line = measure(kind, args.topics, &args.binaries)?;
        let walk = |(got, seconds): (usize, f64)| format!("{got} in {seconds:.2} s");
        println!(
            "| {} | {:.0} | {} | {} | {} | {:.2} | {:.2} ({:+.2}) | {} |",
            kind.name(),
            line.bytes_per_topic,
            line.bytes_after_restart.map_or("–".into(), |bytes| format!("{bytes:.0}")),
            walk(line.walks[0]),
            walk(line.walks[1]),
            line.few.micros,
            line.many.micros,
            line.many.micros - line.few.micros,
            line.start_seconds.map_or("–".into(), |seconds| format!("{seconds:.2}")),
        );
        println!(
            "|  | of which, by thread | | | | {} | {} | |",
            line.few.by_thread(),
            line.many.by_thread()
        );
    }
    Ok(())
}

/// Figures of one run with a million topics, with their names.
pub(crate) fn round(
    kind: Kind,
    topics: usize,
    binaries: &Binaries,
) -> Result<Vec<(&'static str, f64)>> {
    let line = measure(kind, topics, binaries)?;
    let restarted =
        [("start, s", line.start_seconds), ("B/topic, again", line.bytes_after_restart)];
    let restarted = restarted.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let all = [
        ("B/topic", line.bytes_per_topic),
        ("µs/publish, few topics", line.few.micros),
        ("µs/publish, all topics", line.many.micros),
    ];
    Ok(all.into_iter().chain(restarted).collect())
}

fn measure(kind: Kind, count: usize, binaries: &Binaries) -> Result<Line> {
    let mut broker = kind.start(binaries)?;
    std::thread::sleep(REST);
    let mut line = Line::default();
    let own = (0..count).map(|n| topic(kind, n).len() + PAYLOAD).sum::<usize>();
    let before = memory::resident(broker.pid());
    let few = FEW.min(count);
    retain(&broker, kind, 0..few)?;
    cpu::settle(broker.pid());
    line.few = publish_cost(&broker, kind, few)?;
    retain(&broker, kind, few..count)?;
    cpu::settle(broker.pid());
    let per_topic = |after: u64| (after.saturating_sub(before) as f64 - own as f64) / count as f64;
    line.bytes_per_topic = per_topic(memory::resident(broker.pid()));
    line.walks = [walk(broker.address, kind, count, 0)?, walk(broker.address, kind, count, 1)?];
    line.many = publish_cost(&broker, kind, count)?;
    if kind == Kind::UnsFabric {
        broker.stop()?;
        let started = Instant::now();
        broker.start_again(binaries)?;
        line.start_seconds = Some(started.elapsed().as_secs_f64());
        cpu::settle(broker.pid());
        line.bytes_after_restart = Some(per_topic(memory::resident(broker.pid())));
        let (got, _) = walk(broker.address, kind, count, 0)?;
        if got != count {
            bail!("{got} of {count} retained messages came back after the restart");
        }
    }
    Ok(line)
}

/// Four levels below the prefix, a hundred tags in each cell.
fn topic(kind: Kind, n: usize) -> String {
    let (cell, tag) = (n / 100, n % 100);
    let (line, cell) = (cell / 50, cell % 50);
    format!("{}site{}/line{line}/cell{cell}/tag{tag}", kind.prefix(), line / 20)
}

fn retain(broker: &Broker, kind: Kind, topics: std::ops::Range<usize>) -> Result<()> {
    let form = wire::Form { qos: 1, retain: true };
    let mut sender = Sender::new(client::connect(broker.address, "retainer")?, WINDOW);
    for n in topics {
        sender.send(&topic(kind, n), form, format!("{n:.>PAYLOAD$}").as_bytes())?;
    }
    sender.finish()
}

/// CPU microseconds of one publish of QoS 0 to a topic drawn from the first `count`.
fn publish_cost(broker: &Broker, kind: Kind, count: usize) -> Result<Cost> {
    let mut best = Cost::most();
    for _ in 0..2 {
        let before = cpu::by_thread(broker.pid());
        let mut sender = Sender::new(client::connect(broker.address, "drawer")?, usize::MAX);
        let mut drawn: u64 = 1;
        for _ in 0..PUBLISHES {
            drawn = drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let n = ((u128::from(drawn) * count as u128) >> 64) as usize;
            sender.send(&topic(kind, n), wire::Form::default(), b"1234.567")?;
        }
        sender.finish()?;
        cpu::settle(broker.pid());
        let cost = Cost::of(broker.pid(), &before, PUBLISHES);
        if cost.micros < best.micros {
            best = cost;
        }
    }
    Ok(best)
}

/// Subscribes to everything; how many topics came, each counted once, and how long it took.
fn walk(address: SocketAddr, kind: Kind, count: usize, qos: u8) -> Result<(usize, f64)> {
    let mut stream = client::connect(address, &format!("everything{qos}"))?;
    let began = Instant::now();
    client::subscribe(&mut stream, &format!("{}#", kind.prefix()), qos)?;
    stream.set_read_timeout(Some(Duration::from_secs(3)))?;
    let mut seen = vec![false; count];
    let (mut buffer, mut filled) = (vec![0; 256 * 1024], 0);
    let (mut got, mut took, mut acks) = (0, began.elapsed(), Vec::new());
    while got < count {
        let Ok(n @ 1..) = stream.read(&mut buffer[filled..]) else { break };
        filled += n;
        took = began.elapsed();
        let mut at = 0;
        while let Some(packet) = wire::packet(&buffer[at..filled]) {
            let body = &buffer[at..at + packet.total];
            if packet.kind() == 3 {
                let digits = String::from_utf8_lossy(&body[packet.total - PAYLOAD..]);
                let number = digits.trim_start_matches('.').parse::<usize>().unwrap_or(count);
                if let Some(seen @ false) = seen.get_mut(number) {
                    *seen = true;
                    got += 1;
                }
                if packet.qos() > 0 {
                    wire::ack_for(packet, body, &mut acks);
                }
            }
            at += packet.total;
        }
        buffer.copy_within(at..filled, 0);
        filled -= at;
        std::io::Write::write_all(&mut stream, &acks)?;
        acks.clear();
    }
    Ok((got, took.as_secs_f64()))
}
