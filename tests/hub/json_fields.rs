//! A JSON object is one document and, beside it, its scalar leaves as fields, each with a history.

use serde_json::json;

use crate::hub::{Hub, Scratch};

const PAYLOAD: &str = r#"{"motor":{"temp":81.25,"on":true,"phase":{"a":230.10}},"state":"RUN","n":9007199254740993,"list":[1,2],"none":null}"#;

#[test]
fn leaves_of_a_document_are_values_with_history() {
    let scratch = Scratch::new();
    let mut hub = Hub::start(scratch.path());
    hub.mosquitto_pub(&["-t", "Plant A/pump", "-m", PAYLOAD, "-q", "1"]);
    let check = |hub: &Hub| {
        let current = hub.get("current?filter=Plant%20A/pump");
        let values = current["values"].as_array().expect("values");
        for (field, value) in [
            (Some("motor.temp"), json!(81.25)),
            (Some("motor.on"), json!(true)),
            (Some("motor.phase.a"), json!(230.1)),
            (Some("state"), json!("RUN")),
            // Beyond what JavaScript counts exactly: as its digits.
            (Some("n"), json!("9007199254740993")),
            (None, serde_json::from_str(PAYLOAD).expect("JSON")),
        ] {
            let found = values.iter().find(|v| v["field"].as_str() == field);
            assert_eq!(found.map(|v| &v["value"]), Some(&value), "{field:?} in {current}");
            let field = field.map(|f| format!("&field={f}")).unwrap_or_default();
            let history = hub.history("Plant A/pump", &field);
            assert_eq!(history.len(), 1, "{field}");
            assert_eq!(history[0]["value"], value, "{field}");
        }
        assert!(!values.iter().any(|v| v["field"] == "list"), "arrays stay in the document");
    };
    check(&hub);
    hub.stop();
    check(&Hub::start(scratch.path()));
}

/// What came last of a field, as two answers give it: value, quality and time.
fn last(hub: &Hub, topic: &str, field: &str) -> [[serde_json::Value; 3]; 2] {
    let of = |sample: &serde_json::Value| {
        ["value", "quality", "timestamp"].map(|name| sample[name].clone())
    };
    let current = hub.get(&format!("current?filter={topic}"));
    let values = current["values"].as_array().expect("values");
    let shown = values.iter().find(|v| v["field"] == field).expect("the field is shown");
    let range = "start=2026-11-21T00:00:00Z&end=2100-01-01T00:00:00Z";
    let history = hub.history(topic, &format!("&field={field}&{range}"));
    [of(shown), of(history.last().expect("the field has a history"))]
}

/// Both agree about value and quality, and about the time of a value. Of a field that has ended, history
/// has the value that ended it, and the last value the newest one that says so.
fn assert_one_story(hub: &Hub, topic: &str, field: &str, after: &str) -> [serde_json::Value; 3] {
    let [current, history] = last(hub, topic, field);
    assert_eq!(current[..2], history[..2], "{field} after {after}");
    if current[1] == "GoodNoData" {
        assert!(current[2].as_str() >= history[2].as_str(), "{field} after {after}");
    } else {
        assert_eq!(current, history, "{field} after {after}");
    }
    current
}

/// All orders of so many things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else { return vec![Vec::new()] };
    let mut all = Vec::new();
    for order in orders(last) {
        for place in 0..count {
            let mut longer = order.clone();
            longer.insert(place, last);
            all.push(longer);
        }
    }
    all
}

