//! The header of a log and of each of its segments: format version and the key of the frames.
//!
//! Every segment repeats the key, so that no single damaged sector makes a log unreadable.

use fabric::{FORMAT_VERSION, FrameKey};
use uns_model::{Sequence, Timestamp};

/// Bytes of a header.
pub(crate) const HEADER_BYTES: usize = 64;

const LOG_MAGIC: [u8; 4] = *b"UNSl";
const SEGMENT_MAGIC: [u8; 4] = *b"UNSs";
const CRC_OFFSET: usize = 60;

/// What a header says. The log's own header has a base and previous of 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Header {
    pub(crate) version: u16,
    pub(crate) key: FrameKey,
    /// The sequence the segment starts with.
    pub(crate) base: Sequence,
    /// The last sequence before the segment.
    pub(crate) previous: Sequence,
    /// The last ingest time before the segment.
    pub(crate) previous_ingest: Timestamp,
}

impl Header {
    pub(crate) fn of_log(key: FrameKey) -> Self {
        Self {
            version: FORMAT_VERSION,
            key,
            base: Sequence::ZERO,
            previous: Sequence::ZERO,
            previous_ingest: Timestamp(0),
        }
    }

    pub(crate) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let magic = if self.base == Sequence::ZERO { LOG_MAGIC } else { SEGMENT_MAGIC };
        bytes[..4].copy_from_slice(&magic);
        bytes[4..6].copy_from_slice(&self.version.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.key.0.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.base.0.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.previous.0.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.previous_ingest.0.to_le_bytes());
        let crc = crc32fast::hash(&bytes[..CRC_OFFSET]);
        bytes[CRC_OFFSET..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// `None` when the bytes are no header or damaged.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.first_chunk::<HEADER_BYTES>()?;
        let word = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[at..at + 8]);
            word
        };
        let crc = crc32fast::hash(&bytes[..CRC_OFFSET]).to_le_bytes();
        let magic = bytes.starts_with(&LOG_MAGIC) || bytes.starts_with(&SEGMENT_MAGIC);
        (magic && bytes.ends_with(&crc)).then(|| Self {
            version: u16::from_le_bytes([bytes[4], bytes[5]]),
            key: FrameKey(u64::from_le_bytes(word(8))),
            base: Sequence(u64::from_le_bytes(word(16))),
            previous: Sequence(u64::from_le_bytes(word(24))),
            previous_ingest: Timestamp(i64::from_le_bytes(word(32))),
        })
    }
}
