//! Prints what one admit, one resolve and one fold cost, how fast a large namespace loads from its
//! checkpoint, and what a topic takes in memory. `cargo bench -p uns-namespace`.
#![expect(clippy::print_stdout, reason = "a bench speaks to the person who runs it")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fabric::sim::{SimDisk, SimLog};
use fabric::{Batch, Commit, Disk, Error, Health, Inbound, Log, OnCommit, Resolved, Tail};
use fabric_local::SystemDisk;
use tokio::sync::watch;
use uns_model::{Clock, OrgId, PublisherId, Sequence, SystemClock, SystemRandom, Timestamp};
use uns_namespace::{AllRights, Config, Gate, Namespace, Node, Parts};

const ORG: OrgId = OrgId::DEFAULT;
const NODES: usize = 1_000;
const PUBLISHES: usize = 2_000_000;
const LARGE: usize = 1_000_000;
/// Makes this process load a checkpoint and say what that took.
const LOAD: &str = "--load";

/// Takes everything and keeps nothing: what is left is the gate.
struct Void(watch::Sender<Sequence>);

impl Log for Void {
    fn append(&self, _batch: Batch, on_commit: Option<OnCommit>) -> Result<(), Error> {
        if let Some(on_commit) = on_commit {
            on_commit(Ok(Commit { first: Sequence(1), last: Sequence(1) }));
        }
        Ok(())
    }

    fn committed(&self) -> Sequence {
        Sequence::ZERO
    }

    fn oldest(&self) -> Sequence {
        Sequence::ZERO
    }

    fn watch(&self) -> watch::Receiver<Sequence> {
        self.0.subscribe()
    }

    fn tail(&self, after: Sequence) -> Box<dyn Tail> {
        SimLog::new().tail(after)
    }

    fn hold(&self, _name: &str, _at: Sequence) {}

    fn begin_after(&self, _fold: &str, _at: Sequence) {}

    fn health(&self) -> Health {
        Health::default()
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, command, dir] = &arguments[..]
        && command == LOAD
    {
        return load(dir);
    }
    let disk = Arc::new(SimDisk::new(1, 1 << 30));
    let void = Arc::new(Void(watch::Sender::new(Sequence::ZERO)));
    gate(&open(void, disk.clone(), "/gate"));
    let log = Arc::new(SimLog::new());
    fold(&open(log, disk, "/fold"));
    let dir = std::env::temp_dir().join(format!("uns-namespace-bench-{}", std::process::id()));
    large(&dir.to_string_lossy());
}

fn open(log: Arc<dyn Log>, disk: Arc<dyn Disk>, dir: &str) -> Arc<Namespace> {
    Namespace::open(Parts {
        log,
        disk,
        dir: PathBuf::from(dir),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        config: Config::default(),
    })
    .expect("a namespace in memory opens")
}

fn topic(n: usize) -> String {
    format!("uns/v1/acme/plant{}/line{}/cell{}/t{n}", n % 5, n % 50, n % 1_000)
}

fn inbound(payload: &[u8]) -> Inbound<'_> {
    let publisher = PublisherId(0);
    let ingest = Timestamp(1_795_262_400_000_000_000);
    Inbound { publisher, qos: 0, retain: false, expiry: None, properties: &[], payload, ingest }
}

fn resolve(gate: &mut Gate, topic: &str) -> Arc<Node> {
    match gate.resolve(ORG, topic, &AllRights).expect("a valid topic") {
        Resolved::Node(node) => node,
        Resolved::Guarded | Resolved::Plain => unreachable!("data topics are nodes"),
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = SystemClock.monotonic();
    work();
    SystemClock.monotonic() - start
}

fn report(what: &str, time: Duration, count: usize) {
    println!("{what:<44} {:>8.1} ns", time.as_nanos() as f64 / count as f64);
}

fn gate(space: &Arc<Namespace>) {
    let mut gate = Gate::new(space);
    let topics: Vec<String> = (0..NODES).map(topic).collect();
    let nodes: Vec<_> = topics.iter().map(|topic| resolve(&mut gate, topic)).collect();
    let vqt = br#"{"value":23.4567,"timestamp":"2026-11-21T12:00:00.123456789Z"} "#;
    let payloads: [(&str, &[u8]); 3] = [
        ("admit, 64 bytes of text", &[b'x'; 64]),
        ("admit, a number", b"23.4567"),
        ("admit, 64 bytes of VQT (JSON is checked)", vqt),
    ];
    for (what, payload) in payloads {
        let inbound = inbound(payload);
        let time = timed(|| {
            for n in 0..PUBLISHES {
                gate.admit(&nodes[n % NODES], &inbound, &AllRights).expect("an accepted payload");
                if n % 256 == 255 {
                    gate.flush(None).expect("the void takes all");
                }
            }
        });
        report(what, time, PUBLISHES);
    }
    let time = timed(|| {
        for n in 0..PUBLISHES {
            resolve(&mut gate, &topics[n % NODES]);
        }
    });
    report("resolve, known topic", time, PUBLISHES);
}

fn fold(space: &Arc<Namespace>) {
    let mut gate = Gate::new(space);
    let nodes: Vec<_> = (0..NODES).map(|n| resolve(&mut gate, &topic(n))).collect();
    let document = br#"{"temp":23.4,"rpm":1200,"state":"RUN"}"#;
    let payloads: [(&str, &[u8]); 2] =
        [("fold, a number", b"23.4567"), ("fold, a document of three fields", document)];
    for (what, payload) in payloads {
        let inbound = inbound(payload);
        for n in 0..PUBLISHES / 4 {
            gate.admit(&nodes[n % NODES], &inbound, &AllRights).expect("an accepted payload");
        }
        gate.flush(None).expect("the log takes all");
        let time = timed(|| space.catch_up().expect("the log is readable"));
        report(what, time, PUBLISHES / 4);
    }
}

fn large(dir: &str) {
    let space = open(Arc::new(SimLog::new()), Arc::new(SystemDisk), dir);
    let mut gate = Gate::new(&space);
    let time = timed(|| {
        for n in 0..LARGE {
            let node = resolve(&mut gate, &topic(n));
            gate.admit(&node, &inbound(b"23.4567"), &AllRights).expect("an accepted payload");
        }
        gate.flush(None).expect("the log takes all");
    });
    report("mint and first publish (log in memory)", time, LARGE);
    space.catch_up().expect("the log is readable");
    let time = timed(|| space.checkpoint().expect("the disk has room"));
    println!("{:<44} {:>8.2} s", "checkpoint of 1,000,000 topics", time.as_secs_f64());
    drop(gate);
    drop(space);
    let again = std::env::current_exe().expect("a bench is a file");
    let status = std::process::Command::new(again).arg(LOAD).arg(dir).status();
    assert!(status.is_ok_and(|status| status.success()), "the loading process ends well");
    std::fs::remove_dir_all(dir).expect("it is ours");
}

/// Loads the large checkpoint in a process of its own, whose memory is then that of the topics.
fn load(dir: &str) {
    let before = resident_kib();
    let log = Arc::new(SimLog::new());
    let mut space = None;
    let time = timed(|| space = Some(open(log, Arc::new(SystemDisk), dir)));
    println!("{:<44} {:>8.2} s", "open from it", time.as_secs_f64());
    let bytes = (resident_kib() - before) * 1024 / LARGE as u64;
    println!("{:<44} {bytes:>8} B", "memory per topic, its 45 bytes twice included");
}

/// The memory the process holds, as Linux tells it; 0 elsewhere.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
