//! Marks: how far a durable consumer is.

use uns_model::{OrgId, Timestamp};

use super::cut::Cut;
use super::head::{HEAD_BYTES, KIND_MARK, head};

const FIXED_BYTES: usize = HEAD_BYTES + 16;
const FLAG_ENDS: u8 = 0b0000_0001;
const FLAG_TAKES_OVER: u8 = 0b0000_0010;

/// What a mark does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MarkDoes {
    /// It says how far the consumer is.
    #[default]
    Says,
    /// It begins a new epoch, and says nothing of where the work is.
    TakesOver,
    /// The work is over for good: the consumer is forgotten.
    Ends,
}

impl MarkDoes {
    fn flags(self) -> u8 {
        match self {
            Self::Says => 0,
            Self::TakesOver => FLAG_TAKES_OVER,
            Self::Ends => FLAG_ENDS,
        }
    }

    fn of(flags: u8) -> Option<Self> {
        [Self::Says, Self::TakesOver, Self::Ends].into_iter().find(|one| one.flags() == flags)
    }
}

/// How far a durable consumer is, in the same frame as what it published up to there: after a crash
/// both are there or neither.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark<'a> {
    /// The organisation it works for.
    pub org: OrgId,
    /// Its name.
    pub consumer: &'a str,
    /// Rises whenever another process takes its work over, so that a mark of the one before is known
    /// as old.
    pub epoch: u64,
    /// Where it goes on, in its own words.
    pub position: &'a [u8],
    /// What it has to remember, in its own words.
    pub state: &'a [u8],
    /// What the mark does.
    pub does: MarkDoes,
    /// When.
    pub ingest: Timestamp,
}

impl Mark<'_> {
    /// The longest name of a consumer, in bytes.
    pub const CONSUMER_BYTES_MAX: usize = 255;
    /// The longest position.
    pub const POSITION_BYTES_MAX: usize = 1024;
    /// The longest state.
    pub const STATE_BYTES_MAX: usize = 64 * 1024;

    /// Whether each part is within its limit. What is not must not be pushed into a batch.
    pub fn fits(&self) -> bool {
        self.consumer.len() <= Self::CONSUMER_BYTES_MAX
            && self.position.len() <= Self::POSITION_BYTES_MAX
            && self.state.len() <= Self::STATE_BYTES_MAX
    }
}

pub(super) fn mark_len(mark: &Mark<'_>) -> usize {
    FIXED_BYTES + mark.consumer.len() + mark.position.len() + mark.state.len()
}

pub(super) fn encode_mark(mark: &Mark<'_>, length: usize, out: &mut Vec<u8>) {
    assert!(mark.fits(), "whoever makes a mark looks whether it fits");
    let short = |piece: &[u8]| u16::try_from(piece.len()).expect("it fits").to_le_bytes();
    out.reserve(length);
    out.extend_from_slice(&head(length, KIND_MARK, mark.does.flags(), mark.ingest));
    out.extend_from_slice(&mark.org.0.to_le_bytes());
    out.extend_from_slice(&mark.epoch.to_le_bytes());
    out.extend_from_slice(&short(mark.consumer.as_bytes()));
    out.extend_from_slice(&short(mark.position));
    out.extend_from_slice(mark.consumer.as_bytes());
    out.extend_from_slice(mark.position);
    out.extend_from_slice(mark.state);
}

pub(super) fn decode_mark(flags: u8, ingest: Timestamp, mut cut: Cut<'_>) -> Option<Mark<'_>> {
    let (org, epoch) = (OrgId(cut.u32()?), cut.u64()?);
    let (consumer_len, position_len) = (cut.u16()?, cut.u16()?);
    let consumer = std::str::from_utf8(cut.piece(u32::from(consumer_len))?).ok()?;
    let position = cut.piece(u32::from(position_len))?;
    let does = MarkDoes::of(flags)?;
    let mark = Mark { org, consumer, epoch, position, state: cut.0, does, ingest };
    mark.fits().then_some(mark)
}
