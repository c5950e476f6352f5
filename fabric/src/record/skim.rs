//! Passing over records without decoding them, for readers that want few of them.

use std::ops::Range;

use uns_model::{NodeNo, PublisherId, Sequence};

use super::decode::{decode, decode_as_publish, length};
use super::head::{
    FLAG_RETAIN, KIND_AUDIENCE, KIND_MARK, KIND_MESSAGE, KIND_NODE_DELETED, KIND_NODE_MINTED,
    KIND_OWED, KIND_PUBLISH, KIND_PUBLISHER, KIND_SESSION,
};
use super::kind::Record;
use super::publish::{NODE_OFFSET, PUBLISHER_OFFSET};

const FLAGS_OFFSET: usize = 5;

/// What a record is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// [`Record::Publish`].
    Publish,
    /// [`Record::NodeMinted`].
    NodeMinted,
    /// [`Record::NodeDeleted`].
    NodeDeleted,
    /// [`Record::Publisher`].
    Publisher,
    /// [`Record::Message`].
    Message,
    /// [`Record::Audience`].
    Audience,
    /// [`Record::Owed`].
    Owed,
    /// [`Record::Session`].
    Session,
    /// [`Record::Mark`].
    Mark,
}

/// One record that is not decoded yet.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'a> {
    sequence: Sequence,
    kind: Kind,
    start: usize,
    bytes: &'a [u8],
}

impl<'a> Raw<'a> {
    /// Its sequence.
    pub fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether it is a publish or message with RETAIN.
    #[inline]
    pub fn is_retained(&self) -> bool {
        let retain = self.bytes.get(FLAGS_OFFSET).is_some_and(|flags| flags & FLAG_RETAIN != 0);
        retain && matches!(self.kind, Kind::Publish | Kind::Message)
    }

    /// The node of a publish, without decoding the rest; `None` for other records.
    #[inline]
    pub fn node(&self) -> Option<NodeNo> {
        self.number_of_publish(NODE_OFFSET).map(NodeNo)
    }

    /// The publisher of a publish, without decoding the rest; `None` for other records.
    #[inline]
    pub fn publisher(&self) -> Option<PublisherId> {
        self.number_of_publish(PUBLISHER_OFFSET).map(PublisherId)
    }

    #[inline]
    fn number_of_publish(&self, offset: usize) -> Option<u32> {
        let number = self.bytes.get(offset..)?.first_chunk()?;
        (self.kind == Kind::Publish).then(|| u32::from_le_bytes(*number))
    }

    /// Where it lies in the bytes of its frame.
    pub fn range(&self) -> Range<usize> {
        self.start..self.start + self.bytes.len()
    }

    /// Its bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Decodes it.
    #[inline]
    pub fn record(&self) -> Record<'a> {
        // Nearly all of them: decoded where it is wanted, it is not moved.
        let publish = (self.kind == Kind::Publish).then(|| decode_as_publish(self.bytes)).flatten();
        match publish {
            Some(publish) => Record::Publish(publish),
            None => decode(self.bytes).expect("frames are checked when they are made"),
        }
    }
}

/// The records of one frame, not decoded.
#[derive(Clone, Debug)]
pub struct Skim<'a> {
    pub(crate) rest: &'a [u8],
    pub(crate) start: usize,
    pub(crate) next: Sequence,
    pub(crate) left: u32,
}

impl<'a> Iterator for Skim<'a> {
    type Item = Raw<'a>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        let length = length(self.rest).expect("frames are checked when they are made");
        let (bytes, rest) = self.rest.split_at(length);
        let raw = Raw { sequence: self.next, kind: kind(bytes), start: self.start, bytes };
        self.rest = rest;
        self.start += length;
        self.next = self.next.next();
        self.left -= 1;
        Some(raw)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for Skim<'_> {}

#[inline]
fn kind(bytes: &[u8]) -> Kind {
    match bytes.get(4) {
        Some(&KIND_PUBLISH) => Kind::Publish,
        Some(&KIND_NODE_MINTED) => Kind::NodeMinted,
        Some(&KIND_NODE_DELETED) => Kind::NodeDeleted,
        Some(&KIND_PUBLISHER) => Kind::Publisher,
        Some(&KIND_MESSAGE) => Kind::Message,
        Some(&KIND_AUDIENCE) => Kind::Audience,
        Some(&KIND_OWED) => Kind::Owed,
        Some(&KIND_SESSION) => Kind::Session,
        Some(&KIND_MARK) => Kind::Mark,
        _ => unreachable!("frames are checked when they are made"),
    }
}
