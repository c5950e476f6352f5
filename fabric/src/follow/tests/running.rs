//! The loop around the turns, on a thread as it ships.

use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::watch;

use super::world::World;
use crate::Log;
use crate::follow::{Handle, Phase};

const PATIENCE: Duration = Duration::from_secs(60);

/// A world whose follower runs.
struct Running {
    world: Arc<Mutex<World>>,
    handle: Arc<Handle>,
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

impl Running {
    fn start(world: World) -> Self {
        let handle = Arc::clone(world.follower.handle());
        let world = Arc::new(Mutex::new(world));
        let (stop, stopped) = watch::channel(false);
        let (driven, driver) = (Arc::clone(&world), Arc::clone(&handle));
        let thread = thread::spawn(move || {
            let turn = |phase: Phase| {
                let world = &mut *driven.lock().unwrap();
                world.follower.turn(&mut world.fold, phase)
            };
            driver.run(stopped, turn).expect("there are threads");
        });
        Self { world, handle, stop, thread }
    }

    fn append(&self) {
        self.world.lock().unwrap().append(1);
    }

    fn caught_up(&self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            tokio::time::timeout(PATIENCE, self.handle.caught_up()).await.expect("it catches up");
        });
    }

    fn stop(self) -> World {
        self.stop.send_replace(true);
        self.thread.join().expect("it ends");
        let world = Arc::into_inner(self.world).expect("the thread is gone");
        world.into_inner().expect("nothing has panicked")
    }
}

#[test]
fn who_has_written_reads_it_whether_or_not_commits_gather() {
    for awaited in [true, false] {
        let mut world = World::new();
        world.fold.awaited = awaited;
        let running = Running::start(world);
        for _ in 0..50 {
            running.append();
            running.caught_up();
            let world = running.world.lock().unwrap();
            assert_eq!(world.fold.seen, world.logged());
        }
        let world = running.stop();
        assert_eq!(world.figures().checkpoints, 1, "the last one");
        assert_eq!(world.reopen().fold.seen.len(), 50);
    }
}

#[test]
fn a_fold_that_is_woken_writes_what_it_wants_to_write() {
    let running = Running::start(World::new());
    running.append();
    running.caught_up();
    running.world.lock().unwrap().fold.wants_checkpoint = true;
    running.handle.wake();
    let (sender, written) = mpsc::sync_channel(1);
    let handle = Arc::clone(&running.handle);
    thread::spawn(move || {
        while handle.figures().checkpoints == 0 {
            thread::yield_now();
        }
        sender.send(()).unwrap();
    });
    written.recv_timeout(PATIENCE).expect("a checkpoint is written while it runs");
    running.stop();
}

/// An allocator keeps memory for each thread, so each has to give its own back.
#[test]
fn both_threads_give_back_memory_while_there_is_nothing_to_follow() {
    static THREADS: Mutex<Vec<Option<String>>> = Mutex::new(Vec::new());
    let running = Running::start(World::new());
    running.handle.give_back(|| {
        THREADS.lock().unwrap().push(thread::current().name().map(str::to_owned));
    });
    let (sender, given) = mpsc::sync_channel(1);
    thread::spawn(move || {
        while THREADS.lock().unwrap().len() < 2 {
            thread::yield_now();
        }
        sender.send(()).unwrap();
    });
    given.recv_timeout(PATIENCE).expect("both do");
    assert_eq!(*THREADS.lock().unwrap(), [None, Some("tests-writer".to_owned())]);
    running.stop();
}

#[test]
fn the_panic_of_a_fold_ends_the_loop() {
    let mut world = World::new();
    world.fold.panics = true;
    let log = Arc::clone(&world.log);
    let running = Running::start(world);
    let before = log.committed();
    // The lock is not taken: the loop has it while it panics.
    crate::conformance::append(&*log, crate::conformance::batch(&[b"1"])).unwrap();
    assert!(running.thread.join().is_err());
    let figures = running.handle.figures();
    assert!(figures.has_panicked);
    assert_eq!(figures.applied, before);
}
