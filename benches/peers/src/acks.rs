//! Acknowledged messages: fifty publishers of QoS 1 with a hundred messages in flight each, as fast
//! as the broker acknowledges, then paced for the time an acknowledgement takes. This hub
//! acknowledges what is on disk, the peers what they have read.

use std::net::SocketAddr;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::args::Args;
use crate::brokers::{Binaries, Broker, Kind};
use crate::client::{self, Sender};
use crate::cpu::{self, Cost};
use crate::wire;

const PUBLISHERS: usize = 50;
const IN_FLIGHT: usize = 100;
const MESSAGES: u64 = 2_000_000;
const TAGS: usize = 50;
/// Messages a second of the paced run, of all publishers.
const PACED: usize = 50_000;
const PACED_FOR: Duration = Duration::from_secs(4);
/// A publisher sends what is due this often.
const TICK: Duration = Duration::from_millis(2);
const QOS_1: wire::Form = wire::Form { qos: 1, retain: false };

#[derive(Debug, Default)]
struct Line {
    acks_per_second: f64,
    cost: Cost,
    p50: u32,
    p99: u32,
}

/// Measures this hub, with and without its log, then the peers.
pub(crate) fn table(args: &Args) -> Result<()> {
    println!("\n{PUBLISHERS} publishers × {IN_FLIGHT} in flight, QoS 1, no subscriber\n");
    println!(
        "| broker | acknowledged/s | CPU µs/message | × mosquitto | ack p50 µs at {PACED}/s | \
         ack p99 µs |"
    );
    println!("|---|---|---|---|---|---|");
    let mut lines = Vec::new();
    for kind in [Kind::UnsFabric, Kind::Uns].into_iter().chain(args.binaries.peers()) {
        lines.push((kind, measure(kind, args).with_context(|| kind.name())?));
    }
    let mosquitto = lines.iter().find(|(kind, _)| *kind == Kind::Mosquitto);
    let mosquitto = mosquitto.map_or(f64::NAN, |(_, line)| line.cost.micros);
    for (kind, line) in lines {
        let name = match kind {
            Kind::UnsFabric => "uns, acknowledged from disk",
            Kind::Uns => "uns, topics without a node",
            Kind::Rumqttd | Kind::Mosquitto | Kind::Flashmq => kind.name(),
        };
        println!(
            "| {name} | {:.0} | {:.2} | {:.2} | {} | {} |",
            line.acks_per_second,
            line.cost.micros,
            line.cost.micros / mosquitto,
            line.p50,
            line.p99
        );
        if matches!(kind, Kind::UnsFabric | Kind::Uns) {
            println!("|  | of which, by thread: {} | | | | |", line.cost.by_thread());
        }
    }
    Ok(())
}

fn measure(kind: Kind, args: &Args) -> Result<Line> {
    let messages = (MESSAGES as f64 * args.scale) as u64;
    let broker = kind.start(&args.binaries)?;
    flood(broker.address, kind, messages / 20)?;
    let mut line = Line { cost: Cost::most(), ..Line::default() };
    for _ in 0..args.rounds.max(1) {
        let (cost, took) = cost(&broker, kind, messages)?;
        if cost.micros < line.cost.micros {
            line.cost = cost;
        }
        line.acks_per_second = line.acks_per_second.max(messages as f64 / took.as_secs_f64());
    }
    let latencies = pace(&broker, kind)?;
    let at = |q: f64| {
        let last = latencies.len().saturating_sub(1);
        latencies.get((last as f64 * q) as usize).copied().unwrap_or(0)
    };
    (line.p50, line.p99) = (at(0.50), at(0.99));
    Ok(line)
}

/// CPU microseconds of one acknowledged message on a new broker, with `scale` times the messages.
pub(crate) fn round(kind: Kind, scale: f64, binaries: &Binaries) -> Result<f64> {
    let messages = (MESSAGES as f64 * scale) as u64;
    let broker = kind.start(binaries)?;
    flood(broker.address, kind, messages / 20)?;
    Ok(cost(&broker, kind, messages)?.0.micros)
}

