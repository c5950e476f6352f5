//! Records that were written before points were stored in them come with points, wherever a reader
//! gets them from: what an older release left, in one segment with what this one writes.

use std::sync::Arc;

use fabric::conformance::{append, batch};
use fabric::{Frame, Log, PointsBuilder, Publish, Record, Tail, TailItem, Upgrade};
use uns_model::{Finding, PointRef, Sequence, ValueRef};

use crate::older_format_is_read::{session_records, written};
use crate::rig::{Rig, items};

/// Takes every payload for its length.
#[derive(Debug)]
struct Lengths;

impl Upgrade for Lengths {
    fn fill(&self, publish: &Publish<'_>, points: &mut PointsBuilder<'_>) {
        let length = i64::try_from(publish.payload.len()).expect("it is short");
        points.push(&PointRef::new(ValueRef::Int(length)));
        points.push(&PointRef::new(ValueRef::Bytes(publish.payload)));
        points.finding(Finding::Windows1252);
    }
}

fn upgraded(mut rig: Rig) -> Rig {
    rig.config.upgrade = Some(Arc::new(Lengths));
    rig
}

fn frames(tail: &mut dyn Tail) -> Vec<Frame> {
    let frame = |item| match item {
        TailItem::Frame(frame) => frame,
        TailItem::Gap { .. } => unreachable!("nothing is missing"),
    };
    items(tail).into_iter().map(frame).collect()
}

/// Every record without its points.
fn bare(frames: &[Frame]) -> Vec<(Sequence, String)> {
    let records = frames.iter().flat_map(Frame::records);
    let bare = |(sequence, record): (Sequence, Record<'_>)| match record {
        Record::Publish(publish) => {
            (sequence, format!("{:?}", Publish { points: None, ..publish }))
        }
        record => (sequence, format!("{record:?}")),
    };
    records.map(bare).collect()
}

fn check_points(frames: &[Frame]) -> usize {
    let mut publishes = 0;
    for (_, record) in frames.iter().flat_map(Frame::records) {
        let Record::Publish(publish) = record else { continue };
        let points = publish.points.expect("it was upgraded");
        let length = i64::try_from(publish.payload.len()).expect("it is short");
        let values: Vec<_> = points.iter().map(|point| point.value).collect();
        assert_eq!(values, [ValueRef::Int(length), ValueRef::Bytes(publish.payload)]);
        assert_eq!(points.findings().collect::<Vec<_>>(), [Finding::Windows1252]);
        publishes += 1;
    }
    publishes
}

fn segments() -> [(&'static [u8], &'static [u8]); 3] {
    [
        (include_bytes!("format-1/log.bin"), include_bytes!("format-1/segment.bin")),
        (include_bytes!("format-2/log.bin"), include_bytes!("format-2/segment.bin")),
        (include_bytes!("format-3/log.bin"), include_bytes!("format-3/segment.bin")),
    ]
}

#[test]
fn and_are_otherwise_what_they_were() {
    for (log, segment) in segments() {
        let plain = frames(&mut *written(log, segment).open().tail(Sequence::ZERO));
        let log = upgraded(written(log, segment)).open();
        let upgraded = frames(&mut *log.tail(Sequence::ZERO));
        assert_eq!(bare(&upgraded), bare(&plain));
        assert!(check_points(&upgraded) > 0, "there is a publish");
        for (new, old) in upgraded.iter().zip(&plain) {
            let (new, old) = (new.header(), old.header());
            assert_eq!((new.first, new.previous, new.count), (old.first, old.previous, old.count));
            assert_eq!(new.version, fabric::FORMAT_VERSION);
        }
    }
}

#[test]
fn from_anywhere_in_the_log() {
    for (log, segment) in segments() {
        let log = upgraded(written(log, segment)).open();
        let all = bare(&frames(&mut *log.tail(Sequence::ZERO)));
        for after in 0..=log.committed().0 {
            let seen = frames(&mut *log.tail(Sequence(after)));
            check_points(&seen);
            let expected: Vec<_> =
                all.iter().filter(|(sequence, _)| sequence.0 > after).cloned().collect();
            assert_eq!(bare(&seen), expected, "after {after}");
        }
    }
}

#[test]
fn while_what_is_stored_stays_as_it_was() {
    for (log, segment) in segments() {
        let rig = upgraded(written(log, segment));
        let stored = |rig: &Rig| {
            let file = fabric::Disk::open(&rig.disk, &rig.segments()[0]).expect("a healthy disk");
            let mut bytes = vec![0; segment.len()];
            file.read_exact_at(&mut bytes, 0).expect("a healthy disk");
            bytes
        };
        let log = rig.open();
        assert!(log.verify().expect("it is readable").is_empty());
        frames(&mut *log.tail(Sequence::ZERO));
        append(&*log, session_records()).expect("it is continued");
        append(&*log, batch(&[b"x"])).expect("it is continued");
        drop(log);
        assert_eq!(stored(&rig), segment, "frames of the older release are as they were");
        let log = rig.open();
        let records = frames(&mut *log.tail(Sequence::ZERO));
        let newest = records.last().and_then(|frame| frame.records().last());
        let Some((_, Record::Publish(publish))) = newest else { unreachable!("the newest one") };
        // Nobody has filled it in: it was written by no gate.
        assert!(publish.points.is_some(), "a publish of this format without points has them too");
    }
}
