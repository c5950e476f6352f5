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
    pub(super) fn varint(&mut self, number: u64) {
        match number {
            0..0x80 => self.push((number & 0x7F) as u8),
            0x80..0x0100_0000_0000_0000 => self.short_varint(number),
            _ => self.long_varint(number),
        }
    }

    /// One of two to eight bytes, which are made together.
    #[inline]
    fn short_varint(&mut self, number: u64) {
        const MORE: u64 = 0x8080_8080_8080_8080;
        let bits = u64::BITS - number.leading_zeros();
        let length = bits.div_ceil(7);
        // Each step opens a gap between neighbours: groups of 28 bits, then 14, then 7.
        let word = number & 0x0FFF_FFFF | (number & 0x00FF_FFFF_F000_0000) << 4;
        let word = word & 0x0000_3FFF_0000_3FFF | (word & 0x0FFF_C000_0FFF_C000) << 2;
        let word = word & 0x007F_007F_007F_007F | (word & 0x3F80_3F80_3F80_3F80) << 1;
        let word = word | MORE >> (u64::BITS - 8 * (length - 1)) & MORE;
        self.bytes[self.length..self.length + 8].copy_from_slice(&word.to_le_bytes());
        self.length += length as usize;
    }

    fn long_varint(&mut self, mut number: u64) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_of_every_length_are_the_same_in_either_way() {
        for number in (0..64).flat_map(|bit| [1_u64 << bit, (1 << bit) - 1, u64::MAX >> bit]) {
            let (mut one, mut other) = (Numbers::new(), Numbers::new());
            // Others follow, as in an item.
            one.varint(number);
            one.push(7);
            other.long_varint(number);
            other.push(7);
            assert_eq!(one.as_bytes(), other.as_bytes(), "{number}");
        }
    }
}
