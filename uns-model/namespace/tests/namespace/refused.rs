//! A log that takes a record and refuses it later, as a full disk does.

use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread::JoinHandle;

use fabric::sim::SimLog;
use fabric::{Batch, Error, Health, Log, OnCommit, Tail};
use parking_lot::Mutex;
use tokio::sync::watch;
use uns_model::{Sequence, Value};
use uns_namespace::{AllRights, Config, Deleted, Gate, Namespace, Parts};

use crate::world::{ORG, Running, World, inbound, node, publish, value, wait};

/// Queues what somebody waits for while it is told to, and refuses it when told so.
struct LateLog {
    log: Arc<SimLog>,
    queued: Mutex<Option<Vec<OnCommit>>>,
}

impl LateLog {
    fn queue(&self) {
        *self.queued.lock() = Some(Vec::new());
    }

    fn refuse(&self) {
        refuse(self.take_up());
    }

    /// Goes on with what comes next, before what it has queued is decided.
    fn take_up(&self) -> Vec<OnCommit> {
        self.queued.lock().take().unwrap_or_default()
    }
}

fn refuse(queued: Vec<OnCommit>) {
    queued.into_iter().for_each(|on_commit| on_commit(Err(Arc::new(Error::DiskFull))));
}

impl Log for LateLog {
    fn append(&self, batch: Batch, on_commit: Option<OnCommit>) -> Result<(), Error> {
        match (&mut *self.queued.lock(), on_commit) {
            (Some(queued), Some(on_commit)) => queued.push(on_commit),
            (_, on_commit) => return self.log.append(batch, on_commit),
        }
        Ok(())
    }

    fn committed(&self) -> Sequence {
        self.log.committed()
    }

    fn oldest(&self) -> Sequence {
        self.log.oldest()
    }

    fn watch(&self) -> watch::Receiver<Sequence> {
        self.log.watch()
    }

    fn tail(&self, after: Sequence) -> Box<dyn Tail> {
        self.log.tail(after)
    }

    fn hold(&self, name: &str, at: Sequence) {
        self.log.hold(name, at);
    }

    fn begin_after(&self, fold: &str, at: Sequence) {
        self.log.begin_after(fold, at);
    }

    fn health(&self) -> Health {
        self.log.health()
    }
}

fn open(world: &World, config: Config) -> (Arc<LateLog>, Arc<Namespace>) {
    let log = Arc::new(LateLog { log: world.log.clone(), queued: Mutex::default() });
    let parts = Parts {
        log: log.clone(),
        disk: world.disk.clone(),
        dir: World::dir(),
        clock: world.clock.clone(),
        random: world.random.clone(),
        config,
    };
    (log, Namespace::open(parts).expect("simulated parts open"))
}

#[test]
fn a_node_goes_with_the_batch_that_has_its_record() {
    let world = World::new();
    let (log, space) = open(&world, Config { nodes_max: 2, ..Config::default() });
    let mut gate = Gate::new(&space);
    for round in 0..3 {
        log.queue();
        publish(&mut gate, "uns/v1/a", "1").unwrap();
        let refused = node(&mut gate, "uns/v1/a");
        log.refuse();
        assert!(refused.is_deleted(), "round {round}");
    }
    // Space has returned.
    publish(&mut gate, "uns/v1/a", "1").unwrap();
    assert_eq!(value(&space, "uns/v1/a"), Some(Value::Int(1)));
    assert_eq!((space.stats().fold.orphans, space.stats().nodes), (0, 1));
    publish(&mut gate, "uns/v1/b", "2").unwrap();
    assert_eq!(space.stats().nodes, 2, "the refused ones count no more");
}

#[test]
fn no_publish_relies_on_the_record_of_a_batch_that_may_still_be_refused() {
    let world = World::new();
    let (log, space) = open(&world, Config::default());
    let [mut one, mut two, mut three] = [(); 3].map(|()| Gate::new(&space));
    log.queue();
    publish(&mut one, "uns/v1/a", "1").unwrap();
    // The log has the record of the node, and has not committed it: these batches carry it too.
    for (gate, payload) in [(&mut two, b"2"), (&mut three, b"3")] {
        let known = node(gate, "uns/v1/a");
        gate.admit(&known, &inbound(payload), &AllRights).unwrap();
        assert_eq!(gate.pending().0, 2, "a node and a publish");
    }
    log.refuse();
    three.flush(None).unwrap();
    assert_eq!(value(&space, "uns/v1/a"), Some(Value::Int(3)));
    two.flush(None).unwrap();
    assert_eq!(value(&space, "uns/v1/a"), Some(Value::Int(2)));
    assert_eq!((space.stats().fold.orphans, space.stats().nodes), (0, 1));
    // Nobody needs the record again once it is committed.
    let known = node(&mut two, "uns/v1/a");
    two.admit(&known, &inbound(b"4"), &AllRights).unwrap();
    assert_eq!(two.pending().0, 1);
}

