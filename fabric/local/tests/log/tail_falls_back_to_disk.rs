//! A reader that lags leaves memory for the disk and comes back, missing and doubling nothing.

use fabric::conformance::{append, batch, drain};
use fabric::{Log, Record, Tail, TailItem};
use uns_model::Sequence;

use crate::rig::Rig;

fn next_payloads(tail: &mut dyn Tail) -> Vec<Vec<u8>> {
    let Some(TailItem::Frame(frame)) = tail.next().expect("the log is readable") else {
        return Vec::new();
    };
    let payload = |(_, record): (Sequence, Record<'_>)| match record {
        Record::Publish(publish) => publish.payload.to_vec(),
        _ => Vec::new(),
    };
    frame.records().map(payload).collect()
}

#[test]
fn it_does() {
    let rig = Rig::new(1);
    let log = rig.open();
    let mut slow = log.tail(Sequence::ZERO);
    let mut seen = Vec::new();
    let mut expected = Vec::new();
    // Memory holds about ten of these; the reader takes one for every two written, then catches up.
    for number in 0..300u32 {
        let payload = [&number.to_le_bytes()[..], &[3; 3000]].concat();
        append(&*log, batch(&[&payload])).unwrap();
        expected.push(payload);
        if number % 2 == 0 {
            seen.extend(next_payloads(&mut *slow));
        }
        if number % 100 == 99 {
            while seen.len() < expected.len() {
                seen.extend(next_payloads(&mut *slow));
            }
            assert!(slow.next().unwrap().is_none());
        }
    }
    assert!(seen == expected);
    assert!(log.health().segments > 10);
}

#[test]
fn readers_and_a_writer_at_once() {
    let rig = Rig::new(2);
    let log = rig.open();
    std::thread::scope(|scope| {
        for start in [0, 50] {
            let log = &log;
            scope.spawn(move || {
                let mut tail = log.tail(Sequence(start));
                let mut next = start + 1;
                while next <= 1000 {
                    let Some(TailItem::Frame(frame)) = tail.next().unwrap() else { continue };
                    for (sequence, _) in frame.records() {
                        assert_eq!(sequence.0, next);
                        next += 1;
                    }
                }
            });
        }
        for number in 0..1000u32 {
            append(&*log, batch(&[&[1; 500][..number as usize % 500]])).unwrap();
        }
    });
}

#[test]
fn many_batches_share_a_frame_and_keep_their_ranges() {
    let mut rig = Rig::new(3);
    rig.config.flush_interval = std::time::Duration::from_secs(60);
    let log = rig.open();
    for number in 0..100u8 {
        log.append(batch(&[&[number]]), None).unwrap();
    }
    let commit = append(&*log, batch(&[b"a", b"b"])).unwrap();
    assert_eq!((commit.first, commit.last), (Sequence(101), Sequence(102)));
    assert_eq!(log.health().counters.frames, 1, "who waits takes the others along");
    assert_eq!(drain(&mut *log.tail(Sequence(40))).len(), 62);
}
