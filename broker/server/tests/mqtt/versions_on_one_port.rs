//! TRAP-01: one port serves 3.1.1 and 5, chosen by CONNECT, in every pairing of sender and receiver.

use broker_codec::{Connect, Publish, ReasonCode, Version};

use crate::client::{Broker, QOS0, QOS1, connect, message, qos1};

#[test]
fn trap_01_every_pairing_of_versions_on_one_port() {
    let broker = Broker::start();
    let versions = Version::ALL;
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
fn trap_01_unknown_levels_are_refused_in_a_form_their_client_reads() {
    let broker = Broker::start();
    let old = b"\x20\x02\x00\x01".to_vec();
    let new = b"\x20\x03\x00\x84\x00".to_vec();
    for (name, level, answer) in [
        ("MQTT", 0, &old),
        ("MQTT", 3, &old),
        ("MQTT", 0x83, &old),
        ("MQIsdp", 2, &old),
        ("MQIsdp", 4, &old),
        ("MQIsdp", 0x84, &old),
        ("MQIsdp", 6, &old),
        ("MQTT", 6, &new),
        ("MQTT", 0x7F, &new),
        ("MQTT", 0x86, &new),
    ] {
        let length = u8::try_from(name.len()).unwrap();
        let body = [&[0, length], name.as_bytes(), &[level, 2, 0, 0, 0, 1, b'c']].concat();
        let mut client = broker.raw(Version::V311);
        client.bytes(&[&[0x10, u8::try_from(body.len()).unwrap()], &body[..]].concat());
        assert_eq!(&client.rest(), answer, "{name} {level:#x}");
    }
}

#[test]
fn mqtt_3_1_is_spoken_under_its_old_name() {
    let broker = Broker::start();
    let mut old = broker.client(&connect(Version::V31, "plc"));
    assert_eq!(old.subscribe(&[("a", QOS1)]), [ReasonCode::GrantedQoS1]);
    let mut new = broker.v5("mes");
    new.publish(qos1("a", "x", 7));
    assert_eq!(new.puback(), (7, ReasonCode::Success));
    let got = old.got();
    assert_eq!((got.qos, &*got.payload), (1, &b"x"[..]));
    new.subscribe(&[("b", QOS1)]);
    old.publish(qos1("b", "y", 8));
    assert_eq!(old.puback(), (8, ReasonCode::Success));
    assert_eq!(new.got().payload, b"y");
    // It has no client identifiers that the server makes up.
    let mut nameless = broker.raw(Version::V311);
    nameless.bytes(b"\x10\x0e\0\x06MQIsdp\x03\x02\0\0\0\0");
    assert_eq!(nameless.rest(), b"\x20\x02\x00\x02");
}

#[test]
fn a_bridge_gets_nothing_it_sent_and_retain_as_published() {
    let broker = Broker::start();
    for version in [Version::V31, Version::V311] {
        let as_bridge = Connect { bridge: true, ..connect(version, "edge") };
        let mut bridge = broker.client(&as_bridge);
        assert_eq!(bridge.subscribe(&[("#", QOS1)]), [ReasonCode::GrantedQoS1]);
        drop(bridge.got_all());
        let mut other = broker.v5("other");
        other.subscribe(&[("#", QOS1)]);
        drop(other.got_all());
        bridge.publish(qos1("from/edge", "1", 1));
        assert_eq!(bridge.puback(), (1, ReasonCode::Success));
        assert_eq!(other.got_text(), ("from/edge".into(), "1".into()));
        other.publish(Publish { retain: true, ..qos1("from/hub", "2", 2) });
        let got = bridge.got();
        assert_eq!((&*got.topic, got.retain, &*got.payload), ("from/hub", true, &b"2"[..]));
        assert_eq!(bridge.got_all(), []);
    }
}

#[test]
fn a_malformed_connect_of_mqtt_3_1_1_is_closed_without_a_word() {
    let broker = Broker::start();
    for bytes in [
        // The reserved flag; a will of QoS 3; a password alone; a byte too many; U+0000.
        &b"\x10\x0d\0\x04MQTT\x04\x03\0\0\0\x01c"[..],
        b"\x10\x0d\0\x04MQTT\x04\x1e\0\0\0\x01c",
        b"\x10\x0d\0\x04MQTT\x04\x42\0\0\0\x01c",
        b"\x10\x0e\0\x04MQTT\x04\x02\0\0\0\x01cx",
        b"\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01\0",
        // Wrong flags of its first byte, and a length beyond every limit.
        b"\x11\x0d\0\x04MQTT\x04\x02\0\0\0\x01c",
        b"\x10\xff\xff\xff\x7f\0\x04MQTT\x04\x02\0\0\0\x01c",
        // No protocol at all, another first packet.
        b"\x10\x0d\0\x04mqtt\x04\x02\0\0\0\x01c",
        b"\x10\x02\0\x04",
        b"\xc0\x00",
        b"\x20\x02\x00\x00",
    ] {
        let mut client = broker.raw(Version::V311);
        client.bytes(bytes);
        assert_eq!(client.rest(), b"", "{bytes:02x?}");
    }
    // Without a name and with a session to keep it is told so [MQTT-3.1.3-8].
    let mut nameless = broker.raw(Version::V311);
    nameless.bytes(b"\x10\x0c\0\x04MQTT\x04\0\0\0\0\0");
    assert_eq!(nameless.rest(), b"\x20\x02\x00\x02");
    // MQTT 5 has a word for it.
    let mut new = broker.raw(Version::V5);
    new.bytes(b"\x10\x0e\0\x04MQTT\x05\x03\0\0\0\0\x01c");
    assert_eq!(new.refused(), ReasonCode::MalformedPacket);
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
