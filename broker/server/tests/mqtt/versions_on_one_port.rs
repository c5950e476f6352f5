//! TRAP-01: one port serves 3.1.1 and 5, chosen by CONNECT, in every pairing of sender and receiver.

use broker_codec::{ReasonCode, Version};

use crate::client::{Broker, QOS0, QOS1, connect, message, qos1};

#[test]
fn trap_01_every_pairing_of_versions_on_one_port() {
    let broker = Broker::start();
    let versions = [Version::V311, Version::V5];
    for (n, (from, to)) in versions.iter().flat_map(|a| versions.map(|b| (*a, b))).enumerate() {
        let topic = format!("t/{n}");
        let mut receiver = broker.client(&connect(to, &format!("r{n}")));
        let mut sender = broker.client(&connect(from, &format!("s{n}")));
        receiver.subscribe(&[(&topic, QOS1)]);
        sender.publish(message(&topic, "zero"));
        sender.publish(qos1(&topic, "one", 7));
        assert_eq!(sender.puback(), (7, ReasonCode::Success));
        let (zero, one) = (receiver.got(), receiver.got());
        assert_eq!((zero.qos, &*zero.payload), (0, &b"zero"[..]));
        assert_eq!((one.qos, &*one.payload), (1, &b"one"[..]));
    }
}

#[test]
fn trap_01_unknown_levels_are_refused() {
    let broker = Broker::start();
    let mut old = broker.raw(Version::V311);
    old.bytes(b"\x10\x0e\0\x06MQIsdp\x03\x02\0\0\0\0");
    old.closed_or_refused();
    let mut new = broker.raw(Version::V5);
    new.bytes(b"\x10\x0d\0\x04MQTT\x06\x02\0\0\0\0\0");
    assert_eq!(new.refused(), ReasonCode::UnsupportedProtocolVersion);
}

#[test]
fn trap_10_delivery_qos_is_the_smaller_one() {
    // TRAP-10
    let broker = Broker::start();
    let mut receiver = broker.v5("r");
    receiver.subscribe(&[("a", QOS0)]);
    let mut sender = broker.v5("s");
    sender.publish(qos1("a", "x", 1));
    assert_eq!(receiver.got().qos, 0);
}
