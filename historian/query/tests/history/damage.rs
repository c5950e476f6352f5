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
    for bit in (0..30_000).step_by(1499) {
        let (mut rig, files) = two_files();
        rig.stop();
        let path = rig.dir.join("files").join(&files[0]);
        if !rig.disk.flip_bit(&path, bit) {
            break;
        }
        rig.log.drop_until(Sequence(2));
        rig.start();
        let page = rig.all(raw("a"));
        let values: Vec<_> = page.samples.into_iter().map(|s| s.value).collect();
        assert_eq!(values, [Value::Int(2)], "bit {bit}");
        assert_eq!(page.gaps.len(), 1);
        assert!(page.gaps[0].reason.contains(&files[0]));
        assert!(rig.files().contains(&format!("{}.damaged", files[0])));
        rig.restart();
        assert_eq!(rig.all(raw("a")).gaps.len(), 1, "remembered");
        let health = rig.store().health();
        assert_eq!((health.gaps.len(), health.aside.len()), (1, 1));
    }
}

#[test]
fn a_damaged_file_is_made_again_from_the_log() {
    for newest in [false, true] {
        let (mut rig, files) = two_files();
        rig.publish(uns_model::NodeNo(0), "3");
        rig.flush();
        rig.delete(uns_model::NodeNo(0), false);
        rig.stop();
        let path = rig.dir.join("files").join(&files[usize::from(newest)]);
        assert!(rig.disk.flip_bit(&path, 999));
        for restart in [false, true] {
            rig.start();
            let page = rig.all(raw("a"));
            let values: Vec<_> = page.samples.into_iter().map(|s| s.value).collect();
            assert_eq!(values, [1, 2, 3].map(Value::Int), "newest {newest}, restart {restart}");
            assert!(page.gaps.is_empty(), "{:?}", page.gaps);
            let kept = rig.files().into_iter().filter(|name| name.ends_with(".damaged")).count();
            assert_eq!((kept, rig.store().health().aside.len()), (1, 1));
            rig.stop();
            rig.log.restart();
        }
    }
}

#[test]
fn a_repair_that_was_killed_before_the_catalog_had_it_leaves_no_gap() {
    for (damaged, log_lost) in [(0, false), (1, false), (0, true), (1, true)] {
        let (mut rig, files) = two_files();
        rig.stop();
        assert!(rig.disk.flip_bit(&rig.dir.join("files").join(&files[damaged]), 999));
        let before = std::fs::read(rig.catalog()).expect("a catalog");
        rig.start();
        rig.all(raw("a"));
        rig.stop();
        // Everything is on the disk but what the catalog was told.
        std::fs::write(rig.catalog(), before).expect("a writable catalog");
        rig.log.restart();
        if log_lost {
            rig.log.drop_until(Sequence(9_999));
        }
        for start in 0..2 {
            rig.start();
            let what = format!("file {damaged}, log lost {log_lost}, start {start}");
            let page = rig.all(raw("a"));
            let values: Vec<_> = page.samples.into_iter().map(|s| s.value).collect();
            assert_eq!(values, [1, 2].map(Value::Int), "{what}");
            assert!(page.gaps.is_empty(), "{what}: {:?}", page.gaps);
            assert!(rig.store().health().gaps.is_empty(), "{what}");
            rig.stop();
        }
    }
}

#[test]
fn of_a_damaged_file_only_what_the_log_lost_is_a_gap() {
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("a");
    for value in 1..=4 {
        rig.publish(node, &value.to_string());
    }
    rig.flush();
    let files = rig.files();
    rig.stop();
    // Sequence 1 is the node, 2 to 5 are the values.
    rig.log.drop_until(Sequence(3));
    assert!(rig.disk.flip_bit(&rig.dir.join("files").join(&files[0]), 999));
    rig.start();
    let page = rig.all(raw("a"));
    let values: Vec<_> = page.samples.into_iter().map(|s| s.value).collect();
    assert_eq!(values, [3, 4].map(Value::Int));
    let gaps: Vec<_> = page.gaps.iter().map(|gap| (gap.after, gap.until)).collect();
    assert_eq!(gaps, [(Sequence(0), Sequence(3))]);
}

