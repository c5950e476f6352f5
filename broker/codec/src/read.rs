//! A cursor over the body of a packet: every read is checked and names its field.

use std::num::NonZeroU16;

use crate::{Error, PacketId, PacketType};

/// What is left of a packet body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// All that is left, leaving nothing.
    pub(crate) fn take_rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    #[inline]
    pub(crate) fn take(&mut self, len: usize, field: &'static str) -> Result<&'a [u8], Error> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(Error::Truncated { field })?;
        self.rest = rest;
        Ok(head)
    }

    #[inline]
    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], Error> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(Error::Truncated { field })?;
        self.rest = rest;
        Ok(*head)
    }

    #[inline]
    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, Error> {
        self.array::<1>(field).map(|[byte]| byte)
    }

    #[inline]
    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, Error> {
        self.array(field).map(u16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32, Error> {
        self.array(field).map(u32::from_be_bytes)
    }

    /// A variable byte integer in its shortest form.
    #[inline]
    pub(crate) fn varint(&mut self, field: &'static str) -> Result<u32, Error> {
        // Nearly all are one byte.
        if let Some((&byte, rest)) = self.rest.split_first()
            && byte < 0x80
        {
            self.rest = rest;
            return Ok(u32::from(byte));
        }
        self.long_varint(field)
    }

    fn long_varint(&mut self, field: &'static str) -> Result<u32, Error> {
        let mut value = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.u8(field)?;
            value |= u32::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return if byte == 0 && shift > 0 { Err(Error::PaddedInteger) } else { Ok(value) };
            }
        }
        Err(Error::LongInteger)
    }

    /// Binary data: a two-byte length and that many bytes.
    #[inline]
    pub(crate) fn binary(&mut self, field: &'static str) -> Result<&'a [u8], Error> {
        let len = self.u16(field)?;
        self.take(usize::from(len), field)
    }

    /// A string that is well-formed UTF-8, U+0000 not yet excluded.
    #[inline]
    pub(crate) fn utf8(&mut self, field: &'static str) -> Result<&'a str, Error> {
        let bytes = self.binary(field)?;
        std::str::from_utf8(bytes).map_err(|_| Error::NotUtf8 { field })
    }

    /// A UTF-8 Encoded String of section 1.5.4.
    #[inline]
    pub(crate) fn string(&mut self, field: &'static str) -> Result<&'a str, Error> {
        let text = self.utf8(field)?;
        if text.as_bytes().contains(&0) { Err(Error::NulCharacter { field }) } else { Ok(text) }
    }

    #[inline]
    pub(crate) fn packet_id(&mut self, packet: PacketType) -> Result<PacketId, Error> {
        let id = self.u16("packet identifier")?;
        NonZeroU16::new(id).map(PacketId).ok_or(Error::PacketIdZero { packet })
    }

    /// Fails unless everything has been read.
    pub(crate) const fn finish(&self, packet: PacketType) -> Result<(), Error> {
        match self.rest.len() {
            0 => Ok(()),
            extra => Err(Error::TrailingBytes { packet, extra }),
        }
    }
}
