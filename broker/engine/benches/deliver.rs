//! What a publish costs with its deliveries to connected clients.
//!
//! Prints and asserts nothing about time: `cargo bench -p broker-engine --bench deliver`. Figures are CPU
//! time of the thread. With the name of a row as its argument it runs that row alone, as for a profile or
//! a count of instructions.

#![expect(clippy::print_stdout, reason = "a bench speaks to the person who runs it")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::sync::Arc;
use std::time::Duration;

use broker_codec::{
    Ack, Connect, ConnectProperties, Filters, Frame, Packet, PacketId, Publish, QoS, Subscribe,
    SubscribeOptions, Version, frame, push_filter,
};
use broker_engine::{Anonymous, Broker, Config, CoreNo, Engine, Key, Now, OpenGate, Peer};
use uns_model::{SeededRandom, Timestamp};

/// Topics that the publishes go to in turn.
const TOPICS: usize = 1_000;
const ROUNDS: usize = 400;
/// Publishes that come at once, after which outputs are written.
const CHUNK: usize = 50;

const NOW: Now = Now { monotonic: Duration::from_secs(1_000), wall: Timestamp(0) };

/// One load.
struct Row {
    name: &'static str,
    qos: QoS,
    subscribers: usize,
}

const ROWS: [Row; 4] = [
    Row { name: "one-qos0", qos: QoS::AtMostOnce, subscribers: 1 },
    Row { name: "four-qos0", qos: QoS::AtMostOnce, subscribers: 4 },
    Row { name: "four-qos1", qos: QoS::AtLeastOnce, subscribers: 4 },
    Row { name: "fifty-qos0", qos: QoS::AtMostOnce, subscribers: 50 },
];

fn main() {
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    println!("{TOPICS} topics; CPU ns for each publish with its deliveries");
    println!("| row | publish |");
    println!("|---|---|");
    for row in ROWS.iter().filter(|row| only.as_ref().is_none_or(|only| row.name == only)) {
        let mut hub = Hub::new(row);
        let chunks = chunks(row.qos);
        hub.publish(&chunks, 1);
        let before = cpu();
        hub.publish(&chunks, ROUNDS);
        let each = (cpu() - before).as_secs_f64() * 1e9 / (ROUNDS * TOPICS) as f64;
        println!("| {} | {each:.0} |", row.name);
    }
}

struct Hub {
    engine: Engine<OpenGate>,
    publisher: Key,
    subscribers: Vec<Key>,
}

impl Hub {
    fn new(row: &Row) -> Self {
        let random = Arc::new(SeededRandom::new(1));
        let broker = Arc::new(Broker::new(Config::default(), 1, Box::new(Anonymous), random));
        let engine = Engine::new(broker, CoreNo(0), OpenGate);
        let mut hub = Self { engine, publisher: Key::default(), subscribers: Vec::new() };
        hub.publisher = hub.connect("publisher");
        for n in 0..row.subscribers {
            let key = hub.connect(&format!("subscriber{n}"));
            let mut filters = Vec::new();
            let options = SubscribeOptions { qos: row.qos, ..SubscribeOptions::default() };
            push_filter("site/#", options, &mut filters).expect("a filter");
            let subscribe = Packet::Subscribe(Subscribe {
                packet_id: PacketId::new(1).expect("not 0"),
                subscription_id: None,
                user: broker_codec::UserProperties::default(),
                filters: Filters::parse(Version::V311, &filters).expect("filters"),
            });
            hub.send(key, &subscribe);
            hub.subscribers.push(key);
        }
        hub
    }

    fn connect(&mut self, client_id: &str) -> Key {
        let peer = Peer { anonymous_allowed: true, ..Peer::default() };
        let key = self.engine.open(NOW, peer).expect("there is room");
        let connect = Connect {
            version: Version::V311,
            bridge: false,
            clean_start: true,
            keep_alive: 0,
            client_id,
            properties: ConnectProperties::default(),
            will: None,
            user_name: None,
            password: None,
        };
        self.send(key, &Packet::Connect(Box::new(connect)));
        key
    }

    fn send(&mut self, key: Key, packet: &Packet<'_>) {
        let mut bytes = Vec::new();
        packet.encode(Version::V311, &mut bytes).expect("a packet");
        self.engine.receive(NOW, key, &bytes);
        self.engine.flush(NOW);
        self.write(key);
    }

    /// The socket takes all there is; gives the packet identifiers of what came with one.
    fn write(&mut self, key: Key) -> Vec<PacketId> {
        self.engine.begin_write(key);
        let output = self.engine.output(key);
        let (len, mut ids, mut rest) = (output.len(), Vec::new(), output);
        const QOS1: u8 = 0x32;
        while let Ok(Frame::Packet(framed)) = frame(rest, usize::MAX) {
            if framed.header == QOS1
                && let Ok(Packet::Publish(publish)) = framed.decode(Version::V311, rest)
            {
                ids.extend(publish.packet_id);
            }
            rest = rest.get(framed.total_len..).unwrap_or_default();
        }
        self.engine.wrote(NOW, key, len);
        ids
    }

    fn publish(&mut self, chunks: &[Vec<u8>], rounds: usize) {
        let mut acks = Vec::new();
        for _ in 0..rounds {
            for chunk in chunks {
                self.engine.receive(NOW, self.publisher, chunk);
                self.engine.flush(NOW);
                self.engine.pending_output().clear();
                self.write(self.publisher);
                for at in 0..self.subscribers.len() {
                    let key = self.subscribers[at];
                    acks.clear();
                    for id in self.write(key) {
                        Ack::new(id).encode_puback(Version::V311, &mut acks).expect("an ack");
                    }
                    if !acks.is_empty() {
                        self.engine.receive(NOW, key, &acks);
                    }
                }
            }
        }
    }
}

/// Publishes to every topic, in the bytes that come at once.
fn chunks(qos: QoS) -> Vec<Vec<u8>> {
    let topics: Vec<_> =
        (0..TOPICS).map(|n| format!("site/line{}/tag{}", n / 50, n % 50)).collect();
    let encode = |topics: &[String]| {
        let mut bytes = Vec::new();
        for (n, topic) in topics.iter().enumerate() {
            let packet_id = u16::try_from(n + 1).ok().and_then(PacketId::new);
            let packet_id = packet_id.filter(|_| qos != QoS::AtMostOnce);
            let publish = Publish { topic, qos, packet_id, payload: b"21.5", ..Publish::default() };
            Packet::Publish(publish).encode(Version::V311, &mut bytes).expect("a packet");
        }
        bytes
    };
    topics.chunks(CHUNK).map(encode).collect()
}

fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux has it");
    let nanos = text.split(' ').next().and_then(|word| word.parse().ok());
    Duration::from_nanos(nanos.expect("the first number is CPU time"))
}
