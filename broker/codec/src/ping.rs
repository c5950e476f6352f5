//! PINGREQ and PINGRESP: two bytes each.

use bytes::BufMut;

use crate::PacketType;

/// Writes a PINGREQ.
pub fn encode_pingreq(out: &mut impl BufMut) {
    out.put_slice(&[PacketType::Pingreq.header(), 0]);
}

/// Writes a PINGRESP.
pub fn encode_pingresp(out: &mut impl BufMut) {
    out.put_slice(&[PacketType::Pingresp.header(), 0]);
}
