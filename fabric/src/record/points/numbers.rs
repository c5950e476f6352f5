//! The numbers of one item, gathered before they are appended to its section at once.

use uns_model::ValueRef;

use super::codes::{DECIMAL, INT, TIME_DELTA, TIME_OWN, TIME_SAME};

/// What all numbers of one point can take: two bytes of flags, value, second form with its kind,
/// quality, time, seq, and three places of two varints.
const NUMBERS_MAX: usize = 2 + 10 + 11 + 4 + 10 + 10 + 3 * 20;

/// How the time of a point is given beside those before it.
#[derive(Clone, Copy)]
pub(super) enum Time {
    None,
    Same,
    Delta(i64),
    Own(i64),
}

impl Time {
    #[inline]
    pub(super) fn flag(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Same => TIME_SAME,
            Self::Delta(_) => TIME_DELTA,
            Self::Own(_) => TIME_OWN,
        }
    }
}

/// How a value is stored.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Nothing but its kind, or a text.
    Bare(u8),
    Int(i64),
    Fixed(u8, u64),
    Decimal(u64),
}

impl Kind {
    #[inline]
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Bare(kind) | Self::Fixed(kind, _) => kind,
            Self::Int(_) => INT,
            Self::Decimal(_) => DECIMAL,
        }
    }
}

pub(super) fn is_text(value: &ValueRef<'_>) -> bool {
    matches!(value, ValueRef::Text(_) | ValueRef::Document(_) | ValueRef::Bytes(_))
}

/// The numbers of one item, before they are appended at once.
pub(super) struct Numbers {
    bytes: [u8; NUMBERS_MAX],
    length: usize,
}

impl Numbers {
    #[inline]
    pub(super) fn new() -> Self {
        Self { bytes: [0; NUMBERS_MAX], length: 0 }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    #[inline]
    pub(super) fn push(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
    }

    #[inline]
    pub(super) fn fixed<const N: usize>(&mut self, bytes: [u8; N]) {
        self.bytes[self.length..self.length + N].copy_from_slice(&bytes);
        self.length += N;
    }

    #[inline]
    pub(super) fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.push((number & 0x7F) as u8 | 0x80);
            number >>= 7;
        }
        self.push((number & 0x7F) as u8);
    }

    #[inline]
    pub(super) fn zigzag(&mut self, number: i64) {
        self.varint((number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned());
    }

    #[inline]
    pub(super) fn number(&mut self, kind: Kind) {
        match kind {
            Kind::Bare(_) => {}
            Kind::Int(number) => self.zigzag(number),
            Kind::Fixed(_, number) => self.fixed(number.to_le_bytes()),
            Kind::Decimal(digits) => self.varint(digits),
        }
    }

    /// Where a text is: its offset, or that it follows.
    #[inline]
    pub(super) fn place(&mut self, text: &[u8], placed: Option<usize>) {
        let length = (text.len() as u64) << 1;
        match placed {
            Some(offset) => {
                self.varint(length | 1);
                self.varint(offset as u64);
            }
            None => self.varint(length),
        }
    }

    #[inline]
    pub(super) fn time(&mut self, time: Time) {
        match time {
            Time::None | Time::Same => {}
            Time::Delta(delta) => self.zigzag(delta),
            Time::Own(time) => self.fixed(time.to_le_bytes()),
        }
    }
}
