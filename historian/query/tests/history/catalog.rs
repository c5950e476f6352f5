//! A catalog that is missing, damaged, of a newer release, or somebody else's: no file is lost, and
//! every sample is there once.

use std::path::Path;
use std::sync::Arc;

use historian_store::{Config, Error, KnownNode, SharedNames};
use uns_model::{NodeId, OrgId, Sequence, TopicId, Value};

use crate::cancel::Gate;
use crate::catalog_rows;
use crate::rig::{DAY, MS, Rig, raw};

/// Values of two topics and a field, in files of two hours and two checkpoints, and one in the log
/// only.
fn filled() -> Rig {
    let mut rig = Rig::new(&Config::default());
    let (a, b) = (rig.mint("plant/a"), rig.mint("plant/b"));
    for value in 1..=4 {
        let time = DAY / MS - value * 1_800_000;
        rig.publish(a, &format!("{{\"value\":{value},\"timestamp\":{time}}}"));
        rig.publish(b, &format!("{{\"speed\":{value}}}"));
        if value % 2 == 0 {
            rig.flush();
        }
    }
    rig.publish(a, "5");
    rig
}

fn values(rig: &Rig, topic: &str, field: Option<&str>) -> Vec<Value> {
    let query = uns_model::query::HistoryQuery { field: field.map(Into::into), ..raw(topic) };
    let page = rig.all(query);
    assert!(page.gaps.is_empty(), "{:?}", page.gaps);
    page.samples.into_iter().map(|sample| sample.value).collect()
}

/// Everything [`filled`] published, each once.
fn assert_whole(rig: &Rig, what: &str) {
    assert_eq!(values(rig, "plant/a", None), [4, 3, 2, 1, 5].map(Value::Int), "{what}");
    assert_eq!(values(rig, "plant/b", Some("speed")), [1, 2, 3, 4].map(Value::Int), "{what}");
}

fn parquet(rig: &Rig) -> Vec<String> {
    rig.files().into_iter().filter(|name| name.ends_with(".parquet")).collect()
}

fn lose(rig: &Rig) {
    for name in ["catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"] {
        drop(std::fs::remove_file(rig.dir.join(name)));
    }
}

#[test]
fn a_missing_catalog_loses_nothing() {
    for replayed in [true, false] {
        let mut rig = filled();
        let files = parquet(&rig);
        rig.flush();
        let all_files = parquet(&rig);
        rig.stop();
        lose(&rig);
        if !replayed {
            // The log has nothing of all that any more.
            rig.log.drop_until(Sequence(9_999));
        }
        for start in 0..3 {
            rig.start();
            assert_whole(&rig, &format!("replayed {replayed}, start {start}"));
            assert!(files.iter().all(|name| parquet(&rig).contains(name)));
            let told = rig.store().health().aside;
            assert_eq!(told.iter().any(|aside| aside.why.contains("made again")), start == 0);
            rig.flush();
            assert_eq!(parquet(&rig), all_files, "what files hold is not written twice");
            rig.stop();
            rig.log.restart();
        }
    }
}

#[test]
fn nodes_the_log_no_longer_introduces_go_on_after_a_missing_catalog() {
    let mut rig = filled();
    let silent = rig.mint("plant/silent");
    rig.flush();
    rig.stop();
    lose(&rig);
    rig.log.drop_until(Sequence(9_999));
    let known = |org, number, name: &str| {
        let (topic, id) = (TopicId(number), NodeId(u128::from(number) + 1));
        KnownNode { org, topic, id, name: name.into() }
    };
    rig.names = Some(SharedNames::new(|_, _| None).with_nodes(move |node| {
        (node == silent).then(|| known(OrgId::DEFAULT, node.0, "plant/silent"))
    }));
    rig.start();
    rig.publish(silent, "7");
    rig.publish(uns_model::NodeNo(0), "6");
    assert_eq!(values(&rig, "plant/silent", None), [Value::Int(7)]);
    assert_eq!(values(&rig, "plant/a", None), [4, 3, 2, 1, 5, 6].map(Value::Int));
    rig.restart();
    assert_eq!(values(&rig, "plant/silent", None), [Value::Int(7)]);
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).expect("a catalog");
    change(&mut bytes);
    std::fs::write(path, bytes).expect("a writable catalog");
}

