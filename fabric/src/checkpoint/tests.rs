//! Files of a small fold: which are kept, which is loaded, and that no damage is believed.

mod power;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use uns_model::Sequence;

use super::{Checkpoints, Format, Reader, Unusable};
use crate::sim::SimDisk;
use crate::{CheckpointError, Disk};

const DIR: &str = "/d";
const FORMAT: Format = Format { prefix: "fold-", magic: b"UNSTESTS", version: 3, what: "tests" };

fn disk() -> SimDisk {
    SimDisk::new(1, 16 << 20)
}

fn open(disk: &SimDisk) -> Checkpoints {
    Checkpoints::open(Arc::new(disk.clone()), DIR.into(), FORMAT).expect("the disk is on")
}

fn encode(applied: u64, text: &str) -> Vec<u8> {
    FORMAT.encode(Sequence(applied), |to| to.text(text))
}

fn body(applied: Sequence, from: &mut Reader<'_>) -> Option<(u64, String)> {
    Some((applied.0, from.text()?.to_owned()))
}

fn load(checkpoints: &mut Checkpoints) -> Option<(u64, String)> {
    checkpoints.load(body).expect("the directory is readable")
}

/// Checkpoints as of the sequences, in files from generation 1 on.
fn write(disk: &SimDisk, sequences: &[u64]) -> Checkpoints {
    let mut checkpoints = open(disk);
    assert_eq!(load(&mut checkpoints), None);
    for applied in sequences {
        let bytes = encode(*applied, "fold");
        checkpoints.write(Sequence(*applied), &bytes).expect("the disk works");
    }
    checkpoints
}

fn files(disk: &SimDisk) -> Vec<String> {
    disk.list(Path::new(DIR)).expect("the disk is on")
}

fn path(generation: u64) -> PathBuf {
    Path::new(DIR).join(format!("fold-{generation:010}.bin"))
}

fn reseal(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len() - 4);
    let crc = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes
}

#[test]
fn the_bytes_of_a_file_are_these() {
    let bytes = FORMAT.encode(Sequence(0x0102), |to| {
        to.u16(7);
        to.flag(true);
        to.option_u32(None);
        to.option_u64(Some(9));
        to.i64(-2);
        to.u128(1);
        to.text("ab");
    });
    let mut expected = b"UNSTESTS\x03\0\0\0\x02\x01\0\0\0\0\0\0".to_vec();
    expected.extend_from_slice(b"\x07\0\x01\0\x01\x09\0\0\0\0\0\0\0");
    expected.extend_from_slice(b"\xfe\xff\xff\xff\xff\xff\xff\xff");
    expected.extend_from_slice(b"\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02\0\0\0ab");
    let crc = crc32fast::hash(&expected);
    expected.extend_from_slice(&crc.to_le_bytes());
    assert_eq!(bytes, expected);
    let read = FORMAT.decode(&bytes, |applied, from| {
        assert_eq!((applied, from.u16()?, from.flag()?), (Sequence(0x0102), 7, true));
        assert_eq!((from.option_u32()?, from.option_u64()?), (None, Some(9)));
        assert_eq!((from.i64()?, from.u128()?, from.text()?), (-2, 1, "ab"));
        Some(())
    });
    assert_eq!(read, Ok((Sequence(0x0102), ())));
}

#[test]
fn two_files_are_kept_and_the_log_is_held_for_the_older_one() {
    let disk = disk();
    let checkpoints = write(&disk, &[5]);
    assert_eq!(checkpoints.floor(), Sequence::ZERO, "a single one may turn out damaged");
    let disk = self::disk();
    disk.write_atomic(&Path::new(DIR).join("notes.txt"), b"of somebody else").unwrap();
    disk.create(&Path::new(DIR).join("fold-0000000009.bin.tmp")).unwrap();
    let checkpoints = write(&disk, &[5, 8, 13]);
    assert_eq!(checkpoints.floor(), Sequence(8));
    assert!(checkpoints.is_current(Sequence(13)) && !checkpoints.is_current(Sequence(8)));
    assert_eq!(files(&disk), ["fold-0000000002.bin", "fold-0000000003.bin", "notes.txt"]);
    let mut again = open(&disk);
    assert_eq!(load(&mut again), Some((13, "fold".to_owned())));
    assert_eq!((again.floor(), again.damaged()), (Sequence(8), 0));
}

