//! Every record survives its bytes, and no bytes make the decoder panic.

use std::num::NonZeroU32;

use proptest::prelude::*;
use uns_model::{
    NodeId, NodeNo, OrgId, PointRef, PublisherId, Sequence, SessionNo, Timestamp, TopicId, ValueRef,
};

use super::encode::encoded_len;
use super::mark::MarkDoes;
use super::{
    Audience, Mark, Message, PointsBuffer, Publish, RECORD_BYTES_MIN, Record, SessionChange,
    decode, encode, length,
};

fn check(record: &Record<'_>) {
    let mut bytes = Vec::new();
    encode(record, &mut bytes);
    assert_eq!(bytes.len(), encoded_len(record));
    assert!(bytes.len() >= RECORD_BYTES_MIN);
    assert_eq!(length(&bytes), Some(bytes.len()));
    assert_eq!(decode(&bytes).as_ref(), Some(record));
}

fn publish<'a>() -> Publish<'a> {
    Publish {
        org: OrgId(1),
        topic: TopicId(2),
        node: NodeNo(3),
        publisher: PublisherId(4),
        qos: 1,
        retain: true,
        expiry: Some(5),
        ingest: Timestamp(7),
        properties: b"p",
        payload: b"23.5",
        points: None,
    }
}

#[test]
fn the_bytes_of_a_publish_are_fixed_for_ever() {
    let mut buffer = PointsBuffer::new();
    let mut points = buffer.begin(b"23.5");
    points.push(&PointRef::new(ValueRef::Float(23.5)));
    let record = Record::Publish(Publish { points: Some(points.finish()), ..publish() });
    let mut bytes = Vec::new();
    encode(&record, &mut bytes);
    let expected: &[u8] = &[
        56, 0, 0, 0, 1, 0b10_1101, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0,
        0, 4, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 10, 0, 5, 0, 0, 0, 0, 0, 0x80, 0x37, 0x40, b'p',
        b'2', b'3', b'.', b'5',
    ];
    assert_eq!(bytes, expected);
    let mut buffer = PointsBuffer::new();
    let nothing = buffer.begin(b"").finish();
    check(&Record::Publish(Publish { points: Some(nothing), payload: b"", ..publish() }));
}

#[test]
fn a_publish_of_an_earlier_format_is_read() {
    let expected = Record::Publish(publish());
    let bytes: &[u8] = &[
        45, 0, 0, 0, 1, 0b1101, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0,
        4, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, b'p', b'2', b'3', b'.', b'5',
    ];
    assert_eq!(decode(bytes), Some(expected));
    // With a time, which the format allowed and no release wrote.
    let bytes: &[u8] = &[
        53, 0, 0, 0, 1, 0b1_1101, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0,
        4, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, b'p', b'2', b'3', b'.', b'5',
    ];
    assert_eq!(decode(bytes), Some(expected));
}

#[test]
fn the_bytes_of_a_publisher_are_fixed_for_ever() {
    let bytes = |org| {
        let mut bytes = Vec::new();
        let (publisher, ingest) = (PublisherId(7), Timestamp(9));
        encode(&Record::Publisher { org, publisher, client_id: "p", ingest }, &mut bytes);
        bytes
    };
    let old: &[u8] = &[21, 0, 0, 0, 4, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, b'p'];
    assert_eq!(bytes(OrgId::DEFAULT), old, "as every format had it");
    let other: &[u8] =
        &[25, 0, 0, 0, 4, 1, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 44, 1, 0, 0, b'p'];
    assert_eq!(bytes(OrgId(300)), other);
}

#[test]
fn the_bytes_of_a_mark_are_fixed_for_ever() {
    let (consumer, position, state): (_, &[u8], &[u8]) = ("x", b"12", b"s");
    let (does, ingest) = (MarkDoes::Says, Timestamp(7));
    let mark = Mark { org: OrgId(1), consumer, epoch: 2, position, state, does, ingest };
    let mut bytes = Vec::new();
    encode(&Record::Mark(mark), &mut bytes);
    let expected: &[u8] = &[
        36, 0, 0, 0, 9, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0,
        2, 0, b'x', b'1', b'2', b's',
    ];
    assert_eq!(bytes, expected);
}

