//! Prints what a publish takes in the log beside its payload, by the shape of the payload, and what it
//! costs to write and to read its points. `cargo bench -p uns-namespace --bench points`.
#![expect(clippy::print_stdout, reason = "a bench speaks to the person who runs it")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::hint::black_box;
use std::time::Duration;

use fabric::{Batch, PointsBuffer, Publish, Record, Upgrade};
use uns_model::{Clock, NodeNo, OrgId, PublisherId, SystemClock, Timestamp, TopicId};
use uns_namespace::{Config, PayloadReader};

/// Points in one go, and how often: other work on the machine makes goes longer, never shorter.
const POINTS: usize = 20_000;
const GOES: u32 = 40;

fn main() {
    println!(
        "{:<40} {:>7} {:>7} {:>6} {:>9} {:>7} {:>9} {:>9}",
        "payload", "bytes", "points", "beside", "per point", "growth", "write ns", "read ns"
    );
    for (what, payload) in [scalars_and_documents(), named_points(), rows()].concat() {
        measure(what, &payload);
    }
}

fn list(open: &str, items: impl Iterator<Item = String>, close: &str) -> Vec<u8> {
    format!("{open}{}{close}", items.collect::<Vec<_>>().join(",")).into_bytes()
}

/// A measured value, of one decimal.
fn measured(n: usize) -> String {
    format!("{}.{}", 20 + n % 60, n * 7 % 10)
}

type Payloads = Vec<(&'static str, Vec<u8>)>;

fn scalars_and_documents() -> Payloads {
    let envelope = r#"{"value":23.4,"timestamp":"2026-11-21T12:00:00Z","unit":"Cel"}"#;
    let fields = |count| (0..count).map(|n| format!("\"field_{n}\":{}", measured(n)));
    vec![
        ("an integer", b"118".to_vec()),
        ("a number", b"23.4".to_vec()),
        ("value, time and unit", envelope.into()),
        ("a document of 10 fields", list("{", fields(10), "}")),
        ("20 fields three levels deep", list(r#"{"line":{"motor":{"#, fields(20), "}}}")),
        ("100 texts with a unit", {
            list("{", (0..100).map(|n| format!("\"p_{n}\":\"{} °C\"", measured(n))), "}")
        }),
    ]
}

/// Each says something beside its number.
fn named_points() -> Payloads {
    const BASE: &str = r#"[{"bn":"urn:dev:ow:10e2073a01080063:","n":"a","v":1},"#;
    let named = |rest: &'static str| {
        (0..100).map(move |n| format!(r#"{{"n":"point_{n}","v":{}{rest}}}"#, measured(n)))
    };
    let windows = (0..100).map(|n| format!(r#"{{"n":"größe_{n}","v":{}}}"#, measured(n)));
    let windows = String::from_utf8(list("[", windows, "]")).expect("it is text");
    let windows = windows.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1"));
    vec![
        ("100 named points", list("[", named(""), "]")),
        ("100 named points with unit", list("[", named(r#","u":"Cel""#), "]")),
        ("100 bad points", list("[", named(r#","q":0"#), "]")),
        ("100 named points with a base name", list(BASE, named(""), "]")),
        ("100 named points in Windows-1252", windows.collect()),
    ]
}

fn rows() -> Payloads {
    const BASE: &str = r#"[{"bn":"urn:dev:ow:10e2073a01080063:","n":"t","v":1},"#;
    let start = 1_795_262_400_000_usize;
    let time = |n: usize| start + n * 1_000;
    let row = |n| format!(r#"{{"value":{},"timestamp":{}}}"#, measured(n), time(n));
    let named = |n| format!(r#"{{"n":"t","v":{},"t":{}}}"#, measured(n), time(n) / 1_000);
    let sample = |n| format!(r#"{{"n":"t","v":{n}}}"#);
    let long = format!(r#"[{{"bn":"{}","n":"t","v":1}},"#, "b".repeat(250));
    vec![
        ("100 rows with time", list("[", (0..100).map(row), "]")),
        ("100 rows of one point with a base name", list(BASE, (0..99).map(named), "]")),
        ("1,000 samples under a base name of 250 bytes", list(&long, (0..999).map(sample), "]")),
    ]
}

fn measure(what: &str, payload: &[u8]) {
    let reader = PayloadReader::new(&Config::default());
    let mut publish = Publish {
        org: OrgId::DEFAULT,
        topic: TopicId(1),
        node: NodeNo(1),
        publisher: PublisherId(1),
        qos: 1,
        retain: false,
        expiry: None,
        ingest: Timestamp(1_795_262_400_000_000_000),
        properties: &[],
        payload,
        points: None,
    };
    let without = size(&publish);
    let mut buffer = PointsBuffer::new();
    let mut points = buffer.begin(payload);
    reader.fill(&publish, &mut points);
    let section = points.finish();
    publish.points = Some(section);
    let (with, count) = (size(&publish), section.iter().count());
    let known: Vec<_> = section.iter().collect();
    let rounds = POINTS.div_ceil(count.max(1));
    let mut again = PointsBuffer::new();
    let writing = best(rounds, || {
        let mut points = again.begin(black_box(payload));
        black_box(&known).iter().for_each(|point| points.push(point));
        black_box(points.finish());
    });
    let reading = best(rounds, || {
        black_box(section).iter().for_each(|point| {
            black_box(point);
        });
    });
    let each = |took: Duration| took.as_secs_f64() * 1e9 / (rounds * count.max(1)) as f64;
    let beside = with - without;
    println!(
        "{what:<40} {:>7} {count:>7} {beside:>6} {:>9.1} {:>7.2} {:>9.1} {:>9.1}",
        payload.len(),
        beside as f64 / count.max(1) as f64,
        with as f64 / without as f64,
        each(writing),
        each(reading)
    );
}

/// What a record takes in the log.
fn size(publish: &Publish<'_>) -> usize {
    let mut batch = Batch::new();
    batch.push(&Record::Publish(*publish));
    batch.as_bytes().len()
}

/// The time of the shortest go.
fn best(rounds: usize, mut once: impl FnMut()) -> Duration {
    let clock = SystemClock;
    let go = |_| {
        let start = clock.monotonic();
        (0..rounds).for_each(|_| once());
        clock.monotonic() - start
    };
    (0..GOES).map(go).min().unwrap_or_default()
}
