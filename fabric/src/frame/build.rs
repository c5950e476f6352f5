//! Building a frame from batches: one copy, ingest times patched on the way.

use bytes::BytesMut;
use uns_model::{Sequence, Timestamp};

use super::{FORMAT_VERSION, FRAME_ALIGN, FRAME_HEADER_BYTES, Frame, FrameHeader, FrameKey};
use crate::{Batch, Commit, record};

/// Collects batches into one frame.
#[derive(Debug)]
pub struct FrameBuilder {
    bytes: BytesMut,
    first: Sequence,
    previous: Sequence,
    next: Sequence,
    last: Sequence,
    ingest: Timestamp,
}

impl FrameBuilder {
    /// Starts a frame at sequence `first`, after the record `previous` taken at `ingest`.
    ///
    /// `bytes` is any buffer; what it holds is forgotten, what it can hold is reused.
    pub fn new(
        mut bytes: BytesMut,
        first: Sequence,
        (previous, ingest): (Sequence, Timestamp),
    ) -> Self {
        bytes.clear();
        bytes.extend_from_slice(&[0; FRAME_HEADER_BYTES]);
        Self { bytes, first, previous, next: first, last: previous, ingest }
    }

    /// Adds one batch; an ingest time not after the last one becomes the last one plus 1 ns.
    /// An empty batch gets an empty range after the last record.
    pub fn push(&mut self, batch: &Batch) -> Commit {
        if batch.is_empty() {
            return Commit { first: self.last.next(), last: self.last };
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(batch.as_bytes());
        let mut rest = self.bytes.get_mut(start..).unwrap_or_default();
        while let Some(length) = record::length(rest) {
            let (one, others) = rest.split_at_mut(length);
            patch_ingest(one, &mut self.ingest);
            rest = others;
        }
        debug_assert!(rest.is_empty(), "a batch holds whole records");
        let first = self.next;
        self.next = Sequence(first.0 + batch.len() as u64);
        self.last = Sequence(self.next.0 - 1);
        Commit { first, last: self.last }
    }

    /// Bytes of the records so far.
    pub fn body_len(&self) -> usize {
        self.bytes.len() - FRAME_HEADER_BYTES
    }

    /// How many records so far.
    pub fn records(&self) -> u64 {
        self.next.0 - self.first.0
    }

    /// The sequence of the last record; of the one before the frame when there is none yet.
    pub fn last(&self) -> Sequence {
        self.last
    }

    /// Gives the buffer back unused.
    pub fn into_buffer(self) -> BytesMut {
        self.bytes
    }

    /// The ingest time of the last record.
    pub fn ingest(&self) -> Timestamp {
        self.ingest
    }

    /// Closes the frame.
    pub fn finish(mut self, key: FrameKey) -> Frame {
        let body = self.bytes.get(FRAME_HEADER_BYTES..).unwrap_or_default();
        let header = FrameHeader {
            version: FORMAT_VERSION,
            first: self.first,
            previous: self.previous,
            count: u32::try_from(self.next.0 - self.first.0).expect("a frame stays below 4 GiB"),
            length: u32::try_from(body.len()).expect("a frame stays below 4 GiB"),
            body_crc: crc32fast::hash(body),
        };
        let padded = self.bytes.len().next_multiple_of(FRAME_ALIGN);
        self.bytes.resize(padded, 0);
        self.bytes[..FRAME_HEADER_BYTES].copy_from_slice(&header.encode(key));
        Frame::trusted(header, self.bytes.freeze())
    }
}

#[inline]
fn patch_ingest(one: &mut [u8], last: &mut Timestamp) {
    let place = one
        .get_mut(record::INGEST_OFFSET..)
        .and_then(|rest| rest.first_chunk_mut::<8>())
        .expect("a record is never shorter than its head");
    let ingest = i64::from_le_bytes(*place).max(last.0 + 1);
    *place = ingest.to_le_bytes();
    *last = Timestamp(ingest);
}
