//! R17: a log the release before wrote is read and continued. `format-1` holds what format 1 left
//! on the disk, without the zeros that follow.

use std::num::NonZeroU32;
use std::path::Path;

use fabric::conformance::append;
use fabric::{Audience, Batch, Disk, Log, Publish, Record, SessionChange, TailItem};
use uns_model::{NodeId, NodeNo, OrgId, PublisherId, Sequence, SessionNo, Timestamp, TopicId};

use crate::rig::{DIR, Rig, items};

const LOG: &[u8] = include_bytes!("format-1/log.bin");
const SEGMENT: &[u8] = include_bytes!("format-1/segment.bin");
const SEGMENT_BYTES: u64 = 64 * 1024;

fn version_1() -> Rig {
    written(LOG, SEGMENT)
}

/// A log of one segment, as it was found on a disk.
pub(crate) fn written(log: &[u8], segment: &[u8]) -> Rig {
    let rig = Rig::new(1);
    let dir = Path::new(DIR);
    rig.disk.create_dir_all(dir).expect("a healthy disk");
    rig.disk.write_atomic(&dir.join("LOG"), log).expect("a healthy disk");
    let file = rig.disk.create(&dir.join("00000000000000000001.log")).expect("a healthy disk");
    file.allocate(SEGMENT_BYTES).expect("a healthy disk");
    file.write_all_at(segment, 0).expect("a healthy disk");
    file.sync_data().expect("a healthy disk");
    rig.disk.sync_dir(dir).expect("a healthy disk");
    rig
}

/// What the release before wrote.
fn check_old(items: &[TailItem]) {
    let ingest = Timestamp(1_700_000_000_000_000_000);
    let (org, topic, node) = (OrgId(1), TopicId(9), NodeNo(8));
    let frames: Vec<_> = items
        .iter()
        .flat_map(|item| match item {
            TailItem::Frame(frame) => frame.records().collect::<Vec<_>>(),
            TailItem::Gap { .. } => unreachable!("nothing is missing"),
        })
        .take(5)
        .collect();
    let publisher = PublisherId(7);
    assert_eq!(
        frames[..3],
        [
            (
                Sequence(1),
                Record::Publisher { org: OrgId::DEFAULT, publisher, client_id: "press-7", ingest }
            ),
            (
                Sequence(2),
                Record::NodeMinted {
                    org,
                    topic,
                    node,
                    id: NodeId::v7(1, 2),
                    name: "uns/v1/acme/größe",
                    ingest: Timestamp(ingest.0 + 1),
                }
            ),
            (
                Sequence(3),
                Record::Publish(Publish {
                    org,
                    topic,
                    node,
                    publisher,
                    qos: 2,
                    retain: true,
                    expiry: Some(60),
                    ingest: Timestamp(ingest.0 + 2),
                    properties: b"\x01\x01",
                    payload: b"23.5",
                    points: None,
                })
            ),
        ]
    );
    let deleted = Record::NodeDeleted { org, node, purge: true, ingest: Timestamp(ingest.0 + 4) };
    assert_eq!(frames[4], (Sequence(5), deleted));
}

pub(crate) fn session_records() -> Batch {
    let mut audience = Audience::new();
    audience.push(SessionNo(1), 2, false, &[NonZeroU32::MIN]);
    let ingest = Timestamp(0);
    let mut batch = Batch::new();
    batch.push(&fabric::conformance::publish(b"new", 0));
    batch.push(&Record::Audience { number: 1, members: audience.members(), ingest });
    batch.push(&Record::Owed { audience: 1, back: 2, ingest });
    let change = SessionChange::Resumed { expiry: 60 };
    batch.push(&Record::Session { session: SessionNo(1), change, ingest });
    batch
}

#[test]
fn and_continued_in_the_same_segment() {
    let rig = version_1();
    let log = rig.open();
    check_old(&items(&mut *log.tail(Sequence::ZERO)));
    let commit = append(&*log, session_records()).expect("a healthy disk");
    drop(log);
    let log = rig.open();
    assert_eq!((log.committed(), rig.segments().len()), (commit.last, 1));
    let all = items(&mut *log.tail(Sequence::ZERO));
    check_old(&all);
    let Some(TailItem::Frame(frame)) = all.last() else { unreachable!("the new frame is there") };
    let records: Vec<_> = frame.records().map(|(_, record)| record).collect();
    assert_eq!(records.len(), 4);
    assert!(matches!(records[2], Record::Owed { audience: 1, back: 2, .. }), "{:?}", records[2]);
    assert!(log.health().damage.is_empty());
}

