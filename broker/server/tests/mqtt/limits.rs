//! TRAP-37, TRAP-38, TRAP-44: a client that exceeds a rate waits and loses nothing, and no other client
//! waits; a client that exceeds a quota is told; without a setting there are no limits.

use std::time::{Duration, Instant};

use broker_codec::{
    Connect, Packet, Publish, PublishProperties, QoS, ReasonCode as R, Version, Will,
};
use broker_server::{Limit, Quota, Rate};

use crate::client::{Broker, PATIENCE, QOS0, QOS1, connect, message, qos1};

#[test]
fn trap_37_a_publisher_beyond_its_rate_waits_and_loses_nothing() {
    let broker = Broker::with(|config| {
        config.engine.limits.client = Rate { messages: 200, bytes: 0 };
    });
    let mut reader = broker.v5("r");
    reader.subscribe(&[("#", QOS0)]);
    for version in [Version::V5, Version::V311] {
        let mut fast = broker.client(&connect(version, "fast"));
        let start = Instant::now();
        for n in 0..600 {
            fast.publish(message("fast", &n.to_string()));
        }
        // Another client is not held up meanwhile.
        let mut calm = broker.v5("calm");
        calm.publish(message("calm", "x"));
        calm.ping();
        let calm = start.elapsed();
        fast.ping();
        let took = start.elapsed();
        assert!(took >= Duration::from_millis(1_950), "{took:?}");
        assert!(calm < took * 3 / 4, "{calm:?} of {took:?}");
        let mut numbers = 0..600;
        for _ in 0..601 {
            let (topic, payload) = reader.got_text();
            if topic == "fast" {
                assert_eq!(payload, numbers.next().expect("no more").to_string());
            }
        }
        assert_eq!(numbers.next(), None);
    }
    assert!(broker.handle.stats().stats.limited[Limit::ClientRate as usize] > 0);
}

#[test]
fn bytes_count_too() {
    let broker = Broker::with(|config| {
        config.engine.limits.client = Rate { messages: 0, bytes: 100_000 };
    });
    let mut client = broker.v5("c");
    let payload = "x".repeat(25_000);
    let start = Instant::now();
    for n in 1..=8 {
        client.publish(qos1("t", &payload, n));
        assert_eq!(client.puback(), (n, R::Success));
    }
    // Four at once and one that overdraws; then a quarter of a second each.
    assert!(start.elapsed() >= Duration::from_millis(700), "{:?}", start.elapsed());
}

#[test]
fn the_clients_of_an_organisation_share_its_rate() {
    let broker = Broker::with(|config| {
        config.engine.limits.organisation.publish = Rate { messages: 100, bytes: 0 };
    });
    let mut clients: Vec<_> = (0..4).map(|n| broker.v5(&format!("c{n}"))).collect();
    let start = Instant::now();
    for n in 0..200 {
        clients[n % 4].publish(message("t", "x"));
    }
    clients.iter_mut().for_each(crate::client::Client::ping);
    assert!(start.elapsed() >= Duration::from_millis(900), "{:?}", start.elapsed());
    assert!(broker.handle.stats().stats.limited[Limit::OrganisationRate as usize] > 0);
}

#[test]
fn quotas_of_an_organisation_are_said() {
    let broker = Broker::with(|config| {
        config.engine.limits.organisation.subscriptions = 3;
        config.engine.limits.organisation.retained = Quota { count: 1, bytes: 0 };
    });
    let mut first = broker.v5("a");
    let mut second = broker.v3("b");
    assert_eq!(first.subscribe(&[("a", QOS0), ("b", QOS0)]), [R::GRANTED_QOS_0; 2]);
    let codes = second.subscribe(&[("a", QOS0), ("b", QOS1)]);
    assert_eq!(codes, [R::GRANTED_QOS_0, R::UnspecifiedError]);
    // Replacing is nothing new, and what goes makes room.
    assert_eq!(first.subscribe(&[("a", QOS1), ("c", QOS0)]), [R::GrantedQoS1, R::QuotaExceeded]);
    first.unsubscribe(&["b"]);
    assert_eq!(second.subscribe(&[("b", QOS1)]), [R::GrantedQoS1]);
    second.unsubscribe(&["a", "b"]);
    let mut sender = broker.v5("s");
    for (id, topic, code) in
        [(1, "kept", R::Success), (2, "kept", R::Success), (3, "other", R::QuotaExceeded)]
    {
        sender.publish(Publish { retain: true, ..qos1(topic, "x", id) });
        assert_eq!(sender.puback(), (id, code));
    }
    let limited = broker.handle.stats().stats.limited;
    assert!(limited[Limit::Subscriptions as usize] <= 2, "counters follow within a moment");
}

#[test]
fn an_organisation_has_so_many_sessions() {
    let broker = Broker::with(|config| config.engine.limits.organisation.sessions = 2);
    let first = broker.v5("a");
    let second = broker.v3("b");
    let will = Will {
        topic: "will",
        payload: b"x",
        qos: QoS::AtMostOnce,
        retain: false,
        delay_interval: None,
        properties: PublishProperties::default(),
    };
    let mut refused = broker.raw(Version::V5);
    let third = Connect { will: Some(will), ..connect(Version::V5, "c") };
    refused.send(&Packet::Connect(Box::new(third)));
    assert_eq!(refused.refused(), R::QuotaExceeded);
    // One that it has is no other one, and one that left makes room.
    let mut again = broker.v5("a");
    again.subscribe(&[("will", QOS0)]);
    drop((first, second));
    let start = Instant::now();
    loop {
        let mut next = broker.raw(Version::V5);
        next.send(&Packet::Connect(Box::new(connect(Version::V5, "c"))));
        let reason = next.next(|packet| match packet {
            Packet::Connack(connack) => connack.reason,
            other => panic!("{other:?}"),
        });
        if reason == R::Success {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "there is no room");
    }
    again.ping();
}

#[test]
fn connections_that_come_too_fast_wait_in_the_queue() {
    let broker = Broker::with(|config| config.connections_per_second = 20);
    let start = Instant::now();
    for n in 0..30 {
        broker.v5(&format!("c{n}")).ping();
    }
    assert!(start.elapsed() >= Duration::from_millis(400), "{:?}", start.elapsed());
    assert!(broker.handle.stats().delayed >= 9);
}

/// TRAP-44: with the defaults a busy plant meets none of them.
#[test]
fn trap_44_the_defaults_limit_no_normal_client() {
    let broker = Broker::start();
    let mut reader = broker.v5("r");
    reader.subscribe(&[("t", QOS0)]);
    let filters: Vec<String> = (0..2000).map(|n| format!("many/{n}/+")).collect();
    for some in filters.chunks(500) {
        let wanted: Vec<_> = some.iter().map(|filter| (filter.as_str(), QOS0)).collect();
        assert!(reader.subscribe(&wanted).into_iter().all(|code| code == R::GRANTED_QOS_0));
    }
    let mut sender = broker.v5("s");
    for n in 0..20_000 {
        sender.publish(message("t", &n.to_string()));
    }
    for n in 0..20_000 {
        assert_eq!(reader.got().payload, n.to_string().as_bytes());
    }
    assert_eq!(broker.handle.stats().stats.limited, [0; Limit::ALL.len()]);
    assert_eq!(broker.handle.stats().delayed, 0);
}
