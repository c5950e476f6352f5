//! Fan-out: properties that pass, one encoding for many receivers.

use std::num::{NonZeroU16, NonZeroU32};

use crate::*;

#[test]
fn the_topic_of_a_publish_is_read_before_the_rest_has_arrived() {
    let name = |version, bytes: &[u8]| match publish_topic(version, bytes) {
        PublishTopic::Name(name) => name.to_owned(),
        other => format!("{other:?}"),
    };
    // A packet of 200 MB, of which little is there.
    let head = b"\x32\xff\xff\xff\x5f\0\x03a/b";
    for version in Version::ALL {
        assert_eq!(name(version, head), "a/b");
        for cut in 0..head.len() {
            assert_eq!(name(version, &head[..cut]), "Incomplete", "{cut}");
        }
    }
    let alias = b"\x32\xff\xff\xff\x5f\0\0\0\x07\x05\x01\x01\x23\0\x09";
    assert_eq!(publish_topic(Version::V5, alias), PublishTopic::Alias(NonZeroU16::new(9).unwrap()));
    assert_eq!(publish_topic(Version::V5, &alias[..14]), PublishTopic::Incomplete);
    assert_eq!(publish_topic(Version::V311, alias), PublishTopic::Unknown);
    for wrong in [&b"\x30\xff\xff\xff\xff\x01"[..], b"\x30\xff\xff\xff\x5f\0\x01#"] {
        assert_eq!(publish_topic(Version::V5, wrong), PublishTopic::Unknown);
    }
    // Properties that nobody waits for.
    let long = b"\x30\xff\xff\xff\x5f\0\0\xff\xff\x7f";
    assert_eq!(publish_topic(Version::V5, long), PublishTopic::Unknown);
}

