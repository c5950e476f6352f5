//! R6: after a failed sync nothing is acknowledged any more, and health says why. A failed write is
//! refused, and the next one is tried: nothing of it was promised.

use fabric::conformance::{append, batch, drain};
use fabric::{Error, Log};
use uns_model::Sequence;

use crate::rig::Rig;

fn check(break_it: impl Fn(&Rig)) {
    let rig = Rig::new(1);
    let log = rig.open();
    let before = append(&*log, batch(&[b"stored"])).expect("a healthy log");
    break_it(&rig);
    let error = append(&*log, batch(&[b"lost"])).expect_err("the disk has failed");
    assert!(matches!(*error, Error::CommitFailed { .. }), "{error}");
    for _ in 0..3 {
        let error = append(&*log, batch(&[b"refused"])).expect_err("the disk has failed");
        assert!(matches!(*error, Error::ReadOnly { .. }), "{error}");
        assert!(matches!(log.append(batch(&[b"x"]), None), Err(Error::ReadOnly { .. })));
    }
    assert_eq!(log.committed(), before.last);
    assert!(log.health().read_only.is_some_and(|reason| reason.contains("simulated")));
    let seen = drain(&mut *log.tail(Sequence::ZERO));
    assert_eq!(seen, [(before.first.0, b"stored".to_vec())], "reads go on");
    log.close();
    drop(log);
    // The page cache may show the frame; whatever is served now must survive the next crash.
    let served = drain(&mut *rig.open().tail(Sequence::ZERO));
    rig.disk.crash();
    assert_eq!(drain(&mut *rig.open().tail(Sequence::ZERO)), served);
}

#[test]
fn a_failed_sync() {
    check(|rig| rig.disk.fail_sync_in(0));
}

#[test]
fn a_failed_write_is_refused_and_the_next_one_is_not() {
    for large in [false, true] {
        let rig = Rig::new(2);
        let log = rig.open();
        let before = append(&*log, batch(&[b"stored"])).expect("a healthy log");
        rig.disk.fail_write_in(0);
        let refused = vec![7; if large { 20_000 } else { 10 }];
        let error = append(&*log, batch(&[&refused])).expect_err("the write fails");
        assert!(matches!(*error, Error::CommitFailed { .. }), "{error}");
        let health = log.health();
        assert!(health.write_error.is_some_and(|why| why.contains("simulated")));
        assert_eq!((health.read_only, health.counters.refused_failed), (None, 1));
        let after = append(&*log, batch(&[b"again"])).expect("the next write succeeds");
        assert_eq!(log.health().write_error, None);
        let expected = [(before.first.0, b"stored".to_vec()), (after.first.0, b"again".to_vec())];
        assert_eq!(drain(&mut *log.tail(Sequence::ZERO)), expected);
        drop(log);
        rig.disk.crash();
        assert_eq!(drain(&mut *rig.open().tail(Sequence::ZERO)), expected, "and on disk");
    }
}

#[test]
fn what_was_refused_is_not_there_after_a_start() {
    let rig = Rig::new(3);
    let log = rig.open();
    let before = append(&*log, batch(&[b"stored"])).expect("a healthy log");
    // Its own write succeeds, and the one that prepares the place behind it fails.
    let more = (0..400).find(|n| {
        rig.disk.fail_write_in(1);
        let refused = append(&*log, batch(&[format!("{n}").as_bytes()])).is_err();
        rig.disk.clear_faults();
        refused
    });
    let stored = more.map_or(400, |n| n) + 1;
    let last = log.committed();
    assert!(last >= before.last);
    log.close();
    drop(log);
    assert_eq!(drain(&mut *rig.open().tail(Sequence::ZERO)).len(), stored);
}

/// A burst of connections, or of anything else that takes descriptors.
#[test]
fn without_descriptors_it_refuses_and_then_goes_on_by_itself() {
    let mut rig = Rig::new(4);
    rig.config.memory_bytes = 0;
    let log = rig.open();
    let mut stored = Vec::new();
    let mut refused = 0;
    for n in 0..60_u8 {
        rig.disk.set_no_descriptors((20..40).contains(&n));
        match append(&*log, batch(&[&[n; 8_000]])) {
            Ok(_) => stored.push(n),
            Err(error) => {
                assert!(matches!(*error, Error::CommitFailed { .. }), "{n}: {error}");
                refused += 1;
            }
        }
        if n == 39 {
            assert!(log.tail(Sequence::ZERO).next().is_err(), "nothing can be read from disk");
            let health = log.health();
            assert!(health.read_error.is_some() && health.write_error.is_some());
            assert!(health.counters.read_failures > 0);
        }
    }
    assert!(refused > 0 && refused < 20, "{refused}: a new segment was wanted once");
    assert_eq!((log.health().read_only, log.health().write_error), (None, None));
    drop(log);
    let log = rig.open();
    let seen: Vec<u8> = drain(&mut *log.tail(Sequence::ZERO)).iter().map(|one| one.1[0]).collect();
    assert_eq!(seen, stored);
    assert!(log.health().damage.is_empty());
}
