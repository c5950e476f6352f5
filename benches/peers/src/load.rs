//! The load: plain MQTT 3.1.1 clients, a blocking thread each, that share no code with any broker.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::client::{self, Sender};
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
        let mut stream = client::connect(address, &format!("sub{i}"))?;
        client::subscribe(&mut stream, &filter, row.qos)?;
        let mut subscriber = Subscriber { stream, clock, latencies: Vec::new() };
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
        let sender = Sender::new(client::connect(address, &format!("pub{i}"))?, WINDOW);
        let topics: Vec<String> = (0..TAGS)
            .map(|t| format!("{prefix}site{}/line{i}/cell{}/tag{t}", i % row.sites, t % 5))
            .collect();
        let publisher = Publisher { sender, topics, clock, qos: row.qos };
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

struct Publisher {
    sender: Sender,
    topics: Vec<String>,
    clock: Instant,
    qos: u8,
}

impl Publisher {
    fn send(mut self, count: u64, pace: Option<Duration>) -> Result<()> {
        let form = wire::Form { qos: self.qos, retain: false };
        let began = self.clock.elapsed();
        for n in 0..count {
            if let Some(pace) = pace {
                let due = began + pace.mul_f64(n as f64);
                let now = self.clock.elapsed();
                if due > now {
                    thread::sleep(due - now);
                }
            }
            let payload = wire::payload(nanos(self.clock.elapsed()));
            let topic = &self.topics[n as usize % self.topics.len()];
            self.sender.send(topic, form, &payload)?;
            if pace.is_some() {
                self.sender.flush()?;
            }
        }
        self.sender.finish()
    }
}

struct Subscriber {
    stream: TcpStream,
    clock: Instant,
    latencies: Vec<u32>,
}

impl Subscriber {
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
                        let stamp = wire::stamp(&body[packet.total - wire::PAYLOAD..]);
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
