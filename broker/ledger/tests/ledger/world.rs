//! What the tests share: a log, a ledger on its thread, and cores that keep what they get.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::JoinHandle;
use std::time::Duration;

use broker_ledger::{
    Attach, Config, Delivery, Expired, Ledger, LoggedPublish, Outlet, Parts, PassOn, Place, Topics,
};
use fabric::conformance::append;
use fabric::sim::{SimDisk, SimLog};
use fabric::{Audience, Batch, Commit, DueWill, Log, Message, Publish, Record, SessionChange};
use parking_lot::Mutex;
use tokio::sync::watch;
use uns_model::{ManualClock, NodeNo, OrgId, PublisherId, Sequence, SessionNo, Timestamp, TopicId};

pub(crate) const ORG: OrgId = OrgId::DEFAULT;
pub(crate) const NEVER: u32 = u32::MAX;

/// Cores that keep what they get.
#[derive(Debug, Default)]
pub(crate) struct Cores {
    pub(crate) got: Mutex<Vec<Delivery>>,
    pub(crate) full: AtomicBool,
    pub(crate) wills: Mutex<Vec<DueWill>>,
    pub(crate) refuse_wills: AtomicBool,
    /// Gets each will back before the ledger knows that it was taken.
    pub(crate) gives_wills_back: Mutex<Option<Arc<Ledger>>>,
    pub(crate) passed: Mutex<Vec<PassOn>>,
    pub(crate) expired: Mutex<Vec<SessionNo>>,
    /// Wills and sessions, in the order in which they came.
    pub(crate) due: Mutex<Vec<String>>,
}

impl Outlet for Cores {
    fn deliver(&self, _core: u16, batch: Vec<Delivery>) -> Result<(), Vec<Delivery>> {
        if self.full.load(SeqCst) {
            return Err(batch);
        }
        self.got.lock().extend(batch);
        Ok(())
    }

    fn will(&self, will: &DueWill) -> bool {
        if self.refuse_wills.load(SeqCst) {
            return false;
        }
        self.wills.lock().push(will.clone());
        self.due.lock().push(format!("will {}", will.session));
        if let Some(ledger) = &*self.gives_wills_back.lock() {
            ledger.offer_will_again(will.clone());
        }
        true
    }

    fn pass_on(&self, one: &PassOn) -> bool {
        if self.refuse_wills.load(SeqCst) {
            return false;
        }
        self.passed.lock().push(one.clone());
        true
    }

    fn expired(&self, expired: &Expired) {
        let Expired { session, org, client_id } = expired;
        assert_eq!((*org, &**client_id), (ORG, &*format!("client-{session}")));
        self.expired.lock().push(*session);
        self.due.lock().push(format!("end {session}"));
    }
}

pub(crate) struct Names;

impl Topics for Names {
    fn topic(&self, id: TopicId) -> Option<Arc<str>> {
        (id.0 < 1_000).then(|| Arc::from(format!("t/{}", id.0)))
    }
}

/// A running ledger.
pub(crate) struct World {
    pub(crate) disk: SimDisk,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) sim: Arc<SimLog>,
    pub(crate) config: Config,
    pub(crate) cores: Arc<Cores>,
    pub(crate) ledger: Arc<Ledger>,
    running: Option<(watch::Sender<bool>, JoinHandle<()>)>,
}

