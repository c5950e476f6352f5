//! NS-5 and rights: a name that differs in case only from one that its publisher may not read is
//! refused like one it may not publish to, in whatever form it is published.

use fabric::{Inbound, Rejection, Resolved};
use uns_model::Reason;
use uns_namespace::{Gate, PublisherRights};

use crate::world::{ORG, World, inbound, node, publish};

/// May publish to everything but what a topic begins with, and read everything but that.
struct But {
    publish: &'static str,
    read: &'static str,
}

impl PublisherRights for But {
    fn may_publish(&self, topic: &str) -> bool {
        !topic.starts_with(self.publish)
    }

    fn may_read(&self, topic: &str) -> bool {
        !topic.starts_with(self.read)
    }
}

const RIGHTS: But = But { publish: "uns/v1/a/denied", read: "uns/v1/a/secret/" };

/// The refusal of a batch, or those of its rows, without the name of the row.
fn refused(gate: &mut Gate, path: &str, atomic: bool) -> Vec<Rejection> {
    let payload = format!(r#"{{"points":[{{"path":"{path}","value":1}}]}}"#);
    let properties: &[u8] = if atomic { b"\x26\0\x09uns-batch\0\x06atomic" } else { b"" };
    let parent = node(gate, "uns/v1/a");
    let batch = Inbound { properties, ..inbound(payload.as_bytes()) };
    let rejects = match gate.admit(&parent, &batch, &RIGHTS) {
        Ok(admitted) => {
            let outputs = admitted.outputs.expect("a batch");
            outputs.refused.into_iter().map(|row| row.rejection).collect()
        }
        Err(reject) => vec![reject],
    };
    let bare =
        |reject: Rejection| Rejection { detail: reject.detail.replace(path, "PATH"), ..reject };
    rejects.into_iter().map(bare).collect()
}

#[test]
fn rows_and_atomic_batches_tell_nothing_of_a_hidden_name() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    for topic in ["uns/v1/a/secret/recipe", "uns/v1/a/open/speed"] {
        publish(&mut gate, topic, "1").unwrap();
    }
    space.catch_up().unwrap();
    for atomic in [false, true] {
        let denied = refused(&mut gate, "denied/x", atomic);
        assert_eq!(denied.len(), 1);
        assert_eq!(denied[0].reason, Reason::NotAuthorized);
        for path in ["secret/Recipe", "Secret/x", "SECRET"] {
            assert_eq!(refused(&mut gate, path, atomic), denied, "{path}, atomic: {atomic}");
        }
        let [told] = &refused(&mut gate, "Open/speed", atomic)[..] else {
            unreachable!("one row");
        };
        assert_eq!(told.reason, Reason::CaseCollision);
        assert!(told.detail.contains("the existing `uns/v1/a/open/speed`"), "{told}");
    }
    let rejected = space.stats().rejected;
    assert!(rejected.contains(&(Reason::CaseCollision, 2)), "counted as they read: {rejected:?}");
}

#[test]
fn a_level_is_named_to_whoever_may_read_something_below_it() {
    let space = World::new().open();
    let mut gate = Gate::new(&space);
    // The level `uns/v1/a/secret` may be read by its own name, and nothing below it.
    publish(&mut gate, "uns/v1/a/secret/recipe", "1").unwrap();
    space.catch_up().unwrap();
    let mut asked = |topic: &str| match gate.resolve(ORG, topic, &RIGHTS) {
        Err(reject) => (reject.reason, reject.detail.contains("secret")),
        Ok(Resolved::Node(_) | Resolved::Guarded | Resolved::Plain) => {
            unreachable!("{topic} collides")
        }
    };
    assert_eq!(asked("uns/v1/a/Secret/x"), (Reason::NotAuthorized, false));
    assert_eq!(asked("uns/v1/A/x"), (Reason::NotAuthorized, false), "a leads to secrets alone");
    publish(&mut Gate::new(&space), "uns/v1/a/secret", "1").unwrap();
    space.catch_up().unwrap();
    assert_eq!(asked("uns/v1/a/Secret/x"), (Reason::CaseCollision, true));
    assert_eq!(asked("uns/v1/A/x"), (Reason::CaseCollision, false));
}