/// CPU microseconds of one message of a flood, and how long the flood took.
fn cost(broker: &Broker, kind: Kind, messages: u64) -> Result<(Cost, Duration)> {
    cpu::settle(broker.pid());
    let before = cpu::by_thread(broker.pid());
    let took = flood(broker.address, kind, messages)?;
    cpu::settle(broker.pid());
    Ok((Cost::of(broker.pid(), &before, messages), took))
}

fn topics(kind: Kind, publisher: usize) -> Vec<String> {
    let name = |tag| format!("{}line{publisher}/cell{}/tag{tag}", kind.prefix(), tag % 5);
    (0..TAGS).map(name).collect()
}

/// Everything as fast as it goes; how long until the last acknowledgement.
fn flood(address: SocketAddr, kind: Kind, messages: u64) -> Result<Duration> {
    let start = Arc::new(Barrier::new(PUBLISHERS + 1));
    let mut publishers = Vec::new();
    for n in 0..PUBLISHERS {
        let stream = client::connect(address, &format!("pub{n}"))?;
        let (topics, start) = (topics(kind, n), Arc::clone(&start));
        publishers.push(thread::spawn(move || {
            let mut sender = Sender::new(stream, IN_FLIGHT);
            start.wait();
            for n in 0..messages / PUBLISHERS as u64 {
                let topic = &topics[n as usize % TAGS];
                sender.send(topic, QOS_1, &wire::payload(n))?;
            }
            sender.finish()
        }));
    }
    start.wait();
    let began = Instant::now();
    for publisher in publishers {
        publisher.join().map_err(|_| anyhow!("a publisher panicked"))??;
    }
    Ok(began.elapsed())
}

/// At a steady rate; the sorted times from sending to acknowledgement in microseconds.
fn pace(broker: &Broker, kind: Kind) -> Result<Vec<u32>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let address = broker.address;
    let mut latencies = runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..PUBLISHERS {
            let stream = client::connect(address, &format!("paced{n}"))?;
            stream.set_nonblocking(true)?;
            tasks.spawn(paced_publisher(TcpStream::from_std(stream)?, topics(kind, n)));
        }
        let mut all = Vec::new();
        while let Some(done) = tasks.join_next().await {
            all.append(&mut done??);
        }
        anyhow::Ok(all)
    })?;
    latencies.sort_unstable();
    Ok(latencies)
}

async fn paced_publisher(mut stream: TcpStream, topics: Vec<String>) -> Result<Vec<u32>> {
    let began = Instant::now();
    let mut tick = tokio::time::interval(TICK);
    let (mut read, mut write) = stream.split();
    let mut sent_at = vec![Duration::ZERO; 65_536];
    let (mut sent, mut latencies) = (0, Vec::new());
    let (mut out, mut buffer, mut filled) = (Vec::new(), vec![0; 16 * 1024], 0);
    while began.elapsed() < PACED_FOR || latencies.len() < sent {
        tokio::select! {
            _ = tick.tick(), if began.elapsed() < PACED_FOR => {
                let rate = (PACED / PUBLISHERS) as f64;
                let due = (began.elapsed().as_secs_f64() * rate) as usize;
                out.clear();
                while sent < due {
                    let id = (sent % 65_000) as u16 + 1;
                    let payload = wire::payload(sent as u64);
                    wire::publish(&topics[sent % TAGS], QOS_1, id, &payload, &mut out);
                    sent_at[usize::from(id)] = began.elapsed();
                    sent += 1;
                }
                write.write_all(&out).await?;
            }
            got = read.read(&mut buffer[filled..]) => {
                filled += got.context("read").and_then(|n| match n {
                    0 => Err(anyhow!("the broker closed a publisher")),
                    n => Ok(n),
                })?;
                let (now, mut at) = (began.elapsed(), 0);
                while let Some(packet) = wire::packet(&buffer[at..filled]) {
                    if let Some(id) = packet.acknowledges(&buffer[at..filled]) {
                        let took = now.saturating_sub(sent_at[usize::from(id)]);
                        latencies.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
                    }
                    at += packet.total;
                }
                buffer.copy_within(at..filled, 0);
                filled -= at;
            }
        }
    }
    write.write_all(&wire::DISCONNECT).await?;
    Ok(latencies)
}
