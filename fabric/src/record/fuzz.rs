//! Records as a fuzzer has them.

use uns_model::{PointRef, ValueRef};

use super::decode::{decode, length};
use super::encode::encode;
use super::kind::Record;
use super::points::{Points, PointsBuffer};
use super::publish::{Message, Publish};
use super::session::SessionChange;

/// Reads bytes as records: no bytes may make that panic.
pub fn fuzz(data: &[u8]) {
    let mut rest = data;
    while let Some(length) = length(rest) {
        let (one, others) = rest.split_at(length);
        rest = others;
        let Some(record) = decode(one) else { continue };
        if let Record::Audience { members, .. } = record {
            members.iter().for_each(|member| member.ids.iter().for_each(drop));
        }
        if let Record::Publish(Publish { points: Some(points), .. }) = record {
            fuzz_points(points);
        }
        let qos = match record {
            Record::Publish(Publish { qos, .. })
            | Record::Message(Message { qos, .. })
            | Record::Session { change: SessionChange::Will { qos, .. }, .. } => qos,
            _ => 0,
        };
        if qos > 2 {
            continue;
        }
        let mut again = Vec::new();
        encode(&record, &mut again);
        let same = decode(&again).expect("what was encoded is decoded");
        assert_eq!(same, record, "a record survives its bytes");
    }
}

/// Points that can be read are the same ones when they are written again.
fn fuzz_points(points: Points<'_>) {
    let mut buffer = PointsBuffer::new();
    let mut again = buffer.begin(&[]);
    points.iter().for_each(|point| again.push(&point));
    points.findings().for_each(|finding| again.finding(finding));
    points.contract_version().into_iter().for_each(|version| again.contract_version(version));
    let again = again.finish();
    assert!(again.is_whole(), "what was built is whole");
    let same = |(one, other): (PointRef<'_>, PointRef<'_>)| {
        let second = match (one.second, other.second) {
            (Some(one), Some(other)) => one.is_same(&other),
            (one, other) => one.is_none() && other.is_none(),
        };
        let bare = |point| PointRef { value: ValueRef::Null, second: None, ..point };
        second && one.value.is_same(&other.value) && bare(one) == bare(other)
    };
    assert_eq!(points.iter().count(), again.iter().count());
    assert!(points.iter().zip(again.iter()).all(same), "points survive their bytes");
    assert!(points.findings().eq(again.findings()), "findings survive their bytes");
}