pub(crate) fn open(
    log: &Arc<dyn Log>,
    disk: &SimDisk,
    clock: &Arc<ManualClock>,
    config: &Config,
) -> Arc<Ledger> {
    let parts = Parts {
        log: Arc::clone(log),
        disk: Arc::new(disk.clone()),
        dir: PathBuf::from("/sessions"),
        clock: Arc::clone(clock) as _,
        topics: Arc::new(Names),
        config: config.clone(),
    };
    Ledger::open(parts).expect("the ledger opens")
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        let sim = Arc::new(SimLog::new());
        let log = Arc::clone(&sim);
        let mut world = Self::on(config, move |_, _| log);
        world.sim = sim;
        world
    }

    /// A ledger on another log; `sim` is not used then.
    pub(crate) fn on<L: Log + 'static>(
        config: Config,
        log: impl FnOnce(&SimDisk, &Arc<ManualClock>) -> Arc<L>,
    ) -> Self {
        let sim = Arc::new(SimLog::new());
        let disk = SimDisk::new(1, 64 << 20);
        let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000_000_000)));
        let log: Arc<dyn Log> = log(&disk, &clock) as _;
        let ledger = open(&log, &disk, &clock, &config);
        let cores = Arc::new(Cores::default());
        let mut world = Self { disk, clock, log, sim, config, cores, ledger, running: None };
        world.run();
        world
    }

    fn run(&mut self) {
        let (stop, stopped) = watch::channel(false);
        let (ledger, cores) = (Arc::clone(&self.ledger), Arc::clone(&self.cores));
        let thread = std::thread::spawn(move || {
            ledger.run(&*cores, stopped).expect("it runs");
        });
        self.running = Some((stop, thread));
    }

    /// Ends the thread, as a clean stop does.
    pub(crate) fn stop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            stop.send_replace(true);
            thread.join().expect("it ends");
        }
    }

    /// Stops, forgets what the cores got, and opens again.
    pub(crate) fn restart(&mut self) {
        self.stop();
        self.cores = Arc::new(Cores::default());
        self.ledger = open(&self.log, &self.disk, &self.clock, &self.config);
        self.run();
    }

    pub(crate) fn append(&self, records: &[Record<'_>]) -> Commit {
        let mut batch = Batch::new();
        records.iter().for_each(|record| batch.push(record));
        append(&*self.log, batch).expect("the log commits")
    }

    pub(crate) fn change(&self, session: u32, change: SessionChange<'_>) -> Sequence {
        self.append(&[record(session, change)]).last
    }

    pub(crate) fn open_session(&self, number: u32, expiry: u32) -> Sequence {
        let client_id = format!("client-{number}");
        self.change(number, opened(&client_id, expiry))
    }

    /// One publish, owed to these sessions with QoS 1.
    pub(crate) fn publish(&self, payload: &[u8], to: &[u32]) -> Sequence {
        let mut audience = Audience::new();
        to.iter().for_each(|number| audience.push(SessionNo(*number), 1, false, &[]));
        self.publish_to(publish(payload), &audience)
    }

    pub(crate) fn publish_to(&self, record: Record<'_>, audience: &Audience) -> Sequence {
        let (members, ingest) = (audience.members(), Timestamp(0));
        self.append(&[
            record,
            Record::Audience { number: 1, members, ingest },
            Record::Owed { audience: 1, back: 2, ingest },
        ])
        .first
    }

    pub(crate) fn attach(&self, session: u32, slot: u32, at: Sequence) -> Place {
        self.attach_with(session, slot, at, u16::MAX)
    }

    pub(crate) fn attach_with(&self, session: u32, slot: u32, at: Sequence, window: u16) -> Place {
        let place = Place { core: 0, slot, generation: 1 };
        self.ledger.attach(Attach { session: SessionNo(session), at, place, window });
        place
    }

    pub(crate) fn settle(&self, session: u32, sequence: Sequence) {
        self.change(session, SessionChange::Settled { sequence });
    }

    /// Waits until a connection is fed.
    pub(crate) fn fed(&self, place: Place) {
        let is_fed = || {
            let sessions = self.ledger.sessions(ORG, "", 1_000);
            sessions.iter().any(|session| session.connected == Some(place))
        };
        eventually("it is fed", is_fed);
    }

    /// What a connection got, once that are `count` deliveries.
    pub(crate) fn got(&self, place: Place, count: usize) -> Vec<Delivery> {
        let mine = || {
            let got = self.cores.got.lock();
            got.iter().filter(|one| one.place() == place).cloned().collect::<Vec<_>>()
        };
        eventually(&format!("{count} deliveries"), || mine().len() >= count);
        self.settled_down();
        let mine = mine();
        assert_eq!(mine.len(), count, "{mine:?}");
        mine
    }

    /// Waits until everything committed is folded, and a moment longer.
    pub(crate) fn settled_down(&self) {
        eventually("folded", || self.ledger.folded() >= self.log.committed());
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop();
    }
}

pub(crate) fn record(session: u32, change: SessionChange<'_>) -> Record<'_> {
    Record::Session { session: SessionNo(session), change, ingest: Timestamp(0) }
}

pub(crate) fn opened(client_id: &str, expiry: u32) -> SessionChange<'_> {
    SessionChange::Opened { org: ORG, client_id, publisher: PublisherId(1), expiry }
}

pub(crate) fn will(delay: u32) -> SessionChange<'static> {
    SessionChange::Will {
        delay,
        qos: 1,
        retain: false,
        expiry: None,
        topic: "gone",
        properties: &[],
        payload: b"bye",
    }
}

pub(crate) fn publish(payload: &[u8]) -> Record<'_> {
    Record::Publish(Publish {
        org: ORG,
        topic: TopicId(7),
        node: NodeNo(7),
        publisher: PublisherId(3),
        qos: 1,
        retain: false,
        expiry: Some(60),
        points: None,
        ingest: Timestamp(0),
        properties: b"pp",
        payload,
    })
}

pub(crate) fn message<'a>(topic: &'a str, retain: bool, payload: &'a [u8]) -> Record<'a> {
    Record::Message(Message {
        org: ORG,
        publisher: PublisherId(3),
        qos: 1,
        retain,
        expiry: None,
        ingest: Timestamp(0),
        topic,
        properties: b"pp",
        payload,
    })
}

/// Payload, packet id and dup of each publish among the deliveries.
pub(crate) fn publishes(deliveries: &[Delivery]) -> Vec<(String, u16, bool)> {
    deliveries
        .iter()
        .filter_map(|one| match one {
            Delivery::Publish { packet_id, dup, message, .. } => {
                Some((payload(message), *packet_id, *dup))
            }
            _ => None,
        })
        .collect()
}

pub(crate) fn payload(message: &LoggedPublish) -> String {
    String::from_utf8_lossy(&message.payload()).into_owned()
}

/// Waits until a condition holds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..30_000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(holds(), "{what}");
}
