//! The first minutes with the hub: two publishes with a standard client, read back with curl.

use crate::hub::{Hub, Scratch};

#[test]
fn two_publishes_show_in_current_tree_and_history() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let topic = "uns/v1/acme/dallas/press/line1/cell3/temperature";
    hub.mosquitto_pub(&["-t", topic, "-m", "23.4", "-q", "1"]);
    hub.mosquitto_pub(&[
        "-t",
        "Plant A/Hall 1/pump",
        "-m",
        r#"{"temp":23.4,"rpm":1200}"#,
        "-q",
        "1",
    ]);

    let current = hub.get("current?filter=**");
    let values = current["values"].as_array().expect("values");
    let find = |topic: &str, field: Option<&str>| {
        values.iter().find(|v| v["topic"] == topic && v["field"].as_str() == field)
    };
    let temperature = find(topic, None).expect("the tag has a last value");
    assert_eq!(temperature["value"].to_string(), "23.4");
    assert_eq!(temperature["quality"], "Good");
    assert_eq!(
        find("Plant A/Hall 1/pump", Some("temp")).expect("temp")["value"].to_string(),
        "23.4"
    );
    assert_eq!(find("Plant A/Hall 1/pump", Some("rpm")).expect("rpm")["value"].to_string(), "1200");

    let roots = hub.get("tree");
    let names: Vec<&str> = roots["children"]
        .as_array()
        .expect("children")
        .iter()
        .filter_map(|c| c["name"].as_str())
        .collect();
    assert_eq!(names, ["Plant A", "uns"]);
    let cell = hub.get("tree?path=uns/v1/acme/dallas/press/line1/cell3");
    assert_eq!(cell["children"][0]["name"], "temperature");
    assert_eq!(cell["children"][0]["leaf"], true);
    assert_eq!(cell["children"][0]["value"].to_string(), "23.4");
    let hall = hub.get("tree?path=Plant%20A/Hall+1");
    assert_eq!(hall["children"][0]["name"], "pump");

    assert_eq!(hub.history(topic, "").len(), 1);
    let rpm = hub.history("Plant A/Hall 1/pump", "&field=rpm");
    assert_eq!(rpm[0]["value"].to_string(), "1200");
    assert_eq!(hub.history("Plant A/Hall 1/pump", "&field=temp").len(), 1);
}

#[test]
fn a_publish_over_http_is_read_back_at_once_and_reaches_mqtt() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let items = r#"[{"topic":"uns/v1/acme/a","payload":1},{"topic":"uns/v1/acme//b","payload":2}]"#;
    let (status, body) = hub.post("publish", items);
    assert!(status == 200 || status == 207, "{status} {body}");
    let answer: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(answer["results"][0]["accepted"], true);
    assert_eq!(answer["results"][1]["accepted"], false);
    assert_eq!(answer["results"][1]["reason"], "topic_invalid");
    let current = hub.get("current?filter=uns/v1/acme/*");
    assert_eq!(current["values"].as_array().map(Vec::len), Some(1));
    let cursor: fabric::Cursor =
        current["cursor"].as_str().expect("text").parse().expect("a cursor");
    assert!(Some(cursor.sequence().0) >= answer["results"][0]["sequence"].as_u64());
}

#[test]
fn operators_find_health_metrics_and_the_api_document() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    hub.mosquitto_pub(&["-t", "uns/v1/acme/a", "-m", "1", "-q", "1"]);
    assert_eq!(hub.fetch("/healthz").0, 200);
    let (status, body) = hub.fetch("/readyz");
    assert_eq!(status, 200, "{body}");
    let (_, metrics) = hub.fetch("/metrics");
    assert!(metrics.contains("# TYPE uns_"), "{metrics}");
    let (status, document) = hub.fetch("/api/v1/openapi.json");
    assert_eq!(status, 200);
    for path in ["tree", "current", "history", "publish", "nodes"] {
        assert!(document.contains(&format!("/api/v1/uns/{path}")), "{path} is described");
    }
}
