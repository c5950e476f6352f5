//! kill -9 under load: what was acknowledged is in history and in `current`, nothing twice, and no
//! sequence is used twice (R1). `UNS_SOAK=1` runs the long form.

use std::collections::HashMap;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use uns_model::{Random as _, SystemRandom};

use crate::hub::{Hub, Scratch, uns};
use crate::recording;

#[test]
fn acknowledged_values_survive_kill_nine_exactly_once() {
    let soak = std::env::var_os("UNS_SOAK").is_some();
    let (kills, rows) = if soak { (200, 400_000) } else { (4, 40_000) };
    let scratch = Scratch::new();
    let (file, cells) = recording::write(scratch.path(), rows);
    // Small memory and quick flushes, so that kills also hit files being made.
    let set = ["history.flush_every=1s", "namespace.checkpoint_every=1s"];
    let mut hub = Hub::start_with(scratch.path(), &set);
    let mut replay = uns()
        .args(["replay", file.to_str().expect("UTF-8"), "--separator", ";", "--time", "datetime"])
        .args(["--topic", "uns/v1/lab/pump", "--speed", "max", "--qos", "1"])
        .args(["--mqtt", &hub.mqtt_url()])
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary under test starts");
    let mut seen: HashMap<u64, String> = HashMap::new();
    let mut killed = 0;
    while killed < kills {
        thread::sleep(Duration::from_millis(50 + SystemRandom.u64() % 700));
        remember_sequences(&hub, &mut seen);
        let address = (hub.mqtt, hub.http);
        hub.kill_nine();
        killed += 1;
        let done = replay.try_wait().expect("the replay can be asked").is_some();
        hub = Hub::start_at(scratch.path(), address, &set);
        if done {
            break;
        }
    }
    let output = replay.wait_with_output().expect("the replay ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    remember_sequences(&hub, &mut seen);
    for (column, tag) in recording::TAGS.iter().enumerate() {
        let samples = hub.history(&format!("uns/v1/lab/pump/{tag}"), recording::RANGE);
        assert_eq!(samples.len(), cells.len(), "{tag} after {killed} kills");
        for (row, sample) in cells.iter().zip(&samples) {
            assert_eq!(sample["value"].to_string().parse::<f64>(), row[column].parse(), "{tag}");
        }
        let current = hub.get(&format!("current?filter=uns/v1/lab/pump/{tag}"));
        let last = cells.last().expect("rows")[column].parse::<f64>();
        assert_eq!(current["values"][0]["value"].to_string().parse::<f64>(), last, "{tag}");
    }
}

/// A sequence names one sample for ever: remembers which, and fails when one names another.
fn remember_sequences(hub: &Hub, seen: &mut HashMap<u64, String>) {
    let current = hub.get("current?filter=uns/v1/**");
    for value in current["values"].as_array().expect("values") {
        let sequence = value["sequence"].as_u64().expect("a sequence");
        let is = format!("{} {}", value["topic"], value["timestamp"]);
        if let Some(was) = seen.insert(sequence, is.clone()) {
            assert_eq!(was, is, "sequence {sequence} was used twice");
        }
    }
}
