//! Of two samples of one time the later one holds: in the API, and in the history files as their page
//! says they are read, also where both came in one message or are of two types.

use serde_json::{Value, json};

use crate::hub::{Hub, Scratch, peers};

/// 2026-11-21T12:00:00Z.
const NOON_MS: i64 = 1_795_262_400_000;
const TOPICS: usize = 20;

fn topic(number: usize) -> String {
    format!("uns/v1/lab/twice/t{number}")
}

/// What a message or two say of one time; the last of them holds.
fn messages(number: usize) -> Vec<Value> {
    let sample = |value: Value| json!({ "value": value, "timestamp": NOON_MS });
    let larger = json!(60.5 + f64::from(u8::try_from(number).expect("few topics")));
    let (first, second) = match number % 2 {
        0 => (larger, json!(1.5)),
        _ => (json!(1.5), larger),
    };
    match number % 5 {
        0..3 => vec![json!([sample(json!(7.5)), sample(first), sample(second)])],
        3 => vec![sample(first), sample(json!("late"))],
        _ => vec![sample(json!("early")), sample(second)],
    }
}

/// Value and text of each sample of a topic.
fn of_api(hub: &Hub, number: usize) -> Vec<(Option<f64>, Option<String>)> {
    let range = "&start=2026-11-21T12:00:00Z&end=2026-11-21T12:01:00Z";
    let samples = hub.history(&topic(number), range);
    let shown = |s: &Value| (s["value"].as_f64(), s["value"].as_str().map(str::to_owned));
    samples.iter().map(shown).collect()
}

#[test]
fn the_later_of_two_samples_of_one_time_holds_in_the_api_and_in_the_documented_view() {
    let scratch = Scratch::new();
    let mut hub = Hub::start(scratch.path());
    for number in 0..TOPICS {
        for payload in messages(number) {
            let body = json!({ "topic": topic(number), "payload": payload }).to_string();
            let (status, answer) = hub.post("publish", &body);
            assert_eq!(status, 200, "{answer}");
        }
    }
    let expected: Vec<_> = (0..TOPICS).map(|number| of_api(&hub, number)).collect();
    for (number, samples) in expected.iter().enumerate() {
        let last = messages(number).pop().expect("a message");
        let last = last.as_array().map_or(&last, |all| all.last().expect("a sample"));
        let value = &last["value"];
        assert_eq!(samples, &[(value.as_f64(), value.as_str().map(str::to_owned))], "{number}");
    }

    hub.stop();
    let data = scratch.path().join("data");
    let said = peers("history_view.py", &[data.to_str().expect("UTF-8"), "uns/v1/lab/twice/"]);
    let read: Value = serde_json::from_str(&said).expect("a line of JSON");
    for (number, samples) in expected.iter().enumerate() {
        let rows = read[topic(number)].as_array().expect("rows");
        let shown = |row: &Value| (row[1].as_f64(), row[2].as_str().map(str::to_owned));
        assert_eq!(&rows.iter().map(shown).collect::<Vec<_>>(), samples, "{number}: {said}");
    }
}
