//! A checkpoint is written while the fold goes on: what comes between its pieces is in some of them,
//! and after a start everything is there once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fabric::sim::{Hook, HookedDisk, Operation, Verdict};
use fabric::{Inbound, Log};
use parking_lot::Mutex;
use uns_model::{Timestamp, Value};
use uns_namespace::{Gate, Namespace, Parts};

use crate::world::{NOON, ORG, SECOND, World, current, inbound, publish, publish_as, value, wait};

type Step = Arc<dyn Fn(usize) + Send + Sync>;

/// Something happens whenever a file is about to be written.
#[derive(Default)]
struct Busy {
    writes: AtomicUsize,
    /// Bytes of the largest write.
    largest: AtomicUsize,
    step: Mutex<Option<Step>>,
}

impl std::fmt::Debug for Busy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Busy")
    }
}

impl Hook for Busy {
    fn before(&self, operation: Operation<'_>) -> io::Result<Verdict> {
        if let Operation::Write(bytes) = operation {
            self.largest.fetch_max(bytes, Ordering::Relaxed);
            let step = self.step.lock().clone();
            if let Some(step) = step {
                step(self.writes.fetch_add(1, Ordering::Relaxed));
            }
        }
        Ok(Verdict::Do)
    }
}

fn open(world: &World, busy: &Arc<Busy>) -> Arc<Namespace> {
    Namespace::open(Parts {
        log: world.log.clone(),
        disk: Arc::new(HookedDisk::new(world.disk.clone(), Arc::clone(busy))),
        dir: World::dir(),
        clock: world.clock.clone(),
        random: world.random.clone(),
        config: world.config.clone(),
    })
    .expect("simulated parts open")
}

fn retained(space: &Namespace) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    space.retained(&mut |one| all.push((one.name.to_string(), one.kept.payload().to_vec())));
    all.sort();
    all
}

/// What happens between two pieces: values, documents and retained messages on topics of every
/// piece, one topic that is deleted and comes back with a higher number, and a new one.
fn step(space: &Arc<Namespace>, n: usize) {
    let mut gate = Gate::new(space);
    for topic in (0..3_000).step_by(97) {
        publish(&mut gate, &format!("uns/v1/t{topic}"), &(10_000 + n).to_string())
            .expect("it works");
        let document = format!(r#"{{"a":{n},"b":"{n}"}}"#);
        publish(&mut gate, &format!("p/d{}", topic % 5), &document).expect("it works");
    }
    let ingest = Timestamp(NOON.0 + SECOND * i64::try_from(n).expect("few steps"));
    let retain = if n.is_multiple_of(2) { &b"kept"[..] } else { b"" };
    for topic in [format!("uns/v1/t{}", n * 500), "uns/v1/t2900".into(), "uns/v1/t3".into()] {
        publish_as(&mut gate, &topic, &Inbound { retain: true, ingest, ..inbound(retain) })
            .expect("it works");
    }
    publish(&mut gate, &format!("uns/v1/new{n}"), "1").expect("it works");
    space.catch_up().expect("it works");
    std::thread::scope(|scope| {
        // The loop of the namespace would write a checkpoint of its own at its end.
        let deleting = scope.spawn(|| {
            wait(space.delete(ORG, &format!("uns/v1/t{}", 7 + n), false)).expect("it works").nodes
        });
        while !deleting.is_finished() {
            space.catch_up().expect("it works");
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        assert_eq!(deleting.join().expect("it works"), 1);
    });
    if n.is_multiple_of(2) {
        publish(&mut gate, &format!("uns/v1/t{}", 7 + n), "77").expect("it works");
    }
    space.catch_up().expect("it works");
}

#[test]
fn what_comes_between_two_pieces_is_there_once() {
    let world = World::new();
    let disk = Arc::new(Busy::default());
    let space = open(&world, &disk);
    let mut gate = Gate::new(&space);
    for topic in 0..3_000 {
        publish(&mut gate, &format!("uns/v1/t{topic}"), &topic.to_string()).unwrap();
    }
    drop(gate);
    space.catch_up().unwrap();
    let before = space.applied();
    let busy = Arc::clone(&space);
    *disk.step.lock() = Some(Arc::new(move |n| {
        if n < 4 {
            step(&busy, n);
        }
    }));
    space.checkpoint().unwrap();
    *disk.step.lock() = None;
    assert!(disk.writes.load(Ordering::Relaxed) >= 3, "several pieces");
    assert!(space.applied() > before, "the fold went on");
    publish(&mut Gate::new(&space), "uns/v1/t5", "5555").unwrap();
    space.catch_up().unwrap();

    let again = open(&world, &disk);
    assert_eq!(current(&again, "#"), current(&space, "#"));
    assert_eq!(retained(&again), retained(&space));
    let (new, old) = (again.stats(), space.stats());
    assert_eq!((new.nodes, new.retained), (old.nodes, old.retained));
    assert_eq!(new.damaged_checkpoints, 0);
    assert_eq!(value(&again, "uns/v1/t7"), Some(Value::Int(77)), "deleted and back");
    assert_eq!(value(&again, "uns/v1/t8"), None, "deleted");
    // It goes on where the newest piece is, if the log ends before that.
    let ends_at = world.log.committed();
    let shorter = World { log: Arc::new(fabric::sim::SimLog::new()), ..world };
    let lost = open(&shorter, &disk);
    assert!(shorter.log.committed() > ends_at);
    assert_eq!(value(&lost, "uns/v1/t4"), value(&again, "uns/v1/t4"));
}

#[test]
fn nodes_that_hold_much_are_written_one_by_one_and_not_by_the_thousand() {
    const PAYLOAD: usize = 300 << 10;
    let world = World::new();
    let disk = Arc::new(Busy::default());
    let space = open(&world, &disk);
    let mut gate = Gate::new(&space);
    for topic in 0..60 {
        let payload = vec![b'a' + topic % 26; PAYLOAD];
        let topic = format!("large/t{topic}");
        publish_as(&mut gate, &topic, &Inbound { retain: true, ..inbound(&payload) }).unwrap();
    }
    space.catch_up().unwrap();
    // While it is encoded and written, the fold goes on and everybody reads.
    let busy = Arc::clone(&space);
    *disk.step.lock() = Some(Arc::new(move |n| {
        let topic = format!("large/t{}", n % 60);
        publish(&mut Gate::new(&busy), &topic, &n.to_string()).unwrap();
        let read = i64::try_from(n).unwrap();
        assert_eq!(value(&busy, &topic), Some(Value::Int(read)));
    }));
    space.checkpoint().unwrap();
    *disk.step.lock() = None;
    let writes = disk.writes.load(Ordering::Relaxed);
    assert!(writes > 10, "{writes} writes of 18 MB, retained and as last values as well");
    let largest = disk.largest.load(Ordering::Relaxed);
    assert!(largest < (1 << 20) + 3 * PAYLOAD, "a write of {largest} bytes");
    let again = open(&world, &disk);
    assert_eq!(retained(&again), retained(&space));
    assert_eq!(current(&again, "#"), current(&space, "#"));
}
