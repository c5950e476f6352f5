//! One packet for each clause that bytes can break, and the reason code that answers it.

use crate::Version::{V5, V31, V311};
use crate::*;

const ANY: [Version; 2] = [V311, V5];

/// Decodes `body` under `header` and expects this fault, answered by this code.
fn check(versions: &[Version], header: u8, body: &[u8], expected: Error, code: u8) {
    for version in versions {
        assert_eq!(decode(*version, header, body).unwrap_err(), expected, "{body:02x?}");
    }
    assert_eq!(expected.reason().byte(), code, "{expected}");
    assert!(expected.to_string().contains("[MQTT-"), "{expected} names no clause");
}

/// CONNECT of this level with these flags and the rest of the body after the keep alive.
fn connect(level: u8, flags: u8, rest: &[u8]) -> Vec<u8> {
    [&[0, 4, b'M', b'Q', b'T', b'T', level, flags, 0, 60], rest].concat()
}

#[test]
fn fixed_header() {
    check(&ANY, 0x00, &[], Error::ReservedType { packet_type: 0 }, 0x81);
    check(&[V311], 0xF0, &[], Error::NotInVersion { packet: PacketType::Auth }, 0x82);
    for (header, packet) in [
        (0x11, PacketType::Connect),
        (0x42, PacketType::Puback),
        (0x60, PacketType::Pubrel),
        (0x63, PacketType::Pubrel),
        (0x80, PacketType::Subscribe),
        (0xA0, PacketType::Unsubscribe),
        (0xC1, PacketType::Pingreq),
        (0xE8, PacketType::Disconnect),
    ] {
        check(&ANY, header, &[0, 1], Error::HeaderFlags { packet }, 0x81);
    }
    let trailing = Error::TrailingBytes { packet: PacketType::Pingreq, extra: 1 };
    check(&ANY, 0xC0, &[0], trailing, 0x81);
    let trailing = Error::TrailingBytes { packet: PacketType::Puback, extra: 1 };
    check(&[V311], 0x40, &[0, 1, 0], trailing, 0x81);
    let trailing = Error::TrailingBytes { packet: PacketType::Disconnect, extra: 1 };
    check(&[V311], 0xE0, &[0], trailing, 0x81);
}

#[test]
fn connect_protocol() {
    for level in [0, 3, 6, 0x83, 0x86] {
        let body = connect(level, 2, &[0, 0]);
        check(&ANY, 0x10, &body, Error::UnsupportedProtocol { level }, 0x84);
    }
    let old = |level: u8, id: u8| [b"\0\x06MQIsdp", &[level, 2, 0, 60, 0, id][..], b"c"].concat();
    for level in [0, 2, 4, 5, 0x84] {
        check(&ANY, 0x10, &old(level, 1), Error::UnsupportedProtocol { level }, 0x84);
    }
    // MQTT 3.1 has no client identifier that the server chooses.
    let nameless = &old(3, 0)[..14];
    check(&ANY, 0x10, nameless, Error::ClientIdRequired, 0x85);
    check(&ANY, 0x10, b"\0\x04mqtt\x04\x02\0\x3C\0\0", Error::ProtocolName, 0x84);
}

#[test]
fn the_top_bit_of_the_level_is_a_bridge() {
    for (name, level, version) in [("MQIsdp", 3, V31), ("MQTT", 4, V311), ("MQTT", 5, V5)] {
        for bit in [0, 0x80] {
            let length = u8::try_from(name.len()).unwrap();
            let properties: &[u8] = if version == V5 { &[0] } else { &[] };
            let head = [&[0, length], name.as_bytes(), &[level | bit, 2, 0, 60]].concat();
            let body = [&head, properties, b"\0\x01c"].concat();
            let Ok(Packet::Connect(connect)) = decode(V311, 0x10, &body) else {
                unreachable!("a CONNECT of {version:?}")
            };
            assert_eq!((connect.version, connect.bridge), (version, bit != 0));
        }
    }
}

#[test]
fn mqtt_3_1_repeats_requests_with_the_dup_flag() {
    for (header, body) in
        [(0x8A, &b"\0\x07\0\x01a\x01"[..]), (0xAA, b"\0\x07\0\x01a"), (0x6A, b"\0\x07")]
    {
        let packet = PacketType::from_header(header).unwrap();
        assert_eq!(decode(V31, header, body).unwrap().packet_type(), packet);
        check(&ANY, header, body, Error::HeaderFlags { packet }, 0x81);
    }
}

