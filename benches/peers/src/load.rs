//! The load: plain MQTT 3.1.1 clients, a blocking thread each, that share no code with any broker.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::wire;

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// As printed.
    pub(crate) name: &'static str,
    /// Publishers, spread over the sites.
    pub(crate) publishers: usize,
    /// Subscribers.
    pub(crate) subscribers: usize,
    /// Sites; with several, each subscriber takes one, else everything.
    pub(crate) sites: usize,
    /// QoS of publishes and subscriptions.
    pub(crate) qos: u8,
    /// Messages of all publishers together.
    pub(crate) messages: u64,
}

/// Payload bytes of each message.
pub(crate) const PAYLOAD: usize = 64;
/// Unacknowledged messages of one publisher at QoS 1.
pub(crate) const WINDOW: usize = 100;
/// Tags of one publisher: real plants publish many topics, again and again.
const TAGS: usize = 50;
/// Subscribers give up when nothing has come for this long.
const QUIET: Duration = Duration::from_secs(3);

/// What one run saw.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Messages the broker took and gave: in + out.
    pub(crate) events: u64,
    /// Messages that did not arrive.
    pub(crate) lost: u64,
    /// Messages that should have arrived.
    pub(crate) expected: u64,
    /// Wall time from the first publish to the last arrival.
    pub(crate) seconds: f64,
    /// Latencies in microseconds, sorted.
    pub(crate) latencies: Vec<u32>,
}

/// Runs one row; `rate` paces all publishers together to so many messages a second, else they
/// send as fast as the broker reads.
pub(crate) fn run(
    address: SocketAddr,
    prefix: &str,
    row: Row,
    rate: Option<u64>,
) -> Result<Outcome> {
    let start = Arc::new(Barrier::new(row.publishers + row.subscribers + 1));
    let clock = Instant::now();
    let last_arrival = Arc::new(AtomicU64::new(0));
    let per_publisher = row.messages / row.publishers as u64;
    let sent = per_publisher * row.publishers as u64;
    let fan_out = (row.subscribers / row.sites) as u64;
    let expected_each = sent / row.sites as u64;

    let mut subscribers = Vec::new();
    for i in 0..row.subscribers {
        let site = i % row.sites;
        let filter =
            if row.sites > 1 { format!("{prefix}site{site}/#") } else { format!("{prefix}#") };
        let stream = connect(address, &format!("sub{i}"))?;
        let mut subscriber = Subscriber { stream, clock, qos: row.qos, latencies: Vec::new() };
        subscriber.subscribe(&filter)?;
        let (start, last) = (Arc::clone(&start), Arc::clone(&last_arrival));
        let timed = rate.is_some();
        subscribers.push(thread::spawn(move || {
            start.wait();
            let got = subscriber.count(expected_each, timed, &last);
            (got, subscriber.latencies)
        }));
    }
    let mut publishers = Vec::new();
    for i in 0..row.publishers {
        let stream = connect(address, &format!("pub{i}"))?;
        let topics: Vec<String> = (0..TAGS)
            .map(|t| format!("{prefix}site{}/line{i}/cell{}/tag{t}", i % row.sites, t % 5))
            .collect();
        let publisher = Publisher { stream, topics, clock, qos: row.qos };
        let start = Arc::clone(&start);
        let pace = rate.map(|r| Duration::from_secs_f64(row.publishers as f64 / r as f64));
        publishers.push(thread::spawn(move || {
            start.wait();
            publisher.send(per_publisher, pace)
        }));
    }
    start.wait();
    let began = clock.elapsed();
    for publisher in publishers {
        publisher.join().map_err(|_| anyhow::anyhow!("a publisher panicked"))??;
    }
    let mut received = 0;
    let mut latencies = Vec::new();
    for subscriber in subscribers {
        let (got, mut some) =
            subscriber.join().map_err(|_| anyhow::anyhow!("a subscriber panicked"))?;
        received += got;
        latencies.append(&mut some);
    }
    latencies.sort_unstable();
    let expected = sent * fan_out;
    let last = Duration::from_nanos(last_arrival.load(Ordering::Relaxed));
    Ok(Outcome {
        events: sent + received,
        lost: expected.saturating_sub(received),
        expected,
        seconds: last.saturating_sub(began).as_secs_f64(),
        latencies,
    })
}

fn connect(address: SocketAddr, client_id: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address).context("connect")?;
    stream.set_nodelay(true)?;
    stream.write_all(&wire::connect(client_id))?;
    let mut answer = [0; 4];
    stream
        .read_exact(&mut answer)
        .with_context(|| format!("{client_id} got no CONNACK from {address}"))?;
    if answer[0] != 0x20 || answer[3] != 0 {
        bail!("{client_id} was refused: {answer:?}");
    }
    Ok(stream)
}

