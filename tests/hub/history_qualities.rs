//! Bad values do not pass for measurements: not in the API, and not in the history files as their page
//! says they are read.

use serde_json::{Value, json};

use crate::hub::{Hub, Scratch, peers};

const TOPIC: &str = "uns/v1/lab/oven/temperature";
/// 2026-11-21T12:00:00Z.
const NOON_SECONDS: i64 = 1_795_262_400;

#[test]
fn bad_values_are_null_in_the_api_and_in_the_documented_ways_to_read_files() {
    let scratch = Scratch::new();
    let mut hub = Hub::start(scratch.path());
    let published = [(0, 21, "Good"), (1, 850, "Bad"), (2, 22, "Uncertain"), (3, 851, "Bad")];
    for (second, value, quality) in published {
        let time = (NOON_SECONDS + second) * 1_000;
        let payload = json!({ "value": value, "quality": quality, "timestamp": time });
        let body = json!({ "topic": TOPIC, "payload": payload }).to_string();
        let (status, answer) = hub.post("publish", &body);
        assert_eq!(status, 200, "{answer}");
    }
    let expected = [json!(21), Value::Null, json!(22), Value::Null];
    let range = "&start=2026-11-21T12:00:00Z&end=2026-11-21T12:01:00Z";
    let shown: Vec<_> = hub.history(TOPIC, range).iter().map(|s| s["value"].clone()).collect();
    assert_eq!(shown, expected);

    hub.stop();
    let data = scratch.path().join("data");
    let said = peers("history_qualities.py", &[data.to_str().expect("UTF-8"), TOPIC]);
    let read: Value = serde_json::from_str(&said).expect("a line of JSON");
    for tool in ["duckdb", "pyarrow"] {
        let rows = read[tool].as_array().expect("rows");
        let values: Vec<_> = rows.iter().map(|row| row[1].as_f64()).collect();
        assert_eq!(values, [Some(21.0), None, Some(22.0), None], "{tool}: {said}");
    }
    // The file keeps what was published, and so do those who leave the rule out.
    let stored: Vec<_> = read["pyarrow"].as_array().expect("rows").iter().map(|r| &r[3]).collect();
    assert_eq!(stored, [&json!(21), &json!(850), &json!(22), &json!(851)]);
}
