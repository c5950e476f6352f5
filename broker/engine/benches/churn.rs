//! What a publish to known topics costs beside clients that subscribe and unsubscribe.
//!
//! Prints and asserts nothing about time: `cargo bench -p broker-engine --bench churn`. Figures are
//! CPU time of the thread, so that a busy machine does not spoil them. With a name of a row as its
//! argument it runs that row alone, as for a profile.

#![expect(clippy::print_stdout, reason = "a bench speaks to the person who runs it")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::sync::Arc;
use std::time::Duration;

use broker_codec::{Connect, ConnectProperties, Packet, Publish, Version};
use broker_engine::{
    Address, Anonymous, Broker, Config, CoreNo, Engine, Holder, Key, Now, OpenGate, Peer, Received,
    Subscriber,
};
use uns_model::{OrgId, SeededRandom, Timestamp};

/// Topics that the publishes go to in turn.
const TOPICS: usize = 20_000;
/// Topics with the same levels above the last.
const TAGS: usize = 50;
const ROUNDS: usize = 40;
/// How much oftener the changes are made alone, to be measured.
const ALONE: usize = 50;
/// Publishes between two changes: at a million publishes a second, a thousand changes.
const PER_CHANGE: usize = 1_000;

const NOW: Now = Now { monotonic: Duration::from_secs(1_000), wall: Timestamp(0) };

/// One way to churn.
struct Row {
    name: &'static str,
    /// The filter of the change with this number, and whose; none without churn.
    change: fn(usize) -> Option<(OrgId, String)>,
}

const ROWS: [Row; 7] = [
    Row { name: "none", change: |_| None },
    Row { name: "organisation", change: |n| Some((OrgId(7), format!("site/line{}/#", n % 97))) },
    Row { name: "subtree", change: |n| own(format!("other/line{}/+/tag", n % 97)) },
    Row { name: "sibling", change: |n| own(format!("site/line{}/other{n}", n % 400)) },
    Row { name: "wildcard", change: |n| own(format!("+/+/other{n}")) },
    Row { name: "matching-one", change: |n| own(topic(n * 7 % TOPICS)) },
    Row { name: "matching-all", change: |_| own("site/#".into()) },
];

#[expect(clippy::unnecessary_wraps, reason = "a row may have no change")]
fn own(filter: String) -> Option<(OrgId, String)> {
    Some((OrgId::DEFAULT, filter))
}

fn topic(n: usize) -> String {
    format!("site/line{}/tag{}", n / TAGS, n % TAGS)
}

fn main() {
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    println!("{TOPICS} topics, a change every {PER_CHANGE} publishes; CPU ns for each");
    println!("| churn | publish | × without | change |");
    println!("|---|---|---|---|");
    let mut without = f64::NAN;
    for row in ROWS.iter().filter(|row| only.as_ref().is_none_or(|only| row.name == only)) {
        let (publish, change) = measure(row);
        if row.name == "none" {
            without = publish;
        }
        println!("| {} | {publish:.0} | {:.2} | {change:.0} |", row.name, publish / without);
    }
}

/// Nanoseconds of a publish and of a change.
fn measure(row: &Row) -> (f64, f64) {
    let mut hub = Hub::new();
    let chunks = hub.chunks();
    hub.publish(&chunks, row, 1);
    let before = cpu();
    let changes = hub.publish(&chunks, row, ROUNDS);
    let both = cpu() - before;
    let before = cpu();
    for n in 0..changes * ALONE {
        hub.change(row, n);
    }
    let alone = (cpu() - before) / u32::try_from(ALONE).expect("a few");
    let publishes = ROUNDS * TOPICS;
    let each = |time: Duration, of: usize| time.as_secs_f64() * 1e9 / of.max(1) as f64;
    (each(both.saturating_sub(alone), publishes), each(alone, changes))
}

struct Hub {
    broker: Arc<Broker>,
    engine: Engine<OpenGate>,
    publisher: Key,
}

impl Hub {
    fn new() -> Self {
        let random = Arc::new(SeededRandom::new(1));
        let broker = Arc::new(Broker::new(Config::default(), 1, Box::new(Anonymous), random));
        let mut engine = Engine::new(Arc::clone(&broker), CoreNo(0), OpenGate);
        let peer = Peer { anonymous_allowed: true, ..Peer::default() };
        let publisher = engine.open(NOW, peer).expect("there is room for one");
        let mut bytes = Vec::new();
        let connect = Connect {
            version: Version::V311,
            bridge: false,
            clean_start: true,
            keep_alive: 0,
            client_id: "publisher",
            properties: ConnectProperties::default(),
            will: None,
            user_name: None,
            password: None,
        };
        let connect = Packet::Connect(Box::new(connect));
        connect.encode(Version::V311, &mut bytes).expect("a packet");
        assert_eq!(engine.receive(NOW, publisher, &bytes), Received::More(bytes.len()));
        // Somebody else's subscriptions, some of which match.
        for n in 0..400 {
            let holder = [holder(n)];
            for filter in [format!("site/line{n}/#"), format!("+/+/tag{}/more", n % TAGS)] {
                broker.subscriptions.insert(
                    OrgId::DEFAULT,
                    &filter,
                    &holder,
                    &Subscriber::default(),
                );
            }
        }
        Self { broker, engine, publisher }
    }

    /// Publishes to every topic, as the bytes between two changes.
    fn chunks(&self) -> Vec<Vec<u8>> {
        let topics: Vec<_> = (0..TOPICS).map(topic).collect();
        let encode = |topics: &[String]| {
            let mut bytes = Vec::new();
            for topic in topics {
                let publish = Publish { topic, payload: b"21.5", ..Publish::default() };
                Packet::Publish(publish).encode(Version::V311, &mut bytes).expect("a packet");
            }
            bytes
        };
        topics.chunks(PER_CHANGE).map(encode).collect()
    }

    /// Publishes to all topics so many times; gives how many changes came between.
    fn publish(&mut self, chunks: &[Vec<u8>], row: &Row, rounds: usize) -> usize {
        let mut changes = 0;
        for _ in 0..rounds {
            for chunk in chunks {
                changes += usize::from(self.change(row, changes));
                let received = self.engine.receive(NOW, self.publisher, chunk);
                assert_eq!(received, Received::More(chunk.len()));
            }
        }
        changes
    }

    /// Every second change takes back what the one before did.
    fn change(&self, row: &Row, n: usize) -> bool {
        let Some((org, filter)) = (row.change)(n / 2) else { return false };
        let holder = [holder(1_000)];
        if n.is_multiple_of(2) {
            self.broker.subscriptions.insert(org, &filter, &holder, &Subscriber::default());
        } else {
            self.broker.subscriptions.remove(org, std::iter::once(&*filter), &holder);
        }
        true
    }
}

/// A client that is not there, so that nothing waits for it.
fn holder(n: usize) -> Holder {
    let slot = u32::try_from(n).expect("few") + 1_000;
    Holder::Connection(Address { core: CoreNo(0), key: Key { slot, generation: 7 } })
}

fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux has it");
    let nanos = text.split(' ').next().and_then(|word| word.parse().ok());
    Duration::from_nanos(nanos.expect("the first number is CPU time"))
}