#[test]
fn a_damaged_newest_file_leaves_the_older_one_and_then_nothing() {
    let disk = disk();
    write(&disk, &[5, 8]);
    assert!(disk.flip_bit(&path(2), 200));
    let mut once = open(&disk);
    assert_eq!(load(&mut once), Some((5, "fold".to_owned())));
    assert_eq!((once.damaged(), once.floor()), (1, Sequence::ZERO));
    assert!(disk.flip_bit(&path(1), 200));
    let mut twice = open(&disk);
    assert_eq!((load(&mut twice), twice.damaged()), (None, 2));
    // A number is never used for a second file, and what is damaged is set aside.
    twice.write(Sequence(9), &encode(9, "new")).unwrap();
    let aside = [1, 2].map(|n| format!("fold-{n:010}.bin.damaged"));
    assert_eq!(files(&disk), [&aside[0], &aside[1], "fold-0000000003.bin"]);
}

#[test]
fn pieces_make_the_same_file_and_an_unfinished_one_is_none() {
    let disk = disk();
    let mut checkpoints = write(&disk, &[5]);
    let mut draft = checkpoints.begin(Sequence(8)).unwrap();
    let text = "fold".repeat(700_000);
    draft.piece().length(text.len());
    draft.flush().unwrap();
    for piece in text.as_bytes().chunks(1_000_000) {
        draft.piece().raw(piece);
        draft.flush().unwrap();
    }
    assert_eq!(load(&mut open(&disk)), Some((5, "fold".to_owned())), "it is not whole");
    checkpoints.finish(draft).unwrap();
    assert_eq!(disk.read(&path(2)).unwrap(), encode(8, &text));
    assert_eq!((checkpoints.floor(), checkpoints.is_current(Sequence(8))), (Sequence(5), true));
    drop(checkpoints.begin(Sequence(9)).unwrap());
    let mut checkpoints = open(&disk);
    assert_eq!(load(&mut checkpoints).map(|(applied, _)| applied), Some(8));
    disk.fail_write_in(1);
    let mut draft = checkpoints.begin(Sequence(9)).unwrap();
    draft.piece().u8(1);
    draft.flush().unwrap();
    draft.piece().u8(2);
    draft.flush().unwrap_err();
    assert!(checkpoints.is_current(Sequence(8)));
}

#[test]
fn what_is_set_aside_is_bounded() {
    let disk = disk();
    for n in 1..=9 {
        let mut checkpoints = open(&disk);
        assert_eq!(load(&mut checkpoints), None);
        assert_eq!(checkpoints.damaged(), u64::from(n > 1));
        checkpoints.write(Sequence(n), &encode(n, "fold")).unwrap();
        assert!(disk.flip_bit(&path(n), 200));
    }
    let expected = [5, 6, 7, 8].map(|n| format!("fold-{n:010}.bin.damaged"));
    assert_eq!(files(&disk)[..4], expected);
}

#[test]
fn a_damaged_older_file_is_counted_and_not_relied_on() {
    let disk = disk();
    write(&disk, &[5, 8]);
    assert!(disk.flip_bit(&path(1), 200));
    let mut checkpoints = open(&disk);
    assert_eq!(load(&mut checkpoints), Some((8, "fold".to_owned())));
    assert_eq!((checkpoints.damaged(), checkpoints.floor()), (1, Sequence::ZERO));
}

