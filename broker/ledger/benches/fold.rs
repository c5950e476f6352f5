//! What following the log costs: per record that is passed over, per delivery that is owed, and per
//! delivery that is handed over; and for how long the fold waits for a checkpoint.
//!
//! Prints and asserts nothing about time: `cargo bench -p broker-ledger --bench fold`. Figures are
//! CPU time of all threads, so that a busy machine does not spoil them, and wall time beside it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use broker_ledger::{
    Attach, Config, Delivery, Expired, Ledger, Outlet, Parts, PassOn, Place, Topics,
};
use fabric::sim::{SimDisk, SimLog};
use fabric::{Audience, Batch, DueWill, Log, Message, Publish, Record, SessionChange};
use tokio::sync::watch;
use uns_model::{
    Clock, NodeNo, OrgId, PublisherId, Sequence, SessionNo, SystemClock, Timestamp, TopicId,
};

const RECORDS: usize = 4_000_000;
const PER_BATCH: usize = 8_192;
const INGEST: Timestamp = Timestamp(0);

struct Names(Arc<str>);

impl Topics for Names {
    fn topic(&self, _id: TopicId) -> Option<Arc<str>> {
        Some(Arc::clone(&self.0))
    }
}

/// Counts what it gets.
#[derive(Default)]
struct Count(AtomicUsize);

impl Outlet for Count {
    fn deliver(&self, _core: u16, batch: Vec<Delivery>) -> Result<(), Vec<Delivery>> {
        self.0.fetch_add(batch.len(), Relaxed);
        Ok(())
    }

    fn will(&self, _will: &DueWill) -> bool {
        true
    }

    fn pass_on(&self, _one: &PassOn) -> bool {
        true
    }

    fn expired(&self, _: &Expired) {}
}

fn publish(payload: &[u8]) -> Record<'_> {
    Record::Publish(Publish {
        org: OrgId::DEFAULT,
        topic: TopicId(1),
        node: NodeNo(1),
        publisher: PublisherId(1),
        qos: 1,
        retain: false,
        expiry: None,
        points: None,
        ingest: INGEST,
        properties: &[],
        payload,
    })
}

fn append(log: &SimLog, batch: Batch) {
    log.append(batch, None).expect("a log in memory takes everything");
}

fn open_sessions(log: &SimLog, count: u32) -> Audience {
    let mut audience = Audience::new();
    let mut batch = Batch::new();
    for number in 1..=count {
        let client_id = format!("client-{number}");
        let publisher = PublisherId(number);
        let org = OrgId::DEFAULT;
        let change =
            SessionChange::Opened { org, client_id: &client_id, publisher, expiry: u32::MAX };
        batch.push(&Record::Session { session: SessionNo(number), change, ingest: INGEST });
        audience.push(SessionNo(number), 1, false, &[]);
    }
    append(log, batch);
    audience
}

/// Publishes owed to one audience, several per frame.
fn publish_owed(log: &SimLog, audience: &Audience, count: usize) {
    let mut batch = Batch::new();
    for number in 0..count {
        batch.push(&publish(&[b'7'; 64]));
        let back = if batch.len() == 1 { 2 } else { 1 };
        if back == 2 {
            batch.push(&Record::Audience {
                number: 1,
                members: audience.members(),
                ingest: INGEST,
            });
        }
        batch.push(&Record::Owed { audience: 1, back, ingest: INGEST });
        if batch.len() > 64 || number + 1 == count {
            append(log, std::mem::take(&mut batch));
        }
    }
}

fn open(log: &Arc<SimLog>) -> Arc<Ledger> {
    let config = Config {
        owed_count_max: usize::MAX,
        owed_total_max: usize::MAX,
        feed_count_max: usize::MAX,
        feed_bytes_max: usize::MAX,
        ..Config::default()
    };
    Ledger::open(Parts {
        log: Arc::clone(log) as _,
        disk: Arc::new(SimDisk::new(1, 4 << 30)),
        dir: PathBuf::from("/sessions"),
        clock: Arc::new(SystemClock),
        topics: Arc::new(Names(Arc::from("uns/v1/acme/berlin/press/temperature"))),
        config,
    })
    .expect("it opens")
}

/// CPU time of all threads that live, and wall time.
#[derive(Clone, Copy)]
struct Spent {
    cpu: Duration,
    wall: Duration,
}

impl Spent {
    fn now() -> Self {
        let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let of = |task: std::fs::DirEntry| {
            let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<u64>().ok()
        };
        let cpu = Duration::from_nanos(tasks.filter_map(of).sum());
        Self { cpu, wall: SystemClock.monotonic() }
    }

