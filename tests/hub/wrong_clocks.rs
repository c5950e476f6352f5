//! NS-25 from outside: a value whose clock cannot be right has the time of its arrival and keeps its
//! quality; who publishes such times, and by how much, is told by the list of violations, at the
//! client, on the metrics, in the log and by `uns doctor`.

use std::time::Instant;

use broker_codec::Version;
use serde_json::{Value, json};
use uns_model::{Clock as _, SystemClock, Timestamp};

use crate::client::{Client, connect};
use crate::hub::{Hub, PATIENCE, Scratch, run};

const HOUR: i64 = 3_600_000_000_000;

fn value(hours_ahead: i64) -> String {
    let time = Timestamp(SystemClock.now().0 + hours_ahead * HOUR);
    format!(r#"{{"value":21.5,"quality":"Good","timestamp":"{time}"}}"#)
}

fn names(violations: &Value) -> Vec<&str> {
    let list = violations["violations"].as_array().expect("a list");
    list.iter().filter_map(|one| one["clientId"].as_str()).collect()
}

#[test]
fn a_publisher_whose_clock_is_wrong_is_named_with_how_far_it_is_off() {
    let scratch = Scratch::new();
    let mut hub = Hub::start(scratch.path());
    let mut press = Client::open(hub.mqtt, &connect(Version::V5, "press7")).0;
    for _ in 0..3 {
        press.publish_and_wait("Werk/t", value(2).as_bytes());
    }
    hub.mosquitto_pub(&[
        "-i",
        "oven",
        "-t",
        "uns/v1/acme/o",
        "-q",
        "1",
        "-m",
        r#"{"value":1,"ts":"1970-01-01T00:00:07Z"}"#,
    ]);
    hub.mosquitto_pub(&["-i", "right", "-t", "Werk/r", "-q", "1", "-m", &value(0)]);
    let current = hub.get("current?filter=Werk/t");
    let shown = &current["values"][0];
    assert_eq!((&shown["value"], &shown["quality"]), (&json!(21.5), &json!("Good")), "{shown}");
    let history = hub.history("Werk/t", "");
    assert_eq!(history[2]["timestamp"], shown["timestamp"], "one time everywhere");
    assert!(shown["timestamp"].as_str() < Some(&*Timestamp(SystemClock.now().0).to_string()));

    let violations = hub.get("violations");
    assert_eq!(names(&violations), ["oven", "press7"], "the farthest off first: {violations}");
    let press7 = &violations["violations"][1];
    assert_eq!((&press7["fault"], &press7["messages"]), (&json!("ahead"), &json!(3)), "{press7}");
    let offset = press7["offsetSeconds"].as_f64().expect("a number");
    assert!((7_100.0..=7_200.0).contains(&offset), "two hours less what the test took: {press7}");
    assert_eq!(press7["topic"], "Werk/t");
    assert!(press7["remedy"].as_str().expect("words").contains("NTP"), "{press7}");
    assert!(violations["violations"][0]["offsetSeconds"].as_f64() < Some(-1e9), "{violations}");

    let client: Value = {
        let (status, body) = hub.fetch("/api/v1/broker/clients/press7");
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).expect("JSON")
    };
    assert_eq!(client["clock"]["messages"], 3, "{client}");
    let listed = run(&["broker", "clients", "--http", &format!("http://{}", hub.http)]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("clock ahead (7"), "{listed}");
    assert_eq!(hub.counted("uns_clock_violations_total{fault=\"ahead\"}"), 3);
    assert_eq!(hub.counted("uns_clock_violations_total{fault=\"out_of_range\"}"), 1);
    assert_eq!(hub.counted("uns_clock_violators "), 2);

    let data = hub.data();
    let doctor = run(&["doctor", "--data", data.to_str().expect("UTF-8")]);
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    let press7 = doctor.lines().find(|line| line.contains("of the publisher `press7` is"));
    assert!(press7.is_some_and(|line| line.contains(" ahead: 3 messages")), "{doctor}");
    assert!(doctor.contains("the clock of the publisher `oven` is"), "{doctor}");
    let begin = Instant::now();
    let told = |hub: &Hub| {
        let log = hub.log();
        log.lines().filter(|line| line.contains("clock of a publisher")).count()
    };
    while told(&hub) < 2 {
        assert!(begin.elapsed() < PATIENCE, "the log says nothing: {}", hub.log());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(told(&hub), 2, "once for each: {}", hub.log());
    // What is read again at the start is no new violation.
    hub.kill_nine();
    let hub = Hub::start(scratch.path());
    assert_eq!(names(&hub.get("violations")), [""; 0]);
}
