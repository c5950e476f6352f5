//! The 16 bytes every record begins with, and the numbers of kinds and flags.

use uns_model::Timestamp;

pub(super) const HEAD_BYTES: usize = 16;
pub(crate) const INGEST_OFFSET: usize = 8;

pub(super) const KIND_PUBLISH: u8 = 1;
pub(super) const KIND_NODE_MINTED: u8 = 2;
pub(super) const KIND_NODE_DELETED: u8 = 3;
pub(super) const KIND_PUBLISHER: u8 = 4;
pub(super) const KIND_MESSAGE: u8 = 5;
pub(super) const KIND_AUDIENCE: u8 = 6;
pub(super) const KIND_OWED: u8 = 7;
pub(super) const KIND_SESSION: u8 = 8;
pub(super) const KIND_MARK: u8 = 9;

pub(super) const FLAG_QOS: u8 = 0b0000_0011;
pub(super) const FLAG_RETAIN: u8 = 0b0000_0100;
pub(super) const FLAG_EXPIRY: u8 = 0b0000_1000;
/// A time that no release ever wrote; records with it are read without.
pub(super) const FLAG_SOURCE: u8 = 0b0001_0000;
pub(super) const FLAG_POINTS: u8 = 0b0010_0000;
pub(super) const FLAG_PURGE: u8 = 0b0000_0001;
pub(super) const FLAG_ORG: u8 = 0b0000_0001;

/// The first bytes of a record.
pub(super) fn head(length: usize, kind: u8, flags: u8, ingest: Timestamp) -> [u8; HEAD_BYTES] {
    let length = u32::try_from(length).expect("one record stays below 4 GiB");
    let mut head = [0; HEAD_BYTES];
    head[..4].copy_from_slice(&length.to_le_bytes());
    head[4] = kind;
    head[5] = flags;
    head[8..].copy_from_slice(&ingest.0.to_le_bytes());
    head
}

/// The length of a piece, as it is stored.
pub(super) fn length_of(piece: &[u8]) -> [u8; 4] {
    u32::try_from(piece.len()).expect("one record stays below 4 GiB").to_le_bytes()
}
