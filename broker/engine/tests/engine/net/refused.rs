//! What the gate of these tests says of a payload that is bad.

use fabric::{Author, Output, Rejection};
use uns_model::Reason;

/// A refusal that is said to subscribers as well (NS-17).
pub(super) fn bad() -> Rejection {
    let violation = Output {
        author: Author::Fabric,
        topic: "$uns/violations/bad".into(),
        payload: "it is bad".into(),
        qos: 0,
        retain: false,
        expiry: None,
        place: None,
    };
    let refused = Rejection::new(Reason::PayloadMalformed, "it is bad");
    Rejection { said: Some(Box::new(vec![violation])), ..refused }
}
