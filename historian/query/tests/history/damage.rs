//! Damaged files, a full disk, a log that lost records.

use std::time::Duration;

use historian_store::Config;
use uns_model::{Sequence, Value};

use crate::rig::{DAY, MS, Rig, raw};

/// Two files, an hour apart.
fn two_files() -> (Rig, Vec<String>) {
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("a");
    for (value, hours) in [(1, 5), (2, 3)] {
        let time = DAY / MS - hours * 3_600_000;
        rig.publish(node, &format!("{{\"value\":{value},\"timestamp\":{time}}}"));
        rig.flush();
    }
    let files = rig.files();
    assert_eq!(files.len(), 2);
    (rig, files)
}

#[test]
fn a_flipped_bit_is_set_aside_and_reported_never_served() {
    for bit in (0..20_000).step_by(997) {
        let (mut rig, files) = two_files();
        rig.stop();
        let path = rig.dir.join("files").join(&files[0]);
        if !rig.disk.flip_bit(&path, bit) {
            break;
        }
        rig.start();
        let page = rig.all(raw("a"));
        let values: Vec<_> = page.samples.into_iter().map(|s| s.value).collect();
        assert_eq!(values, [Value::Int(2)], "bit {bit}");
        assert_eq!(page.gaps.len(), 1);
        assert!(page.gaps[0].reason.contains(&files[0]));
        assert!(rig.files().contains(&format!("{}.damaged", files[0])));
        rig.restart();
        assert_eq!(rig.all(raw("a")).gaps.len(), 1, "remembered");
        assert_eq!(rig.store().health().gaps.len(), 1);
    }
}

#[test]
fn the_newest_file_is_checked_at_start_up() {
    use fabric::Disk;
    let (mut rig, files) = two_files();
    rig.stop();
    rig.disk.remove(&rig.dir.join("files").join(&files[1])).expect("a file");
    rig.start();
    assert_eq!(rig.store().health().gaps.len(), 1);
    assert_eq!(rig.store().health().files, 1);
}

#[test]
fn a_full_disk_loses_nothing_and_flushing_resumes_by_itself() {
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("a");
    rig.publish(node, "1");
    rig.runtime.block_on(rig.store().caught_up());
    rig.disk.set_capacity(0);
    let store = std::sync::Arc::clone(rig.store());
    rig.runtime.block_on(async {
        assert!(tokio::time::timeout(Duration::from_millis(200), store.flush()).await.is_err());
    });
    let health = store.health();
    assert!(health.flush_error.is_some() && health.counters.flush_failures > 0);
    drop(store);
    rig.publish(node, "2");
    assert_eq!(rig.all(raw("a")).samples.len(), 2, "reads go on");
    rig.disk.set_capacity(1 << 30);
    rig.flush();
    assert_eq!(rig.store().health().flush_error, None);
    rig.power_cut();
    assert_eq!(rig.all(raw("a")).samples.len(), 2);
}

#[test]
fn records_the_log_lost_are_a_gap() {
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("a");
    rig.publish(node, "1");
    rig.flush();
    rig.stop();
    rig.publish(node, "2");
    rig.log.drop_until(Sequence(3));
    rig.publish(node, "3");
    rig.start();
    for restart in [false, true] {
        let page = rig.all(raw("a"));
        let values: Vec<_> = page.samples.into_iter().map(|s| s.value).collect();
        assert_eq!(values, [Value::Int(1), Value::Int(3)]);
        assert_eq!(page.gaps.len(), 1);
        assert_eq!((page.gaps[0].after, page.gaps[0].until), (Sequence(2), Sequence(3)));
        if !restart {
            rig.flush();
            rig.restart();
        }
    }
}

#[test]
fn the_cursor_does_not_pass_a_load_that_was_given_up_at_the_stop() {
    let mut rig = Rig::stopping_as_told(Config::default());
    let node = rig.mint("a");
    rig.publish(node, "1");
    rig.runtime.block_on(rig.store().caught_up());
    rig.disk.set_capacity(0);
    let store = std::sync::Arc::clone(rig.store());
    rig.runtime.block_on(async {
        assert!(tokio::time::timeout(Duration::from_millis(100), store.flush()).await.is_err());
    });
    rig.publish(node, "2");
    rig.runtime.block_on(store.caught_up());
    // By now the writer rests long enough between two attempts to be stopped in between.
    while store.health().counters.flush_failures < 6 {
        std::thread::sleep(Duration::from_millis(1));
    }
    drop(store);
    // Its last attempt fails once more; anything tried behind that would work.
    rig.disk.set_capacity(1 << 30);
    rig.disk.fail_write_in(0);
    rig.restart();
    let values: Vec<_> = rig.all(raw("a")).samples.into_iter().map(|s| s.value).collect();
    assert_eq!(values, [Value::Int(1), Value::Int(2)]);
}

#[test]
fn files_of_a_lost_catalog_are_kept_unless_the_log_gives_them_again() {
    for forgotten in [false, true] {
        let mut rig = Rig::new(&Config::default());
        let node = rig.mint("a");
        rig.publish(node, "1");
        rig.flush();
        let files = rig.files();
        rig.stop();
        for name in ["catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"] {
            drop(std::fs::remove_file(rig.dir.join(name)));
        }
        if forgotten {
            rig.log.drop_until(Sequence(2));
        }
        rig.start();
        if forgotten {
            assert_eq!(rig.files(), [format!("{}.unlisted", files[0])]);
            rig.restart();
            assert_eq!(rig.files().len(), 1);
        } else {
            let page = rig.all(raw("a"));
            assert_eq!((rig.files(), page.samples.len()), (Vec::new(), 1));
        }
    }
}