#[test]
fn a_damaged_catalog_is_set_aside_and_made_again() {
    type Damage = (&'static str, fn(&mut Vec<u8>));
    let damages: [Damage; 5] = [
        ("half of it", |bytes| bytes.truncate(bytes.len() / 2)),
        ("its first page", |bytes| bytes.truncate(4096)),
        ("ten bytes", |bytes| bytes.truncate(10)),
        ("zeros", |bytes| bytes.fill(0)),
        ("a broken page", |bytes| bytes[4096..8192].fill(0x55)),
    ];
    for (what, damage) in damages {
        let mut rig = filled();
        rig.stop();
        change(&rig.catalog(), damage);
        rig.start();
        assert_whole(&rig, what);
        let aside = rig.store().health().aside;
        assert!(aside.iter().any(|aside| aside.why.contains("catalog.damaged-1.sqlite")), "{what}");
        rig.restart();
        assert_whole(&rig, what);
        let aside = rig.store().health().aside;
        assert_eq!(aside.len(), 1, "{what}: reported while it lies there");
        assert_eq!(&*aside[0].name, "catalog.damaged-1.sqlite");
    }
    // Nothing of it left is the same as no catalog.
    let mut rig = filled();
    rig.stop();
    change(&rig.catalog(), Vec::clear);
    rig.start();
    assert_whole(&rig, "empty");
}

#[test]
fn a_flipped_bit_in_a_name_removes_no_file() {
    let rig = filled();
    let names = parquet(&rig);
    drop(rig);
    for (number, bit) in (0..names[0].len()).map(|n| (n, 1u8 << (n % 7))) {
        let mut rig = filled();
        rig.stop();
        let name = parquet(&rig)[0].clone();
        change(&rig.catalog(), |bytes| {
            let found = |at: &usize| bytes[*at..].starts_with(name.as_bytes());
            let places: Vec<_> = (0..bytes.len() - name.len()).filter(found).collect();
            assert!(!places.is_empty());
            places.into_iter().for_each(|at| bytes[at + number] ^= bit);
        });
        rig.start();
        let what = format!("bit {bit} of byte {number}");
        assert_whole(&rig, &what);
        rig.restart();
        assert_whole(&rig, &what);
        assert!(names.iter().all(|name| parquet(&rig).contains(name)), "{what}");
    }
}

#[test]
fn the_catalog_of_a_newer_release_is_refused_untouched() {
    let mut rig = filled();
    rig.stop();
    let row_crc = crc32fast::hash(b"meta\0format,9");
    let newer = format!("UPDATE meta SET value = 9, row_crc = {row_crc} WHERE key = 'format'");
    catalog_rows::change(&rig, &newer);
    let before = std::fs::read(rig.catalog()).expect("a catalog");
    let refused = rig.try_start();
    assert!(matches!(refused, Err(Error::NewerFormat { found: 9, .. })), "{refused:?}");
    assert_eq!(std::fs::read(rig.catalog()).expect("a catalog"), before);
    let beside = std::fs::read_dir(&rig.dir).expect("a directory").flatten().count();
    assert_eq!(beside, 1, "nothing beside it");
}

#[test]
fn a_second_hub_on_the_same_catalog_is_refused() {
    let rig = filled();
    let parts = historian_store::Parts {
        log: Arc::clone(&rig.log) as Arc<dyn fabric::Log>,
        disk: Arc::new(rig.disk.clone()),
        dir: rig.dir.clone(),
        clock: Arc::new(uns_model::SystemClock),
        config: Config::default(),
    };
    let refused = historian_store::Store::open(parts);
    assert!(matches!(refused, Err(Error::CatalogInUse)), "{refused:?}");
    assert_whole(&rig, "the first goes on");
}

#[test]
fn power_fails_at_every_operation_of_a_rebuild() {
    for operations in 0..12 {
        let mut rig = filled();
        rig.stop();
        lose(&rig);
        rig.disk.power_off_in(operations);
        let opened = rig.try_start().is_ok();
        rig.power_cut();
        assert_whole(&rig, &format!("after {operations} operations, opened {opened}"));
    }
}

#[test]
fn a_start_killed_in_a_rebuild_does_not_make_up_a_gap() {
    let mut untold = 0;
    for operations in 0..12 {
        let mut rig = filled();
        rig.flush();
        rig.stop();
        lose(&rig);
        // The log no longer has what the files hold.
        rig.log.drop_until(Sequence(9_999));
        rig.disk.power_off_in(operations);
        let opened = rig.try_start().is_ok();
        rig.power_cut();
        let what = format!("after {operations} operations, opened {opened}");
        assert_whole(&rig, &what);
        let health = rig.store().health();
        assert!(health.gaps.is_empty(), "{what}: {:?}", health.gaps);
        let is_told = health.aside.iter().any(|aside| aside.why.contains("made again"));
        assert!(opened || is_told, "{what}: {:?}", health.aside);
        untold += u32::from(!opened);
    }
    assert!(untold > 0, "no start was killed in its rebuild");
}

/// So that the series of one file at a time are in memory.
#[test]
fn a_rebuild_takes_in_one_file_after_the_other_the_newest_first() {
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("plant/a");
    for value in 1..=4 {
        let time = DAY / MS - value * 7_200_000;
        rig.publish(node, &format!("{{\"value\":{value},\"timestamp\":{time}}}"));
        rig.flush();
    }
    // Their names are of the older hours first.
    let newest_first = parquet(&rig);
    assert_eq!(newest_first.len(), 4);
    rig.stop();
    lose(&rig);
    let gate = Gate::new();
    rig.front = Some(gate.in_front_of(&rig.disk));
    rig.start();
    let opened = gate.opened_files.lock().expect("no panic").clone();
    assert_eq!(values(&rig, "plant/a", None).len(), 4);
    let name = |path: &std::path::PathBuf| Some(path.file_name()?.to_str()?.to_owned());
    let mut opened: Vec<_> = opened.iter().filter_map(name).collect();
    opened.dedup();
    let looked_at_and_taken_in = [&newest_first[..], &newest_first[..]].concat();
    assert_eq!(opened.get(..8), Some(&looked_at_and_taken_in[..]), "{opened:?}");
}

#[test]
fn a_file_is_not_removed_for_one_that_is_refused() {
    use fabric::Disk;
    let published = |first: u32| {
        let mut rig = Rig::new(&Config::default());
        let nodes = [rig.mint("plant/a"), rig.mint("plant/b")];
        for _ in 0..2 {
            rig.publish(nodes[first as usize], "1");
            rig.publish(nodes[1 - first as usize], "2");
            rig.flush();
        }
        (rig, nodes)
    };
    // What a purge of another hub left of a file that has the same name here.
    let (mut other, [a, _]) = published(0);
    other.delete(a, true);
    let patience = std::time::Duration::from_secs(60);
    assert!(other.runtime.block_on(other.store().purged(patience)));
    let name = other.files()[0].clone();
    let bytes = other.disk.read(&other.dir.join("files").join(&name)).expect("a file");
    let (mut rig, _) = published(1);
    assert_eq!(name, parquet(&rig)[0].replace(".parquet", "-2.parquet"));
    rig.stop();
    lose(&rig);
    rig.log.drop_until(Sequence(9_999));
    rig.disk.write_atomic(&rig.dir.join("files").join(&name), &bytes).expect("room");
    rig.start();
    assert_eq!(values(&rig, "plant/a", None), [2, 2].map(Value::Int));
    assert_eq!(values(&rig, "plant/b", None), [1, 1].map(Value::Int));
    assert!(rig.files().contains(&format!("{name}.unlisted")));
}

#[test]
fn a_foreign_file_is_set_aside_by_name() {
    use fabric::Disk;
    let mut other = Rig::new(&Config::default());
    other.mint("plant/other");
    let node = other.mint("plant/b");
    other.publish(node, "true");
    other.flush();
    let name = other.files()[0].clone();
    let bytes = other.disk.read(&other.dir.join("files").join(&name)).expect("a file");
    let mut rig = filled();
    rig.stop();
    let copy = "2020-01-01.00000000000003.parquet";
    rig.disk.write_atomic(&rig.dir.join("files").join(copy), &bytes).expect("room");
    let strange = rig.dir.join("files/notes.tmp");
    rig.disk.write_atomic(&strange, b"not ours").expect("room");
    rig.start();
    assert_whole(&rig, "beside a foreign file");
    assert!(rig.files().contains(&format!("{copy}.unlisted")));
    assert!(rig.files().contains(&"notes.tmp".to_owned()));
    assert_eq!(rig.store().health().aside.len(), 1);
}
