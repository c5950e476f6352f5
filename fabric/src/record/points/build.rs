//! Writing a points section.

use std::ops::Range;

use uns_model::{Finding, PointRef, Quality, Timestamp, ValueRef};

use super::{
    BYTES, CONTRACT, DOCUMENT, FALSE, FINDING, FLOAT, HAS_FIELD, HAS_MORE, HAS_QUALITY, HAS_SECOND,
    HAS_SEQ, HAS_UNIT, HISTORICAL, INT, NULL, Points, SAYS_MORE, TEXT, TIME_DELTA, TIME_OWN,
    TIME_SAME, TRUE, UINT,
};

/// What all numbers of one point can take: two bytes of flags, value, second form with its kind,
/// quality, time, seq, and three places of two varints.
const NUMBERS_MAX: usize = 2 + 10 + 11 + 4 + 10 + 10 + 3 * 20;

/// A buffer for points sections, made once and used for one payload after the other.
#[derive(Debug, Default)]
pub struct PointsBuffer(Vec<u8>);

impl PointsBuffer {
    /// An empty one; allocates nothing.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Begins the section of one payload, which texts of points may lie in.
    #[inline]
    pub fn begin<'b>(&'b mut self, payload: &'b [u8]) -> PointsBuilder<'b> {
        self.0.clear();
        self.0.push(0);
        let start = payload.as_ptr().addr();
        PointsBuilder {
            section: &mut self.0,
            payload,
            at: start..start + payload.len(),
            time: None,
        }
    }

    /// The section as it was filled last, for the same payload again.
    #[inline]
    pub fn points<'b>(&'b self, payload: &'b [u8]) -> Points<'b> {
        let section = if self.0.len() > 1 { &self.0[..] } else { &[] };
        Points::new(section, payload)
    }

    /// How many bytes it has allocated.
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

/// A points section in the making.
///
/// Texts and bytes of what is pushed are looked up by address: those that lie in the payload are not
/// stored a second time.
#[derive(Debug)]
pub struct PointsBuilder<'b> {
    section: &'b mut Vec<u8>,
    payload: &'b [u8],
    /// The addresses of the payload.
    at: Range<usize>,
    time: Option<i64>,
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
        let (kind, value_text) = kind_of(&point.value);
        let time = self.time_of(point.source);
        let more = more_of(point);
        let first = kind
            | time.flag()
            | if point.field.is_some() { HAS_FIELD } else { 0 }
            | if more == 0 { 0 } else { HAS_MORE };
        let mut numbers = Numbers { bytes: [0; NUMBERS_MAX], length: 0 };
        numbers.push(first);
        if more != 0 {
            numbers.push(more);
        }
        numbers.value(&point.value);
        if more != 0 {
            numbers.second_and_quality(point, more);
        }
        numbers.time(time);
        if let Some(seq) = point.seq {
            numbers.varint(seq);
        }
        let texts = [value_text, point.field.map(str::as_bytes), point.unit.map(str::as_bytes)];
        let mut here = false;
        for text in texts.into_iter().flatten() {
            here |= !self.place(text, &mut numbers);
        }
        self.section.extend_from_slice(numbers.bytes.get(..numbers.length).unwrap_or_default());
        if here {
            for text in texts.into_iter().flatten() {
                if self.offset_of(text).is_none() {
                    self.section.extend_from_slice(text);
                }
            }
        }
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
        let mut bytes = Numbers { bytes: [0; NUMBERS_MAX], length: 0 };
        bytes.push(item);
        numbers.iter().for_each(|number| bytes.varint(*number));
        self.section.extend_from_slice(bytes.bytes.get(..bytes.length).unwrap_or_default());
    }

    /// How the time of a point is given beside those before it.
    #[inline]
    fn time_of(&mut self, source: Option<Timestamp>) -> Time {
        let Some(Timestamp(time)) = source else { return Time::None };
        match self.time.replace(time) {
            None => Time::Own(time),
            Some(before) if before == time => Time::Same,
            Some(before) => Time::Delta(time.wrapping_sub(before)),
        }
    }

    /// Where in the payload a text lies.
    #[inline]
    fn offset_of(&self, text: &[u8]) -> Option<usize> {
        let start = text.as_ptr().addr();
        let inside = start >= self.at.start && start + text.len() <= self.at.end;
        (inside && !text.is_empty()).then(|| start - self.at.start)
    }

    /// Says where a text is; whether it lies in the payload.
    #[inline]
    fn place(&self, text: &[u8], numbers: &mut Numbers) -> bool {
        let length = (text.len() as u64) << 1;
        let offset = self.offset_of(text);
        match offset {
            Some(offset) => {
                numbers.varint(length | 1);
                numbers.varint(offset as u64);
            }
            None => numbers.varint(length),
        }
        offset.is_some() || text.is_empty()
    }
}

