//! Two cores, the ledger and the log, without a thread: each step is the simulation's.

mod logged;

use std::path::PathBuf;
use std::sync::{Arc, Weak};

use broker_codec::{PacketId, SubscribeOptions};
use broker_engine::{
    Batch, Broker, Config, CoreNo, Due, Engine, Fed, FedPublish, Key, LeftBehind, Now, Parked,
    Peer, Received, Retained, ShareName, Signal, Wish,
};
use broker_ledger::{
    Attach, Delivery, DueWill, Ids, Ledger, Logged, Outlet, Parts, PassOn, Place, Restored,
    SharedRetained, Steps, Topics,
};
use fabric::sim::{SimDisk, SimLog};
use fabric::{Log, Message, Record, Tail, TailItem};
use parking_lot::Mutex;
use uns_model::{
    Clock, Kept, ManualClock, OrgId, SeededRandom, Sequence, SessionNo, Timestamp, TopicId,
};

use super::accounts::{Accounts, Forbidden};
use super::gate::{Commits, Fault, SimGate};

pub(crate) const CORES: usize = 2;

/// What the ledger handed over and no core has taken.
#[derive(Default)]
pub(crate) struct Inbox {
    deliveries: Mutex<Vec<Delivery>>,
    wills: Mutex<Vec<DueWill>>,
    left: Mutex<Vec<PassOn>>,
    expired: Mutex<Vec<(SessionNo, OrgId, Arc<str>)>>,
}

impl Outlet for Inbox {
    fn deliver(&self, _: u16, batch: Vec<Delivery>) -> Result<(), Vec<Delivery>> {
        self.deliveries.lock().extend(batch);
        Ok(())
    }

    fn will(&self, will: &DueWill) -> bool {
        self.wills.lock().push(will.clone());
        true
    }

    fn pass_on(&self, one: &PassOn) -> bool {
        self.left.lock().push(one.clone());
        true
    }

    fn expired(&self, session: SessionNo, org: OrgId, client_id: &Arc<str>) {
        self.expired.lock().push((session, org, Arc::clone(client_id)));
    }
}

struct NoTopics;

impl Topics for NoTopics {
    fn topic(&self, _: TopicId) -> Option<Arc<str>> {
        None
    }
}

/// The hub of one history; it can be killed and started again.
pub(crate) struct Hub {
    pub(crate) engines: Vec<Engine<SimGate>>,
    broker: Arc<Broker>,
    /// What the fold of the retained messages has not seen.
    unfolded: Box<dyn Tail>,
    pub(crate) clock: Arc<ManualClock>,
    log: Arc<SimLog>,
    disk: SimDisk,
    commits: Commits,
    inbox: Inbox,
    ledger: Arc<Ledger>,
    steps: Steps,
    fault: Fault,
    forbidden: Forbidden,
}

