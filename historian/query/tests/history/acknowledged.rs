//! R3, R8: log and history on one disk, and a power cut in the middle of everything they do, one after
//! the other. What the log acknowledged is in history after the recovery, each value once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fabric::sim::{SimDisk, Step};
use fabric::{Batch, Disk, Log, Publish, Record};
use fabric_local::{LocalLog, LogConfig};
use historian_query::{Config as QueryConfig, Query};
use historian_store::{Config, Parts, Store};
use tokio::sync::watch;
use uns_model::{
    Clock, NodeId, NodeNo, OrgId, PublisherId, SeededRandom, SystemClock, Timestamp, TopicId, Value,
};

use crate::gate::admit;
use crate::rig::{DAY, MS, raw};

const SEGMENT_BYTES: u64 = 64 * 1024;
/// Three of them fill a segment.
const PAYLOAD_BYTES: usize = 20_000;
const VALUES: usize = 8;
const PATIENCE: Duration = Duration::from_secs(60);

/// A log and history on one disk; the catalog is a database on the real one.
struct Plant {
    disk: SimDisk,
    dir: PathBuf,
    runtime: tokio::runtime::Runtime,
}

/// They run.
struct Life {
    log: Arc<LocalLog>,
    store: Arc<Store>,
    stop: watch::Sender<bool>,
    thread: std::thread::JoinHandle<()>,
}

impl Plant {
    fn new(off: Off) -> Self {
        let number = match off {
            Off::After(operations) => operations,
            Off::InRemove => u64::MAX,
        };
        let name = format!("uns-history-cuts-{}-{number}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        drop(std::fs::remove_dir_all(&dir));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Self { disk: SimDisk::new(number, 1 << 30), dir, runtime: runtime.expect("a runtime") }
    }

    fn is_on(&self) -> bool {
        self.disk.list(Path::new("/")).is_ok()
    }

    /// Starts both; nothing where the power fails meanwhile.
    fn start(&self) -> Option<Life> {
        let disk = Arc::new(self.disk.clone());
        let clock = Arc::new(SystemClock);
        let config = LogConfig {
            segment_bytes: SEGMENT_BYTES,
            flush_interval: Duration::from_millis(1),
            // What history has goes at once, so that it is nowhere else.
            retention_bytes: SEGMENT_BYTES,
            retention_grace: Duration::ZERO,
            retention_interval: Duration::from_millis(2),
            ..LogConfig::default()
        };
        let random = SeededRandom::new(1);
        let path = Path::new("/log");
        let log = LocalLog::open(disk.clone(), path, config, clock.clone(), &random).ok()?;
        let config = Config { flush_on_stop: false, ..Config::default() };
        let parts = Parts { log: log.clone(), disk, dir: self.dir.clone(), clock, config };
        let store = Store::open(parts).ok()?;
        let (stop, stopped) = watch::channel(false);
        let running = Arc::clone(&store);
        let thread = std::thread::spawn(move || running.run(stopped).expect("threads"));
        Some(Life { log, store, stop, thread })
    }

    /// Publishes values, with a checkpoint of history now and then; gives those acknowledged.
    fn work(&self, life: &Life) -> Vec<usize> {
        let name = "a";
        let (org, topic, node, ingest) = (OrgId::DEFAULT, TopicId(0), NodeNo(0), Timestamp(DAY));
        let minted = Record::NodeMinted { org, topic, node, id: NodeId(1), name, ingest };
        if !append(&life.log, only(&minted)) {
            return Vec::new();
        }
        let mut acknowledged = Vec::new();
        for number in 0..VALUES {
            if append(&life.log, publish(&payload(number))) {
                acknowledged.push(number);
            }
            if number % 3 == 2 {
                self.checkpoint(life);
            }
        }
        acknowledged
    }

    /// History writes its files, unless the power fails.
    fn checkpoint(&self, life: &Life) {
        let target = life.log.committed();
        life.store.flush_soon();
        while life.store.cursor() < target && self.is_on() {
            std::thread::sleep(Duration::from_millis(1));
            life.store.flush_soon();
        }
        // What history has goes now, so that the power fails in that as well.
        let deadline = SystemClock.monotonic() + PATIENCE;
        while life.log.health().segments > 1 && self.is_on() {
            assert!(SystemClock.monotonic() < deadline, "the log keeps what history has");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn history(&self, life: &Life) -> (Vec<usize>, usize) {
        let query = Query::new(Arc::clone(&life.store), QueryConfig::default());
        let Ok(page) = self.runtime.block_on(query.history(raw("a"))) else {
            // Not even the node was acknowledged.
            return (Vec::new(), 0);
        };
        assert!(page.next.is_none());
        let numbers = page.samples.iter().map(|sample| match &sample.value {
            Value::Text(text) => text.split(' ').next().and_then(|n| n.parse().ok()).expect("ours"),
            other => unreachable!("{other:?} was not published"),
        });
        (numbers.collect(), page.gaps.len())
    }
}

impl Drop for Plant {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.dir));
    }
}

