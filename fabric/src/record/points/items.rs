//! Reading a points section, item by item.

use uns_model::{Finding, PointRef, Quality, Timestamp, ValueRef};

use super::codes::{
    BYTES, CONTRACT, DECIMAL, DOCUMENT, FALSE, FIELD_SAME, FINDING, FLOAT, HAS_FIELD, HAS_MORE,
    HAS_QUALITY, HAS_SECOND, HAS_SEQ, HAS_UNIT, HISTORICAL, INT, KIND, NULL, QUALITY_SAME, TEXT,
    TIME, TIME_DELTA, TIME_OWN, TIME_SAME, TRUE, UINT, UNIT_SAME,
};
use super::decimal;
use crate::record::cut::Cut;

/// The points of one section.
#[derive(Clone, Debug)]
pub struct PointsIter<'a>(pub(super) Items<'a>);

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
pub(super) enum Item {
    Point,
    /// `None` for one that this release does not know.
    Finding(Option<Finding>),
    Contract(u64),
}

impl Item {
    pub(super) fn is_point(&self) -> bool {
        matches!(self, Self::Point)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Items<'a> {
    /// What is left. Where an item makes no sense it stays here.
    rest: Cut<'a>,
    section: &'a [u8],
    payload: &'a [u8],
    before: Before<'a>,
}

/// What the points before have said last.
#[derive(Clone, Copy, Debug, Default)]
struct Before<'a> {
    time: Option<i64>,
    quality: Option<Quality>,
    unit: Option<&'a str>,
    field: Option<&'a str>,
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

/// Where a text or some bytes are: in the payload or earlier in the section, or behind the item.
#[derive(Clone, Copy)]
enum Place<'a> {
    There(&'a [u8]),
    /// So many bytes that follow.
    Here(usize),
}

impl<'a> Items<'a> {
    /// Those of a section, behind its flags.
    pub(super) fn new(section: &'a [u8], payload: &'a [u8]) -> Self {
        let rest = Cut(section.get(1..).unwrap_or_default());
        Self { rest, section, payload, before: Before::default() }
    }

    /// Whether all of them were read.
    pub(super) fn is_at_end(&self) -> bool {
        self.rest.0.is_empty()
    }

    fn finding(&mut self) -> Option<Item> {
        let (code, number) = (self.rest.varint()?, self.rest.varint()?);
        Some(Item::Finding(Finding::from_code(code, number)))
    }

    #[inline]
    fn point(&mut self, first: u8) -> Option<PointRef<'a>> {
        let more = if first & HAS_MORE == 0 { 0 } else { self.rest.byte()? };
        if first & HAS_MORE != 0 && more == 0 {
            return None;
        }
        let kind = first & KIND;
        let is_number = kind < TEXT || kind == DECIMAL;
        let number = if is_number { Some(self.number(kind)?) } else { None };
        let second = match more & HAS_SECOND {
            0 => None,
            _ => {
                let kind = self.rest.byte()?;
                Some(self.number(kind)?)
            }
        };
        let quality = match more & (HAS_QUALITY | QUALITY_SAME) {
            0 => Quality::GOOD,
            HAS_QUALITY => *self.before.quality.insert(Quality(self.rest.u32()?)),
            QUALITY_SAME => self.before.quality?,
            _ => return None,
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
        let field = match (field, more & FIELD_SAME) {
            (None, 0) => None,
            (Some(place), 0) => {
                self.before.field = Some(self.text(place)?);
                self.before.field
            }
            (None, _) => Some(self.before.field?),
            (Some(_), _) => return None,
        };
        let unit = match (unit, more & UNIT_SAME) {
            (None, 0) => None,
            (Some(place), 0) => {
                self.before.unit = Some(self.text(place)?);
                self.before.unit
            }
            (None, _) => Some(self.before.unit?),
            (Some(_), _) => return None,
        };
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
            DECIMAL => ValueRef::Float(decimal::read(self.rest.varint()?)?),
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
            TIME_SAME => self.before.time?,
            TIME_DELTA => self.before.time?.wrapping_add(self.rest.zigzag()?),
            TIME_OWN => self.rest.time()?.0,
            _ => return Some(None),
        };
        self.before.time = Some(time);
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
        let text = match start.checked_sub(self.payload.len()) {
            None => self.payload.get(start..)?.get(..length)?,
            Some(start) => {
                let read = self.section.len() - self.rest.0.len();
                self.section.get(..read)?.get(start..)?.get(..length)?
            }
        };
        Some(Place::There(text))
    }

    #[inline]
    fn bytes(&mut self, place: Place<'a>) -> Option<&'a [u8]> {
        match place {
            Place::There(bytes) => Some(bytes),
            Place::Here(length) => self.rest.piece(u32::try_from(length).ok()?),
        }
    }

    #[inline]
    fn text(&mut self, place: Place<'a>) -> Option<&'a str> {
        std::str::from_utf8(self.bytes(place)?).ok()
    }
}
