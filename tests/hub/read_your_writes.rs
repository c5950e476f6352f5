//! Who has published reads it at once, also while a checkpoint of all topics is written.
//! `UNS_SOAK=1` runs the long form: two million topics, and a bound in time.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use broker_codec::{Packet, PacketId, Publish, QoS, ReasonCode, Version};
use serde_json::Value;

use crate::client::{Client, connect};
use crate::hub::{Hub, PATIENCE, Scratch, soak};
use crate::wire::dial;

/// Publishes under way at once while the namespace is filled.
const WINDOW: usize = 1_000;
/// While a checkpoint is written, 99 of 100 publishes and their reads take no longer.
const PROMISED: Duration = Duration::from_millis(20);

fn topic(n: usize) -> String {
    format!("uns/v1/plant/area{}/line{}/t{n}", n % 20, n % 1_000)
}

/// A number on most topics, a document on some, a text on others, and some of them retained.
fn payload(n: usize) -> String {
    match n % 20 {
        3 | 13 => format!(r#"{{"speed":{n},"state":"run","load":0.5,"good":{n}}}"#),
        7 => format!("\"{}\"", "a text of some length, ".repeat(8)),
        _ => format!("{n}.5"),
    }
}

fn fill(client: &mut Client, topics: usize) {
    for start in (0..topics).step_by(WINDOW) {
        let all: Vec<_> =
            (start..topics.min(start + WINDOW)).map(|n| (n, topic(n), payload(n))).collect();
        let publishes: Vec<_> = all
            .iter()
            .zip(1..)
            .map(|((n, topic, payload), id)| {
                Packet::Publish(Publish {
                    topic,
                    payload: payload.as_bytes(),
                    qos: QoS::AtLeastOnce,
                    packet_id: PacketId::new(id),
                    retain: n % 10 == 0,
                    ..Publish::default()
                })
            })
            .collect();
        client.send_all(&publishes);
        for _ in &publishes {
            let reason = client.next(|packet| match packet {
                Packet::Puback(ack) => ack.reason,
                other => panic!("{other:?} is no PUBACK"),
            });
            assert_eq!(reason, Some(ReasonCode::Success));
        }
    }
}

/// A client of HTTP that keeps its connection.
struct Reader(BufReader<TcpStream>, String);

impl Reader {
    fn open(hub: &Hub) -> Self {
        Self(BufReader::new(dial(hub.http)), hub.http.to_string())
    }

    /// The last value of a topic.
    fn current(&mut self, topic: &str) -> Value {
        let Self(stream, host) = self;
        let request =
            format!("GET /api/v1/uns/current?filter={topic} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        stream.get_mut().write_all(request.as_bytes()).expect("the hub reads");
        let (mut head, mut length) = (String::new(), 0);
        loop {
            head.clear();
            stream.read_line(&mut head).expect("an answer");
            let line = head.trim().to_ascii_lowercase();
            if let Some(bytes) = line.strip_prefix("content-length:") {
                length = bytes.trim().parse().expect("a length");
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).expect("a body");
        serde_json::from_slice(&body).expect("JSON")
    }
}

/// The checkpoints of the namespace of a hub, as their directory shows them.
struct Checkpoints {
    directory: PathBuf,
    seen: HashSet<String>,
}

impl Checkpoints {
    fn new(data: &Path) -> Self {
        Self { directory: data.join("namespace"), seen: HashSet::new() }
    }

    /// Notes those there are; whether one is being written.
    fn look(&mut self) -> bool {
        let files = fs::read_dir(&self.directory).expect("the hub runs").flatten();
        let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
        let (drafts, whole): (Vec<_>, Vec<_>) = names.partition(|name| name.ends_with(".tmp"));
        self.seen.extend(whole);
        !drafts.is_empty()
    }
}

/// How long publish and read took together, and the publish alone.
#[derive(Debug, Default)]
struct Times(Vec<(Duration, Duration)>);

impl Times {
    /// Tells them; what 99 of 100 do not exceed.
    fn tell(mut self, when: &str) -> Duration {
        self.0.sort();
        let count = self.0.len();
        let of = |percent: usize| {
            let place = (count * percent / 100).min(count.saturating_sub(1));
            self.0.get(place).copied().unwrap_or_default()
        };
        let ((p50, _), (p99, _), (most, acknowledged)) = (of(50), of(99), of(100));
        eprintln!(
            "{count} publishes were read {when}: p50 {p50:?}, p99 {p99:?}, max {most:?}, of which \
             {acknowledged:?} until it was acknowledged"
        );
        p99
    }
}

#[test]
fn what_was_published_is_read_at_once_while_checkpoints_are_written() {
    let (topics, time, checkpoints_min) = match soak() {
        true => (2_000_000, Duration::from_secs(60), 3),
        false => (20_000, Duration::ZERO, 3),
    };
    let scratch = Scratch::new();
    let settings = ["namespace.checkpoint_every=1s", "namespace.nodes_max=2100000"];
    let hub = Hub::start_with(scratch.path(), &settings);
    let (mut client, _) = Client::open(hub.mqtt, &connect(Version::V5, "plant"));
    let began = Instant::now();
    fill(&mut client, topics);
    eprintln!("{topics} topics in {:?}", began.elapsed());
    let mut reader = Reader::open(&hub);
    // All of it is folded.
    reader.current(&topic(topics - 1));
    let mut checkpoints = Checkpoints::new(&hub.data());
    checkpoints.look();
    let before = checkpoints.seen.len();
    let (mut beside, mut quiet) = (Times::default(), Times::default());
    let began = Instant::now();
    for n in 0.. {
        let written = checkpoints.seen.len() - before;
        if began.elapsed() >= time && written >= checkpoints_min {
            break;
        }
        assert!(began.elapsed() < time + PATIENCE, "{written} checkpoints were written");
        let topic = topic((n * 7_919) % topics);
        let mut writes = checkpoints.look();
        let sent = Instant::now();
        let reason = client.publish_and_wait(&topic, n.to_string().as_bytes());
        assert_eq!(reason, Some(ReasonCode::Success));
        let acknowledged = sent.elapsed();
        let answer = reader.current(&topic);
        let took = (sent.elapsed(), acknowledged);
        assert_eq!(answer["values"][0]["value"], n, "{answer}");
        writes |= checkpoints.look();
        if writes { &mut beside } else { &mut quiet }.0.push(took);
    }
    eprintln!("{} checkpoints", checkpoints.seen.len() - before);
    // What the disk takes for a commit while nothing else is written is not the namespace's.
    quiet.tell("while no checkpoint was written");
    let p99 = beside.tell("while one was");
    let metrics = hub.fetch("/metrics").1;
    let of_namespace =
        |line: &&str| line.starts_with("uns_follower_") && line.contains("fold=\"namespace\"");
    let figures: Vec<&str> = metrics.lines().filter(of_namespace).collect();
    assert!(figures.contains(&"uns_follower_lag{fold=\"namespace\"} 0"), "{metrics}");
    eprintln!("{}", figures.join("\n"));
    assert!(!soak() || p99 <= PROMISED, "{p99:?}");
}