impl Hub {
    pub(crate) fn new(seed: u64, fault: Fault) -> Self {
        let log = Arc::new(SimLog::new());
        log.pause();
        let disk = SimDisk::new(seed, 64 << 20);
        let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000_000_000)));
        let ledger = open_ledger(&log, &disk, &clock);
        let (commits, steps) = (Commits::default(), ledger.steps());
        let forbidden = Forbidden::default();
        let broker = broker(&ledger, Accounts { forbidden: forbidden.clone(), fault });
        let engines = cores(&broker, &log, &commits, fault);
        let unfolded = log.tail(Sequence::ZERO);
        Self {
            engines,
            broker,
            unfolded,
            clock,
            log,
            disk,
            commits,
            inbox: Inbox::default(),
            ledger,
            steps,
            fault,
            forbidden,
        }
    }

    /// From here on the wills of this account are refused. What came before is in the log, as if the log
    /// had been quick.
    pub(crate) fn forbid(&mut self, account: &str) {
        self.commit();
        self.forbidden.add(account);
        self.broker.policy_changed();
    }

    pub(crate) fn now(&self) -> Now {
        Now { monotonic: self.clock.monotonic(), wall: self.clock.now() }
    }

    /// kill -9: what was not committed is gone, and so is everything in memory.
    pub(crate) fn kill(&mut self) {
        self.log.lose_uncommitted();
        self.log.restart();
        self.disk.crash();
        self.commits = Commits::default();
        self.inbox = Inbox::default();
        self.ledger = open_ledger(&self.log, &self.disk, &self.clock);
        self.steps = self.ledger.steps();
        let accounts = Accounts { forbidden: self.forbidden.clone(), fault: self.fault };
        self.broker = broker(&self.ledger, accounts);
        self.engines = cores(&self.broker, &self.log, &self.commits, self.fault);
        self.unfolded = self.log.tail(Sequence::ZERO);
        while self.fold_retained() {}
    }

    pub(crate) fn checkpoint(&self) {
        self.ledger.checkpoint().expect("the simulated disk has room");
    }

    pub(crate) fn open(&mut self, core: usize) -> Key {
        let peer = Peer { anonymous_allowed: true, ..Peer::default() };
        let now = self.now();
        self.engines[core].open(now, peer).expect("room")
    }

    /// How many bytes the engine used.
    pub(crate) fn receive(&mut self, core: usize, key: Key, bytes: &[u8]) -> usize {
        let now = self.now();
        match self.engines[core].receive(now, key, bytes) {
            Received::More(used) | Received::Paused(used) => used,
            Received::Done => bytes.len(),
        }
    }

    /// The log commits what it has; cores hear of it with [`Hub::hear_commits`].
    pub(crate) fn commit(&self) {
        self.log.resume();
        self.log.pause();
    }

    pub(crate) fn hear_commits(&mut self, most: usize) -> bool {
        let now = self.now();
        let mut heard = false;
        for _ in 0..most {
            let Some((core, ticket, commit)) = self.commits.lock().pop_front() else { break };
            self.engines[core].committed(now, ticket, Ok(commit));
            heard = true;
        }
        heard
    }

    /// One frame more is in the store of retained messages, as the namespace does it; whether there
    /// was one.
    pub(crate) fn fold_retained(&mut self) -> bool {
        let Some(item) = self.unfolded.next().expect("it is in memory") else { return false };
        let TailItem::Frame(frame) = item else { unreachable!("nothing is lost") };
        for (_, record) in frame.records() {
            let Record::Message(message) = record else { continue };
            let Message { org, topic, qos, retain, properties, payload, .. } = message;
            if !retain {
                continue;
            }
            let kept = Kept::new(qos, None, properties, payload);
            self.broker.retained.set(org, Retained { topic: topic.into(), expires: None, kept });
        }
        self.broker.retained.applied(frame.last());
        let now = self.now();
        self.engines.iter_mut().for_each(|engine| engine.signal(now, Signal::Folded));
        true
    }

    /// A turn of the ledger, and what it hands out.
    pub(crate) fn step_ledger(&mut self) -> bool {
        let more = self.ledger.step(&mut self.steps, &self.inbox);
        let now = self.now();
        let deliveries = std::mem::take(&mut *self.inbox.deliveries.lock());
        let mut moved = !deliveries.is_empty();
        for delivery in deliveries {
            let core = usize::from(delivery.place().core);
            take(&mut self.engines[core], now, &delivery);
        }
        for due in std::mem::take(&mut *self.inbox.wills.lock()) {
            self.engines[0].will_due(now, &due_will(&due));
        }
        for left in std::mem::take(&mut *self.inbox.left.lock()) {
            moved = true;
            if self.fault != Fault::LosesWhatIsLeft {
                self.engines[0].pass_on_left(now, left_behind(&left));
            }
        }
        for (session, org, client_id) in std::mem::take(&mut *self.inbox.expired.lock()) {
            self.engines[0].expire_session(now, org, &client_id, session);
        }
        more || moved
    }

    /// The end of a core's tick: flush, words and batches for others. Whether anything moved; which
    /// connections are to be offered again.
    pub(crate) fn flush(&mut self, core: usize) -> (bool, Vec<Key>) {
        let now = self.now();
        self.engines[core].flush(now);
        let mut moved = self.tell(core);
        let signals = std::mem::take(&mut self.engines[core].effects().signals);
        for (to, signal) in signals {
            self.engines[to.index()].signal(now, signal);
            moved = true;
        }
        for to in (0..CORES).filter(|to| *to != core) {
            let number = CoreNo(u16::try_from(to).expect("few"));
            if self.engines[core].outbox_bytes(number) > 0 {
                let batch = self.engines[core].take_batch(number, Batch::default());
                self.engines[to].remote(now, &batch);
                moved = true;
            }
        }
        self.engines[core].resume();
        let resumed = std::mem::take(&mut self.engines[core].effects().resumed);
        (moved || !resumed.is_empty(), resumed)
    }

    /// The ledger hears who connected and who left.
    fn tell(&mut self, core: usize) -> bool {
        let number = u16::try_from(core).expect("few");
        let place = |key: Key| Place { core: number, slot: key.slot, generation: key.generation };
        let effects = self.engines[core].effects();
        let detached = std::mem::take(&mut effects.detached);
        let attached = std::mem::take(&mut effects.attached);
        let moved = !detached.is_empty() || !attached.is_empty();
        for (session, key) in detached {
            self.ledger.detach(session, place(key));
        }
        for one in attached {
            let at = one.receipt.map_or(Sequence::ZERO, |commit| commit.last);
            let (session, place) = (one.session, place(one.key));
            self.ledger.attach(Attach { session, at, place, window: u16::MAX });
        }
        moved
    }
}

fn open_ledger(log: &Arc<SimLog>, disk: &SimDisk, clock: &Arc<ManualClock>) -> Arc<Ledger> {
    let parts = Parts {
        log: Arc::clone(log) as _,
        disk: Arc::new(disk.clone()),
        dir: PathBuf::from("/sessions"),
        clock: Arc::clone(clock) as _,
        topics: Arc::new(NoTopics),
        config: broker_ledger::Config { feed_count_max: 8, ..broker_ledger::Config::default() },
    };
    Ledger::open(parts).expect("the ledger opens")
}

