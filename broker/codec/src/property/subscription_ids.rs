//! Subscription identifiers of a PUBLISH, borrowed from the wire or from the sender's list.

use std::fmt;
use std::num::NonZeroU32;

use crate::property::{Properties, Property};
use crate::write::Put;

/// The identifiers of all subscriptions that a PUBLISH matched.
#[derive(Clone, Copy)]
pub struct SubscriptionIds<'a>(Ids<'a>);

#[derive(Clone, Copy)]
enum Ids<'a> {
    Wire(&'a [u8]),
    List(&'a [NonZeroU32]),
}

impl<'a> SubscriptionIds<'a> {
    /// No identifier.
    pub const NONE: Self = Self(Ids::List(&[]));

    /// Over a section that has been checked.
    pub(crate) const fn wire(raw: &'a [u8]) -> Self {
        Self(Ids::Wire(raw))
    }

    /// Those of a list.
    #[must_use]
    pub const fn new(list: &'a [NonZeroU32]) -> Self {
        Self(Ids::List(list))
    }

    /// The identifiers in order.
    pub fn iter(&self) -> impl Iterator<Item = NonZeroU32> + use<'a> {
        let (raw, list): (&[u8], &[NonZeroU32]) = match self.0 {
            Ids::Wire(raw) => (raw, &[]),
            Ids::List(list) => (&[], list),
        };
        let wire = Properties::new(raw).filter_map(|property| match property {
            Property::SubscriptionIdentifier(id) => Some(id),
            _ => None,
        });
        wire.chain(list.iter().copied())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    #[inline]
    pub(crate) fn put(&self, out: &mut impl Put) {
        if let Ids::List([]) = self.0 {
            return;
        }
        for id in self.iter() {
            Property::SubscriptionIdentifier(id).put(out);
        }
    }
}

impl Default for SubscriptionIds<'_> {
    fn default() -> Self {
        Self::NONE
    }
}

impl PartialEq for SubscriptionIds<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for SubscriptionIds<'_> {}

impl fmt::Debug for SubscriptionIds<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
