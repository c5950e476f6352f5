//! TRAP-02, TRAP-04, TRAP-05: every retained match arrives, only an empty payload with RETAIN
//! clears, expiry counts from arrival.

use std::time::Duration;

use broker_codec::Publish;

use crate::client::{Broker, QOS0, QOS1, expiring, message};

fn retained<'a>(topic: &'a str, payload: &'a str) -> Publish<'a> {
    Publish { retain: true, ..message(topic, payload) }
}

#[test]
fn trap_02_all_of_ten_thousand() {
    let broker = Broker::start();
    let mut sender = broker.v5("s");
    for n in 0..10_000 {
        sender.publish(retained(&format!("many/{n}"), "x"));
    }
    sender.ping();
    for (id, options) in [("zero", QOS0), ("one", QOS1)] {
        let mut receiver = broker.v3(id);
        receiver.subscribe(&[("many/+", options)]);
        let mut topics: Vec<_> = (0..10_000)
            .map(|_| {
                let got = receiver.got();
                assert!(got.retain);
                got.topic
            })
            .collect();
        topics.sort();
        topics.dedup();
        assert_eq!(topics.len(), 10_000);
        receiver.ping();
    }
}

#[test]
fn trap_02_a_window_of_acknowledgements_paces_them() {
    let broker = Broker::start();
    let mut sender = broker.v5("s");
    for n in 0..5000 {
        sender.publish(Publish {
            qos: broker_codec::QoS::AtLeastOnce,
            packet_id: broker_codec::PacketId::new(n + 1),
            ..retained(&format!("many/{n}"), "x")
        });
        sender.puback();
    }
    let mut receiver = broker.v5("r");
    receiver.subscribe(&[("many/#", QOS1)]);
    for _ in 0..5000 {
        let id = receiver.got().id.expect("QoS 1");
        receiver.send(&broker_codec::Packet::Puback(broker_codec::Ack::new(id)));
    }
    receiver.ping();
}

#[test]
fn trap_04_only_empty_with_retain_clears() {
    let broker = Broker::start();
    let mut sender = broker.v5("s");
    sender.publish(retained("a", "kept"));
    sender.publish(message("a", ""));
    sender.ping();
    let mut first = broker.v5("first");
    first.subscribe(&[("a", QOS0)]);
    assert_eq!(first.got_text(), ("a".into(), "kept".into()));
    sender.publish(retained("a", ""));
    sender.ping();
    assert_eq!(first.got().payload, b"");
    let mut second = broker.v5("second");
    second.subscribe(&[("a", QOS0)]);
    second.ping();
}

#[test]
fn trap_05_reading_does_not_shorten_expiry() {
    let broker = Broker::start();
    let mut sender = broker.v5("s");
    let began = std::time::Instant::now();
    sender.publish(Publish { properties: expiring(1_000), ..retained("a", "x") });
    sender.publish(Publish { properties: expiring(2), ..retained("b", "x") });
    sender.ping();
    for id in ["first", "second"] {
        let mut receiver = broker.v5(id);
        receiver.subscribe(&[("a", QOS0)]);
        let expiry = receiver.got().expiry.expect("an expiry");
        let passed = u32::try_from(began.elapsed().as_secs()).expect("short") + 1;
        assert!((1_000 - passed..=1_000).contains(&expiry), "{expiry} after {passed} s");
    }
    std::thread::sleep(Duration::from_millis(3_200));
    let mut later = broker.v5("later");
    later.subscribe(&[("a", QOS0)]);
    assert!(later.got().expiry.expect("an expiry") <= 997);
    later.subscribe(&[("b", QOS0)]);
    later.ping();
}
