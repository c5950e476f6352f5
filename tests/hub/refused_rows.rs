//! NS-21, NS-33 over HTTP and the command line: of a batch the good rows are taken, and the answer
//! says how many were refused, which, why, and under which name their dead letters are kept.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::hub::{Hub, Scratch, run};

/// Two good rows, one without a value, one whose path is no name.
const BATCH: &str = r#"{"points":[{"path":"a","value":1},{"path":"b"},{"path":"c/ d","value":2},
    {"path":"e","value":3}]}"#;

fn publish(hub: &Hub, item: &Value) -> (u16, Value) {
    let (status, answer) = hub.post("publish", &item.to_string());
    (status, serde_json::from_str(&answer).expect("JSON"))
}

#[test]
fn the_answer_of_publish_names_the_rows_that_were_refused() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let (status, answer) = publish(&hub, &json!({"topic": "uns/v1/acme/m", "payloadText": BATCH}));
    assert_eq!(status, 207, "{answer}");
    let result = &answer["results"][0];
    assert_eq!((&result["accepted"], &result["refused"]), (&json!(true), &json!(2)), "{answer}");
    let rows = result["refusedRows"].as_array().expect("a list");
    let told = |row: &Value| (row["row"].clone(), row["topic"].clone(), row["reason"].clone());
    assert_eq!(told(&rows[0]), (json!(1), json!("uns/v1/acme/m/b"), json!("payload_malformed")));
    assert_eq!(told(&rows[1]), (json!(2), json!("uns/v1/acme/m/c/ d"), json!("topic_invalid")));
    assert!(rows[0]["detail"].as_str().expect("words").contains("and a value"), "{answer}");
    let letters = hub.get("dead-letters");
    for (row, letter) in rows.iter().zip(letters["letters"].as_array().expect("a list")) {
        assert_eq!(row["deadId"], letter["deadId"], "{answer} {letters}");
    }
    let values = hub.get("current?filter=uns/v1/acme/m/*");
    assert_eq!(values["values"].as_array().map(Vec::len), Some(2), "{values}");
    // An array of samples of one node says the same, and so does one whose item is one of several.
    let rows = r#"[{"value":1,"timestamp":"2026-01-01T00:00:00Z"},7]"#;
    let items = json!([{"topic": "Plain/x", "payload": 1}, {"topic": "uns/v1/acme/n", "payloadText": rows}]);
    let (status, answer) = publish(&hub, &items);
    assert_eq!(status, 207, "{answer}");
    assert_eq!(answer["results"][0].get("refused"), None, "{answer}");
    assert_eq!(answer["results"][1]["refusedRows"][0]["row"], 1, "{answer}");
    // What is told is bounded, what is counted is not.
    let many: Vec<_> = (0..300).map(|n| json!({"path": format!("p{n}")})).collect();
    let (_, answer) =
        publish(&hub, &json!({"topic": "uns/v1/acme/m", "payload": {"points": many}}));
    let result = &answer["results"][0];
    assert_eq!(result["refused"], 300);
    assert_eq!(result["refusedRows"].as_array().map(Vec::len), Some(100));
}

#[test]
fn an_atomic_batch_over_http_is_taken_whole_or_leaves_nothing() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let item = json!({"topic": "uns/v1/acme/m", "payloadText": BATCH, "atomic": true});
    let (status, answer) = publish(&hub, &item);
    assert_eq!((status, &answer["reason"]), (400, &json!("payload_malformed")), "{answer}");
    let detail = answer["detail"].as_str().expect("words");
    assert!(detail.contains("2 rows of an atomic batch") && detail.contains("row 1"), "{detail}");
    let deadline = Instant::now() + Duration::from_secs(60);
    let letters = loop {
        let letters = hub.get("dead-letters")["letters"].clone();
        if letters[0].is_object() || Instant::now() > deadline {
            break letters;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(answer["deadId"], letters[0]["deadId"], "the whole batch is one dead letter");
    assert_eq!(letters.as_array().map(Vec::len), Some(1), "{letters}");
    let tree = hub.get("tree?path=uns/v1/acme&depth=3");
    assert!(!tree.to_string().contains("acme/m/a"), "no row makes a node: {tree}");
    let good = r#"{"points":[{"path":"a","value":1},{"path":"e","value":3}]}"#;
    let item = json!({"topic": "uns/v1/acme/m", "payloadText": good, "atomic": true});
    assert_eq!(publish(&hub, &item).0, 200);
    assert_eq!(hub.history("uns/v1/acme/m/e", "").len(), 1);
}

#[test]
fn uns_pub_says_that_rows_were_refused() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let output = run(&["pub", "uns/v1/acme/m", BATCH, "--mqtt", &hub.mqtt_url()]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("2 rows of the batch for uns/v1/acme/m were refused"), "{said}");
    assert!(said.contains("dead-letters"), "{said}");
    assert_eq!(hub.history("uns/v1/acme/m/e", "").len(), 1, "the good rows are taken");
}