struct Publisher {
    stream: TcpStream,
    topics: Vec<String>,
    clock: Instant,
    qos: u8,
}

impl Publisher {
    fn send(mut self, count: u64, pace: Option<Duration>) -> Result<()> {
        let mut buffer = Vec::with_capacity(20 * 1024);
        let mut in_flight = 0;
        let mut acks = Acks::default();
        let began = self.clock.elapsed();
        for n in 0..count {
            if let Some(pace) = pace {
                let due = began + pace.mul_f64(n as f64);
                let now = self.clock.elapsed();
                if due > now {
                    thread::sleep(due - now);
                }
            }
            let mut payload = [b'.'; PAYLOAD];
            payload[..8].copy_from_slice(&nanos(self.clock.elapsed()).to_le_bytes());
            let topic = &self.topics[n as usize % self.topics.len()];
            let id = (n % 65_000) as u16 + 1;
            wire::publish(topic, self.qos, id, &payload, &mut buffer);
            in_flight += usize::from(self.qos > 0);
            let window_full = in_flight >= WINDOW;
            if pace.is_some() || window_full || buffer.len() >= 16 * 1024 {
                self.stream.write_all(&buffer).context("publish")?;
                buffer.clear();
            }
            while in_flight >= WINDOW {
                in_flight -= acks.read(&mut self.stream)?;
            }
        }
        self.stream.write_all(&buffer).context("publish")?;
        while in_flight > 0 {
            in_flight -= acks.read(&mut self.stream)?;
        }
        self.stream.write_all(&wire::DISCONNECT)?;
        Ok(())
    }
}

/// Counts PUBACKs in a byte stream.
#[derive(Default)]
struct Acks {
    rest: Vec<u8>,
}

impl Acks {
    fn read(&mut self, stream: &mut TcpStream) -> Result<usize> {
        let mut chunk = [0; 4096];
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let got = stream.read(&mut chunk).context("no PUBACK within 20 s")?;
        if got == 0 {
            bail!("the broker closed a publisher");
        }
        self.rest.extend_from_slice(&chunk[..got]);
        let mut count = 0;
        let mut at = 0;
        while let Some(packet) = wire::packet(&self.rest[at..]) {
            count += usize::from(packet.kind() == 4);
            at += packet.total;
        }
        self.rest.drain(..at);
        Ok(count)
    }
}

struct Subscriber {
    stream: TcpStream,
    clock: Instant,
    qos: u8,
    latencies: Vec<u32>,
}

impl Subscriber {
    fn subscribe(&mut self, filter: &str) -> Result<()> {
        self.stream.write_all(&wire::subscribe(filter, self.qos))?;
        let mut answer = [0; 5];
        self.stream.read_exact(&mut answer).context("SUBACK")?;
        if answer[0] != 0x90 || answer[4] > 2 {
            bail!("subscription to {filter} was refused: {answer:?}");
        }
        Ok(())
    }

    fn count(&mut self, expected: u64, timed: bool, last_arrival: &AtomicU64) -> u64 {
        let mut buffer = vec![0; 256 * 1024];
        let mut filled = 0;
        let mut got = 0;
        let mut acks = Vec::new();
        if self.stream.set_read_timeout(Some(QUIET)).is_err() {
            return 0;
        }
        while got < expected {
            let Ok(n @ 1..) = self.stream.read(&mut buffer[filled..]) else { break };
            filled += n;
            let now = nanos(self.clock.elapsed());
            last_arrival.fetch_max(now, Ordering::Relaxed);
            let mut at = 0;
            while let Some(packet) = wire::packet(&buffer[at..filled]) {
                if packet.kind() == 3 {
                    got += 1;
                    let body = &buffer[at..at + packet.total];
                    if packet.qos() > 0 {
                        wire::ack_for(packet, body, &mut acks);
                    }
                    if timed {
                        let stamp = &body[packet.total - PAYLOAD..][..8];
                        let stamp = u64::from_le_bytes(stamp.try_into().unwrap_or_default());
                        let micros = now.saturating_sub(stamp) / 1000;
                        self.latencies.push(u32::try_from(micros).unwrap_or(u32::MAX));
                    }
                }
                at += packet.total;
            }
            buffer.copy_within(at..filled, 0);
            filled -= at;
            if !acks.is_empty() {
                if self.stream.write_all(&acks).is_err() {
                    break;
                }
                acks.clear();
            }
        }
        got
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