fn raw(properties: &[Property<'_>]) -> Vec<u8> {
    let mut raw = Vec::new();
    properties.iter().for_each(|property| property.encode(&mut raw).unwrap());
    raw
}

/// A PUBLISH body to "t" at QoS 0 with these properties and payload "p".
fn body(properties: &[Property<'_>]) -> Vec<u8> {
    let raw = raw(properties);
    let mut body = vec![0, 1, b't', u8::try_from(raw.len()).unwrap()];
    body.extend_from_slice(&raw);
    body.push(b'p');
    body
}

#[test]
fn hop_by_hop_properties_do_not_pass() {
    let alias = Property::TopicAlias(NonZeroU16::MIN);
    let expiry = Property::MessageExpiryInterval(9);
    let user = Property::UserProperty("k", "1");
    let again = Property::UserProperty("k", "2");
    let kind = Property::ContentType("text/plain");
    let passing = [user, kind, again];
    for (order, contiguous) in [
        (vec![user, kind, again], true),
        (vec![alias, expiry, user, kind, again], true),
        (vec![user, kind, again, expiry, alias], true),
        (vec![alias, user, kind, again, expiry], true),
        (vec![user, alias, kind, expiry, again], false),
    ] {
        let body = body(&order);
        let publish = decode_publish(Version::V5, 0x30, &body).unwrap();
        let pass = publish.properties.pass_through;
        assert_eq!(pass.contiguous().is_some(), contiguous);
        let mut scratch = Vec::new();
        assert_eq!(pass.bytes(&mut scratch), raw(&passing));
        assert!(pass.iter().eq(passing));
        assert!(pass.user().iter().eq([("k", "1"), ("k", "2")]));
        assert_eq!(pass.content_type(), Some("text/plain"));
        assert_eq!(publish.payload, b"p");
        let mut out = Vec::new();
        let bare = PublishProperties { pass_through: pass, ..PublishProperties::default() };
        let forwarded = Publish { properties: bare, ..publish };
        encode_publish(Version::V5, &forwarded, &mut out).unwrap();
        assert_eq!(&out[2..], super::publish::body(&passing));
    }
}

#[test]
fn accessors_find_their_property() {
    let raw = raw(&[
        Property::ResponseTopic("reply"),
        Property::CorrelationData(&[1, 2]),
        Property::PayloadFormatIndicator(true),
    ]);
    let pass = PassThrough::parse(&raw).unwrap();
    assert_eq!(pass.response_topic(), Some("reply"));
    assert_eq!(pass.correlation_data(), Some(&[1, 2][..]));
    assert!(pass.payload_is_utf8());
    assert_eq!(pass.content_type(), None);
    assert!(pass.user().is_empty());
    assert!(PassThrough::NONE.is_empty());
    let wrong = Property::ReasonString("x");
    let mut raw = Vec::new();
    wrong.encode(&mut raw).unwrap();
    let refused = Error::PropertyNotAllowed { packet: PacketType::Publish, id: 0x1F };
    assert_eq!(PassThrough::parse(&raw), Err(refused));
}

#[test]
fn one_encoding_serves_every_receiver() {
    for payload in [0, 100, 130, 17_000, 2_100_000] {
        for version in Version::ALL {
            let payload = vec![7; payload];
            let ids = [NonZeroU32::MIN, NonZeroU32::new(300).unwrap()];
            let mut publish = Publish {
                qos: QoS::AtLeastOnce,
                topic: "uns/v1/a",
                payload: &payload,
                ..Publish::default()
            };
            if version == Version::V5 {
                publish.properties.subscription_ids = SubscriptionIds::new(&ids);
                publish.properties.message_expiry = Some(60);
            }
            let mut out = Vec::new();
            let encoded = encode_publish(version, &publish, &mut out).unwrap();
            assert_eq!(encoded.len, out.len());
            for id in [PacketId::FIRST, PacketId::new(0xABCD).unwrap()] {
                patch_packet_id(&mut out, encoded.packet_id_at.unwrap(), id);
                let Ok(Frame::Packet(framed)) = frame(&out, usize::MAX) else {
                    unreachable!("a whole packet")
                };
                let expected = Publish { packet_id: Some(id), ..publish };
                assert_eq!(framed.decode(version, &out), Ok(Packet::Publish(expected)));
            }
        }
    }
}

#[test]
fn one_encoding_serves_every_alias() {
    for (len, qos) in [0, 100, 127, 128, 16_400].into_iter().zip([0, 1, 2].into_iter().cycle()) {
        let mut user = Vec::new();
        Property::UserProperty("name", &"v".repeat(len)).encode(&mut user).unwrap();
        for topic in ["", "uns/v1/a"] {
            let mut publish = Publish {
                qos: QoS::from_level(qos).unwrap(),
                packet_id: (qos > 0).then_some(PacketId::FIRST),
                topic,
                payload: b"payload",
                ..Publish::default()
            };
            publish.properties.pass_through = PassThrough::from_checked(&user);
            publish.properties.topic_alias = NonZeroU16::new(1);
            publish.properties.message_expiry = Some(60);
            let mut out = Vec::new();
            encode_publish(Version::V5, &publish, &mut out).unwrap();
            publish.properties.topic_alias = NonZeroU16::new(0xABCD);
            patch_topic_alias(&mut out, NonZeroU16::new(0xABCD).unwrap());
            let mut expected = Vec::new();
            encode_publish(Version::V5, &publish, &mut expected).unwrap();
            assert_eq!(out, expected, "{len} {topic}");
        }
    }
    for other in [&[][..], &[0x30], &[0x30, 0xff, 0xff, 0xff, 0xff], &[0x30, 4, 0, 1, b'a', 0]] {
        let mut packet = other.to_vec();
        patch_topic_alias(&mut packet, NonZeroU16::MAX);
        assert_eq!(packet, other);
    }
}

#[test]
fn patching_outside_does_nothing() {
    let mut packet = [0x32, 1];
    patch_packet_id(&mut packet, 1, PacketId::FIRST);
    patch_packet_id(&mut packet, usize::MAX, PacketId::FIRST);
    assert_eq!(packet, [0x32, 1]);
}

#[test]
fn what_is_too_long_is_not_written() {
    let topic = "x".repeat(65_536);
    let mut out = Vec::new();
    let publish = Publish { topic: &topic, ..Publish::default() };
    assert_eq!(encode_publish(Version::V5, &publish, &mut out), Err(Error::FieldTooLong));
    let ids = [NonZeroU32::MAX];
    let mut publish = Publish { topic: "a", ..Publish::default() };
    publish.properties.subscription_ids = SubscriptionIds::new(&ids);
    assert!(matches!(
        encode_publish(Version::V5, &publish, &mut out),
        Err(Error::IntegerTooLarge { .. })
    ));
    assert!(out.is_empty());
    assert!(encode_publish(Version::V311, &publish, &mut out).is_ok());
}
