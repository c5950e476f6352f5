//! What is asked and what is answered.

use historian_store::Gap;
use uns_model::query::{HistoryQuery, HistorySample, Nothing};
use uns_model::{Sequence, Timestamp, Value};

use crate::error::Error;

/// One page of an answer.
#[derive(Clone, Debug)]
pub struct HistoryPage {
    /// In time order.
    pub samples: Vec<HistorySample>,
    /// Pass as `after` for the next page; `None` on the last.
    pub next: Option<String>,
    /// What may be missing from the whole range.
    pub gaps: Vec<Gap>,
    /// Why it is empty, if it is.
    pub nothing: Option<Nothing>,
}

/// The rows of a page, and where the next one begins.
pub(crate) type Rows = (Vec<HistorySample>, Option<Position>);

/// A page ends with the sample that brings its values to this size, however many were asked for.
const PAGE_BYTES_MAX: usize = 8 << 20;

/// What a page has gathered.
pub(crate) struct Page {
    pub(crate) samples: Vec<HistorySample>,
    limit: usize,
    /// Of values that are text or bytes; the others are bounded by their number.
    bytes: usize,
}

impl Page {
    pub(crate) fn new(limit: usize) -> Self {
        Self { samples: Vec::new(), limit, bytes: 0 }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.samples.len() >= self.limit || self.bytes >= PAGE_BYTES_MAX
    }

    pub(crate) fn push(&mut self, sample: HistorySample) {
        self.bytes += match &sample.value {
            Value::Text(text) | Value::Document(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_) => 0,
        };
        self.samples.push(sample);
    }
}

/// Where a page ended, and what it was a page of: the samples of one moment in one range. What comes
/// late between two pages belongs to neither, and what is corrected keeps its old form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Position {
    /// Behind the first `skip` samples of this time.
    pub(crate) time: Timestamp,
    pub(crate) skip: u32,
    /// Samples of later records do not count.
    pub(crate) as_of: Sequence,
    /// The end of the range when the first page was asked for.
    pub(crate) end: Timestamp,
}

/// The version of tokens; it stands first.
const TOKEN: u8 = 1;
const TOKEN_BYTES: usize = 1 + 8 + 4 + 8 + 8 + 4;

impl Position {
    /// A token for the page behind, which fits this query and no other.
    pub(crate) fn token(&self, query: &HistoryQuery) -> String {
        let mut bytes = vec![TOKEN];
        bytes.extend(self.time.0.to_be_bytes());
        bytes.extend(self.skip.to_be_bytes());
        bytes.extend(self.as_of.0.to_be_bytes());
        bytes.extend(self.end.0.to_be_bytes());
        bytes.extend(seal(&bytes, query).to_be_bytes());
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The position a token of this query names.
    pub(crate) fn parse(token: &str, query: &HistoryQuery) -> Result<Self, Error> {
        let digits = token.as_bytes().chunks(2).map(|pair| {
            let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
            u8::from_str_radix(pair, 16).ok()
        });
        let bytes = digits.collect::<Option<Vec<u8>>>().ok_or(Error::After)?;
        let (body, sealed) = bytes.split_last_chunk::<4>().ok_or(Error::After)?;
        let whole = bytes.len() == TOKEN_BYTES && body.first() == Some(&TOKEN);
        if !whole || u32::from_be_bytes(*sealed) != seal(body, query) {
            return Err(Error::After);
        }
        let number = |at: usize| {
            let bytes = body.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
            bytes.map(u64::from_be_bytes).ok_or(Error::After)
        };
        let skip = body.get(9..13).and_then(|bytes| bytes.try_into().ok()).ok_or(Error::After)?;
        Ok(Self {
            time: Timestamp(number(1)?.cast_signed()),
            skip: u32::from_be_bytes(skip),
            as_of: Sequence(number(13)?),
            end: Timestamp(number(21)?.cast_signed()),
        })
    }
}

/// Ties a token to what it is a page of, whatever range is asked for: `-1h` is another one each time.
fn seal(bytes: &[u8], query: &HistoryQuery) -> u32 {
    let HistoryQuery { org, topic, field, aggregate, bucket, .. } = query;
    let of = format!("{org:?}\0{topic}\0{field:?}\0{aggregate:?}\0{bucket:?}");
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(bytes);
    hasher.update(of.as_bytes());
    hasher.finalize()
}
