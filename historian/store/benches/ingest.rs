//! What one scalar sample costs on the thread that follows the log, and what writing it costs:
//! `cargo bench -p historian-store`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fabric::sim::{SimDisk, SimLog};
use fabric::{Batch, Log, PointsBuffer, Publish, Record};
use historian_store::{Config, Parts, Request, Store};
use tokio::sync::watch;
use uns_model::{
    NodeId, NodeNo, OrgId, PointRef, PublisherId, SystemClock, Timestamp, TopicId, ValueRef,
};

const NODES: u32 = 1_000;
const SAMPLES: u32 = 1_000_000;
const START: i64 = 1_795_219_200_000_000_000;

fn fill(log: &SimLog) {
    let mut batch = Batch::new();
    for node in 0..NODES {
        batch.push(&Record::NodeMinted {
            org: OrgId::DEFAULT,
            topic: TopicId(node),
            node: NodeNo(node),
            id: NodeId(u128::from(node)),
            name: &format!("uns/v1/acme/site/area/line/{node}/temperature"),
            ingest: Timestamp(START),
        });
    }
    let mut buffer = PointsBuffer::new();
    for n in 0..SAMPLES {
        // Half of the samples belong to one busy series.
        let node = if n % 2 == 0 { 0 } else { n % NODES };
        let payload = format!("{}.{}", 20 + n % 7, n % 10_000);
        let mut points = buffer.begin(payload.as_bytes());
        let value = payload.parse().expect("a number");
        points.push(&PointRef::new(ValueRef::Float(value)));
        batch.push(&Record::Publish(Publish {
            org: OrgId::DEFAULT,
            topic: TopicId(node),
            node: NodeNo(node),
            publisher: PublisherId(1),
            qos: 0,
            retain: false,
            expiry: None,
            points: Some(points.finish()),
            ingest: Timestamp(START + i64::from(n) * 1_000_000),
            properties: &[],
            payload: payload.as_bytes(),
        }));
        if batch.len() >= 4096 || n + 1 == SAMPLES {
            log.append(std::mem::take(&mut batch), None).expect("an open log");
        }
    }
}

#[expect(clippy::print_stdout, clippy::disallowed_methods, reason = "it measures for a person")]
fn main() {
    let log = Arc::new(SimLog::new());
    fill(&log);
    let dir = std::env::temp_dir().join(format!("uns-history-bench-{}", std::process::id()));
    let config = Config { memory_bytes_max: 1 << 30, flush_on_stop: false, ..Config::default() };
    let parts = Parts {
        log,
        disk: Arc::new(SimDisk::new(1, 1 << 32)),
        dir: dir.clone(),
        clock: Arc::new(SystemClock),
        config,
    };
    let store = Store::open(parts).expect("an empty store");
    let (stop, stopped) = watch::channel(false);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let running = Arc::clone(&store);
    let each = |time: Duration| time.as_secs_f64() * 1e9 / f64::from(SAMPLES);

    let start = Instant::now();
    let thread = std::thread::spawn(move || running.run(stopped));
    runtime.block_on(store.caught_up());
    println!("ingest  {:6.0} ns/sample", each(start.elapsed()));

    let start = Instant::now();
    runtime.block_on(store.flush());
    println!("flush   {:6.0} ns/sample", each(start.elapsed()));
    let health = store.health();
    println!(
        "files   {} with {:.2} B/sample",
        health.files,
        health.file_bytes as f64 / f64::from(SAMPLES)
    );

    for repeat in 0..3 {
        let start = Instant::now();
        let (from, to) = (Timestamp(START), Timestamp(START + 100_000_000_000));
        let topic = "uns/v1/acme/site/area/line/0/temperature";
        let request = Request { org: OrgId::DEFAULT, topic, field: None, start: from, end: to };
        let mut view = store.view(&request).expect("a known topic");
        let mut samples: Vec<_> =
            std::mem::take(&mut view.memory).into_iter().map(|(_, s)| s).collect();
        for file in std::mem::take(&mut view.files) {
            for piece in view.open(&file).expect("a whole file") {
                view.read(&piece, &mut samples).expect("a whole file");
            }
        }
        let time = start.elapsed();
        println!("read    {} samples of one series in {time:?}, run {repeat}", samples.len());
    }
    stop.send_replace(true);
    thread.join().expect("no panic").expect("no error");
    drop(store);
    std::fs::remove_dir_all(dir).expect("our own directory");
}