#[derive(Clone, Copy)]
enum Time {
    None,
    Same,
    Delta(i64),
    Own(i64),
}

impl Time {
    #[inline]
    fn flag(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Same => TIME_SAME,
            Self::Delta(_) => TIME_DELTA,
            Self::Own(_) => TIME_OWN,
        }
    }
}

/// What a value is, and its bytes where they are of any length.
#[inline]
fn kind_of<'a>(value: &ValueRef<'a>) -> (u8, Option<&'a [u8]>) {
    match *value {
        ValueRef::Null => (NULL, None),
        ValueRef::Bool(false) => (FALSE, None),
        ValueRef::Bool(true) => (TRUE, None),
        ValueRef::Int(_) => (INT, None),
        ValueRef::UInt(_) => (UINT, None),
        ValueRef::Float(_) => (FLOAT, None),
        ValueRef::Text(text) => (TEXT, Some(text.as_bytes())),
        ValueRef::Document(text) => (DOCUMENT, Some(text.as_bytes())),
        ValueRef::Bytes(bytes) => (BYTES, Some(bytes)),
    }
}

#[inline]
fn more_of(point: &PointRef<'_>) -> u8 {
    let second = point.second.is_some_and(|second| kind_of(&second).1.is_none());
    debug_assert!(second || point.second.is_none(), "a second form is never a text");
    (if point.quality == Quality::GOOD { 0 } else { HAS_QUALITY })
        | if point.unit.is_some() { HAS_UNIT } else { 0 }
        | if point.seq.is_some() { HAS_SEQ } else { 0 }
        | if point.historical { HISTORICAL } else { 0 }
        | if second { HAS_SECOND } else { 0 }
}

/// The numbers of one item, before they are appended at once.
struct Numbers {
    bytes: [u8; NUMBERS_MAX],
    length: usize,
}

impl Numbers {
    #[inline]
    fn push(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
    }

    #[inline]
    fn fixed<const N: usize>(&mut self, bytes: [u8; N]) {
        self.bytes[self.length..self.length + N].copy_from_slice(&bytes);
        self.length += N;
    }

    #[inline]
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.push((number & 0x7F) as u8 | 0x80);
            number >>= 7;
        }
        self.push((number & 0x7F) as u8);
    }

    #[inline]
    fn zigzag(&mut self, number: i64) {
        self.varint((number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned());
    }

    #[inline]
    fn value(&mut self, value: &ValueRef<'_>) {
        match *value {
            ValueRef::Int(number) => self.zigzag(number),
            ValueRef::UInt(number) => self.fixed(number.to_le_bytes()),
            ValueRef::Float(number) => self.fixed(number.to_bits().to_le_bytes()),
            _ => {}
        }
    }

    fn second_and_quality(&mut self, point: &PointRef<'_>, more: u8) {
        if let (Some(second), true) = (point.second, more & HAS_SECOND != 0) {
            self.push(kind_of(&second).0);
            self.value(&second);
        }
        if more & HAS_QUALITY != 0 {
            self.fixed(point.quality.0.to_le_bytes());
        }
    }

    #[inline]
    fn time(&mut self, time: Time) {
        match time {
            Time::None | Time::Same => {}
            Time::Delta(delta) => self.zigzag(delta),
            Time::Own(time) => self.fixed(time.to_le_bytes()),
        }
    }
}
