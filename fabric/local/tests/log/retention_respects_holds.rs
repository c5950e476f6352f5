//! Retention drops what is old or too much, but not what a durable consumer still needs.

use std::sync::Arc;
use std::time::Duration;

use fabric::conformance::{append, batch, publish};
use fabric::{Batch, GapReason, Log, TailItem};
use fabric_local::LocalLog;
use uns_model::{Clock, Sequence, Timestamp};

use crate::rig::{Rig, eventually, items};

fn write(rig: &Rig, log: &dyn Log, batches: usize) -> Sequence {
    let mut last = Sequence::ZERO;
    for _ in 0..batches {
        let mut batch = Batch::new();
        batch.push(&publish(&[1; 3000], rig.clock.now().0));
        last = append(log, batch).expect("a healthy log commits").last;
    }
    last
}

#[test]
fn by_size_with_a_hold_an_alarm_and_a_cap() {
    let mut rig = Rig::new(1);
    rig.config.retention_bytes = 4 * 64 * 1024;
    rig.config.hold_percent = 4; // 640 KiB of the 16 MiB disk
    let log = rig.open();
    log.hold("slow", Sequence(1));
    log.hold("fast", Sequence::MAX);
    write(&rig, &*log, 8 * 18);
    eventually("an alarm names the consumer", || {
        log.health().alarms.iter().any(|alarm| alarm.starts_with("slow holds"))
    });
    assert_eq!(log.oldest(), Sequence(1), "the hold wins");
    write(&rig, &*log, 8 * 18);
    eventually("the cap wins", || log.health().bytes <= 11 * 64 * 1024);
    assert!(log.oldest() > Sequence(1));
    log.hold("slow", log.committed());
    eventually("the limit counts again", || log.health().bytes <= 4 * 64 * 1024);
    assert!(log.health().alarms.is_empty());
    assert_eq!(rig.segments().len(), log.health().segments);
}

#[test]
fn by_age() {
    let mut rig = Rig::new(2);
    rig.config.retention_age = Some(Duration::from_hours(24));
    let log = rig.open();
    let last = write(&rig, &*log, 5 * 18);
    rig.clock.advance(Duration::from_hours(25));
    eventually("the old go", || log.health().segments == 1);

    let read = items(&mut *log.tail(Sequence::ZERO));
    let Some(TailItem::Gap { after, until, reason: GapReason::Retention }) = read.first() else {
        unreachable!("a reader from the start was not told: {read:?}")
    };
    assert_eq!((*after, until.next()), (Sequence::ZERO, log.oldest()));
    assert!(matches!(read.last(), Some(TailItem::Frame(frame)) if frame.last() == last));
    drop(log);
    let log = rig.open();
    assert!(matches!(
        log.tail(Sequence::ZERO).next().unwrap(),
        Some(TailItem::Gap { reason: GapReason::Retention, .. })
    ));
}

const TEN_YEARS: i64 = 10 * 365 * 86_400_000_000_000;

/// A log that keeps a day and held more than that, a segment and more for each hour; and the last
/// sequence before each of them.
fn hours(seed: u64) -> (Rig, Arc<LocalLog>, Vec<Sequence>) {
    let mut rig = Rig::new(seed);
    rig.config.retention_age = Some(Duration::from_hours(24));
    let log = rig.open();
    log.hold("test", Sequence(1));
    let mut before = Vec::new();
    for _ in 0..27 {
        before.push(log.committed());
        write(&rig, &*log, 20);
        rig.clock.advance(Duration::from_hours(1));
    }
    before.push(log.committed());
    assert_eq!(log.oldest(), Sequence(1));
    (rig, log, before)
}

fn set_ahead(rig: &Rig) {
    rig.clock.set_wall(Timestamp(rig.clock.now().0 + TEN_YEARS));
}

/// Waits until retention dropped what truly is old, and closes the log, by which it is through with
/// everything that is old to it; what is younger has to be there.
fn only_the_old_go(log: &LocalLog, (old, young): (Sequence, Sequence)) {
    eventually("what is truly old goes", || log.oldest() > old.next());
    log.close();
    assert!(log.oldest() <= young.next(), "{:?} of {old:?}, {young:?}", log.oldest());
}

#[test]
fn a_clock_that_jumps_ahead_makes_nothing_old() {
    let (rig, log, before) = hours(4);
    // By the first hour to go it is known that retention has seen the time it is.
    log.hold("test", before[1]);
    eventually("the first goes", || log.oldest() > Sequence(1));
    let right = rig.clock.now();
    set_ahead(&rig);
    // Records are taken in with the wrong time, too.
    write(&rig, &*log, 5 * 18);
    log.hold("test", Sequence::MAX);
    only_the_old_go(&log, (before[1], before[5]));
    drop(log);
    rig.clock.set_wall(right);
    let log = rig.open();
    rig.clock.advance(Duration::from_hours(3));
    only_the_old_go(&log, (before[4], before[6]));
}

#[test]
fn a_log_that_is_opened_while_the_clock_is_ahead_loses_nothing() {
    let (rig, log, before) = hours(5);
    drop(log);
    set_ahead(&rig);
    let log = rig.open();
    only_the_old_go(&log, (before[0], before[3]));
}

#[test]
fn a_log_that_is_opened_again_and_again_while_the_clock_is_ahead_loses_an_eighth() {
    let (mut rig, log, before) = hours(6);
    drop(log);
    set_ahead(&rig);
    rig.config.retention_grace = Duration::from_hours(1_000);
    for records in [1, 5 * 18] {
        let log = rig.open();
        write(&rig, &*log, records);
        rig.clock.advance(Duration::from_mins(1));
    }
    rig.config.retention_grace = Duration::ZERO;
    let log = rig.open();
    only_the_old_go(&log, (before[0], before[2 + 24 / 8 + 1]));
}

#[test]
fn nothing_goes_before_consumers_could_place_their_holds() {
    let mut rig = Rig::new(3);
    let log = rig.open();
    write(&rig, &*log, 5 * 18);
    drop(log);
    rig.config.retention_grace = Duration::from_mins(1);
    rig.config.retention_bytes = 64 * 1024;
    let log = rig.open();
    // What is closed has looked for what is to go once at least.
    log.close();
    assert_eq!(log.oldest(), Sequence(1));
    drop(log);
    let log = rig.open();
    rig.clock.advance(Duration::from_mins(2));
    eventually("then it goes", || log.oldest() > Sequence(1));
    append(&*log, batch(&[b"x"])).unwrap();
}
