//! A purge takes the samples out of every file, also those other series share.

use std::time::Duration;

use historian_query::Error;
use historian_store::{Config, Request};
use uns_model::{NodeNo, OrgId, Sequence, Timestamp, Value};

use crate::rig::{Rig, raw};

const PATIENCE: Duration = Duration::from_secs(60);

fn values(rig: &Rig, topic: &str) -> Vec<Value> {
    rig.all(raw(topic)).samples.into_iter().map(|sample| sample.value).collect()
}

/// Two topics in three files: one, the other, both.
fn shared() -> (Rig, NodeNo) {
    let mut rig = Rig::new(&Config::default());
    let (gone, kept) = (rig.mint("gone"), rig.mint("kept"));
    rig.publish(gone, "1");
    rig.flush();
    rig.publish(kept, "2");
    rig.flush();
    for (node, value) in [(gone, "3"), (kept, "4"), (gone, "\"secret\""), (kept, "5")] {
        rig.publish(node, value);
    }
    rig.flush();
    rig.publish(gone, "6");
    (rig, gone)
}

fn purged(rig: &Rig) -> bool {
    rig.runtime.block_on(rig.store().purged(PATIENCE))
}

#[test]
fn the_samples_leave_files_other_series_share() {
    let (mut rig, gone) = shared();
    let before = rig.files();
    rig.delete(gone, true);
    assert!(purged(&rig), "nobody has to ask for a flush");
    let after = rig.files();
    assert_eq!(after.len(), 2);
    assert_eq!(after.iter().filter(|name| before.contains(name)).count(), 1, "{after:?}");
    assert_eq!(values(&rig, "kept"), [2, 4, 5].map(Value::Int));
    // Whatever files still held would come back without log and catalog.
    rig.stop();
    rig.log.drop_until(Sequence(9_999));
    std::fs::remove_file(rig.catalog()).expect("a catalog");
    rig.start();
    assert_eq!(values(&rig, "kept"), [2, 4, 5].map(Value::Int));
    assert!(matches!(rig.ask(raw("gone")), Err(Error::NodeUnknown { .. })));
    assert_eq!(rig.files().len(), 2);
}

#[test]
fn who_reads_meanwhile_keeps_what_it_has_and_the_file_goes_with_it() {
    let (mut rig, gone) = shared();
    let request = Request {
        org: OrgId::DEFAULT,
        topic: "kept",
        field: None,
        start: Timestamp(0),
        end: Timestamp(i64::MAX),
    };
    let mut view = rig.store().view(&request).expect("a known topic");
    let before = rig.files().len();
    rig.delete(gone, true);
    rig.flush();
    assert!(!rig.runtime.block_on(rig.store().purged(Duration::from_millis(100))));
    assert!(rig.files().len() >= before - 1, "old and new beside each other");
    let mut samples = Vec::new();
    for file in std::mem::take(&mut view.files) {
        for piece in view.open(&file).expect("a file that is still there") {
            view.read(&piece, &mut samples).expect("its bytes");
        }
    }
    let mut read: Vec<_> = samples.into_iter().map(|sample| sample.value).collect();
    read.sort_by_key(|value| format!("{value:?}"));
    assert_eq!(read, [2, 4, 5].map(Value::Int));
    drop(view);
    assert!(purged(&rig));
    assert_eq!(rig.files().len(), 2);
}

#[test]
fn a_purge_that_is_killed_goes_on_at_the_next_start() {
    for operations in 0..24 {
        let (mut rig, gone) = shared();
        rig.runtime.block_on(rig.store().caught_up());
        rig.disk.power_off_in(operations);
        rig.delete(gone, true);
        rig.runtime.block_on(rig.store().purged(Duration::from_millis(40)));
        rig.power_cut();
        assert!(purged(&rig), "after {operations} operations");
        assert_eq!(values(&rig, "kept"), [2, 4, 5].map(Value::Int), "after {operations}");
        assert_eq!(rig.files().len(), 2, "after {operations}: {:?}", rig.files());
        assert!(matches!(rig.ask(raw("gone")), Err(Error::NodeUnknown { .. })));
    }
}

/// The catalog forgot what a start had removed before that was durable: the next power cut brought the file
/// back, with the purged samples, and nobody knew any more that it was to go.
#[test]
fn what_a_start_removes_stays_gone_when_the_power_fails_again() {
    for operations in 0..24 {
        let (mut rig, gone) = shared();
        rig.runtime.block_on(rig.store().caught_up());
        rig.disk.power_off_in(operations);
        rig.delete(gone, true);
        rig.runtime.block_on(rig.store().purged(Duration::from_millis(40)));
        rig.power_cut();
        rig.power_cut();
        assert!(purged(&rig), "after {operations} operations");
        assert_eq!(rig.store().health().aside, [], "after {operations}");
        assert_eq!(rig.files().len(), 2, "after {operations}: {:?}", rig.files());
        assert_eq!(values(&rig, "kept"), [2, 4, 5].map(Value::Int), "after {operations}");
    }
}

#[test]
fn the_flush_timer_survives_a_restart() {
    let mut rig = Rig::new(&Config { flush_after: Duration::from_secs(600), ..Config::default() });
    let node = rig.mint("a");
    // By the clock of the log this was days ago.
    rig.publish(node, "1");
    rig.runtime.block_on(rig.store().caught_up());
    let published = rig.store().applied();
    rig.restart();
    let store = std::sync::Arc::clone(rig.store());
    let flushed = async {
        while store.cursor() < published {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    rig.runtime.block_on(async { tokio::time::timeout(PATIENCE, flushed).await }).expect("a file");
    drop(store);
    assert_eq!(rig.files().len(), 1);
}