    fn since(self) -> Self {
        let now = Self::now();
        Self { cpu: now.cpu.saturating_sub(self.cpu), wall: now.wall - self.wall }
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
#[expect(clippy::print_stdout, reason = "a benchmark prints")]
fn report(what: &str, count: usize, spent: Spent) {
    let each = |time: Duration| time.as_nanos() as f64 / count as f64;
    println!("{what:<48} {:>8.1} ns CPU {:>8.1} ns wall", each(spent.cpu), each(spent.wall));
}

fn passed_over() {
    let log = Arc::new(SimLog::new());
    for _ in 0..RECORDS / PER_BATCH {
        let mut batch = Batch::new();
        for _ in 0..PER_BATCH {
            batch.push(&publish(&[b'7'; 64])); // a record of 100 bytes
        }
        append(&log, batch);
    }
    let start = Spent::now();
    let ledger = open(&log);
    report("a publish owed to nobody, passed over", RECORDS, start.since());
    assert_eq!(ledger.stats().sessions, 0);
}

fn owed(sessions: u32, publishes: usize) {
    let log = Arc::new(SimLog::new());
    let audience = open_sessions(&log, sessions);
    publish_owed(&log, &audience, publishes);
    let start = Spent::now();
    let ledger = open(&log);
    let took = start.since();
    let count = sessions as usize * publishes;
    assert_eq!(ledger.stats().owed, count);
    report(&format!("owed: {publishes} publishes to {sessions} sessions"), count, took);
}

/// With `lag` the connections come after the publishes, otherwise before.
fn handed_over(sessions: u32, publishes: usize, lag: bool) {
    let log = Arc::new(SimLog::new());
    let audience = open_sessions(&log, sessions);
    if lag {
        publish_owed(&log, &audience, publishes);
    }
    let ledger = open(&log);
    let (stop, stopped) = watch::channel(false);
    let count = Arc::new(Count::default());
    let thread = {
        let (ledger, count) = (Arc::clone(&ledger), Arc::clone(&count));
        std::thread::spawn(move || ledger.run(&*count, stopped).expect("it runs"))
    };
    let wait = |until: usize| {
        while count.0.load(Relaxed) < until {
            std::thread::sleep(Duration::from_micros(500));
        }
    };
    let all = sessions as usize * publishes;
    let mut start = Spent::now();
    for number in 1..=sessions {
        let place = Place { core: 0, slot: number, generation: 1 };
        let (session, at) = (SessionNo(number), Sequence::ZERO);
        ledger.attach(Attach { session, at, place, window: u16::MAX });
    }
    if !lag {
        wait(sessions as usize);
        start = Spent::now();
        publish_owed(&log, &audience, publishes);
    }
    wait(all + sessions as usize);
    let how = if lag { "after a lag" } else { "as committed" };
    let what = format!("handed over {how}: {publishes} to {sessions} sessions");
    report(&what, all, start.since());
    stop.send_replace(true);
    thread.join().expect("it ends");
}

fn retain(log: &SimLog, count: usize) {
    for start in (0..count).step_by(PER_BATCH) {
        let mut batch = Batch::new();
        for number in start..count.min(start + PER_BATCH) {
            batch.push(&Record::Message(Message {
                org: OrgId::DEFAULT,
                publisher: PublisherId(1),
                qos: 1,
                retain: true,
                expiry: None,
                ingest: INGEST,
                topic: &format!("plant/area{}/line{}/t{number}", number % 20, number % 1_000),
                properties: &[],
                payload: &[b'7'; 64],
            }));
        }
        append(log, batch);
    }
}

/// The longest time for which the fold is locked while a checkpoint is written.
#[expect(clippy::print_stdout, reason = "a benchmark prints")]
fn stands_still(sessions: u32, publishes: usize, retained: usize) {
    let log = Arc::new(SimLog::new());
    let audience = open_sessions(&log, sessions);
    publish_owed(&log, &audience, publishes);
    retain(&log, retained);
    let ledger = open(&log);
    let start = SystemClock.monotonic();
    let writer = {
        let ledger = Arc::clone(&ledger);
        std::thread::spawn(move || ledger.checkpoint().expect("the disk has room"))
    };
    let mut longest = Duration::ZERO;
    while !writer.is_finished() {
        let asked = SystemClock.monotonic();
        ledger.folded();
        longest = longest.max(SystemClock.monotonic() - asked);
        std::thread::sleep(Duration::from_micros(100));
    }
    writer.join().expect("it ends");
    let took = SystemClock.monotonic() - start;
    let owed = sessions as usize * publishes;
    println!(
        "checkpoint, {owed} owed and {retained} retained: stands still {longest:?} of {took:?}"
    );
}

fn main() {
    stands_still(1_000, 2_000, 0);
    stands_still(1, 1, 1_000_000);
    passed_over();
    owed(1, 1_000_000);
    owed(10_000, 100);
    for lag in [false, true] {
        handed_over(1, 40_000, lag);
        handed_over(1_000, 1_000, lag);
    }
}
