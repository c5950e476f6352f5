//! What one record costs on its way into the log, and how long one awaited commit takes.
//!
//! Prints and asserts nothing about time: `cargo bench -p fabric-local --bench append`.

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use fabric::{Batch, Error, Log, Publish, Record};
use fabric_local::{LocalLog, LogConfig, SystemDisk};
use uns_model::{
    Clock, NodeNo, OrgId, PublisherId, Sequence, SystemClock, SystemRandom, Timestamp, TopicId,
};

const RECORDS: u64 = 4_000_000;
const PER_BATCH: u64 = 64;

fn record(payload: &[u8]) -> Record<'_> {
    Record::Publish(Publish {
        org: OrgId::DEFAULT,
        topic: TopicId(1),
        node: NodeNo(1),
        publisher: PublisherId(1),
        qos: 1,
        retain: false,
        expiry: None,
        points: None,
        ingest: Timestamp(0),
        properties: &[],
        payload,
    })
}

fn barrier(log: &LocalLog) {
    let (sender, receiver) = mpsc::sync_channel(1);
    let done = Box::new(move |result| sender.try_send(result).expect("it is called once"));
    log.append(Batch::new(), Some(done)).expect("the log is open");
    receiver.recv().expect("it is called").expect("the disk works");
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
#[expect(clippy::print_stdout, reason = "a benchmark prints")]
fn report(what: &str, records: u64, bytes: u64, took: Duration) {
    let nanos = took.as_nanos() as f64;
    let (per_record, rate) = (nanos / records as f64, bytes as f64 * 1000.0 / nanos);
    println!("{what:<34} {per_record:>9.1} ns per record {rate:>8.1} MB/s");
}

fn append_all(log: &LocalLog, payload: &[u8]) -> u64 {
    let mut bytes = 0;
    for _ in 0..RECORDS / PER_BATCH {
        let mut batch = Batch::with_capacity(8192);
        for _ in 0..PER_BATCH {
            batch.push(&record(payload));
        }
        bytes += batch.bytes_len() as u64;
        let mut again = batch.clone();
        while let Err(error) = log.append(again, None) {
            assert!(matches!(error, Error::Full { .. }), "{error}");
            std::thread::sleep(Duration::from_micros(200));
            again = batch.clone();
        }
    }
    barrier(log);
    bytes
}

fn main() {
    // A directory may be named, to measure another file system.
    let named = std::env::args().nth(1).filter(|argument| !argument.starts_with("--"));
    let below = named.unwrap_or_else(|| env!("CARGO_TARGET_TMPDIR").to_owned());
    let dir = Path::new(&below).join("append-bench");
    std::fs::remove_dir_all(&dir).ok();
    let clock = Arc::new(SystemClock);
    let config = LogConfig::default();
    let log =
        LocalLog::open(Arc::new(SystemDisk), &dir, config, Arc::clone(&clock) as _, &SystemRandom)
            .expect("the log opens");

    let payload = [b'7'; 64]; // a record of 100 bytes
    let start = clock.monotonic();
    let mut batch = Batch::with_capacity(1 << 20);
    for number in 0..RECORDS {
        if number % 8192 == 0 {
            batch.clear();
        }
        batch.push(&record(&payload));
    }
    report("encode", RECORDS, RECORDS * 100, clock.monotonic() - start);

    let start = clock.monotonic();
    let bytes = append_all(&log, &payload);
    report("append, batches of 64, durable", RECORDS, bytes, clock.monotonic() - start);

    let start = clock.monotonic();
    let mut tail = log.tail(Sequence::ZERO);
    let mut seen = 0;
    while let Some(item) = tail.next().expect("the log is readable") {
        if let fabric::TailItem::Frame(frame) = item {
            seen +=
                frame.records().map(|(_, record)| u64::from(record.ingest().0 > 0)).sum::<u64>();
        }
    }
    assert_eq!(seen, RECORDS);
    report("read back from disk, decode", RECORDS, bytes, clock.monotonic() - start);

    let start = clock.monotonic();
    for _ in 0..2000 {
        barrier_with_record(&log, &payload);
    }
    report("one record, awaited", 2000, 2000 * 100, clock.monotonic() - start);
    log.close();
    std::fs::remove_dir_all(&dir).expect("the bench directory can be removed");
}

fn barrier_with_record(log: &LocalLog, payload: &[u8]) {
    let mut batch = Batch::new();
    batch.push(&record(payload));
    let (sender, receiver) = mpsc::sync_channel(1);
    let done = Box::new(move |result| sender.try_send(result).expect("it is called once"));
    log.append(batch, Some(done)).expect("the log is open");
    receiver.recv().expect("it is called").expect("the disk works");
}
