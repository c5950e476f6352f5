//! A data directory that an older release left after kill -9 opens: the same answers to a recorded
//! set of queries, sessions and retained messages intact (R17). docs/testing.md says how such a
//! directory is made.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::hub::{Hub, Scratch, peers};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Where an answer says less than the recorded one, or something else. What it says beyond that is
/// no difference: answers may learn to say more.
fn differences(path: &str, recorded: &Value, answered: &Value, found: &mut Vec<String>) {
    match (recorded, answered) {
        (Value::Object(recorded), Value::Object(answered)) => {
            for (key, one) in recorded {
                let other = answered.get(key).unwrap_or(&Value::Null);
                differences(&format!("{path}/{key}"), one, other, found);
            }
        }
        // Last values and what a search finds have names: documents may be found to have more fields
        // than were seen then, and a search finds fields since.
        (Value::Array(recorded), Value::Array(answered))
            if recorded.iter().all(is_last_value) || path.starts_with("/search") =>
        {
            for one in recorded {
                let name = |value: &Value| NAMES.map(|key| value.get(key).cloned());
                let other = answered.iter().find(|other| name(other) == name(one));
                let path = format!("{path}/{:?}", name(one).map(|name| name.unwrap_or_default()));
                differences(&path, one, other.unwrap_or(&Value::Null), found);
            }
        }
        (Value::Array(recorded), Value::Array(answered)) if recorded.len() == answered.len() => {
            for (place, (one, other)) in recorded.iter().zip(answered).enumerate() {
                differences(&format!("{path}/{place}"), one, other, found);
            }
        }
        _ if recorded == answered => {}
        _ => found.push(format!("{path}: was {recorded}, is {answered}")),
    }
}

/// What tells two values of one answer apart.
const NAMES: [&str; 3] = ["topic", "path", "field"];

fn is_last_value(value: &Value) -> bool {
    value.get("topic").is_some() && value.get("sequence").is_some()
}

fn answers(hub: &Hub, what: &str) -> Value {
    let (mqtt, http) = (hub.mqtt.to_string(), hub.http.to_string());
    let said = peers("old_directory.py", &[what, &mqtt, &http]);
    serde_json::from_str(&said).expect("JSON")
}

fn assert_same(recorded: &Value, answered: &Value) {
    let mut found = Vec::new();
    differences("", recorded, answered, &mut found);
    let some: Vec<_> = found.iter().take(20).map(String::as_str).collect();
    assert!(found.is_empty(), "{} answers differ:\n{}", found.len(), some.join("\n"));
}

#[test]
fn a_directory_of_log_format_3_answers_as_it_did() {
    let scratch = Scratch::new();
    let packed = fixture("directory-format-3.tar.gz");
    let mut unpack = Command::new("tar");
    unpack.arg("-xzf").arg(packed).arg("-C").arg(scratch.path());
    assert!(unpack.status().expect("tar is installed").success());
    let recorded = std::fs::read_to_string(fixture("directory-format-3.json")).expect("a file");
    let mut recorded: Value = serde_json::from_str(&recorded).expect("JSON");

    let mut hub = Hub::start(scratch.path());
    assert_same(&recorded, &answers(&hub, "ask"));
    // What this release made of it answers the same: checkpoints, and history that was in the log.
    hub.stop();
    let mut hub = Hub::start(scratch.path());
    let sessions = recorded.as_object_mut().expect("an object");
    sessions.retain(|name, _| !name.starts_with("visitor"));
    assert_same(&recorded, &answers(&hub, "values"));
    hub.kill_nine();
    let hub = Hub::start(scratch.path());
    assert_same(&recorded, &answers(&hub, "values"));
}

#[test]
fn an_answer_that_says_less_or_something_else_is_a_difference() {
    let check = |recorded: &str, answered: &str| {
        let mut found = Vec::new();
        let json = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        differences("", &json(recorded), &json(answered), &mut found);
        found.len()
    };
    assert_eq!(check(r#"{"a":[1,{"b":2}]}"#, r#"{"a":[1,{"b":2,"c":3}],"d":4}"#), 0);
    assert_eq!(check(r#"{"a":[1,{"b":2}]}"#, r#"{"a":[1,{"c":2}]}"#), 1);
    assert_eq!(check(r#"{"a":[1,2]}"#, r#"{"a":[1]}"#), 1);
    assert_eq!(check("23.0", "23"), 1, "a number keeps its form");
    let found = r#"{"search":[{"path":"a","value":1}]}"#;
    let more = r#"{"search":[{"path":"a","field":"b","value":2},{"path":"a","value":1}]}"#;
    assert_eq!(check(found, more), 0, "a search may find more");
    assert_eq!(check(more, found), 1);
    assert_eq!(check(found, r#"{"search":[{"path":"a","value":2}]}"#), 1);
}
