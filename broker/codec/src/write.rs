//! Writing packets: one description of the fields serves both to measure and to write them.

use bytes::BufMut;

use crate::{Error, PacketType};

/// The largest value of a variable byte integer.
pub(crate) const VARINT_MAX: usize = 268_435_455;

/// Where fields go: into a buffer, or into a [`Measure`].
pub(crate) trait Put {
    fn slice(&mut self, bytes: &[u8]);

    fn u8(&mut self, value: u8) {
        self.slice(&[value]);
    }

    fn u16(&mut self, value: u16) {
        self.slice(&value.to_be_bytes());
    }

    fn u32(&mut self, value: u32) {
        self.slice(&value.to_be_bytes());
    }

    /// A value beyond [`VARINT_MAX`] is a fault that the measuring run reports.
    fn varint(&mut self, value: usize);

    /// Binary data, or the bytes of a string, with their two-byte length.
    fn binary(&mut self, bytes: &[u8]);

    fn string(&mut self, text: &str) {
        self.binary(text.as_bytes());
    }
}

/// Counts bytes and notes the first fault, so that nothing is written of a packet with one.
#[derive(Debug, Default)]
pub(crate) struct Measure {
    len: usize,
    fault: Option<Error>,
}

impl Put for Measure {
    fn slice(&mut self, bytes: &[u8]) {
        self.len += bytes.len();
    }

    fn varint(&mut self, value: usize) {
        self.len += varint_len(value);
        if value > VARINT_MAX {
            self.fault.get_or_insert(Error::IntegerTooLarge { value });
        }
    }

    fn binary(&mut self, bytes: &[u8]) {
        self.len += 2 + bytes.len();
        if bytes.len() > usize::from(u16::MAX) {
            self.fault.get_or_insert(Error::FieldTooLong);
        }
    }
}

impl Measure {
    pub(crate) fn result(self) -> Result<usize, Error> {
        match self.fault {
            Some(fault) => Err(fault),
            None => Ok(self.len),
        }
    }
}

/// Writes to any buffer that grows.
#[derive(Debug)]
pub(crate) struct Sink<'b, B>(pub(crate) &'b mut B);

impl<B: BufMut> Put for Sink<'_, B> {
    #[inline]
    fn slice(&mut self, bytes: &[u8]) {
        self.0.put_slice(bytes);
    }

    #[inline]
    fn varint(&mut self, value: usize) {
        let mut rest = value;
        loop {
            let low = u8::try_from(rest & 0x7F).expect("seven bits fit a byte");
            rest >>= 7;
            if rest == 0 {
                return self.0.put_u8(low);
            }
            self.0.put_u8(low | 0x80);
        }
    }

    #[inline]
    fn binary(&mut self, bytes: &[u8]) {
        let len = u16::try_from(bytes.len()).expect("measured before it is written");
        self.0.put_u16(len);
        self.0.put_slice(bytes);
    }
}

/// How many bytes a variable byte integer takes.
pub(crate) const fn varint_len(value: usize) -> usize {
    match value {
        0..=127 => 1,
        128..=16_383 => 2,
        16_384..=2_097_151 => 3,
        _ => 4,
    }
}

/// The fields of a packet body, in order.
pub(crate) trait Body {
    fn put(&self, out: &mut impl Put);
}

/// The properties of a packet, without their length.
pub(crate) trait Section {
    fn put(&self, out: &mut impl Put);

    /// Their length in bytes.
    fn len(&self) -> usize {
        let mut measure = Measure::default();
        self.put(&mut measure);
        measure.len
    }
}

/// Writes a property section with its length before it.
pub(crate) fn section(out: &mut impl Put, properties: &impl Section) {
    out.varint(properties.len());
    properties.put(out);
}

/// Writes a whole packet and returns its length; on a fault nothing is written.
pub(crate) fn packet(header: u8, body: &impl Body, out: &mut impl BufMut) -> Result<usize, Error> {
    let mut measure = Measure::default();
    body.put(&mut measure);
    let len = measure.result()?;
    if len > VARINT_MAX {
        return Err(Error::IntegerTooLarge { value: len });
    }
    let mut sink = Sink(out);
    sink.u8(header);
    sink.varint(len);
    body.put(&mut sink);
    Ok(1 + varint_len(len) + len)
}

/// [`packet`] for the types whose flags are fixed.
pub(crate) fn plain(
    packet_type: PacketType,
    body: &impl Body,
    out: &mut impl BufMut,
) -> Result<usize, Error> {
    packet(packet_type.header(), body, out)
}