impl Life {
    fn end(self) {
        self.stop.send_replace(true);
        self.thread.join().expect("no panic");
        drop(self.store);
        self.log.close();
    }
}

fn payload(number: usize) -> String {
    format!("\"{number} {}\"", "x".repeat(PAYLOAD_BYTES))
}

fn publish(payload: &str) -> Batch {
    let publish = Publish {
        org: OrgId::DEFAULT,
        topic: TopicId(0),
        node: NodeNo(0),
        publisher: PublisherId(0),
        qos: 1,
        retain: false,
        expiry: None,
        points: None,
        ingest: Timestamp(DAY + MS),
        properties: &[],
        payload: payload.as_bytes(),
    };
    let mut batch = Batch::new();
    admit(&mut batch, publish);
    batch
}

fn only(record: &Record<'_>) -> Batch {
    let mut batch = Batch::new();
    batch.push(record);
    batch
}

/// Whether the log acknowledged a record.
fn append(log: &LocalLog, batch: Batch) -> bool {
    let (send, receive) = std::sync::mpsc::sync_channel(1);
    let on_commit = Box::new(move |outcome: Result<_, _>| {
        send.send(outcome.is_ok()).expect("a waiting test");
    });
    log.append(batch, Some(on_commit)).is_ok() && receive.recv() == Ok(true)
}

/// When the power goes off.
#[derive(Clone, Copy, Debug)]
enum Off {
    /// In the middle of the operation that comes after so many.
    After(u64),
    /// In the middle of the first that removes a file.
    InRemove,
}

/// One life that ends so, and the next one; where the power went off.
fn life_and_after(off: Off) -> Option<(Step, &'static str)> {
    let plant = Plant::new(off);
    match off {
        Off::After(operations) => plant.disk.power_off_in(operations),
        Off::InRemove => plant.disk.power_off_at(Step::Remove),
    }
    let life = plant.start();
    let acknowledged = life.as_ref().map(|life| plant.work(life)).unwrap_or_default();
    if let Some(life) = life {
        life.end();
    }
    let cut = plant.disk.take_cut();
    plant.disk.clear_faults();
    plant.disk.crash();
    for start in ["after the cut", "once more"] {
        let what = format!("{off:?}, {cut:?}, {start}");
        let life = plant.start();
        assert!(life.is_some(), "{what}: it starts");
        let Some(life) = life else { continue };
        let (found, gaps) = plant.history(&life);
        assert!(found.is_sorted(), "{what}: {found:?}");
        let once: BTreeSet<_> = found.iter().copied().collect();
        assert_eq!(once.len(), found.len(), "{what}: twice: {found:?}");
        let lost: Vec<_> = acknowledged.iter().filter(|number| !once.contains(number)).collect();
        assert!(lost.is_empty(), "{what}: lost {lost:?} of {acknowledged:?}");
        assert_eq!(gaps, 0, "{what}");
        plant.checkpoint(&life);
        assert_eq!(plant.history(&life).0, found, "{what}: from files");
        life.end();
    }
    let cut = cut?;
    let of_history = cut.path.starts_with(&plant.dir);
    Some((cut.step, if of_history { "history" } else { "log" }))
}

#[test]
fn what_the_log_acknowledged_is_in_history_once_wherever_the_power_fails() {
    let mut met = BTreeSet::new();
    let mut operations = 0;
    let mut uncut = 0;
    // How many operations there are depends on what the threads happen to do together.
    while uncut < 3 {
        match life_and_after(Off::After(operations)) {
            Some(cut) => {
                met.insert(cut);
                uncut = 0;
            }
            None => uncut += 1,
        }
        operations += 1;
    }
    eprintln!(
        "R3: power cuts in {operations} operations of log and history, nothing acknowledged lost"
    );
    let steps = [Step::Create, Step::Write, Step::Sync, Step::Rename, Step::SyncDir];
    for step in steps {
        for of in ["history", "log"] {
            assert!(met.contains(&(step, of)), "no cut in {step:?} of {of}: {met:?}");
        }
    }
    // There are few of these, and threads that do things in another order make a sweep miss them.
    let removed = life_and_after(Off::InRemove);
    assert_eq!(removed, Some((Step::Remove, "log")));
}
