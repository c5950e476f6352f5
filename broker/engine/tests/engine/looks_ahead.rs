//! Where topics are not remembered, the gate is told which ones come next, in their order; what they
//! say is judged and delivered as ever.

use broker_codec::{SubscribeOptions, Version};
use broker_engine::Config;

use crate::net::{Net, qos0};

#[test]
fn topics_are_told_before_their_turn_where_they_are_strange() {
    let mut net = Net::new(1, Config { routes_max: 8, ..Config::default() });
    let hears = net.client(0, Version::V5, "hears");
    net.subscribe(hears, "#", SubscribeOptions::default());
    net.seen(hears);
    let says = net.client(0, Version::V311, "says");
    let topics: Vec<_> = (0..100).map(|n| format!("log/{n}")).collect();
    let mut bytes = Vec::new();
    for topic in &topics {
        qos0(topic, "1").encode(Version::V311, &mut bytes).expect("short");
    }
    // The last is not all there yet.
    net.bytes(says, &bytes[..bytes.len() - 1]);
    net.settle();
    let gate = net.engines[0].gate();
    let expected = gate.expected.borrow();
    // The first are resolved without a look; then all are told once, but for the one that is not there.
    assert!(topics[..99].ends_with(&expected) && expected.len() >= 80, "{expected:?}");
    assert_eq!(gate.resolved, topics[..99]);
    drop(expected);
    net.bytes(says, &bytes[bytes.len() - 1..]);
    net.settle();
    let heard = net.seen(hears);
    assert_eq!(heard.len(), topics.len());
    assert!(heard.iter().zip(&topics).all(|(heard, topic)| heard.contains(topic)), "{heard:?}");
}

#[test]
fn nobody_looks_where_topics_are_remembered() {
    let mut net = Net::new(1, Config::default());
    let says = net.client(0, Version::V311, "says");
    let mut bytes = Vec::new();
    for n in 0..100 {
        qos0(&format!("log/{}", n % 4), "1").encode(Version::V311, &mut bytes).expect("short");
    }
    net.bytes(says, &bytes);
    assert!(net.engines[0].gate().expected.borrow().is_empty());
}

#[test]
fn a_look_stops_at_what_is_no_publish_with_a_topic() {
    let mut net = Net::new(1, Config { routes_max: 8, ..Config::default() });
    let says = net.client(0, Version::V5, "says");
    let mut bytes = Vec::new();
    for n in 0..40 {
        qos0(&format!("log/{n}"), "1").encode(Version::V5, &mut bytes).expect("short");
        if n % 10 == 9 {
            // PINGREQ.
            bytes.extend_from_slice(&[0xc0, 0]);
        }
    }
    net.bytes(says, &bytes);
    let gate = net.engines[0].gate();
    assert_eq!(gate.resolved.len(), 40);
    let expected = gate.expected.borrow();
    assert!(!expected.is_empty() && expected.iter().all(|topic| gate.resolved.contains(topic)));
}
