//! TRAP-28a: acknowledgements of the wrong kind and other faults that real devices are known for end
//! the connection, unless its listener is lenient: then each is counted for its client.

use std::num::NonZeroU16;

use broker_codec::{
    Ack, Connect, ConnectProperties, Packet, PacketId, Publish, QoS, ReasonCode as R,
    SubscribeOptions, Version,
};
use broker_server::{ClientQuery, Leniency};
use uns_model::OrgId;

use crate::client::{Broker, Client, QOS0, QOS1, connect, message, qos1};

const QOS2: SubscribeOptions = SubscribeOptions { qos: QoS::ExactlyOnce, ..QOS0 };

fn broker(lenient: bool) -> Broker {
    Broker::with(|config| config.listen[0].lenient = lenient)
}

/// How many faults of the one client were passed over.
fn forgiven(broker: &Broker) -> u64 {
    let query = ClientQuery { org: OrgId::DEFAULT, limit: 10, ..ClientQuery::default() };
    let (clients, _) = broker.block_on(broker.handle.clients(query)).expect("it runs");
    clients.iter().map(|client| client.forgiven).sum()
}

/// A client with a delivery of this QoS to acknowledge.
fn owing(broker: &Broker, version: Version, qos: SubscribeOptions) -> (Client, PacketId) {
    let mut client = broker.client(&connect(version, "c"));
    client.subscribe(&[("a", qos)]);
    let mut sender = broker.v5("s");
    sender.publish(Publish { qos: QoS::ExactlyOnce, ..qos1("a", "x", 1) });
    let id = client.got().id.expect("it is to be acknowledged");
    (client, id)
}

#[test]
fn trap_28a_an_acknowledgement_of_the_wrong_kind_is_a_protocol_error() {
    let broker = broker(false);
    for version in Version::ALL {
        for (qos, wrong) in [
            (QOS1, Packet::Pubrec as fn(Ack<'static>) -> Packet<'static>),
            (QOS1, Packet::Pubcomp),
            (QOS2, Packet::Puback),
        ] {
            let (mut client, id) = owing(&broker, version, qos);
            client.send(&wrong(Ack::new(id)));
            match version {
                Version::V5 => assert_eq!(client.disconnected(), R::ProtocolError),
                Version::V31 | Version::V311 => assert_eq!(client.rest(), b"", "{version:?}"),
            }
        }
    }
}

#[test]
fn trap_28_early_late_and_unknown_acknowledgements_end_nothing() {
    let broker = broker(false);
    let (mut client, id) = owing(&broker, Version::V5, QOS2);
    client.send(&Packet::Pubcomp(Ack::new(id)));
    client.send(&Packet::Puback(Ack::new(PacketId::new(999).unwrap())));
    for _ in 0..2 {
        client.send(&Packet::Pubrec(Ack::new(id)));
        client.next(|packet| assert_eq!(packet, Packet::Pubrel(Ack::new(id))));
    }
    for _ in 0..2 {
        client.send(&Packet::Pubcomp(Ack::new(id)));
    }
    client.ping();
}

#[test]
fn trap_28a_a_lenient_listener_ignores_them_and_counts() {
    let broker = broker(true);
    let (mut client, id) = owing(&broker, Version::V5, QOS2);
    for _ in 0..3 {
        client.send(&Packet::Puback(Ack::new(id)));
    }
    client.ping();
    // What is right counts as ever.
    client.send(&Packet::Pubrec(Ack::new(id)));
    client.next(|packet| assert_eq!(packet, Packet::Pubrel(Ack::new(id))));
    assert_eq!(forgiven(&broker), 3);
    crate::client::eventually("a count", || {
        broker.handle.stats().stats.forgiven[Leniency::AckKind as usize] == 3
    });
}

#[test]
fn flags_of_old_libraries() {
    // PUBLISH at QoS 0 with DUP, SUBSCRIBE without its flags.
    let (dup, flags) = (b"\x38\x05\0\x01ahi".as_slice(), b"\x80\x06\0\x07\0\x01b\0".as_slice());
    let strict = broker(false);
    for bytes in [dup, flags] {
        let mut client = strict.v3("c");
        client.bytes(bytes);
        assert_eq!(client.rest(), b"");
    }
    let lenient = broker(true);
    let mut client = lenient.v3("c");
    client.subscribe(&[("a", QOS0)]);
    client.bytes(dup);
    assert_eq!(client.got().payload, b"hi");
    client.bytes(flags);
    client.next(|packet| assert!(matches!(packet, Packet::Suback(_)), "{packet:?}"));
    lenient.v5("s").publish(message("b", "x"));
    assert_eq!(client.got().topic, "b");
    assert_eq!(forgiven(&lenient), 2);
    // What is no flag of any library stays an error.
    client.bytes(b"\xd0\x00");
    assert_eq!(client.rest(), b"");
}

#[test]
fn more_than_the_receive_maximum() {
    let many = |broker: &Broker| {
        let properties = ConnectProperties {
            receive_maximum: NonZeroU16::new(10),
            ..ConnectProperties::default()
        };
        let mut client = broker.client(&Connect { properties, ..connect(Version::V5, "c") });
        for id in 1..=3 {
            client.publish(Publish { qos: QoS::ExactlyOnce, ..qos1("a", "x", id) });
        }
        client
    };
    let strict = Broker::with(|config| config.engine.receive_maximum = 2);
    let mut client = many(&strict);
    for _ in 0..2 {
        client.next(|packet| assert!(matches!(packet, Packet::Pubrec(_)), "{packet:?}"));
    }
    assert_eq!(client.disconnected(), R::ReceiveMaximumExceeded);
    let lenient = Broker::with(|config| {
        config.engine.receive_maximum = 2;
        config.listen[0].lenient = true;
    });
    let mut client = many(&lenient);
    for _ in 0..3 {
        client.next(|packet| assert!(matches!(packet, Packet::Pubrec(_)), "{packet:?}"));
    }
    client.ping();
    assert_eq!(forgiven(&lenient), 1);
}