/// A document, a value with a neighbour of the same name, values that come alone and one that is null, in every order in which
/// networks may deliver them: each field is what the times say (NS-19f).
#[test]
fn current_and_history_tell_of_the_same_messages_alike_in_every_order() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let at = |second: u32| format!(r#""timestamp":"2026-11-21T11:00:{second}Z""#);
    let document = format!(r#"{{"a":1,{}}}"#, at(10));
    let beside = format!(r#"{{"value":3,"a":9,{}}}"#, at(11));
    let alone = [12, 13].map(|second| format!(r#"{{"value":5,{}}}"#, at(second)));
    let [first, second] = alone.clone();
    // What says nothing ends nothing, and hides no value that does.
    let nothing = format!(r#"{{"value":null,{}}}"#, at(14));
    // Which messages; what `a` is at the end; the times in current and in history.
    let cases = [
        (vec![document.clone(), beside.clone(), first.clone()], json!(9), [11, 11]),
        (vec![document.clone(), first.clone(), second.clone()], json!(null), [13, 12]),
        (vec![document.clone(), first.clone(), nothing], json!(null), [12, 12]),
        (vec![document, beside, first, second], json!(9), [11, 11]),
    ];
    for (of, (messages, value, times)) in cases.iter().enumerate() {
        for (number, order) in orders(messages.len()).into_iter().enumerate() {
            let topic = format!("plant/{of}/{number}");
            let sent: Vec<_> = order.iter().map(|at| messages[*at].as_str()).collect();
            for payload in &sent {
                hub.mosquitto_pub(&["-t", &topic, "-m", payload, "-q", "1"]);
            }
            assert_one_story(&hub, &topic, "a", &format!("{sent:?}"));
            let found = last(&hub, &topic, "a");
            assert_eq!([&found[0][0], &found[1][0]], [value; 2], "after {sent:?}");
            let times = times.map(|second| json!(format!("2026-11-21T11:00:{second}Z")));
            assert_eq!(found.map(|[_, _, time]| time), times, "after {sent:?}");
        }
    }
}

/// A source whose clock is 20 s ahead, and messages without a time after its value: each document has its
/// own fields, and the node, the field and its history say so.
#[test]
fn a_value_ahead_of_the_clock_ends_no_field_that_comes_after_it() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is later");
    let ahead = now.as_millis() + 20_000;
    hub.mosquitto_pub(&[
        "-t",
        "plant/a",
        "-m",
        &format!(r#"{{"value":2,"ts":{ahead}}}"#),
        "-q",
        "1",
    ]);
    hub.mosquitto_pub(&["-t", "plant/a", "-m", r#"{"hum":5}"#, "-q", "1"]);
    let current = assert_one_story(&hub, "plant/a", "hum", "a value ahead of it");
    assert_eq!(current[0], json!(5));
    // With a neighbour: now it is 5, and for history 4 is still to come.
    let beside = format!(r#"{{"v":2,"t":{ahead},"hum":4}}"#);
    hub.mosquitto_pub(&["-t", "plant/b", "-m", &beside, "-q", "1"]);
    hub.mosquitto_pub(&["-t", "plant/b", "-m", r#"{"v":3,"hum":5}"#, "-q", "1"]);
    let [current, history] = last(&hub, "plant/b", "hum");
    assert_eq!([&current[0], &current[1]], [&json!(5), &json!("Good")]);
    assert_eq!([&history[0], &history[1]], [&json!(4), &json!("Good")]);
    let range = "start=2026-11-21T00:00:00Z&end=2100-01-01T00:00:00Z";
    let all = hub.history("plant/b", &format!("&field=hum&{range}"));
    let values: Vec<_> = all.iter().map(|sample| sample["value"].clone()).collect();
    assert_eq!(values, [json!(5), json!(4)], "both, in the order of their times");
}

/// Documents and scalars of one topic in an order in which networks deliver them: last value and history
/// of each field agree about whether it has ended, and when (NS-19f).
#[test]
fn current_and_history_agree_where_a_document_arrives_after_a_newer_scalar() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let topic = "plant/pump";
    let document = |second, name| format!(r#"{{"ts":"2026-11-21T11:00:{second}Z","{name}":1}}"#);
    let scalar = |second| format!(r#"{{"value":17,"ts":"2026-11-21T11:00:{second}Z"}}"#);
    let steps = [
        (document(10, "a"), "a", Some(10)),
        (scalar(20), "a", None),
        (document(15, "b"), "b", None),
        (scalar(40), "a", None),
        (document(30, "c"), "c", None),
        (document(50, "d"), "d", Some(50)),
        (document(35, "e"), "e", None),
        (document(60, "f"), "f", Some(60)),
        (scalar(55), "d", None),
    ];
    for (payload, field, lives) in steps {
        hub.mosquitto_pub(&["-t", topic, "-m", &payload, "-q", "1"]);
        let current = assert_one_story(&hub, topic, field, &payload);
        assert_eq!(current[0].is_null(), lives.is_none(), "{field} after {payload}");
    }
    for field in ["a", "b", "c", "d", "e", "f"] {
        assert_one_story(&hub, topic, field, "all");
    }
}

/// What stands beside a value has a name and a history of its own, which values that come alone do not end;
/// a document that becomes a value by one more key keeps its fields.
#[test]
fn neighbours_of_a_value_are_fields_in_current_and_history_alike() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let topic = "plant/tank";
    let at = |second: u32| format!(r#""ts":"2026-11-21T11:00:{second}Z""#);
    let steps = [
        (format!(r#"{{"value":21.5,"battery":80,{}}}"#, at(10)), "battery", Some(80), 1),
        (format!(r#"{{"value":21.6,{}}}"#, at(20)), "battery", Some(80), 1),
        (format!(r#"{{"value":21.7,"battery":79,{}}}"#, at(30)), "battery", Some(79), 2),
        (format!(r#"{{"temp":14,{}}}"#, at(40)), "temp", Some(14), 1),
        (format!(r#"{{"temp":15,"v":3,{}}}"#, at(50)), "temp", Some(15), 2),
        (format!(r#"{{"temp":16,"v":3,{}}}"#, at(51)), "v", Some(3), 2),
        (format!(r#"{{"temp":17,{}}}"#, at(52)), "temp", Some(17), 4),
        (format!(r#"{{"value":21.8,{}}}"#, at(53)), "temp", None, 5),
    ];
    for (payload, field, value, samples) in steps {
        hub.mosquitto_pub(&["-t", topic, "-m", &payload, "-q", "1"]);
        let [current, history] = last(&hub, topic, field);
        assert_eq!(current, history, "{field} after {payload}");
        assert_eq!(current[0], json!(value), "{field} after {payload}");
        let more = format!("&field={field}&start=2026-11-21T00:00:00Z");
        assert_eq!(hub.history(topic, &more).len(), samples, "{field} after {payload}");
    }
    // As seen from the middle: what was open before a range, and what was not.
    let more = "&field=battery&start=2026-11-21T11:00:15Z&end=2026-11-21T11:00:25Z";
    assert_eq!(hub.history(topic, more).len(), 0, "a value alone is no end");
}
