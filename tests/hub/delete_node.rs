//! A node goes with its last value; a later publish makes a new one (NS-14).

use crate::hub::{Hub, Scratch};

#[test]
fn a_deleted_subtree_is_gone_and_may_come_back_as_new_nodes() {
    let scratch = Scratch::new();
    let mut hub = Hub::start(scratch.path());
    for tag in ["a/x", "a/y", "b"] {
        hub.mosquitto_pub(&["-t", &format!("uns/v1/acme/{tag}"), "-m", "1", "-q", "1", "-r"]);
    }
    let (status, body) = hub.delete("nodes?path=uns/v1/acme/a");
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("\"deleted\":2"), "{body}");
    let left = |hub: &Hub| {
        let current = hub.get("current?filter=**");
        let values = current["values"].as_array().expect("values").clone();
        values
            .iter()
            .map(|v| v["topic"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(left(&hub), ["uns/v1/acme/b"]);
    hub.kill_nine();
    let hub = Hub::start(scratch.path());
    assert_eq!(left(&hub), ["uns/v1/acme/b"], "a deletion is durable");
    hub.mosquitto_pub(&["-t", "uns/v1/acme/a/x", "-m", "2", "-q", "1"]);
    assert_eq!(left(&hub), ["uns/v1/acme/a/x", "uns/v1/acme/b"]);
}