/// What the last release of format 2 left, which did not say yet which will is gone: a session with
/// a will that was withdrawn, and what it is owed.
#[test]
fn a_log_of_format_2_is_read() {
    let segment = include_bytes!("format-2/segment.bin");
    let rig = written(include_bytes!("format-2/log.bin"), segment);
    let log = rig.open();
    assert!(log.verify().expect("it is readable").is_empty());
    let (mut said, mut versions) = (Vec::new(), Vec::new());
    for item in items(&mut *log.tail(Sequence::ZERO)) {
        let TailItem::Frame(frame) = item else { unreachable!("nothing is missing") };
        versions.push(frame.header().version);
        for (_, record) in frame.records() {
            match record {
                Record::Publisher { client_id, .. } => said.push(client_id.to_owned()),
                Record::Publish(publish) => said.push(format!("{:?}", publish.payload)),
                Record::Message(message) => said.push(message.topic.to_owned()),
                Record::Audience { number, .. } => said.push(format!("audience {number}")),
                Record::Owed { audience, back, .. } => said.push(format!("{audience} {back}")),
                Record::Session { session, change, .. } => {
                    assert_eq!(session, SessionNo(4));
                    said.push(in_short(&change));
                }
                other => unreachable!("{other:?}"),
            }
        }
    }
    assert_eq!(versions, [2, 2, 2]);
    let first = ["press-7", "visitor 3600", "line/+ Some(9)", "walked line/+", "line/gone 30"];
    let second = ["[50, 49, 46, 53]", "line/state", "audience 1", "1 2", "took 77"];
    assert_eq!(said, [&first[..], &second, &["gone None", "left 3600"]].concat());
    append(&*log, session_records()).expect("it is continued");
}

fn in_short(change: &SessionChange<'_>) -> String {
    match change {
        SessionChange::Opened { client_id, expiry, .. } => format!("{client_id} {expiry}"),
        SessionChange::Subscribed { filter, identifier, .. } => format!("{filter} {identifier:?}"),
        SessionChange::Walked { filter } => format!("walked {filter}"),
        SessionChange::Will { topic, delay, .. } => format!("{topic} {delay}"),
        SessionChange::WillGone { will } => format!("gone {will:?}"),
        SessionChange::Left { expiry } => format!("left {expiry}"),
        SessionChange::Took { packet_id } => format!("took {packet_id}"),
        other => unreachable!("{other:?}"),
    }
}

/// What a hub of format 3 left: publishes with and without nodes, a deletion, sessions with a shared
/// subscription and a will.
#[test]
fn a_log_of_format_3_is_read() {
    let log = include_bytes!("format-3/log.bin");
    let rig = written(log, include_bytes!("format-3/segment.bin"));
    let log = rig.open();
    assert!(log.verify().expect("it is readable").is_empty());
    let (mut payloads, mut kinds) = (Vec::new(), [0; 3]);
    for item in items(&mut *log.tail(Sequence::ZERO)) {
        let TailItem::Frame(frame) = item else { unreachable!("nothing is missing") };
        for (_, record) in frame.records() {
            match record {
                Record::Publish(publish) => payloads.push(publish.payload.to_vec()),
                Record::Message(message) => payloads.push(message.payload.to_vec()),
                Record::Session { .. } => kinds[0] += 1,
                Record::Owed { .. } => kinds[1] += 1,
                Record::NodeDeleted { .. } => kinds[2] += 1,
                _ => {}
            }
        }
    }
    let expected: [&[u8]; 5] = [b"21.5", b"{\"a\":1,\"b\":\"x\"}", b"kept", b"1", b"go"];
    assert_eq!(payloads, expected);
    assert!(kinds.iter().all(|count| *count > 0), "{kinds:?}");
    append(&*log, session_records()).expect("it is continued");
}
