//! Audiences: the sessions a publish is owed to, in wire form.
//!
//! A member is a session (u32), flags (u8: QoS, RETAIN, what follows) and, where it has any, the
//! number of its subscription identifiers (u32) and those (u32 each); then the length of the share
//! it was chosen of (u32), if it was, and that (since format version 3).

use std::num::NonZeroU32;

use uns_model::SessionNo;

use super::cut::Cut;
use super::head::{FLAG_QOS, FLAG_RETAIN, length_of};

const FLAG_IDS: u8 = 0b0000_1000;
const FLAG_SHARE: u8 = 0b0001_0000;

/// One session, and how the publish is to be delivered to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Member<'a> {
    /// Who.
    pub session: SessionNo,
    /// The effective QoS, 1 or 2.
    pub qos: u8,
    /// Whether RETAIN of the publish passes to it.
    pub retain: bool,
    /// The identifiers of its subscriptions that match.
    pub ids: Ids<'a>,
    /// The share whose member it was chosen as, with `$share/` and its group's name.
    pub share: Option<&'a str>,
}

/// Subscription identifiers in wire form.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Ids<'a>(&'a [u8]);

impl<'a> Ids<'a> {
    /// How many.
    pub fn len(&self) -> usize {
        self.0.len() / 4
    }

    /// None at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them, in the order they were given.
    pub fn iter(&self) -> impl Iterator<Item = NonZeroU32> + 'a {
        let (ids, _) = self.0.as_chunks::<4>();
        ids.iter().filter_map(|id| NonZeroU32::new(u32::from_le_bytes(*id)))
    }
}

/// The members of an audience, borrowed.
///
/// The bytes are checked while they are iterated: iteration ends at the first that make no sense.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Members<'a>(&'a [u8]);

impl<'a> Members<'a> {
    pub(super) fn from_bytes(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The wire form.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Each member.
    pub fn iter(&self) -> impl Iterator<Item = Member<'a>> + use<'a> {
        let mut cut = Cut(self.0);
        std::iter::from_fn(move || member(&mut cut))
    }
}

#[inline]
fn member<'a>(cut: &mut Cut<'a>) -> Option<Member<'a>> {
    let [a, b, c, d, flags] = cut.take::<5>()?;
    let ids = match flags & FLAG_IDS {
        0 => Ids::default(),
        _ => {
            let count = cut.u32()?;
            Ids(cut.piece(count.checked_mul(4)?)?)
        }
    };
    let share = match flags & FLAG_SHARE {
        0 => None,
        _ => {
            let length = cut.u32()?;
            Some(std::str::from_utf8(cut.piece(length)?).ok()?)
        }
    };
    let (qos, retain) = (flags & FLAG_QOS, flags & FLAG_RETAIN != 0);
    Some(Member { session: SessionNo(u32::from_le_bytes([a, b, c, d])), qos, retain, ids, share })
}

/// An audience in the making; clearing it keeps its buffer.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Audience {
    bytes: Vec<u8>,
    len: usize,
}

impl Audience {
    /// Nobody yet; allocates nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a session: its effective QoS (1 or 2), whether RETAIN of the publish passes
    /// to it, and the identifiers of its subscriptions that match. A session is added once.
    pub fn push(&mut self, session: SessionNo, qos: u8, retain: bool, ids: &[NonZeroU32]) {
        self.push_chosen((session, None), qos, retain, ids);
    }

    /// Adds a session that was chosen as the member of a share, where one is named.
    pub fn push_chosen(
        &mut self,
        (session, share): (SessionNo, Option<&str>),
        qos: u8,
        retain: bool,
        ids: &[NonZeroU32],
    ) {
        debug_assert!(matches!(qos, 1 | 2), "QoS 0 is owed to nobody");
        let flags = (qos & FLAG_QOS)
            | if retain { FLAG_RETAIN } else { 0 }
            | if ids.is_empty() { 0 } else { FLAG_IDS }
            | if share.is_some() { FLAG_SHARE } else { 0 };
        self.bytes.extend_from_slice(&session.0.to_le_bytes());
        self.bytes.push(flags);
        if !ids.is_empty() {
            let count = u32::try_from(ids.len()).expect("one record stays below 4 GiB");
            self.bytes.extend_from_slice(&count.to_le_bytes());
            for id in ids {
                self.bytes.extend_from_slice(&id.get().to_le_bytes());
            }
        }
        if let Some(share) = share {
            self.bytes.extend_from_slice(&length_of(share.as_bytes()));
            self.bytes.extend_from_slice(share.as_bytes());
        }
        self.len += 1;
    }

    /// How many members.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Nobody.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Forgets the members, keeps the buffer.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.len = 0;
    }

    /// The members, as a record carries them.
    pub fn members(&self) -> Members<'_> {
        Members(&self.bytes)
    }
}