#[test]
fn a_file_that_cannot_be_read_refuses_the_start_by_name_and_stays() {
    for generation in [1, 2] {
        let disk = disk();
        write(&disk, &[5, 8]);
        disk.deny_opening(&path(generation));
        let mut checkpoints = open(&disk);
        let error = checkpoints.load(body).unwrap_err();
        let named = path(generation).display().to_string();
        assert!(matches!(error, CheckpointError::Read { .. }), "{error}");
        let said = error.to_string();
        assert!(said.contains(&named) && said.contains("the right to read"), "{said}");
        assert_eq!(checkpoints.damaged(), 0);
        disk.clear_faults();
        assert_eq!(files(&disk), ["fold-0000000001.bin", "fold-0000000002.bin"]);
        assert_eq!(load(&mut open(&disk)), Some((8, "fold".to_owned())));
    }
}

#[test]
fn only_files_that_were_read_or_written_here_are_removed() {
    let disk = disk();
    let mut checkpoints = write(&disk, &[5]);
    let foreign = path(77);
    disk.write_atomic(&foreign, &encode(77, "put there meanwhile")).unwrap();
    for applied in [8, 9, 10] {
        checkpoints.write(Sequence(applied), &encode(applied, "fold")).unwrap();
    }
    let expected = ["fold-0000000003.bin", "fold-0000000004.bin", "fold-0000000077.bin"];
    assert_eq!(files(&disk), expected);
}

#[test]
fn a_newer_format_is_refused_by_name_wherever_it_lies() {
    for generation in [1, 2] {
        let disk = disk();
        write(&disk, &[5, 8]);
        let mut bytes = disk.read(&path(generation)).unwrap();
        bytes[8] = 4;
        disk.write_atomic(&path(generation), &reseal(bytes)).unwrap();
        let error = open(&disk).load(body).unwrap_err();
        let named = path(generation).display().to_string();
        assert!(matches!(error, CheckpointError::Newer { found: 4, known: 3, .. }), "{error}");
        assert!(error.to_string().contains(&named), "{error}");
    }
}

#[test]
fn a_file_that_cannot_be_written_leaves_those_before() {
    let disk = disk();
    let mut checkpoints = write(&disk, &[5, 8]);
    disk.fail_write_in(0);
    let error = checkpoints.write(Sequence(9), &encode(9, "lost")).unwrap_err();
    assert!(matches!(&error, CheckpointError::Write { path: at, .. } if *at == path(3)), "{error}");
    assert!(checkpoints.is_current(Sequence(8)));
    assert_eq!(load(&mut open(&disk)), Some((8, "fold".to_owned())));
}

#[test]
fn what_is_no_such_checkpoint_says_why() {
    let check = |bytes: &[u8], why: &str| {
        assert_eq!(FORMAT.decode(bytes, body), Err(Unusable::Damaged(why.to_owned())));
    };
    let sound = encode(5, "fold");
    check(b"abc", "too short");
    check(&reseal(sound[..16].to_vec()), "too short");
    check(&sound[1..], "its checksum does not match");
    let mut other = sound.clone();
    other[0] = b'X';
    check(&reseal(other), "it is no checkpoint");
    let mut never = sound.clone();
    never[8] = 0;
    check(&reseal(never), "its format version is none that is read");
    let longer = FORMAT.encode(Sequence(5), |to| to.raw(b"\x01\0\0\0ab"));
    check(&longer, "its content contradicts its format");
}

proptest! {
    #[test]
    fn no_damage_is_believed(
        text: String,
        flip: prop::sample::Index,
        cut: prop::sample::Index,
    ) {
        let mut bytes = encode(5, &text);
        prop_assert!(FORMAT.decode(&bytes[..cut.index(bytes.len())], body).is_err());
        let bit = flip.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(FORMAT.decode(&bytes, body).is_err());
    }

    #[test]
    fn no_bytes_make_reading_panic(bytes: Vec<u8>) {
        let mut from = Reader::new(&bytes);
        while from.option_u32().is_some() && from.bytes().is_some() && from.text().is_some() {}
        drop(FORMAT.decode(&reseal([&b"UNSTESTS\x03\0\0\0"[..], &bytes, &[0; 4]].concat()), body));
    }
}