#[test]
fn connect_flags() {
    for level in [4, 5] {
        check(&ANY, 0x10, &connect(level, 0x03, &[]), Error::ConnectReserved, 0x81);
        check(&ANY, 0x10, &connect(level, 0x0A, &[]), Error::WillFlags, 0x81);
        check(&ANY, 0x10, &connect(level, 0x22, &[]), Error::WillFlags, 0x81);
        check(&ANY, 0x10, &connect(level, 0x1E, &[]), Error::WillQosThree, 0x81);
    }
    check(&ANY, 0x10, &connect(4, 0x42, &[]), Error::PasswordAlone, 0x82);
    assert!(decode(V5, 0x10, &connect(5, 0x42, &[0, 0, 0, 0, 1, b'p'])).is_ok());
    check(&ANY, 0x10, &connect(4, 0x00, &[0, 0]), Error::ClientIdRequired, 0x85);
    assert!(decode(V5, 0x10, &connect(5, 0x00, &[0, 0, 0])).is_ok());
}

#[test]
fn connect_fields() {
    let nul = Error::NulCharacter { field: "client identifier" };
    check(&ANY, 0x10, &connect(4, 2, &[0, 1, 0]), nul, 0x81);
    // A surrogate, an overlong slash, a cut sequence.
    for text in [&[0xED, 0xA0, 0x80][..], &[0xC0, 0xAF], &[0xC3]] {
        let length = u8::try_from(text.len()).unwrap();
        let body = connect(4, 2, &[&[0, length], text].concat());
        check(&ANY, 0x10, &body, Error::NotUtf8 { field: "client identifier" }, 0x81);
    }
    let will = connect(4, 6, &[0, 0, 0, 1, b'#', 0, 0]);
    check(&ANY, 0x10, &will, Error::TopicWildcard, 0x90);
    let will = connect(4, 6, &[0, 0, 0, 0, 0, 0]);
    check(&ANY, 0x10, &will, Error::TopicEmpty, 0x90);
    let extra = Error::TrailingBytes { packet: PacketType::Connect, extra: 2 };
    check(&ANY, 0x10, &connect(4, 2, &[0, 0, 9, 9]), extra, 0x81);
    let data = connect(5, 2, &[3, 0x16, 0, 0, 0, 0]);
    check(&ANY, 0x10, &data, Error::AuthMethodMissing, 0x82);
    // A will delay among the properties of CONNECT, a topic alias among those of a will.
    let packet = PacketType::Connect;
    let delay = connect(5, 2, &[5, 0x18, 0, 0, 0, 1, 0, 0]);
    check(&ANY, 0x10, &delay, Error::PropertyNotAllowed { packet, id: 0x18 }, 0x81);
    let alias = connect(5, 6, &[0, 0, 0, 3, 0x23, 0, 1]);
    check(&ANY, 0x10, &alias, Error::PropertyNotAllowed { packet, id: 0x23 }, 0x81);
}

#[test]
fn connack() {
    check(&ANY, 0x20, &[2, 0, 0], Error::ConnackFlags, 0x81);
    check(&[V311], 0x20, &[1, 5], Error::SessionPresentOnRefusal, 0x82);
    check(&[V5], 0x20, &[1, 0x87, 0], Error::SessionPresentOnRefusal, 0x82);
    let code = |code| Error::UnknownReason { packet: PacketType::Connack, code };
    check(&[V311], 0x20, &[0, 6], code(6), 0x81);
    check(&[V5], 0x20, &[0, 0x8E, 0], code(0x8E), 0x81);
}

#[test]
fn publish() {
    check(&ANY, 0x36, b"\0\x01a\0\x01\0", Error::QosThree, 0x81);
    check(&ANY, 0x38, b"\0\x01a\0", Error::DupAtQosZero, 0x81);
    check(&ANY, 0x32, b"\0\x01a\0\0\0", zero(PacketType::Publish), 0x82);
    check(&ANY, 0x30, b"\0\x03a/+\0", Error::TopicWildcard, 0x90);
    check(&ANY, 0x30, b"\0\x01#\0", Error::TopicWildcard, 0x90);
    check(&ANY, 0x30, b"\0\x02a\0\0", Error::NulCharacter { field: "topic name" }, 0x81);
    check(&ANY, 0x30, b"\0\x02a\xFF\0", Error::NotUtf8 { field: "topic name" }, 0x81);
    check(&[V311], 0x30, b"\0\0x", Error::TopicEmpty, 0x90);
    check(&[V5], 0x30, b"\0\0\0x", Error::TopicMissing, 0x82);
    check(&[V5], 0x30, b"\0\0\x03\x23\0\0", Error::TopicAliasZero, 0x94);
    check(&[V5], 0x30, b"\0\x01a\x02\x0B\0", Error::PropertyValue { id: 0x0B }, 0x82);
    check(&[V5], 0x30, b"\0\x01a\x04\x08\0\x01+", Error::ResponseTopicWildcard, 0x82);
    assert!(decode(V5, 0x30, b"\0\x01a\x04\x0B\x01\x0B\x02").is_ok());
}