#[test]
fn a_mark_beyond_its_limits_is_none() {
    let (name, longer, position) = ("n".repeat(255), "n".repeat(256), vec![0; 1025]);
    let state = vec![0; 64 * 1024 + 1];
    let fits = |name: &str, position: &[u8], state: &[u8]| {
        let (org, ingest) = (OrgId(1), Timestamp(7));
        let does = MarkDoes::TakesOver;
        let mark = Mark { org, consumer: name, epoch: 2, position, state, does, ingest };
        if mark.fits() {
            check(&Record::Mark(mark));
        }
        mark.fits()
    };
    assert!(fits(&name, &position[1..], &state[1..]));
    assert!(!fits(&longer, &[], &[]) && !fits("", &position, &[]) && !fits("", &[], &state));
    let mut bytes = Vec::new();
    let mark = Mark {
        org: OrgId(1),
        consumer: &name,
        epoch: 2,
        position: &[],
        state: &state[1..],
        does: MarkDoes::Ends,
        ingest: Timestamp(7),
    };
    encode(&Record::Mark(mark), &mut bytes);
    bytes.push(0);
    let longer = u32::try_from(bytes.len()).expect("it is short");
    bytes[..4].copy_from_slice(&longer.to_le_bytes());
    assert_eq!(decode(&bytes), None, "nor is what somebody wrote");
}

#[test]
fn the_bytes_of_sessions_are_fixed_for_ever() {
    let (session, ingest) = (SessionNo(9), Timestamp(7));
    let mut audience = Audience::new();
    audience.push(session, 2, true, &[NonZeroU32::MIN]);
    audience.push(SessionNo(10), 1, false, &[]);
    let change = SessionChange::Subscribed {
        filter: "a/#",
        options: 0b10_1110,
        identifier: NonZeroU32::new(5),
        walk: true,
    };
    let bytes = |record: &Record<'_>| {
        let mut bytes = Vec::new();
        encode(record, &mut bytes);
        bytes
    };
    let expected: &[u8] = &[
        38, 0, 0, 0, 6, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 9, 0, 0, 0, 0b1110, 1, 0, 0,
        0, 1, 0, 0, 0, 10, 0, 0, 0, 1,
    ];
    let members = audience.members();
    assert_eq!(bytes(&Record::Audience { number: 3, members, ingest }), expected);
    let expected: &[u8] =
        &[24, 0, 0, 0, 7, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0];
    assert_eq!(bytes(&Record::Owed { audience: 3, back: 2, ingest }), expected);
    let expected: &[u8] = &[
        28, 0, 0, 0, 8, 0b11, 4, 0, 7, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 46, 5, 0, 0, 0, b'a', b'/',
        b'#',
    ];
    assert_eq!(bytes(&Record::Session { session, change, ingest }), expected);
}

#[test]
fn an_audience_yields_its_members_and_stops_at_nonsense() {
    let ids: Vec<NonZeroU32> =
        [1, 77, 268_435_455].into_iter().filter_map(NonZeroU32::new).collect();
    let mut audience = Audience::new();
    audience.push(SessionNo(1), 1, false, &[]);
    audience.push(SessionNo(2), 2, true, &ids);
    assert_eq!(audience.len(), 2);
    let members: Vec<_> = audience.members().iter().collect();
    assert_eq!((members[0].session, members[0].qos, members[0].retain), (SessionNo(1), 1, false));
    assert!(members[0].ids.is_empty());
    assert_eq!((members[1].session, members[1].qos, members[1].retain), (SessionNo(2), 2, true));
    assert_eq!(members[1].ids.iter().collect::<Vec<_>>(), ids);
    let bytes = audience.members().as_bytes();
    for end in 0..bytes.len() {
        let cut = super::Members::from_bytes(&bytes[..end]);
        assert_eq!(cut.iter().count(), usize::from(end >= 5), "cut at {end}");
    }
    audience.clear();
    assert!(audience.is_empty() && audience.members().iter().next().is_none());
}

#[test]
fn the_rare_kinds_survive_their_bytes() {
    let ingest = Timestamp(1_700_000_000_000_000_000);
    check(&Record::NodeMinted {
        org: OrgId(1),
        topic: TopicId(9),
        node: NodeNo(8),
        id: NodeId::v7(1, 2),
        name: "uns/v1/acme/größe",
        ingest,
    });
    for purge in [false, true] {
        check(&Record::NodeDeleted { org: OrgId(1), node: NodeNo(8), purge, ingest });
    }
    for org in [OrgId::DEFAULT, OrgId(9)] {
        check(&Record::Publisher { org, publisher: PublisherId(7), client_id: "", ingest });
    }
}

