//! Finding the next packet in a read buffer, before anything of its body is needed.

use std::ops::Range;

use crate::packet::{Packet, decode};
use crate::{Error, Version};

/// What the front of a read buffer holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// Not a whole packet: at least this many more bytes have to arrive.
    Need(usize),
    /// A whole packet.
    Packet(Framed),
}

/// Where a whole packet lies in the buffer that [`frame`] saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framed {
    /// Its first byte: type and flags.
    pub header: u8,
    /// Its size in bytes; the next packet starts there.
    pub total_len: usize,
    /// Everything after the fixed header.
    pub body: Range<usize>,
    /// Its length takes more bytes than needed, which only MQTT 3.1.1 tolerates.
    pub padded: bool,
}

impl Framed {
    /// Decodes the packet out of the buffer that [`frame`] saw.
    ///
    /// # Errors
    /// The clause that the packet breaks.
    pub fn decode<'a>(&self, version: Version, buf: &'a [u8]) -> Result<Packet<'a>, Error> {
        if self.padded && version == Version::V5 {
            return Err(Error::PaddedInteger);
        }
        let body = buf.get(self.body.clone()).ok_or(Error::Truncated { field: "body" })?;
        decode(version, self.header, body)
    }
}

/// Looks at the fixed header at the front of `buf`.
///
/// # Errors
/// A length beyond four bytes, or a packet larger than `max_packet` bytes in total, which is
/// known and reported before its body has arrived.
#[inline]
pub fn frame(buf: &[u8], max_packet: usize) -> Result<Frame, Error> {
    let Some((&header, rest)) = buf.split_first() else { return Ok(Frame::Need(2)) };
    let mut len = 0_usize;
    for (index, &byte) in rest.iter().take(4).enumerate() {
        len |= usize::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            let start = index + 2;
            let total_len = start + len;
            if total_len > max_packet {
                return Err(Error::PacketTooLarge { len: total_len, max: max_packet });
            }
            if total_len > buf.len() {
                return Ok(Frame::Need(total_len - buf.len()));
            }
            let padded = byte == 0 && index > 0;
            return Ok(Frame::Packet(Framed { header, total_len, body: start..total_len, padded }));
        }
    }
    if rest.len() >= 4 { Err(Error::LongInteger) } else { Ok(Frame::Need(1)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(buf: &[u8], expected: &Result<Frame, Error>) {
        assert_eq!(&frame(buf, 1000), expected, "{buf:02x?}");
    }

    #[test]
    fn lengths() {
        check(&[], &Ok(Frame::Need(2)));
        check(&[0xC0], &Ok(Frame::Need(1)));
        let ping = Framed { header: 0xC0, total_len: 2, body: 2..2, padded: false };
        check(&[0xC0, 0], &Ok(Frame::Packet(ping.clone())));
        check(&[0xC0, 0, 0x30], &Ok(Frame::Packet(ping)));
        check(&[0x30, 5, 1], &Ok(Frame::Need(4)));
        check(&[0x30, 0x80], &Ok(Frame::Need(1)));
        check(&[0x30, 0x80, 0x01], &Ok(Frame::Need(128)));
        check(&[0x30, 0x80, 0x80, 0x80, 0x80], &Err(Error::LongInteger));
        let padded = Framed { header: 0xC0, total_len: 3, body: 3..3, padded: true };
        check(&[0xC0, 0x80, 0], &Ok(Frame::Packet(padded)));
    }

    #[test]
    fn too_large_is_known_from_the_header() {
        let len = 5 + 268_435_455;
        check(&[0x30, 0xFF, 0xFF, 0xFF, 0x7F], &Err(Error::PacketTooLarge { len, max: 1000 }));
        // 997 bytes and a three-byte header are exactly 1,000.
        check(&[0x30, 0xE5, 0x07], &Ok(Frame::Need(997)));
        check(&[0x30, 0xE6, 0x07], &Err(Error::PacketTooLarge { len: 1001, max: 1000 }));
    }

    #[test]
    fn padded_length_is_a_fault_of_version_5_only() {
        let buf = [0xC0, 0x80, 0];
        let Ok(Frame::Packet(framed)) = frame(&buf, 10) else { unreachable!("a whole packet") };
        assert_eq!(framed.decode(Version::V5, &buf), Err(Error::PaddedInteger));
        assert_eq!(framed.decode(Version::V311, &buf), Ok(Packet::Pingreq));
    }
}
