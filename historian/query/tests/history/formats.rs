//! What releases before this one wrote is read, with their catalog and without.

use std::path::Path;

use fabric::Disk;
use historian_store::{Config, GapCause};
use uns_model::Value;
use uns_model::query::HistoryQuery;

use crate::rig::{Rig, raw};

/// A directory as catalog and files of a format were.
fn fixture(format: &str) -> Rig {
    let mut rig = Rig::new(&Config::default());
    rig.stop();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format);
    let read = |path: &Path| std::fs::read(path).expect("a fixture");
    for name in ["catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"] {
        drop(std::fs::remove_file(rig.dir.join(name)));
    }
    std::fs::write(rig.catalog(), read(&fixture.join("catalog.sqlite"))).expect("room");
    let map = rig.dir.join("series.parquet");
    rig.disk.write_atomic(&map, &read(&fixture.join("series.parquet"))).expect("room");
    for file in std::fs::read_dir(fixture.join("files")).expect("fixtures").flatten() {
        let to = rig.dir.join("files").join(file.file_name());
        rig.disk.write_atomic(&to, &read(&file.path())).expect("room");
    }
    rig
}

fn values(rig: &Rig, topic: &str, field: Option<&str>) -> Vec<Value> {
    let query = HistoryQuery { field: field.map(Into::into), ..raw(topic) };
    let page = rig.all(query);
    // The log the fixture came with is not here.
    let told = ["lost its newest files", "dropped these records"];
    let others = page.gaps.iter().filter(|gap| !told.iter().any(|told| gap.reason.contains(told)));
    assert_eq!(others.count(), 0, "{:?}", page.gaps);
    page.samples.into_iter().map(|sample| sample.value).collect()
}

const TEMPERATURE: &str = "uns/v1/acme/berlin/press/temperature";

fn assert_whole(rig: &Rig, what: &str) {
    let temperatures = (0..10).map(|n| f64::from(20 + n) + 0.5);
    let temperatures = temperatures.chain([30.25, 31.25, 32.25]).map(Value::Float);
    assert_eq!(values(rig, TEMPERATURE, None), temperatures.collect::<Vec<_>>(), "{what}");
    let states = [Value::Text("RUN".into()), Value::Text("STOP".into()), Value::Int(5)];
    assert_eq!(values(rig, "uns/v1/acme/berlin/press/state", None), states, "{what}");
    let counts = [Value::UInt(u64::MAX), Value::Int(7)];
    assert_eq!(values(rig, "plant/line1/count", None), counts, "{what}");
    assert_eq!(values(rig, "plant/line1/drive", Some("motor.temp")), [Value::Float(41.25)]);
    assert_eq!(values(rig, "plant/line1/drive", Some("on")), [Value::Bool(true)]);
}

#[test]
fn format_1_is_brought_up_to_date() {
    let mut rig = fixture("format-1");
    rig.start();
    assert_whole(&rig, "first start");
    rig.restart();
    assert_whole(&rig, "second start");
    let health = rig.store().health();
    assert_eq!((health.aside.len(), health.files, health.series), (0, 4, 8));
}

#[test]
fn files_of_format_1_are_listed_again_by_the_names_of_their_topics() {
    let mut rig = fixture("format-1");
    std::fs::remove_file(rig.catalog()).expect("a catalog");
    rig.start();
    assert_whole(&rig, "first start");
    let aside = rig.store().health().aside;
    assert!(aside.iter().any(|aside| aside.why.contains("4 topics among them by name only")));
    // The node of the topic, as the log introduces it.
    let node = rig.mint(TEMPERATURE);
    rig.publish(node, "33.25");
    rig.flush();
    rig.restart();
    assert_eq!(values(&rig, TEMPERATURE, None).last(), Some(&Value::Float(33.25)));
    assert_eq!(values(&rig, TEMPERATURE, None).len(), 14);
    rig.delete(node, true);
    rig.flush();
    assert!(rig.ask(raw(TEMPERATURE)).is_err(), "a purge takes what lost its number too");
}

#[test]
fn files_nothing_names_are_kept() {
    let mut rig = fixture("format-1");
    std::fs::remove_file(rig.catalog()).expect("a catalog");
    rig.disk.remove(&rig.dir.join("series.parquet")).expect("a table of names");
    rig.start();
    let kept = rig.files();
    assert_eq!((kept.len(), rig.store().health().aside.len()), (4, 4));
    assert!(kept.iter().all(|name| name.ends_with(".parquet.unlisted")), "{kept:?}");
}

/// What the hub of formats 2 and 3 published: units, a purged and a deleted topic, a part of the log
/// that history lacks.
fn assert_whole_2(rig: &Rig, what: &str) {
    let temperatures = (0..10).map(|n| f64::from(20 + n) + 0.5);
    let temperatures = temperatures.chain([300.25, 301.25]).map(Value::Float);
    assert_eq!(values(rig, TEMPERATURE, None), temperatures.collect::<Vec<_>>(), "{what}");
    let page = rig.all(raw(TEMPERATURE));
    let units: Vec<_> = page.samples.iter().map(|sample| sample.unit.as_deref()).collect();
    assert_eq!((units[0], units[9], units[10]), (Some("\u{b0}C"), Some("\u{b0}C"), Some("K")));
    let states = [Value::Text("RUN".into()), Value::Int(5)];
    assert_eq!(values(rig, "uns/v1/acme/berlin/press/state", None), states, "{what}");
    assert_eq!(values(rig, "uns/v1/acme/berlin/press/gone", None), [Value::Int(2)], "{what}");
    let counts = [Value::UInt(u64::MAX), Value::Int(7), Value::Int(9)];
    assert_eq!(values(rig, "plant/line1/count", None), counts, "{what}");
    assert_eq!(values(rig, "plant/line1/drive", Some("motor.temp")), [Value::Float(41.25)]);
    assert_eq!(values(rig, "plant/line1/drive", Some("on")), [Value::Bool(true)]);
    assert!(rig.ask(raw("uns/v1/acme/berlin/press/secret")).is_err(), "{what}: it was purged");
}

#[test]
fn formats_2_and_3_are_read_with_their_catalog_and_without() {
    for format in ["format-2", "format-3"] {
        let mut rig = fixture(format);
        rig.start();
        for start in ["first start", "second start"] {
            let what = format!("{format}, {start}");
            assert_whole_2(&rig, &what);
            let gaps = rig.all(raw("plant/line1/count")).gaps;
            let known = gaps.iter().filter(|gap| gap.cause == GapCause::Retention).count();
            assert_eq!(known, 1, "{what}: {gaps:?}");
            let health = rig.store().health();
            assert_eq!((health.aside.len(), health.files, health.series), (0, 4, 10), "{what}");
            rig.restart();
        }
        rig.stop();
        std::fs::remove_file(rig.catalog()).expect("a catalog");
        rig.start();
        assert_whole_2(&rig, &format!("{format} without its catalog"));
        assert_eq!(rig.store().health().aside.len(), 1);
    }
}
