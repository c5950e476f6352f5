//! Children batches (NS-21): the parent passes unchanged, each row becomes a sample of its child.

use uns_model::{Quality, Value};
use uns_namespace::{Gate, Reason};

use crate::world::{World, current, inbound, node, publish, value};

#[test]
fn each_point_becomes_a_sample_of_its_child() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    let payload = concat!(
        r#"{"points":[{"path":"motor/temp","value":1.50,"quality":"Bad"},"#,
        r#"{"path":"big","value":9007199254740993},{"path":"a b","value":1},{"value":1},"#,
        r#"{"path":"none"}]}"#
    );
    let parent = node(&mut gate, "uns/v1/p");
    gate.admit(&parent, &inbound(payload.as_bytes())).unwrap();
    let expansion = gate.take_expansion().unwrap();
    let children: Vec<_> =
        expansion.children.iter().map(|c| (&*c.node.name, &c.payload[..])).collect();
    assert_eq!(
        children,
        [
            ("uns/v1/p/motor/temp", &br#"{"value":1.50,"quality":"Bad"}"#[..]),
            ("uns/v1/p/big", &br#"{"value":9007199254740993}"#[..]),
        ]
    );
    let rejected: Vec<_> =
        expansion.rejected.iter().map(|(topic, reject)| (&**topic, reject.reason)).collect();
    assert_eq!(
        rejected,
        [
            ("uns/v1/p/a b", Reason::TopicInvalid),
            ("uns/v1/p/", Reason::PayloadMalformed),
            ("uns/v1/p/none", Reason::PayloadMalformed),
        ]
    );
    assert_eq!(gate.pending().0, 3);
    gate.flush(None).unwrap();
    assert_eq!(value(&space, "uns/v1/p"), Some(Value::Document(payload.into())));
    assert_eq!(value(&space, "uns/v1/p/big"), Some(Value::Int(9_007_199_254_740_993)));
    assert_eq!(current(&space, "uns/v1/p/motor/temp")[0].quality, Quality::BAD);
}

#[test]
fn what_only_looks_like_a_batch_is_a_document() {
    let mut world = World::new();
    world.config.children_max = 1;
    let space = world.open();
    let mut gate = Gate::new(&space);
    for payload in [r#"{"points":5}"#, r#"{"points":[],"more":1}"#, r#"{"points":[1]}"#] {
        publish(&mut gate, "uns/v1/p", payload).unwrap();
        assert!(gate.take_expansion().is_none(), "{payload}");
        assert_eq!(value(&space, "uns/v1/p"), Some(Value::Document(payload.into())));
    }
    let batch = r#"{"points":[{"path":"a","value":1},{"path":"b","value":2}]}"#;
    let refused = publish(&mut gate, "uns/v1/p", batch).unwrap_err();
    assert_eq!(refused.reason, Reason::PayloadTooLarge);
    publish(&mut gate, "p/brownfield", batch).unwrap();
    assert!(gate.take_expansion().is_none(), "brownfield is left as it is");
}
