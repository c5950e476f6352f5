//! TRAP-24, TRAP-26, TRAP-45, TRAP-46: names of every language and shape; keep alive 0.

use std::time::Duration;

use broker_codec::{ReasonCode, Version};

use crate::client::{Broker, QOS0, QOS1, connect, message, qos1};

/// Two, three and four bytes a character, and levels that begin in the middle of nothing.
const NAMES: [&str; 5] = ["é", "Prüfstand/Öl", "工厂/线1", "\u{1F3ED}/🛢️/é", "/é//é/"];

#[test]
fn trap_45_topics_client_ids_and_filters_in_any_language() {
    let broker = Broker::start();
    for name in NAMES {
        for version in [Version::V311, Version::V5] {
            let mut reader = broker.client(&connect(version, name));
            let first = name.split('/').next().unwrap_or_default();
            let all = format!("{first}/#");
            assert_eq!(reader.subscribe(&[(name, QOS0), (&all, QOS1)])[0], ReasonCode::Success);
            let mut sender = broker.v5(&format!("sender of {name}"));
            sender.publish(qos1(name, name, 1));
            assert_eq!(sender.puback().1, ReasonCode::Success);
            let got = reader.got();
            assert_eq!((got.topic.as_str(), got.payload.as_slice()), (name, name.as_bytes()));
            reader.unsubscribe(&[name, &all]);
        }
    }
}

#[test]
fn trap_24_names_with_null_or_half_a_character_end_their_connection() {
    let broker = Broker::start();
    for topic in [&b"a\0b"[..], b"\xED\xA0\x80", b"\xC3", b"a+"] {
        let mut client = broker.v5("c");
        let length = u8::try_from(topic.len()).expect("short");
        client.bytes(&[&[0x30, length + 3, 0, length], topic, &[0]].concat());
        let reason = client.disconnected();
        let malformed = [ReasonCode::MalformedPacket, ReasonCode::TopicNameInvalid];
        assert!(malformed.contains(&reason), "{topic:02x?}: {reason}");
    }
    broker.v5("honest").ping();
}

#[test]
fn trap_24_filters_are_judged_alike_in_every_version() {
    let broker = Broker::start();
    // U+0000 makes the packet malformed, whichever filter has it [MQTT-1.5.4-2, 3.1.1: 1.5.3-2].
    for version in Version::ALL {
        for packet in [0x82, 0xA2] {
            let mut body = vec![0, 1];
            body.extend(if version == Version::V5 { &[0][..] } else { &[] });
            for filter in ["fine", "a\0"] {
                body.extend([0, u8::try_from(filter.len()).expect("short")]);
                body.extend(filter.as_bytes());
                body.extend(if packet == 0x82 { &[0][..] } else { &[] });
            }
            let mut client = broker.client(&connect(version, "c"));
            client
                .bytes(&[&[packet, u8::try_from(body.len()).expect("short")], &body[..]].concat());
            match version {
                Version::V5 => assert_eq!(client.disconnected(), ReasonCode::MalformedPacket),
                Version::V31 | Version::V311 => assert_eq!(client.rest(), b"", "{version:?}"),
            }
        }
    }
    // What breaks a rule of filters is refused in its place, and the others are granted.
    let filters = ["", "a/#/b", "a+/b", "#/", "$share/g", "$share//a", "fine"];
    for version in Version::ALL {
        let mut client = broker.client(&connect(version, "c"));
        let all = filters.map(|filter| (filter, QOS0));
        let refused = match version {
            Version::V5 => ReasonCode::TopicFilterInvalid,
            Version::V31 | Version::V311 => ReasonCode::UnspecifiedError,
        };
        let mut expected = vec![refused; 6];
        expected.push(ReasonCode::Success);
        assert_eq!(client.subscribe(&all), expected, "{version:?}");
        let expected = if version == Version::V5 { expected } else { vec![] };
        assert_eq!(client.unsubscribe(&filters), expected, "{version:?}");
        client.ping();
    }
}

#[test]
fn trap_26_keep_alive_0_is_accepted_and_never_ends() {
    let broker = Broker::start();
    for version in [Version::V311, Version::V5] {
        let mut client = broker.client(&connect(version, "c"));
        client.subscribe(&[("t", QOS0)]);
        std::thread::sleep(Duration::from_millis(600));
        broker.v5("s").publish(message("t", "x"));
        assert_eq!(client.got().payload, b"x");
    }
}
