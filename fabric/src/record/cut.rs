//! Cutting fixed-size pieces off the front of a record.

use uns_model::Timestamp;

/// What is left of a record.
#[derive(Clone, Debug)]
pub(super) struct Cut<'a>(pub(super) &'a [u8]);

impl<'a> Cut<'a> {
    #[inline]
    pub(super) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (piece, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*piece)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    #[inline]
    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    #[inline]
    pub(super) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    #[inline]
    pub(super) fn time(&mut self) -> Option<Timestamp> {
        self.take().map(|bytes| Timestamp(i64::from_le_bytes(bytes)))
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// An unsigned number of seven bits a byte, the lowest first.
    #[inline]
    pub(super) fn varint(&mut self) -> Option<u64> {
        match self.0 {
            [byte, rest @ ..] if *byte < 0x80 => {
                self.0 = rest;
                Some(u64::from(*byte))
            }
            _ => self.short_varint().or_else(|| self.long_varint()),
        }
    }

    /// One of up to eight bytes, with eight bytes left: all of them are looked at together.
    #[inline]
    fn short_varint(&mut self) -> Option<u64> {
        const ENDS: u64 = 0x8080_8080_8080_8080;
        let word = u64::from_le_bytes(*self.0.first_chunk()?);
        let ends = !word & ENDS;
        if ends == 0 {
            return None;
        }
        let bits = ends.trailing_zeros() + 1;
        let word = word & (u64::MAX >> (64 - bits)) & !ENDS;
        // Each step closes the gaps between neighbours: groups of 7, then 14, then 28 bits.
        let word = word & 0x007F_007F_007F_007F | (word & 0x7F00_7F00_7F00_7F00) >> 1;
        let word = word & 0x0000_3FFF_0000_3FFF | (word & 0x3FFF_0000_3FFF_0000) >> 2;
        let word = word & 0x0FFF_FFFF | (word & 0x0FFF_FFFF_0000_0000) >> 4;
        self.0 = self.0.get(bits as usize / 8..)?;
        Some(word)
    }

    /// One of any length, or near the end.
    fn long_varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            if shift == 63 && bits > 1 {
                return None;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// A signed number, small ones of either sign in few bytes.
    #[inline]
    pub(super) fn zigzag(&mut self) -> Option<i64> {
        let number = self.varint()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// The next `length` bytes.
    #[inline]
    pub(super) fn piece(&mut self, length: u32) -> Option<&'a [u8]> {
        let (piece, rest) = self.0.split_at_checked(length as usize)?;
        self.0 = rest;
        Some(piece)
    }

    /// What is left, as text.
    pub(super) fn text(&self) -> Option<&'a str> {
        std::str::from_utf8(self.0).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn varint_bytes(mut number: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while number >= 0x80 {
            bytes.push((number & 0x7F) as u8 | 0x80);
            number >>= 7;
        }
        bytes.push((number & 0x7F) as u8);
        bytes
    }

    #[test]
    fn numbers_of_every_length_are_read_with_and_without_bytes_behind_them() {
        for number in (0..64).flat_map(|bit| [1_u64 << bit, (1 << bit) - 1, u64::MAX >> bit]) {
            for behind in [0, 1, 7, 8, 20] {
                let mut bytes = varint_bytes(number);
                bytes.extend(std::iter::repeat_n(0xFF, behind));
                let mut cut = Cut(&bytes);
                assert_eq!((cut.varint(), cut.0.len()), (Some(number), behind), "{number}");
            }
        }
    }

    proptest! {
        #[test]
        fn all_bytes_read_alike_in_either_way(
            bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 0x80..=0xFF_u8], 0..12),
        ) {
            let (mut one, mut other) = (Cut(&bytes), Cut(&bytes));
            let (fast, slow) = (one.varint(), other.long_varint());
            prop_assert_eq!(fast, slow);
            if fast.is_some() {
                prop_assert_eq!(one.0, other.0);
            }
        }
    }
}
