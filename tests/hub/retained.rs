//! Retained messages survive a stop and kill -9; an empty one clears them, durably (MQTT-3.3.1-6).

use std::process::Command;

use crate::hub::{Hub, Scratch};

/// What a new subscriber gets at once: `topic payload retain-flag` lines, sorted.
fn retained(hub: &Hub, version: &str) -> Vec<String> {
    let port = hub.mqtt.port().to_string();
    let output = Command::new("mosquitto_sub")
        .args(["-h", "127.0.0.1", "-p", &port, "-V", version, "-t", "#", "-q", "1", "-W", "1"])
        .args(["-F", "%t %p %r"])
        .output()
        .expect("mosquitto_sub is installed");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn retained_messages_survive_restarts_and_stay_cleared() {
    let scratch = Scratch::new();
    let mut hub = Hub::start(scratch.path());
    let publish = |hub: &Hub, topic: &str, more: &[&str]| {
        hub.mosquitto_pub(&[&["-t", topic, "-q", "1", "-r"], more].concat());
    };
    publish(&hub, "uns/v1/acme/kept", &["-m", "1"]);
    publish(&hub, "Plant A/kept", &["-m", "{\"a\":1}", "-V", "mqttv311"]);
    publish(&hub, "uns/v1/acme/kept", &["-m", "2"]);
    publish(&hub, "uns/v1/acme/cleared", &["-m", "3"]);
    publish(&hub, "uns/v1/acme/cleared", &["-n"]);
    hub.mosquitto_pub(&["-t", "uns/v1/acme/plain", "-m", "4", "-q", "1"]);
    let expected = ["Plant A/kept {\"a\":1} 1", "uns/v1/acme/kept 2 1"];
    assert_eq!(retained(&hub, "5"), expected);
    hub.kill_nine();
    let mut hub = Hub::start(scratch.path());
    assert_eq!(retained(&hub, "5"), expected, "after kill -9");
    hub.stop();
    let hub = Hub::start(scratch.path());
    assert_eq!(retained(&hub, "mqttv311"), expected, "after a stop");
    let current = hub.get("current?filter=uns/v1/acme/cleared");
    assert_eq!(current["values"][0]["value"], 3, "clearing a retained copy is no new value");
}

/// What is retained is a fold over the log, so the last publish in it stays: whatever its QoS, with
/// every durability, on topics with and without a node, and over kill -9 in the middle of others.
#[test]
fn the_newest_in_the_log_is_retained_over_kill_nine() {
    for set in ["mqtt.durability=commit", "mqtt.durability=interval", "namespace.brownfield=off"] {
        let scratch = Scratch::new();
        for round in 0..3 {
            let mut hub = Hub::start_with(scratch.path(), &[set]);
            for (n, qos) in ["2", "0", "1", "0", "2"].iter().enumerate() {
                for topic in ["uns/v1/acme/kept", "plant/kept"] {
                    let payload = format!("{round}{n}");
                    hub.mosquitto_pub(&["-t", topic, "-m", &payload, "-q", qos, "-r"]);
                }
            }
            let newest = [format!("plant/kept {round}4 1"), format!("uns/v1/acme/kept {round}4 1")];
            assert_eq!(retained(&hub, "5"), newest, "{set}");
            // Nobody waits for these, so they are in the log or not.
            for topic in ["uns/v1/acme/kept", "plant/kept"] {
                hub.mosquitto_pub(&["-t", topic, "-m", "99", "-q", "0", "-r"]);
            }
            hub.kill_nine();
            let mut hub = Hub::start_with(scratch.path(), &[set]);
            let kept = retained(&hub, "5");
            let values = hub.get("current?filter=uns/v1/acme/kept");
            let current = match &values["values"][0]["value"] {
                // "04" is no number in JSON (RFC 8259, section 6), so it is kept as text.
                serde_json::Value::String(text) => text.clone(),
                number => number.to_string(),
            };
            assert_eq!(kept[1], format!("uns/v1/acme/kept {current} 1"), "{set}");
            let old = newest[0].as_str();
            assert!([old, "plant/kept 99 1"].contains(&&*kept[0]), "{set}: {kept:?}");
            hub.kill_nine();
        }
    }
}
