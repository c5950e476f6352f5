//! Retention drops what is old or too much, but not what a durable consumer still needs.

use std::time::Duration;

use fabric::conformance::{append, batch, publish};
use fabric::{Batch, GapReason, Log, TailItem};
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
    std::thread::sleep(Duration::from_millis(30));
    assert_eq!(log.oldest(), Sequence(1), "nothing is old");
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

#[test]
fn a_clock_that_jumps_ahead_makes_nothing_old() {
    let mut rig = Rig::new(4);
    rig.config.retention_age = Some(Duration::from_hours(24 * 7));
    let log = rig.open();
    write(&rig, &*log, 5 * 18);
    let right = rig.clock.now();
    rig.clock.set_wall(Timestamp(right.0 + 10 * 365 * 86_400_000_000_000));
    // Records are taken in with the wrong time, too; retention runs meanwhile.
    write(&rig, &*log, 5 * 18);
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(log.oldest(), Sequence(1), "ten years are not over");
    drop(log);
    rig.clock.set_wall(right);
    let log = rig.open();
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(log.oldest(), Sequence(1), "it was set right, and nothing is lost");
}

#[test]
fn a_log_that_is_opened_while_the_clock_is_ahead_believes_two_days_of_it() {
    let mut rig = Rig::new(5);
    rig.config.retention_age = Some(Duration::from_hours(24 * 7));
    let log = rig.open();
    write(&rig, &*log, 5 * 18);
    drop(log);
    rig.clock.set_wall(Timestamp(rig.clock.now().0 + 10 * 365 * 86_400_000_000_000));
    let log = rig.open();
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(log.oldest(), Sequence(1));
}

#[test]
fn nothing_goes_before_consumers_could_place_their_holds() {
    let mut rig = Rig::new(3);
    rig.config.retention_grace = Duration::from_mins(1);
    rig.config.retention_bytes = 64 * 1024;
    let log = rig.open();
    write(&rig, &*log, 5 * 18);
    std::thread::sleep(Duration::from_millis(30));
    assert_eq!(log.oldest(), Sequence(1));
    rig.clock.advance(Duration::from_mins(2));
    eventually("then it goes", || log.oldest() > Sequence(1));
    append(&*log, batch(&[b"x"])).unwrap();
}
