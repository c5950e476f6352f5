//! Wills pass the same gate as other publishes, whichever way their client was lost.

use broker_codec::{Connect, PublishProperties, QoS, SubscribeOptions, Version, Will};
use broker_engine::Config;

use crate::net::{Net, connect};

fn with_will<'a>(id: &'a str, topic: &'a str, payload: &'a str) -> Connect<'a> {
    Connect {
        will: Some(Will {
            topic,
            payload: payload.as_bytes(),
            qos: QoS::AtMostOnce,
            retain: true,
            delay_interval: None,
            properties: PublishProperties::default(),
        }),
        ..connect(Version::V5, id)
    }
}

#[test]
fn the_gate_decides() {
    let mut net = Net::new(2, Config::default());
    let watcher = net.client(1, Version::V5, "w");
    net.subscribe(watcher, "#", SubscribeOptions::default());
    net.seen(watcher);
    for (topic, payload, expected) in [
        ("log/will", "gone", vec!["log/will gone q0"]),
        ("log/will", "bad", vec![]),
        ("no/will", "gone", vec![]),
        ("$SYS/will", "gone", vec![]),
    ] {
        let client = net.connect(0, &with_will("c", topic, payload));
        net.lose(client);
        assert_eq!(net.seen(watcher), expected);
    }
    assert_eq!(net.engines[0].gate().stored, [b"gone"]);
    assert_eq!(net.broker.retained.size().0, 0, "whoever folds the log retains what is in it");
}

#[test]
fn takeover_on_another_core_publishes_it() {
    let mut net = Net::new(2, Config::default());
    let watcher = net.client(1, Version::V5, "w");
    net.subscribe(watcher, "will", SubscribeOptions::default());
    net.seen(watcher);
    let old = net.connect(0, &with_will("c", "will", "gone"));
    net.seen(old);
    let new = net.connect(1, &connect(Version::V5, "c"));
    assert_eq!(net.seen(old), ["DISCONNECT SessionTakenOver"]);
    assert_eq!(net.seen(new), ["CONNACK Success"]);
    assert_eq!(net.seen(watcher), ["will gone q0"]);
}

#[test]
fn a_connect_that_was_never_accepted_leaves_none() {
    let mut net = Net::new(2, Config::default());
    let watcher = net.client(1, Version::V5, "w");
    net.subscribe(watcher, "will/#", SubscribeOptions::default());
    net.seen(watcher);
    net.connect(0, &with_will("c", "will/first", "gone"));
    let second = net.connect_only(1, &with_will("c", "will/second", "gone"));
    let third = net.connect(1, &with_will("c", "will/third", "gone"));
    assert_eq!(net.seen(second), ["CONNACK ServerBusy"], "it was taken over while it waited");
    assert_eq!(net.seen(third), ["CONNACK Success"]);
    assert_eq!(net.seen(watcher), ["will/first gone q0"]);
}
