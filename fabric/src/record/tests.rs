//! Every record survives its bytes, and no bytes make the decoder panic.

use proptest::prelude::*;
use uns_model::{NodeId, NodeNo, OrgId, PublisherId, Timestamp, TopicId};

use super::encode::encoded_len;
use super::{Publish, RECORD_BYTES_MIN, Record, decode, encode, length};

fn check(record: &Record<'_>) {
    let mut bytes = Vec::new();
    encode(record, &mut bytes);
    assert_eq!(bytes.len(), encoded_len(record));
    assert!(bytes.len() >= RECORD_BYTES_MIN);
    assert_eq!(length(&bytes), Some(bytes.len()));
    assert_eq!(decode(&bytes).as_ref(), Some(record));
}

#[test]
fn the_bytes_of_a_publish_are_fixed_for_ever() {
    let record = Record::Publish(Publish {
        org: OrgId(1),
        topic: TopicId(2),
        node: NodeNo(3),
        publisher: PublisherId(4),
        qos: 1,
        retain: true,
        expiry: Some(5),
        source: Some(Timestamp(6)),
        ingest: Timestamp(7),
        properties: b"p",
        payload: b"23.5",
    });
    let mut bytes = Vec::new();
    encode(&record, &mut bytes);
    let expected: &[u8] = &[
        53, 0, 0, 0, 1, 0b1_1101, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0,
        4, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, b'p', b'2', b'3', b'.', b'5',
    ];
    assert_eq!(bytes, expected);
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
    check(&Record::Publisher { publisher: PublisherId(7), client_id: "", ingest });
}

proptest! {
    #[test]
    fn every_publish_survives_its_bytes(
        ids in any::<[u32; 4]>(),
        qos in 0u8..3,
        retain: bool,
        expiry: Option<u32>,
        times in any::<(i64, Option<i64>)>(),
        properties in proptest::collection::vec(any::<u8>(), 0..40),
        payload in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        check(&Record::Publish(Publish {
            org: OrgId(ids[0]),
            topic: TopicId(ids[1]),
            node: NodeNo(ids[2]),
            publisher: PublisherId(ids[3]),
            qos,
            retain,
            expiry,
            source: times.1.map(Timestamp),
            ingest: Timestamp(times.0),
            properties: &properties,
            payload: &payload,
        }));
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        if let Some(length) = length(&bytes) {
            let _decoded = decode(&bytes[..length]);
        }
    }
}
