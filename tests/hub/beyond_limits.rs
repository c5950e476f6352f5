//! NS-22 from outside: a payload that is larger or deeper than a value may be passes as bytes on a
//! topic of brownfield, whoever sends it, and every view says so; under `uns/v1/` it is refused with
//! its reason.

use std::fs;

use broker_codec::{QoS, ReasonCode, Version};
use serde_json::{Value, json};

use crate::client::{Client, connect};
use crate::hub::{Hub, Scratch, run};

/// A device list of 1.5 MB, and JSON of 200 levels.
fn payloads() -> [(&'static str, String); 2] {
    let device = r#"{"ieee_address":"0x00158d0001","friendly_name":"press"},"#;
    let list = format!("[{}{{}}]", device.repeat(1_500_000 / device.len()));
    let deep = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
    [("list", list), ("deep", deep)]
}

fn publish_over_http(hub: &Hub, scratch: &Scratch, item: &Value) -> (u16, String) {
    // Too long for a command line.
    let file = scratch.path().join("item.json");
    fs::write(&file, item.to_string()).expect("a file");
    hub.post("publish", &format!("@{}", file.display()))
}

/// What every view says of a topic with so many bytes.
fn check_views(hub: &Hub, topic: &str, size: usize) {
    let current = hub.get(&format!("current?filter={topic}"));
    let values = current["values"].as_array().expect("values");
    assert_eq!(values.len(), 1, "no fields of {topic}");
    let told =
        |value: &Value| (value["type"].clone(), value["size"].clone(), value["looksLike"].clone());
    let expected = (json!("bytes"), json!(size), json!("json"));
    assert_eq!(told(&values[0]), expected, "{topic}");
    let (above, name) = topic.rsplit_once('/').expect("two levels");
    let node = listed(hub, above, name);
    assert_eq!(told(&node), expected, "{topic}");
    assert!(node["value"].as_str().is_none_or(|shown| shown.len() <= 2_048), "lists cut it");
    let history = hub.get(&format!("history?topic={topic}"));
    assert_eq!(history["samples"], json!([]), "{topic}");
    let hint = history["hint"].as_str().expect("an empty answer says why");
    assert!(hint.contains(&format!("{size} bytes")) && hint.contains("no history"), "{hint}");
    let got = run(&["get", topic, "--http", &format!("http://{}", hub.http)]);
    let got = String::from_utf8_lossy(&got.stdout).into_owned();
    assert!(got.contains(&format!("({size} bytes, json)")), "{got}");
}

/// A child as the tree shows it; large values fill pages soon.
fn listed(hub: &Hub, path: &str, name: &str) -> Value {
    let mut after = String::new();
    loop {
        let page = hub.get(&format!("tree?path={path}{after}"));
        let mut children = page["children"].as_array().expect("children").iter();
        if let Some(found) = children.find(|child| child["name"] == name) {
            return found.clone();
        }
        after = format!("&after={}", page["next"].as_str().expect("the node is on some page"));
    }
}

#[test]
fn on_a_topic_of_brownfield_it_passes_as_bytes() {
    let scratch = Scratch::new();
    let mut hub = Hub::start(scratch.path());
    let mut live = Client::open(hub.mqtt, &connect(Version::V5, "live")).0;
    live.subscribe("plant/#", QoS::AtMostOnce);
    for (name, payload) in payloads() {
        for (sender, version) in [("old", "mqttv311"), ("new", "mqttv5")] {
            for retained in [false, true] {
                let topic = format!("plant/{name}-{sender}-{retained}");
                let file = scratch.path().join("payload.json");
                fs::write(&file, &payload).expect("a file");
                let file = file.to_str().expect("UTF-8");
                let mut args = vec!["-V", version, "-q", "1", "-t", &topic, "-f", file];
                args.extend(retained.then_some("-r"));
                hub.mosquitto_pub(&args);
                assert_eq!(live.payload().as_deref(), Some(payload.as_bytes()), "as it is");
                check_views(&hub, &topic, payload.len());
            }
        }
        let topic = format!("plant/{name}-http");
        let item = json!({"topic": topic, "payloadText": payload});
        let (status, answer) = publish_over_http(&hub, &scratch, &item);
        assert_eq!(status, 200, "{answer}");
        assert_eq!(live.payload().as_deref(), Some(payload.as_bytes()), "as it is");
        check_views(&hub, &topic, payload.len());
    }
    hub.kill_nine();
    let hub = Hub::start(scratch.path());
    for (name, payload) in payloads() {
        check_views(&hub, &format!("plant/{name}-old-true"), payload.len());
        check_views(&hub, &format!("plant/{name}-http"), payload.len());
    }
    let mut late = Client::open(hub.mqtt, &connect(Version::V311, "late")).0;
    late.subscribe("plant/deep-new-true", QoS::AtMostOnce);
    assert_eq!(late.payload().as_deref(), Some(payloads()[1].1.as_bytes()), "retained");
}

#[test]
fn under_our_own_prefix_it_is_refused_with_its_reason() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let mut new = Client::open(hub.mqtt, &connect(Version::V5, "new")).0;
    let mut old = Client::open(hub.mqtt, &connect(Version::V311, "old")).0;
    let reasons = [("payload_too_large", "1048576", 413), ("payload_malformed", "32 levels", 400)];
    for ((name, payload), (reason, detail, status)) in payloads().into_iter().zip(reasons) {
        let topic = format!("uns/v1/acme/{name}");
        let refused = new.publish_and_wait(&topic, payload.as_bytes());
        assert_eq!(refused, Some(ReasonCode::PayloadFormatInvalid), "{name}");
        // MQTT 3.1.1 knows no refusal; its dead letter says it.
        let acknowledged = old.publish_and_wait(&topic, payload.as_bytes());
        assert_eq!(acknowledged, Some(ReasonCode::Success), "{name}");
        let item = json!({"topic": topic, "payloadText": payload, "retain": true});
        let (answered, body) = publish_over_http(&hub, &scratch, &item);
        assert_eq!(answered, status, "{body}");
        let problem: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(problem["reason"], reason, "{body}");
        assert!(problem["detail"].as_str().expect("words").contains(detail), "{body}");
        let line = format!("uns_rejected_total{{reason=\"{reason}\"}}");
        assert_eq!(hub.counted(&line), 3, "{name}");
        let current = hub.get(&format!("current?filter={topic}"));
        assert_eq!(current["values"], json!([]), "{name}");
    }
    let letters = hub.get("dead-letters?limit=1000");
    let of = |client: &str| {
        let letters = letters["letters"].as_array().expect("a list");
        letters.iter().filter(|letter| letter["clientId"] == client).count()
    };
    assert_eq!((of("old"), of("new"), of("http")), (2, 2, 2));
}
