//! NS-19, the table of namespace section 5: each shape is values of its own. Under `uns/v1/` points
//! with names are nodes, on topics of brownfield they are fields; tree, last values and history agree.

use serde_json::{Value, json};

use crate::hub::{Hub, Scratch};

/// Before the times that the payloads name.
const START: &str = "start=2026-01-01T00:00:00Z";

struct Shape {
    name: &'static str,
    payload: &'static str,
    /// Its own value, with its quality.
    own: Option<(Value, &'static str)>,
    /// What is named in it: the child, the field, the value and its quality.
    named: &'static [(&'static str, &'static str, f64, &'static str)],
}

fn shapes() -> [Shape; 8] {
    let one = |name, payload, value: Value| Shape {
        name,
        payload,
        own: Some((value, "Good")),
        named: &[],
    };
    let several = |name, payload, named| Shape { name, payload, own: None, named };
    [
        one("scalar", "23.4", json!(23.4)),
        one("text", "\"RUN\"", json!("RUN")),
        one("ms", r#"{"timestamp_ms":1795262400123,"value":23.4}"#, json!(23.4)),
        several(
            "kepware",
            r#"{"timestamp":1795262400500,"values":[{"id":"Ch1.Press1.Temp","v":23.4,"q":true,"t":1795262400123}]}"#,
            &[("Ch1/Press1/Temp", "Ch1.Press1.Temp", 23.4, "Good")],
        ),
        one(
            "litmus",
            r#"{"success":true,"datatype":"float","timestamp":1795262400123,"registerId":"r1","value":23.4,"deviceID":"d1","tagName":"Temp","deviceName":"P1","metadata":{}}"#,
            json!(23.4),
        ),
        one(
            "tag",
            r#"{"tag":"Line/Temp","dataType":"Float","value":23.4,"timestamp":1795262400123,"quality":192}"#,
            json!(23.4),
        ),
        several(
            "ts",
            r#"{"ts":1795262400123,"values":{"temp":23.4}}"#,
            &[("temp", "temp", 23.4, "Good")],
        ),
        several(
            "pubsub",
            r#"{"MessageId":"m","MessageType":"ua-data","Messages":[{"DataSetWriterId":1,"Timestamp":"2026-11-21T12:00:00Z","Payload":{"T":{"Value":23.4,"StatusCode":{"Code":1073741824}},"Rpm":1200.5}}]}"#,
            &[("T", "T", 23.4, "Uncertain"), ("Rpm", "Rpm", 1200.5, "Good")],
        ),
    ]
}

/// The one value of a topic, or of a field there, as `current` and `history` have it.
fn is_value(hub: &Hub, (topic, field): (&str, Option<&str>), value: &Value, quality: &str) {
    let current = hub.get(&format!("current?filter={topic}"));
    let of = |v: &&Value| v["field"].as_str() == field;
    let found = current["values"].as_array().expect("values").iter().find(of);
    let said = found.map(|v| (&v["value"], &v["quality"]));
    assert_eq!(said, Some((value, &json!(quality))), "{topic} {field:?}: {current}");
    let more = field.map(|field| format!("&field={field}")).unwrap_or_default();
    let history = hub.history(topic, &format!("{more}&{START}"));
    let said: Vec<_> = history.iter().map(|v| (&v["value"], &v["quality"])).collect();
    assert_eq!(said, [(value, &json!(quality))], "history of {topic} {field:?}");
}

/// Whether a topic or a field has neither a last value nor a history.
fn is_nothing(hub: &Hub, topic: &str, field: &str) {
    let current = hub.get(&format!("current?filter={topic}"));
    let values = current["values"].as_array().expect("values");
    assert!(!values.iter().any(|v| v["field"] == field), "{topic} {field}: {current}");
    let (status, body) =
        hub.fetch(&format!("/api/v1/uns/history?topic={topic}&field={field}&{START}"));
    let page: Value = serde_json::from_str(&body).expect("JSON");
    let samples = page["samples"].as_array().map_or(0, Vec::len);
    assert_eq!(samples, 0, "history of {topic} {field}: {status} {body}");
}

/// Whether the tree has a node there.
fn is_node(hub: &Hub, topic: &str) -> bool {
    let (above, name) = topic.rsplit_once('/').expect("it has levels");
    let tree = hub.get(&format!("tree?path={above}&depth=1"));
    let children = tree["children"].as_array().expect("children");
    children.iter().any(|node| node["path"] == topic || node["name"] == name)
}

#[test]
fn each_shape_is_nodes_under_our_prefix_and_fields_elsewhere() {
    let scratch = Scratch::new();
    let mut hub = Hub::start(scratch.path());
    for Shape { name, payload, .. } in shapes() {
        for base in ["uns/v1/acme", "plant"] {
            hub.mosquitto_pub(&["-t", &format!("{base}/{name}"), "-m", payload, "-q", "1"]);
        }
    }
    let check = |hub: &Hub| {
        for Shape { name, payload, own, named } in shapes() {
            let (ours, plain) = (format!("uns/v1/acme/{name}"), format!("plant/{name}"));
            let document = serde_json::from_str(payload).expect("JSON");
            let (value, quality) = own.unwrap_or((document, "Good"));
            for topic in [&ours, &plain] {
                assert!(is_node(hub, topic), "{topic}");
                is_value(hub, (topic, None), &value, quality);
            }
            for (child, field, value, quality) in named {
                let (value, child) = (json!(value), format!("{ours}/{child}"));
                assert!(is_node(hub, &child), "{child}");
                is_value(hub, (&child, None), &value, quality);
                is_nothing(hub, &ours, field);
                is_value(hub, (&plain, Some(field)), &value, quality);
            }
        }
        let below = hub.get("current?filter=plant/**");
        let below = below["values"].as_array().expect("values");
        let nodes = below.iter().filter(|value| value.get("field").is_none()).count();
        assert_eq!(nodes, shapes().len(), "brownfield has no children: {below:?}");
    };
    check(&hub);
    hub.stop();
    check(&Hub::start(scratch.path()));
}

#[test]
fn limits_of_fields_are_settings() {
    let scratch = Scratch::new();
    let set = ["namespace.fields_max=3", "namespace.fields_depth_max=2"];
    let hub = Hub::start_with(scratch.path(), &set);
    let payload = r#"{"a":1,"b":{"c":2,"d":{"e":3}},"f":4,"g":5}"#;
    for topic in ["uns/v1/acme/wide", "plant/wide"] {
        hub.mosquitto_pub(&["-t", topic, "-m", payload, "-q", "1"]);
        let current = hub.get(&format!("current?filter={topic}"));
        let values = current["values"].as_array().expect("values");
        let fields: Vec<_> = values.iter().filter_map(|value| value["field"].as_str()).collect();
        assert_eq!(fields, ["a", "b.c", "f"], "{current}");
        let own = values.iter().find(|value| value.get("field").is_none());
        assert_eq!(own.map(|own| &own["fieldsLeftOut"]), Some(&json!(2)), "{current}");
        is_nothing(&hub, topic, "g");
    }
}
