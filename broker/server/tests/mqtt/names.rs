//! TRAP-24, TRAP-26, TRAP-45, TRAP-46: names of every language and shape; keep alive 0.

use std::time::Duration;

use broker_codec::{Packet, ReasonCode, Version};

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
    // An empty filter, and one with U+0000.
    for filter in [&b""[..], b"a\0"] {
        let mut client = broker.v5("c");
        let length = u8::try_from(filter.len()).expect("short");
        client.bytes(&[&[0x82, length + 6, 0, 1, 0, 0, length], filter, &[0]].concat());
        let code = client.next(|packet| match packet {
            Packet::Suback(suback) => suback.codes.iter().next().expect("a code"),
            Packet::Disconnect(disconnect) => disconnect.reason,
            other => panic!("{other:?}"),
        });
        let refused = [ReasonCode::TopicFilterInvalid, ReasonCode::MalformedPacket];
        assert!(refused.contains(&code), "{filter:02x?}: {code}");
    }
    broker.v5("honest").ping();
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
