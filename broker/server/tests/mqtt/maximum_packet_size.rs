//! TRAP-20: no packet of any type is larger than its client takes [MQTT-3.1.2-24]. Words give way
//! first, then the connection ends; a PUBLISH that is too large is left out and counted.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::num::NonZeroU32;

use broker_codec::{
    Ack, Auth, AuthProperties, Connect, ConnectProperties, Disconnect, Frame, Packet, PacketId,
    PacketType, Publish, QoS, ReasonCode as R, Version, frame,
};
use broker_server::Transport;

use crate::authenticator::SlowAuthenticator;
use crate::client::{Broker, Client, QOS0, connect, qos1};

/// The longest packet that a test asks for.
const LIMITS: std::ops::RangeInclusive<u32> = 1..=200;

/// A socket whose client does not mind that nobody reads any more.
struct Hasty(TcpStream);

impl Read for Hasty {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(into)
    }
}

impl Write for Hasty {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(self.0.write(bytes).unwrap_or(bytes.len()))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn limited(limit: u32) -> Connect<'static> {
    let properties = ConnectProperties {
        maximum_packet_size: NonZeroU32::new(limit),
        ..ConnectProperties::default()
    };
    Connect { properties, ..connect(Version::V5, "") }
}

/// Every packet until the connection ends, by type: how long it was, and its reason code.
fn packets(client: &mut Client) -> Vec<(PacketType, usize, Option<R>)> {
    let bytes = client.rest();
    let mut rest = &bytes[..];
    let mut all = Vec::new();
    while let Frame::Packet(framed) = frame(rest, usize::MAX).expect("packets") {
        let packet = framed.decode(Version::V5, rest).expect("a packet");
        let reason = match &packet {
            Packet::Connack(connack) => Some(connack.reason),
            Packet::Disconnect(disconnect) => Some(disconnect.reason),
            Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubcomp(ack) => Some(ack.reason),
            _ => None,
        };
        all.push((packet.packet_type(), framed.total_len, reason));
        rest = &rest[framed.total_len..];
    }
    assert_eq!(rest, b"", "the last packet is whole");
    all
}

/// Has a packet of this type said under every limit; answers its lengths by limit.
fn check(
    connects: impl Fn(u32) -> Connect<'static>,
    expected: PacketType,
    provoke: impl Fn(&mut Client),
) -> BTreeMap<u32, usize> {
    let broker = Broker::over(SlowAuthenticator::default().deps(), |_| ());
    let mut seen = BTreeMap::new();
    for limit in LIMITS {
        let mut client = Client::over(Hasty(broker.socket(Transport::Tcp)), Version::V5);
        client.send(&Packet::Connect(Box::new(connects(limit))));
        provoke(&mut client);
        client.send(&Packet::Disconnect(Disconnect::new(R::NORMAL_DISCONNECTION)));
        let said = packets(&mut client);
        let max = usize::try_from(limit).expect("a small number");
        assert!(said.iter().all(|(_, len, _)| *len <= max), "{expected} at {limit}: {said:?}");
        match said.iter().rev().find(|(packet, ..)| *packet == expected) {
            Some((_, len, _)) => drop(seen.insert(limit, *len)),
            // Either nothing fits, or its client is told why it goes.
            None => assert!(
                said.last().is_none_or(|(_, _, reason)| *reason == Some(R::PacketTooLarge)),
                "{expected} at {limit}: {said:?}"
            ),
        }
    }
    seen
}

/// Its shortest form, and the limit at which it is said first.
fn first(seen: &BTreeMap<u32, usize>) -> (u32, usize) {
    seen.first_key_value().map(|(limit, len)| (*limit, *len)).expect("it is said")
}

#[test]
fn connack_and_what_a_client_can_do_without() {
    let seen = check(limited, PacketType::Connack, |_| ());
    // A refusal is short, and says that.
    assert_eq!(first(&seen), (5, 5));
    let named = |limit| Connect { client_id: "c", ..limited(limit) };
    let seen = check(named, PacketType::Connack, |_| ());
    // Receive Maximum and Maximum Packet Size have to be said, Topic Alias Maximum has not.
    assert_eq!((seen[&12], seen[&13], seen[&15], seen[&16]), (5, 13, 13, 16));
    // A name that the broker chose has to be said as well.
    let seen = check(limited, PacketType::Pingresp, |client| client.send(&Packet::Pingreq));
    assert!((20..100).contains(&first(&seen).0), "{:?}", first(&seen));
}

