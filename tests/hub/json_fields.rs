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
