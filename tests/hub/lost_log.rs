//! A log that ends before what history, namespace and sessions have read of it: its files were
//! removed or cut under a stopped hub. Nothing new is lost, and what happened is named.

use std::fs;
use std::path::{Path, PathBuf};

use crate::hub::{Hub, Scratch, run};
use crate::sessions_survive::visit;

const TOPIC: &str = "uns/v1/acme/berlin/temperature";

fn publish(hub: &Hub, topic: &str, values: std::ops::Range<u32>) {
    for value in values {
        hub.mosquitto_pub(&["-t", topic, "-m", &value.to_string(), "-q", "1"]);
    }
}

fn values(hub: &Hub, topic: &str) -> Vec<u64> {
    hub.history(topic, "").iter().filter_map(|sample| sample["value"].as_u64()).collect()
}

fn segments(data: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(data.join("streams/data")).expect("a log");
    let files = files.map(|file| file.expect("an entry").path());
    files.filter(|path| path.extension().is_some_and(|is| is == "log")).collect()
}

fn all_streams(data: &Path) {
    fs::remove_dir_all(data.join("streams")).expect("streams");
}

fn segment_files(data: &Path) {
    segments(data).iter().for_each(|path| fs::remove_file(path).expect("a segment"));
}

fn cut(data: &Path) {
    let newest = segments(data).pop().expect("a segment");
    fs::File::options()
        .write(true)
        .open(newest)
        .expect("it opens")
        .set_len(4_600)
        .expect("shorter");
}

/// What somebody does to the data directory of a stopped hub.
type Lose = fn(&Path);

/// The namespace forgot as well what history knows: no number may be given out again.
fn streams_and_namespace(data: &Path) {
    all_streams(data);
    fs::remove_dir_all(data.join("namespace")).expect("namespace");
}

#[test]
fn nothing_new_is_lost_when_the_log_lost_its_end() {
    let ways: [(&str, Lose); 4] = [
        ("all streams", all_streams),
        ("segments", segment_files),
        ("cut", cut),
        ("streams and namespace", streams_and_namespace),
    ];
    for (way, lose) in ways {
        let scratch = Scratch::new();
        let mut hub = Hub::start(scratch.path());
        publish(&hub, TOPIC, 0..10);
        publish(&hub, "other/quiet", 7..8);
        assert_eq!(visit(&hub, "5", 0), "", "a session that stays");
        hub.stop();
        lose(&hub.data());

        let mut hub = Hub::start(scratch.path());
        let (_, readyz) = hub.fetch("/readyz");
        assert!(readyz.contains("log_lost_its_end"), "{way}: {readyz}");
        assert_eq!(hub.counted("uns_log_lost_ranges"), 1, "{way}");
        publish(&hub, "brand/new", 500..501);
        publish(&hub, TOPIC, 10..15);
        assert_eq!(values(&hub, TOPIC), (0..15).collect::<Vec<_>>(), "{way}");
        assert_eq!(values(&hub, "brand/new"), [500], "{way}: a number of its own");
        assert_eq!(values(&hub, "other/quiet"), [7], "{way}");
        let got = visit(&hub, "5", 6);
        assert_eq!(got.lines().count(), 6, "{way}: the session is owed what is new: {got}");
        hub.kill_nine();

        // What happened stays named, and everything is there once.
        let mut hub = Hub::start(scratch.path());
        let (_, readyz) = hub.fetch("/readyz");
        assert!(readyz.contains("log_lost_its_end"), "{way}: {readyz}");
        assert_eq!(values(&hub, TOPIC), (0..15).collect::<Vec<_>>(), "{way}");
        let (_, answer) = hub.fetch(&format!("/api/v1/uns/history?topic={TOPIC}"));
        assert!(answer.contains("\"reason\":\"lost\""), "{way}: the answer names it: {answer}");
        hub.stop();
    }
}

#[test]
fn a_log_from_elsewhere_is_refused_by_name() {
    let (scratch, elsewhere) = (Scratch::new(), Scratch::new());
    for scratch in [&scratch, &elsewhere] {
        let mut hub = Hub::start(scratch.path());
        publish(&hub, TOPIC, 0..3);
        hub.stop();
    }
    let data = scratch.path().join("data");
    all_streams(&data);
    fs::rename(elsewhere.path().join("data/streams"), data.join("streams")).expect("moved");
    let data = data.to_str().expect("UTF-8");
    let free = ["--set", "mqtt.listen=127.0.0.1:0", "--set", "http.listen=127.0.0.1:0"];
    let refused = run(&[&["run", "--data", data], &free[..]].concat());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success(), "{said}");
    assert!(said.contains("streams/data is not the one") && said.contains("move"), "{said}");
}

#[test]
fn a_hub_that_must_not_serve_damage_does_not_start_without_the_end_of_its_log() {
    let scratch = Scratch::new();
    let mut hub = Hub::start(scratch.path());
    publish(&hub, TOPIC, 0..3);
    hub.stop();
    all_streams(&hub.data());
    let data = hub.data();
    let data = data.to_str().expect("UTF-8");
    let free = ["--set", "mqtt.listen=127.0.0.1:0", "--set", "http.listen=127.0.0.1:0"];
    let refuse = ["run", "--data", data, "--set", "log.on_damage=refuse"];
    let refused = run(&[&refuse[..], &free[..]].concat());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("log.on_damage=serve"), "{said}");
}
