//! Frames: the unit of commit, checksum and hand-out.
//!
//! A frame is a 40-byte header, the records of one or more batches, and zero bytes up to a multiple
//! of eight: magic, format version (u16), two zero bytes, first sequence (u64), last sequence of the
//! frame before (u64), count (u32), body length (u32), CRC of the body (u32), CRC of the header
//! before it (u32). The header CRC starts from a random key kept per directory, so a payload cannot
//! pass for a frame when a reader looks for the next one behind damage. The link to the frame
//! before shows missing frames, although sequences are not dense. The shape of the header is the
//! same in every format version, for ever.

use bytes::Bytes;
use uns_model::Sequence;

use crate::{Record, Skim, record};

/// The format version this release writes; it reads every one up to this and refuses newer ones by
/// name. Version 1 knows nodes, publishers and publishes; version 2 added sessions and what they
/// are owed; since version 3 the end of a will names it, and an audience the shares of its members;
/// since version 4 a publish carries what the gate understood of it, a publisher its organisation,
/// and there are marks; since version 5 that understanding says nothing twice.
pub const FORMAT_VERSION: u16 = 5;
/// The first version whose publishes carry what the gate understood of them.
const POINTS_VERSION: u16 = 4;
/// Bytes before the records.
pub const FRAME_HEADER_BYTES: usize = 40;
/// Frames start at multiples of this.
pub const FRAME_ALIGN: usize = 8;

const MAGIC: [u8; 4] = *b"UNSf";

/// The key of one directory's frame headers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrameKey(pub u64);

/// What stands before the records of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrameHeader {
    /// Format version of the records.
    pub version: u16,
    /// Sequence of the first record.
    pub first: Sequence,
    /// Last sequence of the frame before, 0 for the first one.
    pub previous: Sequence,
    /// How many records; a frame of none marks a clean end.
    pub count: u32,
    /// Bytes of the records, padding not included.
    pub length: u32,
    /// CRC-32 of the records.
    pub body_crc: u32,
}

impl FrameHeader {
    /// Sequence of the last record; of the frame before when there is none.
    pub fn last(&self) -> Sequence {
        if self.count == 0 {
            self.previous
        } else {
            Sequence(self.first.0 + u64::from(self.count) - 1)
        }
    }

    /// Bytes of the whole frame, header and padding included.
    pub fn frame_bytes(&self) -> usize {
        FRAME_HEADER_BYTES + (self.length as usize).next_multiple_of(FRAME_ALIGN)
    }

    /// The header's bytes.
    pub fn encode(&self, key: FrameKey) -> [u8; FRAME_HEADER_BYTES] {
        let mut bytes = [0; FRAME_HEADER_BYTES];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..6].copy_from_slice(&self.version.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.first.0.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.previous.0.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.count.to_le_bytes());
        bytes[28..32].copy_from_slice(&self.length.to_le_bytes());
        bytes[32..36].copy_from_slice(&self.body_crc.to_le_bytes());
        let crc = keyed_crc(key, &bytes[..36]);
        bytes[36..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads a header; `None` when these bytes are none, or not of this directory.
    pub fn decode(bytes: &[u8; FRAME_HEADER_BYTES], key: FrameKey) -> Option<Self> {
        fn at<const N: usize>(bytes: &[u8; FRAME_HEADER_BYTES], offset: usize) -> [u8; N] {
            let mut piece = [0; N];
            piece.copy_from_slice(&bytes[offset..offset + N]);
            piece
        }
        if !bytes.starts_with(&MAGIC)
            || keyed_crc(key, &bytes[..36]) != u32::from_le_bytes(at(bytes, 36))
        {
            return None;
        }
        Some(Self {
            version: u16::from_le_bytes(at(bytes, 4)),
            first: Sequence(u64::from_le_bytes(at(bytes, 8))),
            previous: Sequence(u64::from_le_bytes(at(bytes, 16))),
            count: u32::from_le_bytes(at(bytes, 24)),
            length: u32::from_le_bytes(at(bytes, 28)),
            body_crc: u32::from_le_bytes(at(bytes, 32)),
        })
    }
}

fn keyed_crc(key: FrameKey, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&key.0.to_le_bytes());
    hasher.update(bytes);
    hasher.finalize()
}

/// A committed frame; cloning shares its bytes.
#[derive(Clone)]
pub struct Frame {
    header: FrameHeader,
    after: Sequence,
    bytes: Bytes,
}

impl Frame {
    /// Wraps the bytes of a whole frame that the caller has just built: they are not checked.
    pub fn trusted(header: FrameHeader, bytes: Bytes) -> Self {
        debug_assert_eq!(bytes.len(), header.frame_bytes(), "a frame is exactly its bytes");
        Self { header, after: Sequence::ZERO, bytes }
    }

    /// Checks the bytes of a whole frame read from somewhere; `None` when they are damaged.
    pub fn checked(header: FrameHeader, bytes: Bytes) -> Option<Self> {
        let body = bytes.get(FRAME_HEADER_BYTES..FRAME_HEADER_BYTES + header.length as usize)?;
        if bytes.len() != header.frame_bytes() || crc32fast::hash(body) != header.body_crc {
            return None;
        }
        let mut rest = body;
        for _ in 0..header.count {
            let (one, others) = rest.split_at(record::length(rest)?);
            if !record::check(one) {
                return None;
            }
            rest = others;
        }
        rest.is_empty().then(|| Self { header, after: Sequence::ZERO, bytes })
    }

    /// The same frame without the records at or before `after`.
    #[must_use]
    pub fn after(mut self, after: Sequence) -> Self {
        self.after = self.after.max(after);
        self
    }

    /// Its header.
    pub fn header(&self) -> &FrameHeader {
        &self.header
    }

    /// Sequence of the first record [`Frame::records`] yields.
    pub fn first(&self) -> Sequence {
        self.header.first.max(self.after.next())
    }

    /// Sequence of the last record.
    pub fn last(&self) -> Sequence {
        self.header.last()
    }

    /// The records, in order.
    pub fn records(&self) -> Records<'_> {
        let body = FRAME_HEADER_BYTES..FRAME_HEADER_BYTES + self.header.length as usize;
        let mut records = Records {
            rest: self.bytes.get(body).unwrap_or_default(),
            next: self.header.first,
            left: self.header.count,
        };
        while records.next <= self.after && records.left > 0 {
            records.skip_one();
        }
        records
    }

    /// The records, in order and not decoded, for readers that want few of them.
    pub fn skim(&self) -> Skim<'_> {
        let Records { rest, next, left } = self.records();
        let start = FRAME_HEADER_BYTES + self.header.length as usize - rest.len();
        Skim { rest, start, next, left }
    }

    /// Bytes of the whole frame.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Gives the bytes back, for a writer that reuses its buffers.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frame")
            .field("first", &self.first())
            .field("last", &self.last())
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

/// The records of one frame.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    rest: &'a [u8],
    next: Sequence,
    left: u32,
}

impl<'a> Records<'a> {
    #[inline]
    fn skip_one(&mut self) -> &'a [u8] {
        let length = record::length(self.rest).expect("frames are checked when they are made");
        let (one, rest) = self.rest.split_at(length);
        self.rest = rest;
        self.next = self.next.next();
        self.left -= 1;
        one
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = (Sequence, Record<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        let sequence = self.next;
        let record = record::decode(self.skip_one());
        Some((sequence, record.expect("frames are checked when they are made")))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for Records<'_> {}

mod build;
mod upgrade;
pub use build::FrameBuilder;
pub use upgrade::Upgrade;

#[cfg(test)]
mod tests;
