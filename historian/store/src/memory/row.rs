//! A sample in half a cache line. Its series stands beside it, texts and sequence numbers of
//! sources are kept once for the block.

use std::cmp::Ordering;

use historian_segment::Sample;
use uns_model::{Quality, Sequence, Timestamp, Value, ValueRef};

/// A sample on its way in, as [`Sample`]: its text lies in a record of the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Incoming<'a> {
    pub(crate) time: Timestamp,
    pub(crate) value: ValueRef<'a>,
    pub(crate) quality: Quality,
    pub(crate) sequence: Sequence,
    pub(crate) source_seq: Option<u64>,
    pub(crate) lag_seconds: Option<i32>,
}

/// One sample of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    time: Timestamp,
    /// The bits of a number; of a text its place and length.
    bits: u64,
    /// How far its sequence is behind the block's first.
    behind: u32,
    quality: Quality,
    lag: i32,
    /// The place of the source's own sequence number.
    source: u16,
    kind: Kind,
    has: u8,
}

/// There is a lag.
const LAG: u8 = 0b01;
/// There is a sequence number of the source.
const SOURCE: u8 = 0b10;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Null,
    Bool,
    Int,
    UInt,
    Float,
    Text,
    Document,
}

/// What the rows of one block refer to.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// The sequence of the first sample.
    first: Sequence,
    texts: String,
    /// The sequence numbers of sources.
    sources: Vec<u64>,
}

/// Rows of one block at most, so that a place among `sources` fits.
pub(super) const ROWS_MAX: usize = 1 << 16;
/// A block with so many bytes of text takes no more.
const TEXT_MAX: usize = 4 << 20;

const _: () = assert!(ROWS_MAX - 1 <= u16::MAX as usize && size_of::<Row>() == 32);

impl Beside {
    /// An empty one, whose first sample has this sequence.
    pub(super) fn starting_at(first: Sequence) -> Self {
        Self { first, ..Self::default() }
    }

    /// Whether it can take one more sample.
    pub(super) fn has_room(&self, sample: &Incoming<'_>) -> bool {
        let behind = sample.sequence.0.wrapping_sub(self.first.0);
        behind <= u64::from(u32::MAX) && self.texts.len() < TEXT_MAX
    }

    /// Keeps a sample; opaque bytes have no history and never get here.
    #[expect(clippy::cast_possible_truncation, reason = "`has_room` was asked")]
    pub(super) fn row(&mut self, sample: &Incoming<'_>) -> Row {
        let (kind, bits) = match sample.value {
            ValueRef::Null | ValueRef::Bytes(_) => (Kind::Null, 0),
            ValueRef::Bool(value) => (Kind::Bool, u64::from(value)),
            ValueRef::Int(value) => (Kind::Int, value.cast_unsigned()),
            ValueRef::UInt(value) => (Kind::UInt, value),
            ValueRef::Float(value) => (Kind::Float, value.to_bits()),
            ValueRef::Text(text) => (Kind::Text, self.keep(text)),
            ValueRef::Document(text) => (Kind::Document, self.keep(text)),
        };
        let mut has = 0;
        if sample.lag_seconds.is_some() {
            has |= LAG;
        }
        let source = self.sources.len() as u16;
        if let Some(sequence) = sample.source_seq {
            self.sources.push(sequence);
            has |= SOURCE;
        }
        Row {
            time: sample.time,
            bits,
            behind: (sample.sequence.0 - self.first.0) as u32,
            quality: sample.quality,
            lag: sample.lag_seconds.unwrap_or_default(),
            source,
            kind,
            has,
        }
    }

    fn keep(&mut self, text: &str) -> u64 {
        let (place, length) = (self.texts.len() as u64, text.len() as u64);
        self.texts.push_str(text);
        place << 32 | length
    }

    /// The sample of a row.
    pub(super) fn sample(&self, row: &Row) -> Sample {
        let value = match row.kind {
            Kind::Null => Value::Null,
            Kind::Bool => Value::Bool(row.bits != 0),
            Kind::Int => Value::Int(row.bits.cast_signed()),
            Kind::UInt => Value::UInt(row.bits),
            Kind::Float => Value::Float(f64::from_bits(row.bits)),
            Kind::Text => Value::Text(self.text(row.bits).into()),
            Kind::Document => Value::Document(self.text(row.bits).into()),
        };
        Sample {
            time: row.time,
            value,
            quality: row.quality,
            sequence: Sequence(self.first.0 + u64::from(row.behind)),
            source_seq: self.source_seq(row),
            lag_seconds: (row.has & LAG != 0).then_some(row.lag),
        }
    }

    /// As [`Sample::order`].
    pub(super) fn order(&self, a: &Row, b: &Row) -> Ordering {
        let key = |row: &Row| (row.time, self.source_seq(row), row.has & LAG == 0, row.behind);
        key(a).cmp(&key(b))
    }

    /// The bytes of texts and sequence numbers.
    pub(super) fn bytes(&self) -> usize {
        self.texts.len() + size_of_val(&*self.sources)
    }

    /// Gives away what it has, without room to spare, and is empty.
    pub(super) fn take(&mut self) -> Self {
        let first = self.first;
        let (mut texts, mut sources) =
            (std::mem::take(&mut self.texts), std::mem::take(&mut self.sources));
        texts.shrink_to_fit();
        sources.shrink_to_fit();
        Self { first, texts, sources }
    }

    fn text(&self, bits: u64) -> &str {
        let (place, length) = halves(bits);
        self.texts.get(place..place + length).unwrap_or_default()
    }

    fn source_seq(&self, row: &Row) -> Option<u64> {
        if row.has & SOURCE == 0 {
            None
        } else {
            self.sources.get(usize::from(row.source)).copied()
        }
    }
}

impl Row {
    pub(super) fn time(&self) -> Timestamp {
        self.time
    }
}

/// Two numbers in one.
#[expect(clippy::cast_possible_truncation, reason = "the half is all that is meant")]
pub(super) fn halves(bits: u64) -> (usize, usize) {
    ((bits >> 32) as u32 as usize, bits as u32 as usize)
}
