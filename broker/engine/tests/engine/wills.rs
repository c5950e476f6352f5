//! Wills pass the same gate as other publishes, whichever way their client was lost.

use std::time::Duration;

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

/// A client whose session ends with its connection is let in while the log takes nothing. Once the log
/// takes something it is told of the will, since the next crash would lose it.
#[test]
fn one_that_the_log_did_not_take_is_told_to_it_again() {
    let mut net = Net::new(1, Config::default());
    net.engines[0].gate().has_log = true;
    net.engines[0].gate().broken = true;
    let clients = ["c", "d", "e"].map(|id| net.connect(0, &with_will(id, "will", "gone")));
    for client in clients {
        assert_eq!(net.seen(client), ["CONNACK Success"]);
    }
    net.lose(clients[1]);
    net.engines[0].gate().notes.clear();
    net.advance(Duration::from_secs(1));
    let notes = std::mem::take(&mut net.engines[0].gate().notes);
    assert_eq!(
        notes,
        ["session 0 Opened", "session 0 Will"],
        "one of them asks whether there is room"
    );
    net.engines[0].gate().broken = false;
    let mut notes = Vec::new();
    for _ in 0..6 {
        net.advance(Duration::from_millis(500));
        let flushed: Vec<_> = net.engines[0].gate().flushed.drain(..).collect();
        for ticket in flushed.into_iter().filter_map(|(ticket, _)| ticket) {
            net.commit(0, ticket.0, Ok(ticket.0));
        }
        notes.append(&mut net.engines[0].gate().notes);
    }
    notes.sort();
    let expected = ["session 0 Opened", "session 0 Will", "session 2 Opened", "session 2 Will"];
    assert_eq!(notes, expected, "each of those that are there, once");
    assert!(!clients.iter().any(|client| *client != clients[1] && net.is_closed(*client)));
}
