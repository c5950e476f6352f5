//! Writing a points section.

use std::ops::Range;

use uns_model::{Finding, PointRef, Quality, Timestamp, ValueRef};

use super::Points;
use super::codes::{
    BYTES, CONTRACT, DOCUMENT, FALSE, FIELD_SAME, FINDING, FLOAT, HAS_FIELD, HAS_MORE, HAS_QUALITY,
    HAS_SECOND, HAS_SEQ, HAS_UNIT, HISTORICAL, NULL, QUALITY_SAME, SAYS_MORE, TEXT, TRUE, UINT,
    UNIT_SAME,
};
use super::decimal::Decimals;
use super::numbers::{Kind, Numbers, Time, is_text};
use super::texts::{Placed, Texts};

/// A buffer for points sections, made once and used for one payload after the other.
#[derive(Debug, Default)]
pub struct PointsBuffer {
    section: Vec<u8>,
    texts: Texts,
}

impl PointsBuffer {
    /// An empty one; allocates nothing.
    pub const fn new() -> Self {
        Self { section: Vec::new(), texts: Texts::new() }
    }

    /// Begins the section of one payload, which texts of points may lie in.
    #[inline]
    pub fn begin<'b>(&'b mut self, payload: &'b [u8]) -> PointsBuilder<'b> {
        self.section.clear();
        self.section.push(0);
        self.texts.clear();
        let start = payload.as_ptr().addr();
        PointsBuilder {
            section: &mut self.section,
            texts: &mut self.texts,
            payload,
            at: start..start + payload.len(),
            before: Before::default(),
            decimals: Decimals::default(),
        }
    }

    /// The section as it was filled last, for the same payload again.
    #[inline]
    pub fn points<'b>(&'b self, payload: &'b [u8]) -> Points<'b> {
        let section = if self.section.len() > 1 { &self.section[..] } else { &[] };
        Points::new(section, payload)
    }

    /// How many bytes it has allocated.
    pub fn capacity(&self) -> usize {
        self.section.capacity()
    }
}

/// A points section in the making.
///
/// Texts and bytes of what is pushed are looked up by address: those that lie in the payload are not
/// stored a second time. Of the others, the last ones are known by their bytes.
#[derive(Debug)]
pub struct PointsBuilder<'b> {
    section: &'b mut Vec<u8>,
    texts: &'b mut Texts,
    payload: &'b [u8],
    /// The addresses of the payload.
    at: Range<usize>,
    before: Before,
    decimals: Decimals,
}

/// What the points before have said last.
#[derive(Debug, Default)]
struct Before {
    time: Option<i64>,
    quality: Option<Quality>,
    unit: Option<Placed>,
    field: Option<Placed>,
}

impl<'b> PointsBuilder<'b> {
    /// Adds a point.
    #[inline]
    pub fn push(&mut self, point: &PointRef<'_>) {
        // Most points of a plant are a number of the node itself, and nothing beside it.
        let bare = point.field.is_none()
            && point.source.is_none()
            && point.quality == Quality::GOOD
            && point.unit.is_none()
            && !point.historical
            && point.seq.is_none()
            && point.second.is_none();
        match point.value {
            ValueRef::Float(number) if bare => {
                let [a, b, c, d, e, f, g, h] = number.to_bits().to_le_bytes();
                self.section.extend_from_slice(&[FLOAT, a, b, c, d, e, f, g, h]);
            }
            ValueRef::Bool(flag) if bare => self.section.push(if flag { TRUE } else { FALSE }),
            _ => self.push_whole(point),
        }
    }

    fn push_whole(&mut self, point: &PointRef<'_>) {
        let (kind, value_text) = self.kind_of(&point.value);
        let time = self.time_of(point.source);
        let mut field = point.field.map(str::as_bytes);
        let mut unit = point.unit.map(str::as_bytes);
        let mut more = self.more_of(point);
        if field.is_some_and(|field| self.is_as_before(self.before.field, field)) {
            (field, more) = (None, more | FIELD_SAME);
        }
        if unit.is_some_and(|unit| self.is_as_before(self.before.unit, unit)) {
            (unit, more) = (None, more & !HAS_UNIT | UNIT_SAME);
        }
        let first = kind.code()
            | time.flag()
            | if field.is_some() { HAS_FIELD } else { 0 }
            | if more == 0 { 0 } else { HAS_MORE };
        let mut numbers = Numbers::new();
        numbers.push(first);
        if more != 0 {
            numbers.push(more);
        }
        numbers.number(kind);
        if more & HAS_SECOND != 0
            && let Some(second) = point.second
        {
            let (kind, _) = self.kind_of(&second);
            numbers.push(kind.code());
            numbers.number(kind);
        }
        if more & HAS_QUALITY != 0 {
            numbers.fixed(point.quality.0.to_le_bytes());
        }
        numbers.time(time);
        if let Some(seq) = point.seq {
            numbers.varint(seq);
        }
        let value_text = value_text.map(|text| (text, self.place(text)));
        let field = field.map(|text| (text, self.place(text)));
        let unit = unit.map(|text| (text, self.place(text)));
        if let Some((text, placed)) = value_text {
            numbers.place(text, placed);
        }
        if let Some((text, placed)) = field {
            numbers.place(text, placed);
        }
        if let Some((text, placed)) = unit {
            numbers.place(text, placed);
        }
        self.section.extend_from_slice(numbers.as_bytes());
        if let Some((text, placed)) = value_text {
            self.write(text, placed);
        }
        if let Some((text, placed)) = field {
            self.before.field = Some(self.write(text, placed));
        }
        if let Some((text, placed)) = unit {
            self.before.unit = Some(self.write(text, placed));
        }
    }

