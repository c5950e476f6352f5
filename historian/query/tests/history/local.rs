//! On the real log and the real disk: stop and start at random points, every sample once.

use std::path::Path;
use std::sync::Arc;

use fabric::{Batch, Log, Publish, Record};
use fabric_local::{LocalLog, LogConfig, SystemDisk};
use historian_query::{Config as QueryConfig, Query};
use historian_store::{Config, Parts, Store};
use tokio::sync::watch;
use uns_model::{
    NodeId, NodeNo, OrgId, PublisherId, SeededRandom, SystemClock, Timestamp, TopicId, Value,
};

use crate::gate::admit;
use crate::rig::{DAY, MS, raw};

fn append(log: &LocalLog, batch: Batch) {
    let (send, receive) = std::sync::mpsc::sync_channel(1);
    let on_commit = Box::new(move |outcome| send.send(outcome).expect("a waiting test"));
    log.append(batch, Some(on_commit)).expect("an open log");
    receive.recv().expect("an answer").expect("a commit");
}

fn publish(log: &LocalLog, n: i64) {
    let time = DAY / MS - 100_000 + n;
    let payload = format!(r#"{{"value":{n},"timestamp":{time}}}"#);
    let mut batch = Batch::new();
    admit(
        &mut batch,
        Publish {
            org: OrgId::DEFAULT,
            topic: TopicId(0),
            node: NodeNo(0),
            publisher: PublisherId(0),
            qos: 1,
            retain: false,
            expiry: None,
            ingest: Timestamp(DAY + n * MS),
            properties: &[],
            payload: payload.as_bytes(),
            points: None,
        },
    );
    append(log, batch);
}

/// One life: opens log and store, publishes, and dies without writing what is in memory.
fn life(dir: &Path, number: i64) -> Vec<Value> {
    let disk = Arc::new(SystemDisk);
    let clock = Arc::new(SystemClock);
    let log_config = LogConfig { segment_bytes: 1 << 20, ..LogConfig::default() };
    let log_dir = dir.join("log");
    let random = SeededRandom::new(1);
    let log =
        LocalLog::open(disk.clone(), &log_dir, log_config, clock.clone(), &random).expect("a log");
    let config = Config { flush_on_stop: number % 3 == 2, ..Config::default() };
    let parts = Parts { log: log.clone(), disk, dir: dir.join("history"), clock, config };
    let store = Store::open(parts).expect("a store");
    let (stop, stopped) = watch::channel(false);
    let running = Arc::clone(&store);
    let thread = std::thread::spawn(move || running.run(stopped));
    if number == 0 {
        let mut batch = Batch::new();
        batch.push(&Record::NodeMinted {
            org: OrgId::DEFAULT,
            topic: TopicId(0),
            node: NodeNo(0),
            id: NodeId(1),
            name: "a",
            ingest: Timestamp(DAY),
        });
        append(&log, batch);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    for n in number * 10..number * 10 + 10 {
        publish(&log, n);
        if n % 7 == 3 {
            runtime.block_on(store.flush());
        }
    }
    let query = Query::new(Arc::clone(&store), QueryConfig::default());
    let page = runtime.block_on(query.history(raw("a"))).expect("a page");
    assert!(page.gaps.is_empty());
    stop.send_replace(true);
    thread.join().expect("no panic").expect("threads");
    log.close();
    page.samples.into_iter().map(|sample| sample.value).collect()
}

#[test]
fn every_sample_once_over_many_lives() {
    let dir = std::env::temp_dir().join(format!("uns-history-lives-{}", std::process::id()));
    drop(std::fs::remove_dir_all(&dir));
    for number in 0..6 {
        let expected: Vec<_> = (0..number * 10 + 10).map(Value::Int).collect();
        assert_eq!(life(&dir, number), expected, "life {number}");
    }
    std::fs::remove_dir_all(&dir).expect("our own directory");
}
