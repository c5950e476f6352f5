//! What the gate understood of a payload: the points section of a publish.
//!
//! A section is empty where there is nothing to say. Otherwise it is a byte of flags and items, each
//! a point, a finding or the contract's version, in any order. Texts that stand in the payload as
//! they are, which is most of them, are named there by offset and length; others lie in the section.
//!
//! An item begins with a byte: four bits of kind, two of how its time is given, one for a field, one
//! for a second byte of flags (quality, unit, seq, historical, second form). Numbers follow in that
//! order: value, second form, quality, time, seq, then the places of value, field and unit where they
//! are texts, and last the bytes of those that are not in the payload. Integers and lengths are
//! varints of seven bits a byte, signed ones in zigzag.

mod build;

use uns_model::{Finding, PointRef, Quality, Timestamp, ValueRef};

use super::cut::Cut;

pub use build::{PointsBuffer, PointsBuilder};

/// The section says something beside points.
const SAYS_MORE: u8 = 0b0000_0001;

const KIND: u8 = 0b0000_1111;
const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INT: u8 = 3;
const UINT: u8 = 4;
const FLOAT: u8 = 5;
const TEXT: u8 = 6;
const DOCUMENT: u8 = 7;
const BYTES: u8 = 8;
const FINDING: u8 = 9;
const CONTRACT: u8 = 10;

const TIME: u8 = 0b0011_0000;
/// As that of the point before which has one.
const TIME_SAME: u8 = 0b0001_0000;
/// So many nanoseconds after it.
const TIME_DELTA: u8 = 0b0010_0000;
const TIME_OWN: u8 = 0b0011_0000;
const HAS_FIELD: u8 = 0b0100_0000;
const HAS_MORE: u8 = 0b1000_0000;

const HAS_QUALITY: u8 = 0b0000_0001;
const HAS_UNIT: u8 = 0b0000_0010;
const HAS_SEQ: u8 = 0b0000_0100;
const HISTORICAL: u8 = 0b0000_1000;
const HAS_SECOND: u8 = 0b0001_0000;
const KNOWN: u8 = 0b0001_1111;

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
    /// Those of a section that was copied out of a record, and of its payload, whose texts they share.
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
        items.rest.0.is_empty() && *flags == if says_more { SAYS_MORE } else { 0 }
    }

    fn items(&self) -> Items<'a> {
        let rest = Cut(self.section.get(1..).unwrap_or_default());
        Items { rest, payload: self.payload, time: None }
    }

    /// The items, where there are others than points.
    fn more(&self) -> Items<'a> {
        match self.section.first() {
            Some(&SAYS_MORE) => self.items(),
            _ => Items { rest: Cut(&[]), payload: &[], time: None },
        }
    }
}

/// The points of one section.
#[derive(Clone, Debug)]
pub struct PointsIter<'a>(Items<'a>);

impl<'a> Iterator for PointsIter<'a> {
    type Item = PointRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<PointRef<'a>> {
        let items = &mut self.0;
        loop {
            let before = items.rest.0;
            let point = match items.rest.byte()? {
                FLOAT => items
                    .rest
                    .u64()
                    .map(|bits| PointRef::new(ValueRef::Float(f64::from_bits(bits)))),
                FINDING | CONTRACT => {
                    items.rest.0 = before;
                    items.next()?;
                    continue;
                }
                first => items.point(first),
            };
            if point.is_none() {
                // Nothing behind nonsense makes sense.
                items.rest.0 = &[];
            }
            return point;
        }
    }
}

/// One item of a section.
enum Item {
    Point,
    /// `None` for one that this release does not know.
    Finding(Option<Finding>),
    Contract(u64),
}

impl Item {
    fn is_point(&self) -> bool {
        matches!(self, Self::Point)
    }
}

#[derive(Clone, Debug)]
struct Items<'a> {
    /// What is left. Where an item makes no sense it stays here.
    rest: Cut<'a>,
    payload: &'a [u8],
    /// The newest time of a point.
    time: Option<i64>,
}

impl Iterator for Items<'_> {
    type Item = Item;

    #[inline]
    fn next(&mut self) -> Option<Item> {
        let before = self.rest.0;
        let first = *before.first()?;
        self.rest.0 = before.get(1..)?;
        let item = match first {
            FINDING => self.finding(),
            CONTRACT => self.rest.varint().map(Item::Contract),
            _ => self.point(first).map(|_| Item::Point),
        };
        if item.is_none() {
            self.rest.0 = before;
        }
        item
    }
}