fn broker(ledger: &Ledger, accounts: Accounts) -> Arc<Broker> {
    let random = Arc::new(SeededRandom::new(1));
    let config = Config { inflight_max: 8, receive_maximum: 16, ..Config::default() };
    let count = u16::try_from(CORES).expect("few");
    let broker = Arc::new(Broker::new(config, count, Box::new(accounts), random));
    broker.clients.number_from(ledger.next_session());
    ledger.restored(&mut |restored| {
        if restored.expiry > 0 {
            let state = parked(&restored);
            let client = (restored.org, &**restored.client_id);
            broker.restore_session(client, restored.owner, restored.session, state);
        }
    });
    ledger.share_retained(Arc::new(Shared(Arc::downgrade(&broker))));
    broker
}

fn cores(
    broker: &Arc<Broker>,
    log: &Arc<SimLog>,
    commits: &Commits,
    fault: Fault,
) -> Vec<Engine<SimGate>> {
    let gate = |core| SimGate::new(core, Arc::clone(log), Arc::clone(commits), fault);
    let core = |n| CoreNo(u16::try_from(n).expect("few"));
    (0..CORES).map(|n| Engine::new(Arc::clone(broker), core(n), gate(n))).collect()
}

struct Shared(Weak<Broker>);

impl SharedRetained for Shared {
    fn name(&self, org: OrgId, topic: &str) -> Option<Arc<str>> {
        self.0.upgrade()?.retained.name(org, topic)
    }

    fn same(&self, org: OrgId, topic: &str, kept: &Kept) -> Option<Kept> {
        self.0.upgrade()?.retained.same(org, topic, kept)
    }
}

fn parked(restored: &Restored<'_>) -> Parked {
    let mut parked = Parked::default();
    for subscription in restored.subscriptions {
        let options = SubscribeOptions::from_byte(subscription.options).expect("it was written");
        let wish = Wish {
            qos: options.qos.level(),
            no_local: options.no_local,
            retain_as_published: options.retain_as_published,
            identifier: subscription.identifier,
        };
        parked.filters.insert((*subscription.filter).into(), wish);
        if subscription.walk {
            parked.walks.insert((*subscription.filter).into());
        }
    }
    parked.received = restored.took.iter().copied().filter_map(PacketId::new).collect();
    parked
}

fn left_behind(one: &PassOn) -> LeftBehind {
    let message = &one.message;
    LeftBehind {
        session: one.session,
        sequence: one.sequence,
        share: ShareName { org: message.org, filter: (*one.share).into() },
        publisher: message.publisher,
        publish: publish(message, (message.qos, true, false), &Ids::None),
    }
}

fn publish(message: &Logged, (qos, retain, dup): (u8, bool, bool), ids: &Ids) -> FedPublish {
    FedPublish {
        qos,
        retain: retain && message.retain,
        dup,
        ids: match ids {
            Ids::None => None,
            Ids::One(id) => Some([*id].into()),
            Ids::Many(ids) => Some(Arc::clone(ids)),
        },
        topic: Arc::clone(&message.topic),
        properties: message.properties_bytes(),
        payload: message.payload_bytes(),
        expiry: message.expiry,
        ingest: message.ingest,
    }
}

fn due_will(due: &DueWill) -> broker_engine::DueWill {
    let will = &due.will;
    broker_engine::DueWill {
        org: due.org,
        session: due.session,
        client_id: (*due.client_id).into(),
        owner: due.owner.clone(),
        publisher: due.publisher,
        will: broker_engine::Will {
            topic: will.topic.clone(),
            payload: will.payload.to_vec().into(),
            properties: will.properties.to_vec().into(),
            qos: will.qos,
            retain: will.retain,
            expiry: will.expiry,
            delay: will.delay,
        },
        sequence: due.sequence,
    }
}

fn take(engine: &mut Engine<SimGate>, now: Now, delivery: &Delivery) {
    let place = delivery.place();
    let key = Key { slot: place.slot, generation: place.generation };
    let mut fed = |sequence: Sequence, id: u16, what| {
        let packet_id = PacketId::new(id).expect("not 0");
        engine.fed(now, key, Fed { sequence, packet_id, what });
    };
    match delivery {
        Delivery::Attached { .. } => {}
        Delivery::Gone { session, .. } => engine.session_gone(now, key, *session),
        Delivery::Publish { sequence, packet_id, qos, retain, dup, ids, message, .. } => {
            let what = Due::Publish(publish(message, (*qos, *retain, *dup), ids));
            fed(*sequence, *packet_id, what);
        }
        Delivery::Release { sequence, packet_id, .. } => fed(*sequence, *packet_id, Due::Release),
        Delivery::Lost { .. } => unreachable!("nothing is dropped in so short a history"),
    }
}
