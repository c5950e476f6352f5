//! R5: a full disk refuses clearly, reads go on, the log starts, and goes on when space returns.

use fabric::conformance::{append, batch, drain};
use fabric::{Error, Log};
use uns_model::Sequence;

use crate::rig::{Rig, eventually};

const PAYLOAD: [u8; 3000] = [7; 3000];

fn fill(log: &dyn Log) -> u64 {
    for stored in 0.. {
        match append(log, batch(&[&PAYLOAD])) {
            Ok(_) => {}
            Err(error) => {
                assert!(matches!(*error, Error::DiskFull), "{error}");
                return stored;
            }
        }
    }
    unreachable!("the disk is never full")
}

#[test]
fn it_does() {
    let rig = Rig::new(1);
    rig.disk.set_capacity(200_000);
    let log = rig.open();
    let stored = fill(&*log);
    assert!(stored > 30, "{stored}");
    assert!(log.health().disk_full);
    let error = log.append(batch(&[b"x"]), Some(Box::new(|_| ()))).unwrap_err();
    assert!(matches!(error, Error::DiskFull), "{error}");
    log.append(batch(&[b"x", b"y"]), None).unwrap();
    let counters = log.health().counters;
    assert_eq!((counters.dropped_records, counters.refused_disk_full), (2, 2));
    let count = |log: &dyn Log| drain(&mut *log.tail(Sequence::ZERO)).len() as u64;
    assert_eq!(count(&*log), stored, "reads go on");
    drop(log);

    let log = rig.open();
    assert_eq!(count(&*log), stored, "it starts on a full disk");
    let more = fill(&*log);
    rig.disk.set_capacity(1 << 20);
    eventually("space is noticed", || !log.health().disk_full);
    append(&*log, batch(&[b"x"])).unwrap();
    assert_eq!(count(&*log), stored + more + 1);
}

#[test]
fn what_nobody_waits_for_is_dropped_and_counted() {
    let rig = Rig::new(2);
    rig.disk.set_capacity(200_000);
    let log = rig.open();
    for _ in 0..200 {
        log.append(batch(&[&PAYLOAD]), None).unwrap();
    }
    log.close();
    let counters = log.health().counters;
    assert_eq!(counters.records + counters.dropped_records, 200);
    assert!(counters.dropped_records > 100);
}

#[test]
fn a_batch_no_segment_can_hold_is_refused_by_size() {
    let log = Rig::new(3).open();
    let error = append(&*log, batch(&[&[0; 70_000]])).unwrap_err();
    assert!(matches!(*error, Error::TooLarge { records: 1, .. }), "{error}");
}

#[test]
fn a_full_queue_says_so() {
    let mut rig = Rig::new(4);
    rig.config.queue_bytes = 10_000;
    rig.config.flush_interval = std::time::Duration::from_secs(60);
    let log = rig.open();
    let refused = (0..5).filter(|_| log.append(batch(&[&PAYLOAD]), None).is_err()).count();
    assert_eq!(refused, 2);
    assert_eq!(log.health().counters.refused_full, 2);
    log.close();
    assert_eq!(log.health().counters.records, 3);
    assert!(matches!(log.append(batch(&[b"x"]), None), Err(Error::Closed)));
}

#[test]
fn nothing_overtakes_what_a_full_disk_refused() {
    let mut rig = Rig::new(5);
    rig.config.flush_interval = std::time::Duration::from_secs(60);
    // Room for one segment.
    rig.disk.set_capacity(100_000);
    let log = rig.open();
    append(&*log, batch(&[&[1; 30_000]])).unwrap();
    // Two frames: the first finds no room, the second would still fit behind the one before.
    log.append(batch(&[&[2; 50_000]]), None).unwrap();
    let error = append(&*log, batch(&[&[3; 20_000]])).unwrap_err();
    assert!(matches!(*error, Error::DiskFull), "{error}");
    let counters = log.health().counters;
    assert_eq!((counters.records, counters.dropped_records), (1, 1));
    // The appender tells first and gives the room back right after.
    let freed = (0..60_000).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(1));
        log.health().queued_bytes == 0
    });
    assert!(freed, "{:?}", log.health().queued_bytes);
}
