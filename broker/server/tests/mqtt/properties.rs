//! TRAP-09, TRAP-14, TRAP-28, TRAP-29: short and long acks, inbound aliases, stray acks, properties that
//! pass unchanged; and what CONNACK promises.

use broker_codec::{
    Ack, AckProperties, Connect, ConnectProperties, Packet, PacketId, PassThrough, Property,
    Publish, PublishProperties, QoS, ReasonCode, Version,
};

use crate::client::{Broker, QOS0, QOS1, connect, message, user_properties};

#[test]
fn trap_29_user_properties_keep_their_order() {
    let broker = Broker::start();
    let mut receiver = broker.v5("r");
    receiver.subscribe(&[("t", QOS0)]);
    let pairs = [("b", "1"), ("a", "2"), ("b", "3"), ("ü", "")];
    let mut raw = user_properties(&pairs);
    Property::ContentType("text/plain").encode(&mut raw).unwrap();
    Property::ResponseTopic("answer").encode(&mut raw).unwrap();
    let properties = PublishProperties {
        pass_through: PassThrough::parse(&raw).unwrap(),
        ..PublishProperties::default()
    };
    broker.v5("s").publish(Publish { properties, ..message("t", "x") });
    receiver.next(|packet| match packet {
        Packet::Publish(publish) => {
            assert_eq!(publish.properties.pass_through, properties.pass_through);
        }
        other => panic!("{other:?}"),
    });
}

#[test]
fn trap_14_inbound_aliases_name_concrete_topics() {
    let broker = Broker::start();
    let mut receiver = broker.v5("r");
    receiver.subscribe(&[("a/+", QOS0)]);
    let mut sender = broker.v5("s");
    let alias = |n: u16| PublishProperties {
        topic_alias: std::num::NonZeroU16::new(n),
        ..PublishProperties::default()
    };
    for (topic, n, expected) in [
        ("a/1", 1, "a/1"),
        ("a/2", 2, "a/2"),
        ("", 1, "a/1"),
        ("", 2, "a/2"),
        ("a/3", 1, "a/3"),
        ("", 1, "a/3"),
    ] {
        sender.publish(Publish { properties: alias(n), ..message(topic, "x") });
        assert_eq!(receiver.got().topic, expected);
    }
}

#[test]
fn trap_09_28_stray_and_long_acks_disconnect_nobody() {
    let broker = Broker::start();
    let mut client = broker.v5("c");
    client.subscribe(&[("t", QOS1)]);
    for id in [1, 500, 65_535] {
        client.send(&Packet::Puback(Ack::new(PacketId::new(id).unwrap())));
    }
    client.send(&Packet::Pubrel(Ack::new(PacketId::new(9).unwrap())));
    client.next(|packet| match packet {
        Packet::Pubcomp(ack) => assert_eq!(ack.reason, ReasonCode::PacketIdentifierNotFound),
        other => panic!("{other:?}"),
    });
    let mut sender = broker.v5("s");
    for form in 0..3 {
        sender.publish(Publish {
            qos: QoS::AtLeastOnce,
            packet_id: PacketId::new(1),
            ..message("t", "x")
        });
        let id = client.got().id.unwrap();
        let mut ack = Ack::new(id);
        if form > 0 {
            ack.reason = ReasonCode::UnspecifiedError;
        }
        if form > 1 {
            ack.properties =
                AckProperties { reason_string: Some("why not"), ..AckProperties::default() };
        }
        client.send(&Packet::Puback(ack));
    }
    client.ping();
}

#[test]
fn connack_promises_what_is_kept() {
    let broker = Broker::start();
    let mut client = broker.raw(Version::V5);
    let properties =
        ConnectProperties { session_expiry_interval: Some(300), ..ConnectProperties::default() };
    client.send(&Packet::Connect(Box::new(Connect { properties, ..connect(Version::V5, "") })));
    client.next(|packet| match packet {
        Packet::Connack(connack) => {
            let p = connack.properties;
            assert!(!connack.session_present);
            assert_eq!(p.session_expiry_interval, Some(0));
            assert_eq!(p.maximum_qos, None, "QoS 2 is the default");
            // It is available by default.
            assert_ne!(p.shared_subscription_available, Some(false));
            assert!(p.assigned_client_identifier.is_some_and(|id| !id.is_empty()));
            assert!(p.receive_maximum.is_some());
            assert!(p.topic_alias_maximum.is_some_and(|max| max > 0));
            assert!(p.maximum_packet_size.is_some());
        }
        other => panic!("{other:?}"),
    });
}
