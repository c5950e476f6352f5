//! `POST publish` with an array: the order of the items is that of the log, and every result names
//! the record of its own item.

use std::fmt::Write as _;

use serde_json::Value;

use crate::hub::{Hub, Scratch};

#[test]
fn an_array_keeps_its_order_and_every_item_its_sequence() {
    let scratch = Scratch::new();
    let hub = Hub::start(scratch.path());
    let mut before = 0;
    for round in 0..20 {
        let mut items = String::new();
        for n in 0..50 {
            let comma = if n > 0 { "," } else { "" };
            let topic = ["a", "b"][n % 2];
            write!(
                items,
                r#"{comma}{{"topic":"uns/v1/order/{topic}","payload":{}}}"#,
                round * 50 + n
            )
            .expect("a string takes text");
        }
        let (status, answer) = hub.post("publish", &format!("[{items}]"));
        assert_eq!(status, 200, "{answer}");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        for result in answer["results"].as_array().expect("a list") {
            let sequence = result["sequence"].as_u64().expect("it is logged");
            assert!(sequence > before, "{sequence} after {before} in {answer}");
            before = sequence;
        }
        let current = hub.get("current?filter=uns/v1/order/b");
        let last = &current["values"][0];
        assert_eq!(
            (last["value"].as_u64(), last["sequence"].as_u64()),
            (Some(u64::try_from(round * 50 + 49).expect("small")), Some(before),)
        );
    }
}