#[test]
fn properties() {
    let publish = PacketType::Publish;
    let head = |rest: &[u8]| [b"\0\x01a", rest].concat();
    let duplicate = Error::DuplicateProperty { id: 0x01 };
    check(&[V5], 0x30, &head(&[4, 1, 0, 1, 0]), duplicate, 0x82);
    check(&[V5], 0x30, &head(&[2, 1, 2]), Error::PropertyValue { id: 0x01 }, 0x82);
    check(&[V5], 0x30, &head(&[1, 0x7F]), Error::UnknownProperty { id: 0x7F }, 0x81);
    check(&[V5], 0x30, &head(&[2, 0xFF, 0x01]), Error::UnknownProperty { id: 0xFF }, 0x81);
    let stranger = Error::PropertyNotAllowed { packet: publish, id: 0x21 };
    check(&[V5], 0x30, &head(&[3, 0x21, 0, 1]), stranger, 0x81);
    check(&[V5], 0x30, &head(&[5, 0]), Error::Truncated { field: "properties" }, 0x81);
    check(&[V5], 0x30, &head(&[3, 0x02, 0, 0]), cut("Message Expiry Interval"), 0x81);
    check(&[V5], 0x30, &head(&[0x80, 0]), Error::PaddedInteger, 0x81);
    check(&[V5], 0x30, &head(&[0xFF; 5]), Error::LongInteger, 0x81);
    for zero in [&[3, 0x21, 0, 0][..], &[5, 0x27, 0, 0, 0, 0]] {
        let body = connect(5, 2, &[zero, &[0, 0]].concat());
        check(&ANY, 0x10, &body, Error::PropertyValue { id: zero[1] }, 0x82);
    }
}

#[test]
fn subscribe() {
    check(&[V311], 0x82, &[0, 0, 0, 1, b'a', 0], zero(PacketType::Subscribe), 0x82);
    check(&[V311], 0x82, &[0, 1], Error::NoFilters { packet: PacketType::Subscribe }, 0x82);
    check(&[V5], 0x82, &[0, 1, 0], Error::NoFilters { packet: PacketType::Subscribe }, 0x82);
    check(&[V311], 0x82, &[0, 1, 0, 1, b'a'], cut("subscription options"), 0x81);
    let with = |options| [0, 1, 0, 0, 1, b'a', options];
    check(&[V311], 0x82, &[0, 1, 0, 1, b'a', 4], Error::SubscribeReserved, 0x81);
    check(&[V311], 0x82, &[0, 1, 0, 1, b'a', 3], Error::SubscribeQosThree, 0x82);
    check(&[V5], 0x82, &with(0x40), Error::SubscribeReserved, 0x81);
    check(&[V5], 0x82, &with(0x03), Error::SubscribeQosThree, 0x82);
    check(&[V5], 0x82, &with(0x30), Error::RetainHandlingThree, 0x82);
    let shared = b"\0\x01\0\0\x0A$share/g/a\x04";
    check(&[V5], 0x82, shared, Error::NoLocalOnShared, 0x82);
    let twice = [0, 1, 4, 0x0B, 1, 0x0B, 2, 0, 1, b'a', 0];
    check(&[V5], 0x82, &twice, Error::DuplicateProperty { id: 0x0B }, 0x82);
    let none = Error::NoFilters { packet: PacketType::Unsubscribe };
    check(&[V311], 0xA2, &[0, 1], none, 0x82);
    check(&[V5], 0xA2, &[0, 1, 0], none, 0x82);
}

