//! TRAP-20, TRAP-21, TRAP-22, TRAP-49: what is refused, and with which code.

use broker_codec::{
    Ack, Auth, AuthProperties, Connect, ConnectProperties, Packet, PacketId, PacketType, Publish,
    PublishProperties, QoS, ReasonCode as R, Version,
};

use crate::client::{Broker, QOS0, QOS1, connect, eventually, message, qos1};

#[test]
fn trap_49_packets_only_servers_send() {
    let broker = Broker::start();
    let connack = [0x20, 3, 0, 0, 0];
    let suback = [0x90, 4, 0, 1, 0, 0];
    let unsuback = [0xB0, 4, 0, 1, 0, 0];
    for bytes in [&connack[..], &suback, &unsuback, &[0xD0, 0]] {
        let mut client = broker.v5("c");
        client.bytes(bytes);
        assert_eq!(client.disconnected(), R::ProtocolError, "{bytes:02x?}");
    }
    let mut twice = broker.v5("c");
    twice.send(&Packet::Connect(Box::new(connect(Version::V5, "c"))));
    assert_eq!(twice.disconnected(), R::ProtocolError);
    // Also one of a version that nobody speaks [MQTT-3.1.0-2]: DISCONNECT knows no 0x84.
    let mut later = broker.v5("c");
    later.bytes(b"\x10\x0e\0\x04MQTT\x2e\x02\0\0\0\0\x01c");
    assert_eq!(later.disconnected(), R::ProtocolError);
}

#[test]
fn trap_24_publishes_that_are_refused() {
    let broker = Broker::start();
    let check = |publish: Publish<'_>, expected: R| {
        let mut client = broker.v5("c");
        client.publish(publish);
        assert_eq!(client.disconnected(), expected);
    };
    check(message("a/+/b", "x"), R::TopicNameInvalid);
    check(message("#", "x"), R::TopicNameInvalid);
    let alias = |n: u16| PublishProperties {
        topic_alias: std::num::NonZeroU16::new(n),
        ..PublishProperties::default()
    };
    check(Publish { properties: alias(9999), ..message("a", "x") }, R::TopicAliasInvalid);
    check(Publish { properties: alias(5), ..message("", "x") }, R::ProtocolError);
    let levels = "/".repeat(1000);
    let mut client = broker.v5("c");
    client.publish(qos1(&levels, "x", 1));
    assert_eq!(client.puback(), (1, R::TopicNameInvalid));
}

#[test]
fn trap_20_sizes_both_ways() {
    let broker = Broker::with(|config| config.engine.packet_bytes_max = 1000);
    let mut client = broker.v5("c");
    client.bytes(b"\x30\xFF\xFF\xFF\x7F\0\x01a");
    assert_eq!(client.disconnected(), R::PacketTooLarge);
    let small = Connect {
        properties: ConnectProperties {
            maximum_packet_size: std::num::NonZeroU32::new(40),
            ..ConnectProperties::default()
        },
        ..connect(Version::V5, "small")
    };
    let mut small = broker.client(&small);
    small.subscribe(&[("a", QOS0)]);
    let mut sender = broker.v5("s");
    sender.publish(message("a", &"x".repeat(100)));
    sender.publish(message("a", "fits"));
    assert_eq!(small.got().payload, b"fits");
    eventually("one drop", || broker.handle.stats().stats.dropped.iter().sum::<u64>() == 1);
}

#[test]
fn too_many_unacknowledged_publishes() {
    // Without a log every PUBACK is immediate, so the limit is never reached.
    let broker = Broker::with(|config| config.engine.receive_maximum = 1);
    let mut client = broker.v5("c");
    for id in 1..100 {
        client.publish(qos1("a", "x", id));
    }
    for id in 1..100 {
        assert_eq!(client.puback(), (id, R::Success));
    }
}

#[test]
fn trap_20_a_receive_maximum_is_honoured() {
    let broker = Broker::start();
    let slow = Connect {
        properties: ConnectProperties {
            receive_maximum: std::num::NonZeroU16::new(3),
            ..ConnectProperties::default()
        },
        ..connect(Version::V5, "slow")
    };
    let mut slow = broker.client(&slow);
    slow.subscribe(&[("a", QOS1)]);
    let mut sender = broker.v5("s");
    for n in 1..=10 {
        sender.publish(qos1("a", &n.to_string(), n));
    }
    for n in 1..=10 {
        assert_eq!(sender.puback().0, n);
    }
    let mut waiting: Vec<_> = (0..3).map(|_| slow.got()).collect();
    slow.ping();
    for n in 4..=10 {
        let oldest = waiting.remove(0);
        slow.send(&Packet::Puback(broker_codec::Ack::new(oldest.id.expect("QoS 1"))));
        let got = slow.got();
        assert_eq!(got.payload, n.to_string().as_bytes());
        assert!(waiting.iter().all(|other| other.id != got.id));
        waiting.push(got);
    }
}

#[test]
fn authentication_methods() {
    let broker = Broker::start();
    let properties =
        ConnectProperties { authentication_method: Some("GUESS"), ..ConnectProperties::default() };
    let mut client = broker.raw(Version::V5);
    client.send(&Packet::Connect(Box::new(Connect { properties, ..connect(Version::V5, "c") })));
    assert_eq!(client.refused(), R::BadAuthenticationMethod);
    let mut client = broker.v5("c");
    let properties =
        AuthProperties { authentication_method: Some("GUESS"), ..AuthProperties::default() };
    client.send(&Packet::Auth(Auth { reason: R::ReAuthenticate, properties }));
    assert_eq!(client.disconnected(), R::ProtocolError);
}

/// A client with much to answer reads the reason last of all: it must not meet a reset before.
#[test]
fn the_reason_of_a_disconnect_outlives_many_late_answers() {
    let broker = Broker::with(|config| config.engine.receive_maximum = 2000);
    let mut client = broker.v5("c");
    for id in 1..=2001 {
        client.publish(Publish { qos: QoS::ExactlyOnce, ..qos1("a", "x", id) });
    }
    for id in 1..=2000 {
        client.next(|packet| assert_eq!(packet.packet_type(), PacketType::Pubrec));
        client.send(&Packet::Pubrel(Ack::new(PacketId::new(id).expect("not 0"))));
        if id % 10 == 0 {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }
    assert_eq!(client.disconnected(), R::ReceiveMaximumExceeded);
}
