//! A node as the gate knows it: one allocation shared by registry, gates and view.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU16, Ordering};

use uns_model::{NodeId, NodeNo, OrgId, TopicId};

/// On which side of our own prefix a node lives, which decides what its publishes must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// Under `uns/v1/`: grammar, payload limits, no malformed JSON.
    Uns,
    /// As plants publish it today: never refused for its name or its content (NS-1).
    Brownfield,
}

/// Whether publishes to a node are retained.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Retain {
    /// As their publisher asks.
    #[default]
    AsPublished,
    /// Always: the node has a state or a document.
    Forced,
    /// Never: the node has events.
    Never,
}

/// A node. Callers cache the `Arc` per topic; [`Node::is_deleted`] tells them to resolve again. A topic
/// that nothing was published to yet leads to a *prospect*: what the first publish that is admitted will
/// make a node of, under another `Arc`.
#[derive(Debug)]
pub struct Node {
    /// Whose it is.
    pub org: OrgId,
    /// The interned topic it lives on.
    pub topic: TopicId,
    /// Its dense number in this data directory; that of a prospect means nothing.
    pub number: NodeNo,
    /// Its global identity (NS-10).
    pub id: NodeId,
    /// The topic string.
    pub name: Arc<str>,
    /// [`DELETED`] and the other bits.
    state: AtomicU8,
    /// When it asked for its rule; 0 if it has not.
    epoch: AtomicU8,
    /// About how many bytes its last value has, in [`HELD_UNIT`]s, as the gates admitted it.
    held: AtomicU16,
}

/// No node may be larger for what is rare: there are millions.
const _: () = assert!(size_of::<Node>() == 48);

const DELETED: u8 = 0b001;
/// The log refused its record after all.
const REFUSED: u8 = 0b010;
/// The committed namespace has let go of it; [`Node::is_deleted`] runs ahead of this.
const DELETION_FOLDED: u8 = 0b100;
/// It lives under `uns/v1/`.
const UNS: u8 = 0b1000;
/// It has a rule of its own.
const RULED: u8 = 0b1_0000;
/// Its rule has every publish retained, or none.
const RETAINS: u8 = 0b10_0000;
const RETAINS_NOT: u8 = 0b100_0000;
/// No record of it is committed yet, as far as is known.
const UNLOGGED: u8 = 0b1000_0000;

/// The number of a prospect; no node gets so far.
const NO_NUMBER: u32 = u32::MAX;

/// A last value that grows by less is not looked at.
const HELD_UNIT: usize = 64;
/// What a field of a document takes beside its bytes.
const FIELD_BYTES: usize = 136;
/// The most fields a document, and so a node, may be set to have (NS-20).
pub const FIELDS_MAX: usize = 1_024;

impl Node {
    pub(crate) fn new(minted: Minted) -> Self {
        let Minted { org, topic, number, id, name } = minted;
        let state = if name.starts_with(UNS_PREFIX) { UNS } else { 0 };
        let (epoch, held) = Default::default();
        Self { org, topic, number, id, name, state: state.into(), epoch, held }
    }

    /// What a publish to this topic may make a node of. It is in no registry and has no number.
    pub(crate) fn prospect(org: OrgId, name: Arc<str>) -> Self {
        let (topic, number, id) = (TopicId(NO_NUMBER), NodeNo(NO_NUMBER), NodeId(0));
        Self::new(Minted { org, topic, number, id, name }).unlogged()
    }

    /// The same node, as long as no record of it is committed.
    pub(crate) fn unlogged(mut self) -> Self {
        *self.state.get_mut() |= UNLOGGED;
        self
    }

    /// Whether it is not minted yet.
    pub(crate) fn is_prospect(&self) -> bool {
        self.number.0 == NO_NUMBER
    }

    /// Whether its record may have to be in the batch of a publish to it.
    pub(crate) fn is_unlogged(&self) -> bool {
        self.state.load(Ordering::Acquire) & UNLOGGED != 0
    }

    /// A record of it is committed: whatever is appended from now on comes behind it.
    pub(crate) fn set_logged(&self) {
        self.state.fetch_and(!UNLOGGED, Ordering::Release);
    }

    /// Whether it lives and its record is in the log: what most publishes find.
    #[inline]
    pub(crate) fn is_settled(&self) -> bool {
        self.state.load(Ordering::Acquire) & (DELETED | REFUSED | UNLOGGED) == 0
    }

    /// On which side of our own prefix it lives.
    pub fn side(&self) -> Side {
        match self.state.load(Ordering::Relaxed) & UNS {
            0 => Side::Brownfield,
            _ => Side::Uns,
        }
    }

    /// Whether it has asked for its rule in this epoch.
    #[inline]
    pub(crate) fn is_bound(&self, epoch: u8) -> bool {
        self.epoch.load(Ordering::Acquire) == epoch
    }

