//! Clients that subscribe and unsubscribe beside publishes to known topics: what that costs a publish
//! where the filters lie in another sub-tree, and where they match.
//!
//! The hub serves one organisation yet; what churn in another one costs is measured on the engine
//! alone: `cargo bench -p broker-engine --bench churn`.

use std::io::{BufReader, Read, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};

use crate::args::Args;
use crate::brokers::{Binaries, Broker, Kind};
use crate::client::{self, Sender};
use crate::{cpu, wire};

const TOPICS: u64 = 20_000;
/// Topics with the same levels above the last.
const TAGS: u64 = 50;
const PUBLISHES: u64 = 2_000_000;
/// Subscriptions and as many ends of subscriptions a second, together.
const CHANGES: u32 = 1_000;

/// Where the filters lie that come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Churn {
    /// Nowhere.
    None,
    /// In another sub-tree.
    Elsewhere,
    /// They match one topic each.
    OneTopic,
    /// They match all topics, and half of the publishes are delivered.
    AllTopics,
}

impl Churn {
    pub(crate) const ALL: [Self; 4] =
        [Self::None, Self::Elsewhere, Self::OneTopic, Self::AllTopics];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "without churn",
            Self::Elsewhere => "churn in another sub-tree",
            Self::OneTopic => "churn that matches one topic",
            Self::AllTopics => "churn that matches all topics",
        }
    }

    fn filter(self, kind: Kind, n: u64) -> Option<String> {
        match self {
            Self::None => None,
            Self::Elsewhere => Some(format!("{}other/line{}/+/tag", kind.prefix(), n % 100)),
            Self::OneTopic => Some(topic(kind, n * 7 % TOPICS)),
            Self::AllTopics => Some(format!("{}+/+/+", kind.prefix())),
        }
    }
}

fn topic(kind: Kind, n: u64) -> String {
    format!("{}site/line{}/tag{}", kind.prefix(), n / TAGS, n % TAGS)
}

/// Measures this hub, with and without the fabric, then mosquitto.
pub(crate) fn table(args: &Args) -> Result<()> {
    println!("\n{CHANGES} subscribe/unsubscribe a second beside publishes to {TOPICS} topics\n");
    println!("| broker | churn | µs/publish | × without | changes/s |");
    println!("|---|---|---|---|---|");
    for kind in [Kind::Uns, Kind::UnsFabric, Kind::Mosquitto] {
        let lines = round(kind, args.rounds, args.scale, &args.binaries)?;
        let without = lines.first().map_or(f64::NAN, |line| line.micros);
        for Line { churn, micros, changes } in lines {
            let (name, ratio) = (kind.name(), micros / without);
            let churn = churn.name();
            println!("| {name} | {churn} | {micros:.3} | {ratio:.2} | {changes:.0} |");
        }
    }
    Ok(())
}

/// What one kind of churn came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub(crate) churn: Churn,
    /// CPU microseconds of the broker for each publish, all it does for the churn included.
    pub(crate) micros: f64,
    changes: f64,
}

/// Every kind of churn on one new broker, in turn; of each the lowest of the rounds.
pub(crate) fn round(
    kind: Kind,
    rounds: usize,
    scale: f64,
    binaries: &Binaries,
) -> Result<Vec<Line>> {
    let broker = kind.start(binaries)?;
    let publishes = (PUBLISHES as f64 * scale) as u64;
    publish(&broker, kind, TOPICS)?;
    let mut best: Vec<Option<Line>> = vec![None; Churn::ALL.len()];
    for _ in 0..rounds.max(1) {
        for (churn, best) in Churn::ALL.into_iter().zip(&mut best) {
            let line = measure(&broker, kind, churn, publishes)?;
            if best.is_none_or(|best| line.micros < best.micros) {
                *best = Some(line);
            }
        }
    }
    Ok(best.into_iter().flatten().collect())
}

fn measure(broker: &Broker, kind: Kind, churn: Churn, publishes: u64) -> Result<Line> {
    cpu::settle(broker.pid());
    let churning = (churn != Churn::None)
        .then(|| Churning::start(broker.address, move |n| churn.filter(kind, n)))
        .transpose()?;
    let before = cpu::by_thread(broker.pid());
    let began = Instant::now();
    publish(broker, kind, publishes)?;
    let seconds = began.elapsed().as_secs_f64();
    let changes = churning.map_or(Ok(0), Churning::stop)?;
    cpu::settle(broker.pid());
    let used = cpu::difference(&before, &cpu::by_thread(broker.pid()));
    let micros = used.values().sum::<u64>() as f64 / 1000.0 / publishes as f64;
    Ok(Line { churn, micros, changes: changes as f64 / seconds })
}

/// Publishes to all topics in turn, and waits until the broker has read it all.
fn publish(broker: &Broker, kind: Kind, publishes: u64) -> Result<()> {
    let topics: Vec<String> = (0..TOPICS).map(|n| topic(kind, n)).collect();
    let mut sender = Sender::new(client::connect(broker.address, "known")?, usize::MAX);
    for n in 0..publishes {
        let topic = &topics[(n % TOPICS) as usize];
        sender.send(topic, wire::Form::default(), &wire::payload(n))?;
    }
    sender.finish()
}

/// A client that subscribes and unsubscribes on a thread of its own.
struct Churning {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    thread: thread::JoinHandle<Result<()>>,
}

impl Churning {
    fn start(
        address: SocketAddr,
        filter: impl Fn(u64) -> Option<String> + Send + 'static,
    ) -> Result<Self> {
        let mut stream = client::connect(address, "churn")?;
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&done));
        let mut answers = BufReader::with_capacity(1 << 16, stream.try_clone()?);
        let thread = thread::spawn(move || {
            let began = Instant::now();
            for n in 0_u32.. {
                let due = began + Duration::from_secs(1) * n / CHANGES;
                thread::sleep(due.saturating_duration_since(Instant::now()));
                let Some(filter) = filter(u64::from(n / 2)) else { break };
                if stopped.load(Ordering::Relaxed) && n.is_multiple_of(2) {
                    break;
                }
                let packet = match n % 2 {
                    0 => wire::subscribe(&filter, 0),
                    _ => wire::unsubscribe(&filter),
                };
                stream.write_all(&packet)?;
                answer(&mut answers)?;
                count.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        });
        Ok(Self { stop, done, thread })
    }

    /// Ends it, without a subscription; gives how many changes there were until now.
    fn stop(self) -> Result<u64> {
        let changes = self.done.load(Ordering::Relaxed);
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow!("the churning client panicked"))??;
        Ok(changes)
    }
}

/// Reads up to the next SUBACK or UNSUBACK, and whatever messages come before it.
fn answer(stream: &mut impl Read) -> Result<()> {
    let mut header = [0; 1];
    let mut body = Vec::new();
    loop {
        stream.read_exact(&mut header)?;
        let mut length = 0;
        for shift in [0, 7, 14, 21] {
            let mut byte = [0; 1];
            stream.read_exact(&mut byte)?;
            length |= usize::from(byte[0] & 0x7f) << shift;
            if byte[0] & 0x80 == 0 {
                break;
            }
        }
        body.resize(length, 0);
        stream.read_exact(&mut body)?;
        match header[0] >> 4 {
            9 | 11 => return Ok(()),
            3 => {}
            other => bail!("the churning client got a packet of type {other}"),
        }
    }
}