#[test]
fn a_missing_file_is_found_at_start_up_and_made_again() {
    use fabric::Disk;
    for which in [0, 1] {
        let (mut rig, files) = two_files();
        rig.stop();
        rig.disk.remove(&rig.dir.join("files").join(&files[which])).expect("a file");
        rig.start();
        let health = rig.store().health();
        assert_eq!((health.gaps.len(), health.files), (0, 2));
        assert_eq!(rig.all(raw("a")).samples.len(), 2);
    }
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
fn a_damaged_file_is_told_of_also_where_the_disk_has_no_room_for_what_replaces_it() {
    for newest in [true, false] {
        let (mut rig, files) = two_files();
        rig.stop();
        let name = &files[usize::from(newest)];
        assert!(rig.disk.flip_bit(&rig.dir.join("files").join(name), 999));
        rig.disk.set_capacity(0);
        // The newest file is checked at start, others when somebody reads them.
        rig.start();
        assert!(rig.ask(raw("a")).is_err(), "newest {newest}: what it held cannot be written");
        let told = |rig: &Rig| {
            let aside = rig.store().health().aside;
            aside.into_iter().map(|aside| aside.name.to_string()).collect::<Vec<_>>()
        };
        let expected = [format!("files/{name}.damaged")];
        assert_eq!(told(&rig), expected, "newest {newest}");
        rig.disk.set_capacity(1 << 30);
        let values: Vec<_> = rig.all(raw("a")).samples.into_iter().map(|s| s.value).collect();
        assert_eq!(values, [1, 2].map(Value::Int), "newest {newest}");
        assert_eq!(told(&rig), expected, "newest {newest}");
    }
}

#[test]
fn a_damaged_file_that_waits_for_room_does_not_wait_for_a_reader_as_well() {
    for newest in [true, false] {
        let (mut rig, files) = two_files();
        rig.stop();
        let name = &files[usize::from(newest)];
        assert!(rig.disk.flip_bit(&rig.dir.join("files").join(name), 999));
        rig.disk.set_capacity(0);
        rig.start();
        assert_eq!(newest, rig.store().has_unrepaired(), "the newest file is checked at start");
        if !newest {
            assert!(rig.ask(raw("a")).is_err(), "what it held cannot be written");
        }
        rig.disk.set_capacity(1 << 30);
        rig.publish(uns_model::NodeNo(0), "3");
        rig.flush();
        let mut waits = 0;
        while rig.store().has_unrepaired() {
            assert!(waits < 60_000, "newest {newest}: nobody repairs it");
            waits += 1;
            std::thread::sleep(Duration::from_millis(1));
        }
        let there = rig.files().into_iter().filter(|name| name.ends_with(".parquet")).count();
        assert_eq!((rig.store().health().files, there), (3, 3), "newest {newest}");
        // Later the log would not have it any more.
        rig.log.drop_until(Sequence(9_999));
        let page = rig.all(raw("a"));
        let values: Vec<_> = page.samples.into_iter().map(|s| s.value).collect();
        assert_eq!(values, [1, 2, 3].map(Value::Int), "newest {newest}");
        assert!(page.gaps.is_empty(), "newest {newest}: {:?}", page.gaps);
    }
}

#[test]
fn the_table_that_names_series_is_written_by_the_next_start_that_has_room() {
    use fabric::Disk;
    let topics = |rig: &Rig| {
        let bytes = rig.disk.read(&rig.dir.join("series.parquet")).expect("a table");
        let entries = historian_segment::read_series_map(bytes.into()).expect("a table");
        entries.into_iter().map(|entry| entry.topic).collect::<Vec<_>>()
    };
    let (mut rig, _) = two_files();
    rig.stop();
    // A catalog that is made again names its series anew; there is no room for that.
    std::fs::remove_file(rig.catalog()).expect("a catalog");
    rig.disk.remove(&rig.dir.join("series.parquet")).expect("a table");
    rig.disk.set_capacity(0);
    rig.start();
    assert!(rig.disk.read(&rig.dir.join("series.parquet")).is_err());
    // Killed before anything else was written.
    rig.stop();
    rig.disk.set_capacity(1 << 30);
    rig.log.restart();
    rig.start();
    assert_eq!(topics(&rig), ["a"]);
    // Somebody took it away.
    rig.stop();
    rig.disk.remove(&rig.dir.join("series.parquet")).expect("a table");
    rig.log.restart();
    rig.start();
    assert_eq!(topics(&rig), ["a"]);
}
