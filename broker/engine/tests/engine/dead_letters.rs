//! A client of MQTT 3.1.1 gets its PUBACK for a refused publish when the dead letter is on disk (NS-33).

use std::cell::RefCell;
use std::sync::Arc;

use broker_codec::Version;
use broker_engine::{Config, DeadLetter, DeadLetters, OnStored, Signal, StoredDeadLetter};

use crate::net::{Net, qos1};

struct Letters;

impl DeadLetters for Letters {
    fn store(&self, _: &DeadLetter<'_>, _: Option<OnStored>) -> StoredDeadLetter {
        StoredDeadLetter { id: "1".into(), body: Vec::new() }
    }
}

#[test]
fn a_publisher_that_waits_for_answers_goes_on_when_the_dead_letter_is_stored() {
    let config = Config { receive_maximum: 1, ..Config::default() };
    let mut net = Net::with_dead_letters(config, Arc::new(Letters));
    net.engines[0].gate().awaited = Some(RefCell::default());
    let client = net.client(0, Version::V311, "old");
    net.send(client, &qos1("no/a", "x", 1));
    net.send(client, &qos1("no/b", "x", 2));
    assert_eq!(net.seen(client), [""; 0], "the first dead letter is not on disk");
    assert!(net.is_waiting(client), "one may be unanswered, and one is");
    for answered in ["PUBACK 1 Success", "PUBACK 2 Success"] {
        let awaited = net.engines[0].gate().awaited.take().expect("answers wait").into_inner();
        assert_eq!(awaited.len(), 1, "one dead letter at a time");
        net.engines[0].gate().awaited = Some(RefCell::default());
        let now = net.now;
        net.engines[0].signal(now, Signal::DeadLetterStored(awaited[0], true));
        net.settle();
        // No time passes, so no tick reads the client again.
        assert_eq!(net.seen(client), [answered]);
    }
}
