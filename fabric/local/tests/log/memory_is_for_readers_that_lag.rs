//! What every reader has passed leaves memory; for one that lags it stays, up to a limit.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use fabric::Log;
use fabric::conformance::{append, batch, drain};
use fabric_local::LogConfig;
use uns_model::Sequence;

use crate::rig::{Rig, eventually};

const PAYLOAD: [u8; 1000] = [7; 1000];
/// The sixteenth of the rig's limit, and a frame.
const PASSED_BYTES: usize = 2048 + 1100;

/// Commits ten kilobytes, a frame each.
fn ten(log: &dyn Log) {
    for _ in 0..10 {
        append(log, batch(&[&PAYLOAD])).expect("it is committed");
    }
}

fn keeps_little(log: &dyn Log) -> bool {
    log.health().memory_bytes <= PASSED_BYTES
}

#[test]
fn it_is() {
    let rig = Rig::new(1);
    let log = rig.open();
    let mut tail = log.tail(Sequence::ZERO);
    ten(&*log);
    assert!(log.health().memory_bytes > 10_000, "a reader has yet to come");
    assert_eq!(drain(&mut *tail).len(), 10);
    eventually("what it passed is let go without another commit", || keeps_little(&*log));
    for _ in 0..10 {
        ten(&*log);
        let memory = log.health().memory_bytes;
        assert!(memory <= rig.config.memory_bytes, "{memory}");
    }
    eventually("one that fell behind reads from disk", || keeps_little(&*log));
    assert_eq!(drain(&mut *tail).len(), 100, "and misses nothing");
    let mut behind = log.tail(log.committed());
    ten(&*log);
    drop(tail);
    assert!(log.health().memory_bytes > 10_000, "another one lags");
    drop(behind.next().unwrap());
    drop(behind);
    eventually("and is gone", || keeps_little(&*log));
}

/// An allocator keeps memory for each thread, so each has to give its own back.
#[test]
fn both_threads_give_back_what_the_allocator_keeps_for_them_while_nothing_is_appended() {
    static THREADS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let config = LogConfig { retention_interval: Duration::MAX, ..Rig::new(1).config };
    let log = Rig { config, ..Rig::new(1) }.open();
    log.give_back(|| {
        let name = thread::current().name().expect("they have one").to_owned();
        THREADS.lock().unwrap().insert(name);
    });
    eventually("both do", || THREADS.lock().unwrap().len() == 2);
    assert!(THREADS.lock().unwrap().iter().eq(["log-appender", "log-keeper"]));
    append(&*log, batch(&[b"1"])).expect("and go on");
}
