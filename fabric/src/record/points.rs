//! What the gate understood of a payload: the points section of a publish.
//!
//! A section is empty where there is nothing to say. Otherwise it is a byte of flags and items, each
//! a point, a finding or the contract's version, in any order. Texts that stand in the payload as
//! they are, which is most of them, are named there by offset and length; others lie in the section.
//!
//! An item begins with a byte: four bits of kind, two of how its time is given, one for a field, one
//! for a second byte of flags (quality, unit, seq, historical, second form). Numbers follow in that
//! order: value, second form, quality, time, seq, then the places of value, field and unit where they
//! are texts, and last the bytes of those that are neither in the payload nor earlier in the section.
//! Integers and lengths are varints of seven bits a byte, signed ones in zigzag.
//!
//! Since format version 5 nothing is said twice: quality, unit and field may be those of the point
//! before that has one, a text may stand earlier in the section (its offset counts from the end of the
//! payload), and a double that is a short decimal is its digits and its scale in one varint.

mod build;
mod codes;
mod decimal;
mod items;
mod numbers;
mod texts;

use uns_model::Finding;

pub use build::{PointsBuffer, PointsBuilder};
use codes::SAYS_MORE;
pub use items::PointsIter;
use items::{Item, Items};

/// What the gate understood of one payload, borrowed from a record.
///
/// In a frame it is checked when the frame is, so that nothing is left out silently; on any other
/// bytes iterating stops at the first nonsense.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Points<'a> {
    section: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Points<'a> {
    /// Those of a section that was copied out of a record, and of the whole payload of that record, whose
    /// texts they share. Sections count places in the payload and behind it by its length: with another
    /// payload, or a part of it, other texts are read, and nothing says so.
    pub fn new(section: &'a [u8], payload: &'a [u8]) -> Self {
        Self { section, payload }
    }

    /// The points, in the order of the payload.
    pub fn iter(&self) -> PointsIter<'a> {
        PointsIter(self.items())
    }

    /// What is remarkable beside them; what only later releases know is left out.
    pub fn findings(&self) -> impl Iterator<Item = Finding> + use<'a> {
        self.more().filter_map(|item| match item {
            Item::Finding(finding) => finding,
            Item::Point | Item::Contract(_) => None,
        })
    }

    /// The version of the contract it was held against.
    pub fn contract_version(&self) -> Option<u64> {
        self.more().find_map(|item| match item {
            Item::Contract(version) => Some(version),
            Item::Point | Item::Finding(_) => None,
        })
    }

    /// There is neither a point nor a finding.
    pub fn is_empty(&self) -> bool {
        self.section.is_empty()
    }

    /// The bytes of the section.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.section
    }

    /// Every byte of it makes sense.
    pub(super) fn is_whole(&self) -> bool {
        let Some((flags, _)) = self.section.split_first() else { return true };
        let mut items = self.items();
        let says_more = items.by_ref().fold(false, |more, one| more | !one.is_point());
        items.is_at_end() && *flags == if says_more { SAYS_MORE } else { 0 }
    }

    fn items(&self) -> Items<'a> {
        Items::new(self.section, self.payload)
    }

    /// The items, where there are others than points.
    fn more(&self) -> Items<'a> {
        match self.section.first() {
            Some(&SAYS_MORE) => self.items(),
            _ => Self::default().items(),
        }
    }
}

#[cfg(test)]
mod tests;
