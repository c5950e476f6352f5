//! A batch: encoded records that enter the log together or not at all.

use crate::{Record, record};

/// Records encoded one after the other, ready to become part of a frame.
///
/// `clear` keeps the buffer, so a producer that takes its batch back allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    records: usize,
}

impl Batch {
    /// An empty batch; allocates nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty batch with room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), records: 0 }
    }

    /// Appends one record.
    pub fn push(&mut self, record: &Record<'_>) {
        record::encode(record, &mut self.bytes);
        self.records += 1;
    }

    /// How many records.
    pub fn len(&self) -> usize {
        self.records
    }

    /// How many bytes they take.
    pub fn bytes_len(&self) -> usize {
        self.bytes.len()
    }

    /// No records.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Forgets the records, keeps the buffer.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.records = 0;
    }

    /// The records, in order.
    pub fn records(&self) -> impl Iterator<Item = Record<'_>> {
        let mut rest = &self.bytes[..];
        std::iter::from_fn(move || {
            let (one, others) = rest.split_at(record::length(rest)?);
            rest = others;
            record::decode(one)
        })
    }

    /// The encoded records, as a frame carries them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}
