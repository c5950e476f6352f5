//! R6: after a failed sync or write nothing is acknowledged any more, and health says why.

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
fn a_failed_write() {
    check(|rig| rig.disk.fail_write_in(0));
}
