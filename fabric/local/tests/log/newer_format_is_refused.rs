//! R17: what a newer release wrote is refused by name, wherever the newer version shows.

use std::path::Path;

use bytes::{Bytes, BytesMut};
use fabric::conformance::{append, batch};
use fabric::{Disk, FORMAT_VERSION, FRAME_HEADER_BYTES, FrameBuilder, FrameHeader, FrameKey};
use fabric_local::Error;
use uns_model::{Random, SeededRandom, Sequence, Timestamp};

use crate::rig::{DIR, Rig};

fn refused(rig: &Rig) {
    let Err(error) = rig.try_open() else { unreachable!("a newer log was opened") };
    assert!(matches!(error, Error::NewerFormat { found: 6, supported: 5, .. }), "{error}");
}

/// Patches the version of a header and its checksum, as a newer release would write them.
fn newer_header(rig: &Rig, path: &Path) {
    let file = rig.disk.open(path).expect("a healthy disk");
    let mut bytes = [0; 64];
    file.read_exact_at(&mut bytes, 0).expect("a healthy disk");
    bytes[4] = 6;
    let crc = crc32fast::hash(&bytes[..60]);
    bytes[60..].copy_from_slice(&crc.to_le_bytes());
    file.write_all_at(&bytes, 0).expect("a healthy disk");
    file.sync_data().expect("a healthy disk");
}

fn one_record() -> Rig {
    assert_eq!(FORMAT_VERSION, 5);
    let rig = Rig::new(1);
    append(&*rig.open(), batch(&[b"x"])).expect("a healthy disk");
    rig
}

#[test]
fn in_the_header_of_the_log() {
    let rig = one_record();
    newer_header(&rig, &Path::new(DIR).join("LOG"));
    refused(&rig);
}

#[test]
fn in_the_header_of_a_segment() {
    let rig = one_record();
    newer_header(&rig, &rig.segments()[0]);
    refused(&rig);
}

#[test]
fn in_a_frame() {
    let rig = one_record();
    let key = FrameKey(SeededRandom::new(7).u64());
    let place = (Sequence(1), Timestamp(0));
    let empty = FrameBuilder::new(BytesMut::new(), Sequence(2), place).finish(key);
    let header = FrameHeader { version: 6, ..*empty.header() }.encode(key);
    let mut bytes = BytesMut::from(&empty.bytes()[..]);
    bytes[..FRAME_HEADER_BYTES].copy_from_slice(&header);
    let bytes: Bytes = bytes.freeze();
    let file = rig.disk.open(&rig.segments()[0]).unwrap();
    file.write_all_at(&bytes, 4096).unwrap();
    refused(&rig);
}
