//! R4: flipped bits never change what is served; the damage is named, the rest is there.

use std::path::Path;

use fabric::conformance::{append, batch};
use fabric::{Disk, FrameKey, Log, Record, TailItem};
use fabric_local::{Error, OnDamage};
use uns_model::{Random, SeededRandom, Sequence};

use crate::rig::{DIR, Rig, items};

const BATCHES: u8 = 60;

/// Sixty one-record commits of 3,000 bytes over several segments, closed cleanly.
fn filled(seed: u64) -> (Rig, Vec<u64>) {
    let mut rig = Rig::new(seed);
    rig.config.memory_bytes = 0;
    let log = rig.open();
    let mut sequences = Vec::new();
    for number in 0..BATCHES {
        let commit = append(&*log, batch(&[&[number; 3000]])).expect("a healthy log commits");
        sequences.push(commit.first.0);
    }
    log.close();
    (rig, sequences)
}

/// What is served, after checking that each record is right or inside a named gap.
fn served(rig: &Rig, sequences: &[u64]) -> usize {
    let log = rig.open();
    let (mut served, mut missing) = (0, 0);
    let mut next = 0;
    for item in items(&mut *log.tail(Sequence::ZERO)) {
        match item {
            TailItem::Frame(frame) => {
                for (sequence, record) in frame.records() {
                    let Record::Publish(publish) = record else { unreachable!("only publishes") };
                    let number = u8::try_from(next).expect("few records");
                    assert_eq!(sequence.0, sequences[next], "in order, none left out in silence");
                    assert!(publish.payload == [number; 3000], "a wrong value was served");
                    (served, next) = (served + 1, next + 1);
                }
            }
            TailItem::Gap { until, .. } => {
                let inside = sequences.iter().filter(|one| **one <= until.0).count();
                (missing, next) = (missing + inside - next, inside);
            }
        }
    }
    assert_eq!(served + missing, sequences.len());
    assert_eq!(log.health().damage.is_empty(), missing == 0);
    served
}

#[test]
fn any_flipped_bit() {
    let random = SeededRandom::new(99);
    let seeds = if std::env::var_os("UNS_SOAK").is_some() { 1_000 } else { 150 };
    for seed in 0..seeds {
        let (rig, sequences) = filled(seed);
        let mut files = rig.segments();
        files.push(Path::new(DIR).join("LOG"));
        let pick = usize::try_from(random.u64() % files.len() as u64).unwrap();
        let bits = rig.disk.read(&files[pick]).unwrap().len() as u64 * 8;
        assert!(rig.disk.flip_bit(&files[pick], random.u64() % bits));
        let served = served(&rig, &sequences);
        assert!(served + 1 >= sequences.len(), "seed {seed}: one bit costs one frame at most");
    }
    eprintln!("R4: {seeds} flipped bits, named and not served");
}

#[test]
fn the_last_frame_of_a_cleanly_closed_log_is_no_torn_tail() {
    let (rig, sequences) = filled(1);
    let newest = rig.segments().pop().unwrap();
    let bytes = rig.disk.read(&newest).unwrap();
    let payload = bytes.iter().rposition(|byte| *byte == BATCHES - 1).unwrap();
    assert!(rig.disk.flip_bit(&newest, payload as u64 * 8));
    assert_eq!(served(&rig, &sequences), sequences.len() - 1);
    let damage = rig.open().health().damage;
    assert_eq!(damage.len(), 1);
    assert_eq!(damage[0].until.0, sequences[sequences.len() - 1]);
    let file = format!("{:020}.log", damage[0].segment.0);
    assert!(newest.ends_with(&file), "the file is named: {file}");
}

#[test]
fn a_key_that_every_header_lost_is_the_one_others_know() {
    let (mut rig, sequences) = filled(5);
    let key = rig.open().key();
    for file in rig.segments().into_iter().chain([Path::new(DIR).join("LOG")]) {
        assert!(rig.disk.flip_bit(&file, 100));
    }
    assert!(matches!(rig.try_open(), Err(Error::KeyLost { .. })));
    rig.config.known_key = Some(FrameKey(key.0 ^ 1));
    assert!(matches!(rig.try_open(), Err(Error::KeyLost { .. })), "it is of another log");
    rig.config.known_key = Some(key);
    assert_eq!(served(&rig, &sequences), sequences.len());
    rig.config.known_key = None;
    assert_eq!(served(&rig, &sequences), sequences.len(), "its header is whole again");
}

#[test]
fn a_lost_segment_is_a_gap() {
    let (rig, sequences) = filled(2);
    rig.disk.remove(&rig.segments()[1]).unwrap();
    let served = served(&rig, &sequences);
    assert!(served < sequences.len() - 10 && served > 10);
}

#[test]
fn appending_goes_on_behind_damage_and_sequences_stay_unique() {
    let (rig, sequences) = filled(3);
    let newest = rig.segments().pop().unwrap();
    rig.disk.flip_bit(&newest, (4096 + 100) * 8);
    let log = rig.open();
    let commit = append(&*log, batch(&[b"more"])).unwrap();
    assert!(commit.first.0 > sequences[sequences.len() - 1] + 65_000);
    drop(log);
    assert_eq!(rig.open().committed(), commit.last);
}

#[test]
fn a_payload_cannot_forge_a_frame() {
    let (rig, _) = filled(4);
    let whole = rig.disk.read(&rig.segments()[0]).unwrap();
    let forged = &whole[4096..4096 + 3200];
    let rig = Rig::new(5);
    let clean = Rig { config: rig.config.clone(), ..Rig::new(5) };
    // The same key would make it a frame: this directory has another one.
    let log = fabric_local::LocalLog::open(
        std::sync::Arc::new(clean.disk.clone()),
        Path::new(DIR),
        clean.config.clone(),
        std::sync::Arc::clone(&clean.clock) as _,
        &SeededRandom::new(8),
    )
    .unwrap();
    for shift in 0..8 {
        append(&*log, batch(&[&[&vec![0; shift][..], forged].concat()])).unwrap();
    }
    let before = log.committed();
    drop(log);
    let segment = clean.segments().remove(0);
    clean.disk.flip_bit(&segment, (4096 + 1) * 8);
    let log = clean.open();
    assert_eq!(log.committed(), before);
    let gaps = items(&mut *log.tail(Sequence::ZERO));
    assert!(matches!(gaps[0], TailItem::Gap { until: Sequence(1), .. }), "{gaps:?}");
    assert_eq!(gaps.len(), 8);
}

#[test]
fn refusing_names_the_damage() {
    let (mut rig, sequences) = filled(6);
    rig.config.on_damage = OnDamage::Refuse;
    drop(rig.open());
    rig.disk.flip_bit(&rig.segments()[1], (4096 + 100) * 8);
    let Err(Error::Damaged { damage, .. }) = rig.try_open() else {
        unreachable!("a damaged log was opened")
    };
    assert_eq!(damage.len(), 1);
    assert!(sequences.contains(&damage[0].until.0));
}

#[test]
fn the_background_check_finds_what_nobody_reads() {
    let (rig, _) = filled(7);
    rig.disk.flip_bit(&rig.segments()[0], (4096 + 100) * 8);
    let log = rig.open();
    crate::rig::eventually("the damage is found", || log.health().damage.len() == 1);
}