    /// What a point says in its second byte of flags, and what of that is as before.
    #[inline]
    fn more_of(&mut self, point: &PointRef<'_>) -> u8 {
        let quality = match point.quality {
            Quality::GOOD => 0,
            quality if self.before.quality == Some(quality) => QUALITY_SAME,
            quality => {
                self.before.quality = Some(quality);
                HAS_QUALITY
            }
        };
        let second = point.second.is_some_and(|second| !is_text(&second));
        debug_assert!(second || point.second.is_none(), "a second form is never a text");
        quality
            | if point.unit.is_some() { HAS_UNIT } else { 0 }
            | if point.seq.is_some() { HAS_SEQ } else { 0 }
            | if point.historical { HISTORICAL } else { 0 }
            | if second { HAS_SECOND } else { 0 }
    }

    /// What a value is, and its bytes where they are of any length.
    #[inline]
    fn kind_of<'a>(&mut self, value: &ValueRef<'a>) -> (Kind, Option<&'a [u8]>) {
        match *value {
            ValueRef::Null => (Kind::Bare(NULL), None),
            ValueRef::Bool(false) => (Kind::Bare(FALSE), None),
            ValueRef::Bool(true) => (Kind::Bare(TRUE), None),
            ValueRef::Int(number) => (Kind::Int(number), None),
            ValueRef::UInt(number) => (Kind::Fixed(UINT, number), None),
            ValueRef::Float(number) => match self.decimals.find(number) {
                Some(digits) => (Kind::Decimal(digits), None),
                None => (Kind::Fixed(FLOAT, number.to_bits()), None),
            },
            ValueRef::Text(text) => (Kind::Bare(TEXT), Some(text.as_bytes())),
            ValueRef::Document(text) => (Kind::Bare(DOCUMENT), Some(text.as_bytes())),
            ValueRef::Bytes(bytes) => (Kind::Bare(BYTES), Some(bytes)),
        }
    }

    /// Whether a text is the one that stands there.
    #[inline]
    fn is_as_before(&self, before: Option<Placed>, text: &[u8]) -> bool {
        before.is_some_and(|Placed { offset, length }| {
            length == text.len()
                && match offset.checked_sub(self.payload.len()) {
                    None => self.payload.get(offset..offset + length),
                    Some(offset) => self.section.get(offset..offset + length),
                } == Some(text)
        })
    }

    /// Where a text stands already: in the payload, or earlier in the section.
    #[inline]
    fn place(&self, text: &[u8]) -> Option<usize> {
        if text.is_empty() {
            return None;
        }
        let start = text.as_ptr().addr();
        if start >= self.at.start && start + text.len() <= self.at.end {
            return Some(start - self.at.start);
        }
        let known = self.texts.find(self.section, text)?;
        Some(self.payload.len() + known)
    }

    /// Writes a text that stands nowhere yet; where it stands now.
    #[inline]
    fn write(&mut self, text: &[u8], placed: Option<usize>) -> Placed {
        let length = text.len();
        let offset = placed.unwrap_or_else(|| {
            let start = self.section.len();
            self.section.extend_from_slice(text);
            if !text.is_empty() {
                self.texts.note(start, text);
            }
            self.payload.len() + start
        });
        Placed { offset, length }
    }

    /// Adds something that is remarkable about the publish.
    pub fn finding(&mut self, finding: Finding) {
        let (code, number) = finding.code();
        self.more(FINDING, &[code, number]);
    }

    /// Says which version of its contract the publish was held against.
    pub fn contract_version(&mut self, version: u64) {
        self.more(CONTRACT, &[version]);
    }

    /// The section.
    #[inline]
    pub fn finish(self) -> Points<'b> {
        let section: &'b [u8] = self.section;
        let section = if section.len() > 1 { section } else { &[] };
        Points::new(section, self.payload)
    }

    fn more(&mut self, item: u8, numbers: &[u64]) {
        if let Some(flags) = self.section.first_mut() {
            *flags |= SAYS_MORE;
        }
        let mut bytes = Numbers::new();
        bytes.push(item);
        numbers.iter().for_each(|number| bytes.varint(*number));
        self.section.extend_from_slice(bytes.as_bytes());
    }

    /// How the time of a point is given beside those before it.
    #[inline]
    fn time_of(&mut self, source: Option<Timestamp>) -> Time {
        let Some(Timestamp(time)) = source else { return Time::None };
        match self.before.time.replace(time) {
            None => Time::Own(time),
            Some(before) if before == time => Time::Same,
            Some(before) => Time::Delta(time.wrapping_sub(before)),
        }
    }
}