    /// Whether it has a rule of its own, as of the epoch it is bound in.
    #[inline]
    pub(crate) fn has_rule(&self) -> bool {
        self.state.load(Ordering::Relaxed) & RULED != 0
    }

    /// Notes what a rule asks for that others need to know before it judges, or that there is none.
    pub(crate) fn bind(&self, epoch: u8, rule: Option<Retain>) {
        let bits = match rule {
            None => 0,
            Some(Retain::AsPublished) => RULED,
            Some(Retain::Forced) => RULED | RETAINS,
            Some(Retain::Never) => RULED | RETAINS_NOT,
        };
        let mut state = self.state.load(Ordering::Relaxed);
        // In one step: another gate may be asking.
        while let Err(now) = self.state.compare_exchange_weak(
            state,
            state & !(RULED | RETAINS | RETAINS_NOT) | bits,
            Ordering::Relaxed,
            Ordering::Relaxed,
        ) {
            state = now;
        }
        self.epoch.store(epoch, Ordering::Release);
    }

    /// Has it ask for its rule again, whichever epoch this is.
    pub(crate) fn forget_rule(&self) {
        self.epoch.store(0, Ordering::Release);
    }

    /// Whether a publish to it is retained, of which RETAIN says this.
    #[inline]
    pub fn retains(&self, asked: bool) -> bool {
        match self.state.load(Ordering::Relaxed) & (RETAINS | RETAINS_NOT) {
            0 => asked,
            bits => bits == RETAINS,
        }
    }

    /// Whether it was deleted: a publish on its topic now mints a new node (NS-14).
    pub fn is_deleted(&self) -> bool {
        self.state.load(Ordering::Acquire) & (DELETED | REFUSED) != 0
    }

    /// Whether it still counts as living: not even one whose record the log refused is gone before
    /// the registry has let go of it.
    pub(crate) fn counts(&self) -> bool {
        self.state.load(Ordering::Acquire) & DELETED == 0
    }

    /// The log refused its record after all: it never came to be.
    pub(crate) fn set_refused(&self) {
        self.state.fetch_or(REFUSED, Ordering::Release);
    }

    pub(crate) fn is_deletion_folded(&self) -> bool {
        self.state.load(Ordering::Relaxed) & DELETION_FOLDED != 0
    }

    /// Only the view says so, under its lock.
    pub(crate) fn set_deletion_folded(&self) {
        self.state.fetch_or(DELETION_FOLDED, Ordering::Relaxed);
    }

    pub(crate) fn set_deleted(&self, deleted: bool) {
        match deleted {
            true => self.state.fetch_or(DELETED, Ordering::Release),
            false => self.state.fetch_and(!DELETED, Ordering::Release),
        };
    }

    /// About how much memory a publish adds once it is folded: the bytes by which its payload is
    /// longer than the last value the gates know of, and what its fields take. Nothing for a value
    /// of about the same length, however often it comes.
    #[inline]
    pub fn growth(&self, payload: &[u8]) -> usize {
        let held = usize::from(self.held.load(Ordering::Relaxed)) * HELD_UNIT;
        if payload.len() <= held { 0 } else { growth(held, payload) }
    }

    /// The gate has admitted a publish; what [`Node::growth`] said of it.
    #[inline]
    pub(crate) fn admitted(&self, payload: &[u8]) -> usize {
        let held = usize::from(self.held.load(Ordering::Relaxed)) * HELD_UNIT;
        let length = payload.len();
        // One that shrinks a little may grow back.
        let about = length <= held && held - length <= held / 8 + HELD_UNIT;
        if about || length == 0 {
            return 0;
        }
        let units = u16::try_from(length.div_ceil(HELD_UNIT)).unwrap_or(u16::MAX);
        self.held.store(units, Ordering::Relaxed);
        if length <= held { 0 } else { growth(held, payload) }
    }
}

#[cold]
fn growth(held: usize, payload: &[u8]) -> usize {
    let is_document = payload.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let fields = match is_document {
        true => payload.iter().filter(|byte| **byte == b':').take(FIELDS_MAX).count(),
        false => 0,
    };
    payload.len() - held + fields * FIELD_BYTES
}

/// What makes a node: the content of its record.
#[derive(Debug)]
pub(crate) struct Minted {
    pub(crate) org: OrgId,
    pub(crate) topic: TopicId,
    pub(crate) number: NodeNo,
    pub(crate) id: NodeId,
    pub(crate) name: Arc<str>,
}

/// The data plane.
pub(crate) const UNS_PREFIX: &str = "uns/v1/";

#[cfg(test)]
impl Node {
    /// A node for tests.
    pub(crate) fn named(number: u32, name: &str) -> Arc<Self> {
        let (topic, number, id) = (TopicId(number), NodeNo(number), NodeId(0));
        Arc::new(Self::new(Minted { org: OrgId::DEFAULT, topic, number, id, name: name.into() }))
    }
}

#[cfg(test)]
mod tests;