proptest! {
    #[test]
    fn every_publish_survives_its_bytes(
        ids in any::<[u32; 4]>(),
        qos in 0u8..3,
        retain: bool,
        expiry: Option<u32>,
        (time, points) in any::<(i64, Option<i64>)>(),
        properties in proptest::collection::vec(any::<u8>(), 0..40),
        payload in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut buffer = PointsBuffer::new();
        let points = points.map(|number| {
            let mut points = buffer.begin(&payload);
            points.push(&PointRef::new(ValueRef::Int(number)));
            points.push(&PointRef::new(ValueRef::Bytes(&payload)));
            points.finish()
        });
        check(&Record::Publish(Publish {
            org: OrgId(ids[0]),
            topic: TopicId(ids[1]),
            node: NodeNo(ids[2]),
            publisher: PublisherId(ids[3]),
            qos,
            retain,
            expiry,
            ingest: Timestamp(time),
            points,
            properties: &properties,
            payload: &payload,
        }));
    }

    #[test]
    fn every_message_survives_its_bytes(
        ids in any::<[u32; 2]>(),
        (qos, retain) in (0u8..3, any::<bool>()),
        expiry: Option<u32>,
        topic in ".{0,30}",
        properties in proptest::collection::vec(any::<u8>(), 0..40),
        payload in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        check(&Record::Message(Message {
            org: OrgId(ids[0]),
            publisher: PublisherId(ids[1]),
            qos,
            retain,
            expiry,
            ingest: Timestamp(1),
            topic: &topic,
            properties: &properties,
            payload: &payload,
        }));
    }

    #[test]
    fn every_audience_survives_its_bytes(
        number: u32,
        back: u32,
        members in proptest::collection::vec(
            (any::<u32>(), 1u8..3, any::<bool>(), proptest::collection::vec(any::<u32>(), 0..4)),
            0..20,
        ),
    ) {
        let mut audience = Audience::new();
        let mut expected = Vec::new();
        for (session, qos, retain, ids) in members {
            let ids: Vec<_> = ids.into_iter().filter_map(NonZeroU32::new).collect();
            audience.push(SessionNo(session), qos, retain, &ids);
            expected.push((SessionNo(session), qos, retain, ids));
        }
        let seen: Vec<_> = audience
            .members()
            .iter()
            .map(|one| (one.session, one.qos, one.retain, one.ids.iter().collect::<Vec<_>>()))
            .collect();
        assert_eq!(seen, expected);
        let ingest = Timestamp(-1);
        check(&Record::Audience { number, members: audience.members(), ingest });
        check(&Record::Owed { audience: number, back, ingest });
    }

    #[test]
    fn every_change_survives_its_bytes(
        numbers in any::<[u32; 3]>(),
        sequence: u64,
        (options, packet_id, walk, qos, retain) in any::<(u8, u16, bool, bool, bool)>(),
        optional: Option<u32>,
        text in ".{0,30}",
        properties in proptest::collection::vec(any::<u8>(), 0..40),
        payload in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let [session, one, expiry] = numbers;
        let (text, sequence) = (text.as_str(), Sequence(sequence));
        let changes = [
            SessionChange::Opened {
                org: OrgId(one),
                client_id: text,
                publisher: PublisherId(session),
                expiry,
            },
            SessionChange::Resumed { expiry },
            SessionChange::Left { expiry },
            SessionChange::Ended,
            SessionChange::Subscribed {
                filter: text,
                options,
                identifier: optional.and_then(NonZeroU32::new),
                walk,
            },
            SessionChange::Unsubscribed { filter: text },
            SessionChange::Walked { filter: text },
            SessionChange::Owner { name: text },
            SessionChange::Will {
                delay: one,
                qos: u8::from(qos),
                retain,
                expiry: optional,
                topic: text,
                properties: &properties,
                payload: &payload,
            },
            SessionChange::WillGone { will: None },
            SessionChange::WillGone { will: Some(sequence) },
            SessionChange::Settled { sequence },
            SessionChange::Released { sequence },
            SessionChange::Took { packet_id },
            SessionChange::Forgot { packet_id },
        ];
        for change in changes {
            check(&Record::Session { session: SessionNo(session), change, ingest: Timestamp(3) });
        }
    }

    #[test]
    fn no_bytes_panic(
        kind in 0u8..11,
        change in 0u8..14,
        mut bytes in proptest::collection::vec(any::<u8>(), 0..120),
    ) {
        // Half of the time bytes that at least begin like a record.
        let whole = u32::try_from(bytes.len()).expect("it is short");
        if change % 2 == 0 && bytes.len() >= 16 {
            bytes[..4].copy_from_slice(&whole.to_le_bytes());
            (bytes[4], bytes[6]) = (kind, change);
        }
        if let Some(length) = length(&bytes)
            && let Some(Record::Audience { members, .. }) = decode(&bytes[..length])
        {
            members.iter().for_each(|member| member.ids.iter().for_each(drop));
        }
    }
}
