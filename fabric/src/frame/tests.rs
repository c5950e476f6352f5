//! Frames keep their records, refuse other directories' frames and every flipped bit.

use bytes::{Bytes, BytesMut};
use uns_model::{NodeNo, OrgId, PublisherId, Sequence, Timestamp, TopicId};

use super::{FRAME_HEADER_BYTES, Frame, FrameBuilder, FrameHeader, FrameKey};
use crate::{Batch, Commit, Kind, Publish, Record};

const KEY: FrameKey = FrameKey(42);

fn deleted(node: u32, ingest: i64) -> Record<'static> {
    Record::NodeDeleted {
        org: OrgId(1),
        node: NodeNo(node),
        purge: false,
        ingest: Timestamp(ingest),
    }
}

fn frame() -> Frame {
    let mut batch = Batch::new();
    batch.push(&deleted(1, 50));
    batch.push(&Record::Publisher {
        org: OrgId::DEFAULT,
        publisher: PublisherId(3),
        client_id: "plc",
        ingest: Timestamp(10),
    });
    let mut builder =
        FrameBuilder::new(BytesMut::new(), Sequence(100), (Sequence(7), Timestamp(0)));
    assert_eq!(builder.push(&batch), Commit { first: Sequence(100), last: Sequence(101) });
    batch.clear();
    batch.push(&deleted(2, 60));
    assert_eq!(builder.push(&batch), Commit { first: Sequence(102), last: Sequence(102) });
    builder.finish(KEY)
}

fn reread(bytes: &[u8], key: FrameKey) -> Option<Frame> {
    let header = FrameHeader::decode(bytes.first_chunk::<FRAME_HEADER_BYTES>()?, key)?;
    Frame::checked(header, Bytes::copy_from_slice(bytes))
}

#[test]
fn ingest_times_become_strictly_increasing() {
    let frame = reread(frame().bytes(), KEY).expect("the frame is whole");
    let seen: Vec<_> =
        frame.records().map(|(sequence, record)| (sequence.0, record.ingest().0)).collect();
    assert_eq!(seen, [(100, 50), (101, 51), (102, 60)]);
    assert_eq!(frame.header().previous, Sequence(7));
}

#[test]
fn a_tail_that_starts_inside_a_frame_sees_the_rest() {
    let frame = frame().after(Sequence(101));
    assert_eq!((frame.first(), frame.last()), (Sequence(102), Sequence(102)));
    assert_eq!(frame.records().next(), Some((Sequence(102), deleted(2, 60))));
    assert_eq!(frame.records().count(), 1);
}

#[test]
fn skimming_shows_the_same_records_in_their_places() {
    for after in 0..103 {
        let frame = frame().after(Sequence(after));
        assert_eq!(frame.skim().len(), frame.records().len());
        for (raw, (sequence, record)) in frame.skim().zip(frame.records()) {
            assert_eq!((raw.sequence(), raw.record()), (sequence, record));
            assert_eq!(&frame.bytes()[raw.range()], raw.bytes());
            let publisher = matches!(record, Record::Publisher { .. });
            assert_eq!(raw.kind() == Kind::Publisher, publisher);
            assert_eq!((raw.node(), raw.publisher()), (None, None), "it is no publish");
        }
    }
}

#[test]
fn skimming_tells_node_and_publisher_of_a_publish() {
    let mut batch = Batch::new();
    batch.push(&Record::Publish(Publish {
        org: OrgId(1),
        topic: TopicId(2),
        node: NodeNo(0x0304_0506),
        publisher: PublisherId(0x0708_090A),
        qos: 1,
        retain: true,
        expiry: Some(60),
        ingest: Timestamp(50),
        properties: b"p",
        payload: b"21.5",
        points: None,
    }));
    let mut builder = FrameBuilder::new(BytesMut::new(), Sequence(9), (Sequence(8), Timestamp(0)));
    builder.push(&batch);
    let frame = builder.finish(KEY);
    let raw = frame.skim().next().expect("a record");
    assert_eq!(raw.node(), Some(NodeNo(0x0304_0506)));
    assert_eq!(raw.publisher(), Some(PublisherId(0x0708_090A)));
}

#[test]
fn an_empty_frame_ends_where_the_one_before_did() {
    let builder = FrameBuilder::new(BytesMut::new(), Sequence(9), (Sequence(8), Timestamp(0)));
    let frame = reread(builder.finish(KEY).bytes(), KEY).expect("the frame is whole");
    assert_eq!((frame.last(), frame.records().count()), (Sequence(8), 0));
}

#[test]
fn another_directory_key_is_refused() {
    assert!(reread(frame().bytes(), FrameKey(43)).is_none());
}

#[test]
fn every_flipped_bit_is_found() {
    let whole = frame();
    let used = FRAME_HEADER_BYTES + whole.header().length as usize;
    for bit in 0..used * 8 {
        let mut bytes = whole.bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(reread(&bytes, KEY).is_none(), "bit {bit}");
    }
}
