//! R17: publishes that the releases of format 4 wrote are read with the points they were stored with,
//! by a release that says less of what is repeated. `format-4` holds what one of them left on the disk,
//! without the zeros that follow.

use std::sync::Arc;

use fabric::conformance::append;
use fabric::{Frame, Log, PointsBuilder, Publish, Record, TailItem, Upgrade};
use uns_model::Sequence;

use crate::older_format_is_read::{session_records, written};
use crate::rig::{Rig, items};

/// No payload that is stored with its points is to be read again.
#[derive(Debug)]
struct Never;

impl Upgrade for Never {
    fn fill(&self, publish: &Publish<'_>, _: &mut PointsBuilder<'_>) {
        assert_eq!(publish.payload, b"new", "all others have their points");
    }
}

fn format_4() -> Rig {
    let (log, segment) =
        (include_bytes!("format-4/log.bin"), include_bytes!("format-4/segment.bin"));
    let mut rig = written(log, segment);
    rig.config.upgrade = Some(Arc::new(Never));
    rig
}

fn frames(log: &dyn Log) -> Vec<Frame> {
    let frame = |item| match item {
        TailItem::Frame(frame) => frame,
        TailItem::Gap { .. } => unreachable!("nothing is missing"),
    };
    items(&mut *log.tail(Sequence::ZERO)).into_iter().map(frame).collect()
}

/// What every record says, its points in words.
fn said(frames: &[Frame]) -> String {
    let mut said = String::new();
    for (sequence, record) in frames.iter().flat_map(Frame::records) {
        match record {
            Record::Publish(publish) => {
                let points = publish.points.expect("every one has them");
                said += &format!("{sequence} {:?}\n", String::from_utf8_lossy(publish.payload));
                for point in points.iter() {
                    let field = point.field.unwrap_or("-");
                    let (value, second) = (point.value, point.second);
                    let (quality, unit) = (point.quality.0, point.unit.unwrap_or("-"));
                    let (time, seq) = (point.source.map(|time| time.0), point.seq);
                    said += &format!(
                        "  {field} {value:?} {second:?} {quality:x} {unit} {time:?} {seq:?} {}\n",
                        point.historical
                    );
                }
                for finding in points.findings() {
                    said += &format!("  {finding:?}\n");
                }
                if let Some(version) = points.contract_version() {
                    said += &format!("  contract {version}\n");
                }
            }
            other => said += &format!("{sequence} {other:?}\n"),
        }
    }
    said
}

#[test]
fn as_they_were_written() {
    let log = format_4().open();
    assert!(log.verify().expect("it is readable").is_empty());
    let all = frames(&*log);
    assert!(all.iter().all(|frame| frame.header().version == 4), "none was written again");
    assert_eq!(said(&all), include_str!("format-4/said.txt"));
}

#[test]
fn and_continued_in_the_same_segment() {
    let rig = format_4();
    let log = rig.open();
    append(&*log, session_records()).expect("a healthy disk");
    drop(log);
    let all = frames(&*rig.open());
    let versions: Vec<_> = all.iter().map(|frame| frame.header().version).collect();
    assert_eq!(versions, [4, 4, fabric::FORMAT_VERSION]);
    assert_eq!(rig.segments().len(), 1);
    assert_eq!(said(&all[..2]), include_str!("format-4/said.txt"));
}