#[test]
fn no_string_of_any_packet_holds_u_0000() {
    let nul = |field| Error::NulCharacter { field };
    check(&[V31, V311], 0x82, b"\0\x01\0\x02a\0\0", nul("topic filter"), 0x81);
    check(&[V5], 0x82, b"\0\x01\0\0\x02a\0\0", nul("topic filter"), 0x81);
    check(&[V31, V311], 0xA2, b"\0\x01\0\x02a\0", nul("topic filter"), 0x81);
    check(&[V5], 0xA2, b"\0\x01\0\0\x02a\0", nul("topic filter"), 0x81);
    check(&ANY, 0x30, b"\0\x02a\0\0", nul("topic name"), 0x81);
    check(&ANY, 0x10, &connect(4, 0x82, b"\0\x01c\0\x01\0"), nul("user name"), 0x81);
    check(&ANY, 0x10, &connect(4, 6, b"\0\x01c\0\x01\0\0\0"), nul("topic name"), 0x81);
    let publish = |property: &[u8]| {
        let length = u8::try_from(property.len()).unwrap();
        [b"\0\x01a", &[length][..], property].concat()
    };
    for (property, field) in [
        (&b"\x03\0\x01\0"[..], "Content Type"),
        (b"\x08\0\x01\0", "Response Topic"),
        (b"\x26\0\x01\0\0\0", "User Property name"),
        (b"\x26\0\0\0\x01\0", "User Property value"),
    ] {
        check(&[V5], 0x30, &publish(property), nul(field), 0x81);
    }
    let method = connect(5, 2, b"\x04\x15\0\x01\0\0\x01c");
    check(&ANY, 0x10, &method, nul("Authentication Method"), 0x81);
    check(&[V5], 0x40, b"\0\x01\x00\x04\x1F\0\x01\0", nul("Reason String"), 0x81);
    check(&[V5], 0xE0, b"\x00\x04\x1C\0\x01\0", nul("Server Reference"), 0x81);
}

#[test]
fn acknowledgements() {
    for (header, packet) in [
        (0x40, PacketType::Puback),
        (0x50, PacketType::Pubrec),
        (0x62, PacketType::Pubrel),
        (0x70, PacketType::Pubcomp),
        (0xB0, PacketType::Unsuback),
    ] {
        check(&ANY, header, &[0, 0], zero(packet), 0x82);
        check(&ANY, header, &[0], cut("packet identifier"), 0x81);
    }
    let unknown = |packet, code| Error::UnknownReason { packet, code };
    check(&[V5], 0x40, &[0, 1, 0x92], unknown(PacketType::Puback, 0x92), 0x81);
    check(&[V5], 0x62, &[0, 1, 0x87], unknown(PacketType::Pubrel, 0x87), 0x81);
    check(&[V5], 0x62, &[0, 1, 0x03], unknown(PacketType::Pubrel, 0x03), 0x81);
    check(&[V311], 0x90, &[0, 1, 3], unknown(PacketType::Suback, 3), 0x81);
    check(&[V311], 0x90, &[0, 1, 0x8F], unknown(PacketType::Suback, 0x8F), 0x81);
    check(&[V311], 0x90, &[0, 1], Error::NoCodes { packet: PacketType::Suback }, 0x82);
    check(&[V5], 0xB0, &[0, 1, 0], Error::NoCodes { packet: PacketType::Unsuback }, 0x82);
    check(&[V5], 0xE0, &[0x01], unknown(PacketType::Disconnect, 1), 0x81);
    check(&[V5], 0xF0, &[0x80], unknown(PacketType::Auth, 0x80), 0x81);
    check(&[V5], 0xF0, &[0x18, 0], Error::AuthMethodMissing, 0x82);
}

/// A bad filter is an answer in SUBACK, not the end of the connection (TRAP-24).
#[test]
fn bad_filters_are_left_to_suback() {
    for filter in ["", "a/#/b", "a+/b"] {
        let mut raw = Vec::new();
        push_filter(filter, SubscribeOptions::default(), &mut raw).unwrap();
        let body = [&[0, 1], &raw[..]].concat();
        let Ok(Packet::Subscribe(subscribe)) = decode(V311, 0x82, &body) else {
            unreachable!("{filter:?} is refused alone")
        };
        let (filter, _) = subscribe.filters.iter().next().unwrap();
        assert_eq!(check_filter(filter).unwrap_err().reason(), ReasonCode::TopicFilterInvalid);
    }
}

fn zero(packet: PacketType) -> Error {
    Error::PacketIdZero { packet }
}

fn cut(field: &'static str) -> Error {
    Error::Truncated { field }
}