fn named(limit: u32) -> Connect<'static> {
    Connect { client_id: "c", ..limited(limit) }
}

#[test]
fn acknowledgements_of_what_a_client_publishes() {
    let refused = |qos| Publish {
        qos,
        packet_id: PacketId::new(1),
        topic: "$SYS/mine",
        payload: b"x",
        ..Publish::default()
    };
    let seen = check(named, PacketType::Puback, |client| client.publish(refused(QoS::AtLeastOnce)));
    assert_eq!(first(&seen), (13, 5));
    assert!(seen[&200] > 40, "with words where there is room: {}", seen[&200]);
    let seen = check(named, PacketType::Pubrec, |client| client.publish(refused(QoS::ExactlyOnce)));
    assert_eq!(first(&seen), (13, 5));
    assert!(seen[&200] > 40, "with words where there is room: {}", seen[&200]);
    let unknown = Ack::new(PacketId::FIRST);
    let seen = check(named, PacketType::Pubcomp, |client| client.send(&Packet::Pubrel(unknown)));
    assert_eq!(first(&seen), (13, 5));
    let seen = check(named, PacketType::Puback, |client| client.publish(qos1("a", "x", 1)));
    assert_eq!(first(&seen), (13, 4));
}

#[test]
fn what_a_client_gets() {
    let deliver = |client: &mut Client| {
        client.send_subscribe(None, &[("own", QOS0)]);
        client.publish(crate::client::message("own", &"x".repeat(60)));
        client.publish(crate::client::message("own", "x"));
    };
    let seen = check(named, PacketType::Publish, deliver);
    // Two bytes of header, the topic with its length, no properties, a byte.
    assert_eq!(first(&seen), (13, 9));
    assert_eq!(seen[&200], 9, "the last one is the short one, and the long one came before");
    let unknown = Ack::new(PacketId::FIRST);
    let seen = check(named, PacketType::Pubrel, |client| client.send(&Packet::Pubrec(unknown)));
    assert_eq!(first(&seen), (13, 5));
}

#[test]
fn answers_to_many_filters() {
    let filters: Vec<_> = (0..60).map(|n| format!("own/{n}")).collect();
    let all: Vec<_> = filters.iter().map(|filter| (&**filter, QOS0)).collect();
    let seen = check(named, PacketType::Suback, |client| {
        client.send_subscribe(None, &all);
    });
    assert_eq!(first(&seen), (65, 65));
    let names: Vec<_> = filters.iter().map(|filter| &**filter).collect();
    let seen = check(named, PacketType::Unsuback, |client| {
        client.send_unsubscribe(&names);
    });
    assert_eq!(first(&seen), (65, 65));
}

#[test]
fn good_byes_and_pings() {
    let seen = check(named, PacketType::Pingresp, |client| client.send(&Packet::Pingreq));
    assert_eq!(first(&seen), (13, 2));
    let wrong = |client: &mut Client| client.bytes(b"\xd0\x00");
    let seen = check(named, PacketType::Disconnect, wrong);
    assert_eq!(first(&seen), (13, 3));
}

#[test]
fn enhanced_authentication() {
    let method = ConnectProperties { authentication_method: Some("ECHO"), ..Default::default() };
    let connects = |limit| {
        let maximum_packet_size = NonZeroU32::new(limit);
        let properties = ConnectProperties { maximum_packet_size, ..method };
        Connect { properties, ..named(limit) }
    };
    let echo = |client: &mut Client| {
        let properties = AuthProperties {
            authentication_method: Some("ECHO"),
            authentication_data: Some(b"echo"),
            ..AuthProperties::default()
        };
        client.send(&Packet::Auth(Auth { reason: R::ContinueAuthentication, properties }));
    };
    let seen = check(connects, PacketType::Auth, echo);
    assert_eq!(first(&seen), (18, 18));
    let seen = check(connects, PacketType::Connack, echo);
    assert_eq!(seen[&200], 31);
}