/// Where a text or some bytes are.
#[derive(Clone, Copy)]
enum Place<'a> {
    Payload(&'a [u8]),
    /// So many bytes that follow.
    Here(usize),
}

impl<'a> Items<'a> {
    fn finding(&mut self) -> Option<Item> {
        let (code, number) = (self.rest.varint()?, self.rest.varint()?);
        Some(Item::Finding(Finding::from_code(code, number)))
    }

    #[inline]
    fn point(&mut self, first: u8) -> Option<PointRef<'a>> {
        let more = if first & HAS_MORE == 0 { 0 } else { self.rest.byte()? };
        if more & !KNOWN != 0 || (first & HAS_MORE != 0 && more == 0) {
            return None;
        }
        let kind = first & KIND;
        let number = if kind < TEXT { Some(self.number(kind)?) } else { None };
        let second = match more & HAS_SECOND {
            0 => None,
            _ => {
                let kind = self.rest.byte()?;
                Some(self.number(kind)?)
            }
        };
        let quality = match more & HAS_QUALITY {
            0 => Quality::GOOD,
            _ => Quality(self.rest.u32()?),
        };
        let source = self.time(first & TIME)?;
        let seq = if more & HAS_SEQ == 0 { None } else { Some(self.rest.varint()?) };
        let value = if number.is_none() { Some(self.place()?) } else { None };
        let field = if first & HAS_FIELD == 0 { None } else { Some(self.place()?) };
        let unit = if more & HAS_UNIT == 0 { None } else { Some(self.place()?) };
        let value = match (number, value) {
            (Some(number), _) => number,
            (None, Some(place)) => self.text_value(kind, place)?,
            (None, None) => return None,
        };
        let field = self.text(field)?;
        let unit = self.text(unit)?;
        let historical = more & HISTORICAL != 0;
        Some(PointRef { field, value, second, quality, unit, source, seq, historical })
    }

    /// A value that is no text.
    #[inline]
    fn number(&mut self, kind: u8) -> Option<ValueRef<'a>> {
        Some(match kind {
            NULL => ValueRef::Null,
            FALSE => ValueRef::Bool(false),
            TRUE => ValueRef::Bool(true),
            INT => ValueRef::Int(self.rest.zigzag()?),
            UINT => ValueRef::UInt(self.rest.u64()?),
            FLOAT => ValueRef::Float(f64::from_bits(self.rest.u64()?)),
            _ => return None,
        })
    }

    fn text_value(&mut self, kind: u8, place: Place<'a>) -> Option<ValueRef<'a>> {
        let bytes = self.bytes(place)?;
        match kind {
            TEXT => std::str::from_utf8(bytes).ok().map(ValueRef::Text),
            DOCUMENT => std::str::from_utf8(bytes).ok().map(ValueRef::Document),
            BYTES => Some(ValueRef::Bytes(bytes)),
            _ => None,
        }
    }

    /// The outer `None` is nonsense.
    #[inline]
    #[expect(clippy::option_option, reason = "absent is not the same as unreadable")]
    fn time(&mut self, given: u8) -> Option<Option<Timestamp>> {
        let time = match given {
            TIME_SAME => self.time?,
            TIME_DELTA => self.time?.wrapping_add(self.rest.zigzag()?),
            TIME_OWN => self.rest.time()?.0,
            _ => return Some(None),
        };
        self.time = Some(time);
        Some(Some(Timestamp(time)))
    }

    #[inline]
    fn place(&mut self) -> Option<Place<'a>> {
        let said = self.rest.varint()?;
        let length = usize::try_from(said >> 1).ok()?;
        if said & 1 == 0 {
            return Some(Place::Here(length));
        }
        let start = usize::try_from(self.rest.varint()?).ok()?;
        self.payload.get(start..)?.get(..length).map(Place::Payload)
    }

    #[inline]
    fn bytes(&mut self, place: Place<'a>) -> Option<&'a [u8]> {
        match place {
            Place::Payload(bytes) => Some(bytes),
            Place::Here(length) => self.rest.piece(u32::try_from(length).ok()?),
        }
    }

    #[inline]
    #[expect(clippy::option_option, reason = "absent is not the same as unreadable")]
    fn text(&mut self, place: Option<Place<'a>>) -> Option<Option<&'a str>> {
        let Some(place) = place else { return Some(None) };
        std::str::from_utf8(self.bytes(place)?).ok().map(Some)
    }
}

#[cfg(test)]
mod tests;