#[test]
fn a_publish_does_not_outlive_the_record_of_its_node() {
    let world = World::new();
    let (log, space) = open(&world, Config::default());
    let [mut one, mut two] = [Gate::new(&space), Gate::new(&space)];
    log.queue();
    publish(&mut one, "uns/v1/a", "1").unwrap();
    let known = node(&mut two, "uns/v1/a");
    log.refuse();
    assert!(known.is_deleted(), "nobody else had its record");
    two.admit(&known, &inbound(b"2"), &AllRights).unwrap();
    two.flush(None).unwrap();
    assert_eq!(value(&space, "uns/v1/a"), Some(Value::Int(2)), "it has a node of its own");
    assert_eq!((space.stats().fold.orphans, space.stats().nodes), (0, 1));
}

/// Deletes a topic in a log that queues the record, and gives who waits for it.
fn begin_to_delete(
    (log, space): (&LateLog, &Arc<Namespace>),
    topic: &'static str,
) -> JoinHandle<Result<Deleted, uns_namespace::Error>> {
    let old = node(&mut Gate::new(space), topic);
    log.queue();
    let space = Arc::clone(space);
    let deletion = std::thread::spawn(move || wait(space.delete(ORG, topic, true)));
    // The node counts as deleted a moment before the log has the record.
    while log.queued.lock().as_ref().is_none_or(Vec::is_empty) {
        std::thread::yield_now();
    }
    assert!(old.is_deleted());
    deletion
}

#[test]
fn a_deletion_that_is_refused_later_changes_nothing() {
    let world = World::new();
    let (log, space) = open(&world, Config::default());
    let _running = Running::start(&space);
    let mut gate = Gate::new(&space);
    publish(&mut gate, "uns/v1/a/b", "1").unwrap();
    let old = node(&mut gate, "uns/v1/a/b");
    let deletion = begin_to_delete((&log, &space), "uns/v1/a/b");
    log.refuse();
    deletion.join().unwrap().unwrap_err();
    assert_eq!(space.stats().nodes, 1);
    publish(&mut gate, "uns/v1/A/b", "1").unwrap_err();
    publish(&mut gate, "uns/v1/a/b", "2").unwrap();
    assert_eq!(node(&mut gate, "uns/v1/a/b").number, old.number);
    assert_eq!(value(&space, "uns/v1/a/b"), Some(Value::Int(2)));
    assert_eq!(wait(space.delete(ORG, "uns/v1/a", true)).unwrap().nodes, 1);
    assert_eq!(space.stats().nodes, 0);
}

#[test]
fn a_deletion_that_nobody_waits_for_is_taken_back_all_the_same() {
    let world = World::new();
    let (log, space) = open(&world, Config::default());
    let _running = Running::start(&space);
    let mut gate = Gate::new(&space);
    publish(&mut gate, "p/a", "1").unwrap();
    let old = node(&mut gate, "p/a");
    wait(space.caught_up());
    log.queue();
    let mut deletion = Box::pin(space.delete(ORG, "p/a", true));
    while !old.is_deleted() {
        let polled = deletion.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        std::thread::yield_now();
    }
    drop(deletion);
    log.refuse();
    publish(&mut gate, "p/a", "2").unwrap();
    assert_eq!(node(&mut gate, "p/a").number, old.number);
    assert_eq!((space.stats().nodes, value(&space, "p/a")), (1, Some(Value::Int(2))));
}

#[test]
fn a_deletion_and_the_node_behind_it_that_are_both_refused_leave_the_old_node() {
    let world = World::new();
    let (log, space) = open(&world, Config::default());
    let _running = Running::start(&space);
    let mut gate = Gate::new(&space);
    publish(&mut gate, "uns/v1/a", "1").unwrap();
    let old = node(&mut gate, "uns/v1/a");
    let deletion = begin_to_delete((&log, &space), "uns/v1/a");
    let mut queued = log.take_up();
    log.queue();
    publish(&mut gate, "uns/v1/a", "2").unwrap();
    assert_ne!(node(&mut gate, "uns/v1/a").number, old.number);
    // The deletion first, as they are in the log.
    let newer = log.take_up();
    refuse(std::mem::take(&mut queued));
    deletion.join().unwrap().unwrap_err();
    assert!(old.is_deleted(), "the newer one may still come to be");
    refuse(newer);
    publish(&mut gate, "uns/v1/a", "3").unwrap();
    assert_eq!(node(&mut gate, "uns/v1/a").number, old.number);
    assert_eq!((space.stats().nodes, value(&space, "uns/v1/a")), (1, Some(Value::Int(3))));
}

#[test]
fn a_node_behind_a_refused_deletion_takes_the_place_of_the_old_one() {
    let world = World::new();
    let (log, space) = open(&world, Config::default());
    let _running = Running::start(&space);
    let mut gate = Gate::new(&space);
    publish(&mut gate, "uns/v1/a", "1").unwrap();
    let old = node(&mut gate, "uns/v1/a");
    let deletion = begin_to_delete((&log, &space), "uns/v1/a");
    let queued = log.take_up();
    publish(&mut gate, "uns/v1/a", "2").unwrap();
    let new = node(&mut gate, "uns/v1/a");
    refuse(queued);
    deletion.join().unwrap().unwrap_err();
    publish(&mut gate, "uns/v1/a", "3").unwrap();
    let lives = node(&mut gate, "uns/v1/a").number;
    assert!(lives == new.number && lives != old.number);
    assert_eq!((space.stats().nodes, value(&space, "uns/v1/a")), (1, Some(Value::Int(3))));
}
