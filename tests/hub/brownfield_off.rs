//! With `namespace.brownfield=off` topics outside our prefixes are plain MQTT: delivered and
//! retained, but no nodes, no values, no history (NS-1).

use std::process::{Command, Stdio};

use crate::hub::{Hub, Scratch};

#[test]
fn a_hub_without_brownfield_keeps_no_nodes_for_foreign_topics() {
    let scratch = Scratch::new();
    let set = ["namespace.brownfield=off"];
    let mut hub = Hub::start_with(scratch.path(), &set);
    hub.mosquitto_pub(&["-t", "Plant A/pump", "-m", "1", "-q", "1", "-r"]);
    hub.mosquitto_pub(&["-t", "uns/v1/acme/a", "-m", "2", "-q", "1"]);
    let check = |hub: &Hub| {
        let current = hub.get("current?filter=**");
        let topics: Vec<_> = current["values"].as_array().expect("values").iter().collect();
        assert_eq!(topics.len(), 1, "{current}");
        assert_eq!(topics[0]["topic"], "uns/v1/acme/a");
        let tree = hub.get("tree");
        assert_eq!(tree["children"].as_array().map(Vec::len), Some(1), "{tree}");
        let (status, body) = hub.fetch("/api/v1/uns/history?topic=Plant%20A/pump");
        assert_eq!(status, 404, "{body}");
        assert!(body.contains("node_unknown"), "{body}");
    };
    check(&hub);
    assert_eq!(retained(&hub), "Plant A/pump 1\n");
    hub.kill_nine();
    let hub = Hub::start_with(scratch.path(), &set);
    check(&hub);
    assert_eq!(retained(&hub), "Plant A/pump 1\n", "retained and acknowledged");
    hub.mosquitto_pub(&["-t", "Plant A/pump", "-n", "-q", "1", "-r"]);
    let mut hub = hub;
    hub.kill_nine();
    assert_eq!(retained(&Hub::start_with(scratch.path(), &set)), "", "and cleared as well");
}

/// A topic's retained message is the newest, whether it was a node's then or not.
#[test]
fn a_hub_that_changes_its_mind_about_brownfield_keeps_the_newest_retained_message() {
    let scratch = Scratch::new();
    let start = |brownfield: &str| {
        Hub::start_with(scratch.path(), &[&format!("namespace.brownfield={brownfield}")])
    };
    for (brownfield, publish, expected) in [
        ("off", Some("1"), ""),
        ("history", Some("2"), "Plant A/pump 1\n"),
        ("history", None, "Plant A/pump 2\n"),
        ("off", Some("3"), "Plant A/pump 2\n"),
        ("history", None, "Plant A/pump 3\n"),
        ("history", Some(""), "Plant A/pump 3\n"),
        ("off", Some("4"), ""),
        ("history", Some("5"), "Plant A/pump 4\n"),
        ("off", Some(""), "Plant A/pump 5\n"),
        ("history", None, ""),
    ] {
        let mut hub = start(brownfield);
        assert_eq!(retained(&hub), expected, "before {publish:?} with brownfield={brownfield}");
        if let Some(payload) = publish {
            let what = if payload.is_empty() { vec!["-n"] } else { vec!["-m", payload] };
            hub.mosquitto_pub(&[&["-t", "Plant A/pump", "-q", "1", "-r"], &what[..]].concat());
        }
        hub.kill_nine();
    }
}

fn retained(hub: &Hub) -> String {
    let got = Command::new("mosquitto_sub")
        .args(["-h", "127.0.0.1", "-p", &hub.mqtt.port().to_string(), "-t", "Plant A/#"])
        .args(["-C", "1", "-W", "1", "-v"])
        .stderr(Stdio::null())
        .output()
        .expect("mosquitto_sub is installed");
    String::from_utf8_lossy(&got.stdout).into_owned()
}
