//! A log that takes a record and refuses it later, as a full disk does.

use std::sync::Arc;

use fabric::sim::SimLog;
use fabric::{Batch, Error, Health, Log, OnCommit, Tail};
use parking_lot::Mutex;
use tokio::sync::watch;
use uns_model::{Sequence, Value};
use uns_namespace::{AllRights, Config, Gate, Namespace, Parts};

use crate::world::{World, inbound, node, publish, value};

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
        let queued = self.queued.lock().take();
        for on_commit in queued.into_iter().flatten() {
            on_commit(Err(Arc::new(Error::DiskFull)));
        }
    }
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
