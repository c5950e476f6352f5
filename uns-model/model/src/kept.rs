//! A message as it is kept, as retained ones are: a small one in place, as most values of a plant are,
//! a larger one in an allocation that all who keep it share.

use std::fmt;
use std::sync::Arc;

/// QoS, Message Expiry Interval, properties and payload of a message. Most have neither interval
/// nor properties, and those cost one byte beside the payload.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept(Bytes);

#[derive(Clone, PartialEq, Eq)]
enum Bytes {
    Here {
        len: u8,
        bytes: [u8; HERE_MAX],
    },
    /// Behind a pointer of one word: there are millions of these, and few are large.
    Shared(Arc<Box<[u8]>>),
}

/// Bytes that lie in place, in what a pointer and its length would take.
const HERE_MAX: usize = 14;

const _: () = assert!(size_of::<Kept>() == 16 && size_of::<Option<Kept>>() == 16);

const QOS: u8 = 0b0011;
const HAS_EXPIRY: u8 = 0b0100;
const HAS_PROPERTIES: u8 = 0b1000;
const NUMBER: usize = size_of::<u32>();

impl Kept {
    /// Keeps a message; `properties` are the MQTT 5 properties in wire form without their length.
    pub fn new(qos: u8, expiry: Option<u32>, properties: &[u8], payload: &[u8]) -> Self {
        let expires = if expiry.is_some() { HAS_EXPIRY } else { 0 };
        let has = if properties.is_empty() { 0 } else { HAS_PROPERTIES };
        let expiry = expiry.map(u32::to_le_bytes);
        let length = (!properties.is_empty())
            .then(|| u32::try_from(properties.len()).expect("a packet is below 4 GiB"))
            .map(u32::to_le_bytes);
        Self(Bytes::joined([
            &[qos & QOS | expires | has],
            expiry.as_ref().map_or(&[], |bytes| &bytes[..]),
            length.as_ref().map_or(&[], |bytes| &bytes[..]),
            properties,
            payload,
        ]))
    }

    /// Whether it lies in place: there is nothing to share.
    pub fn is_in_place(&self) -> bool {
        matches!(self.0, Bytes::Here { .. })
    }

    /// Whether both are one allocation, or need none and are equal.
    pub fn is_shared_with(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Bytes::Shared(one), Bytes::Shared(other)) => Arc::ptr_eq(one, other),
            (one, other) => one == other,
        }
    }

    /// The QoS it was published with.
    pub fn qos(&self) -> u8 {
        self.split().0 & QOS
    }

    /// Its Message Expiry Interval in seconds.
    pub fn expiry(&self) -> Option<u32> {
        let (head, rest) = self.split();
        if head & HAS_EXPIRY == 0 {
            return None;
        }
        rest.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
    }

    /// Its MQTT 5 properties in wire form without their length.
    pub fn properties(&self) -> &[u8] {
        self.parts().0
    }

    /// What was published.
    pub fn payload(&self) -> &[u8] {
        self.parts().1
    }

    /// How many bytes it keeps.
    pub fn bytes_len(&self) -> usize {
        self.0.as_slice().len()
    }

    fn split(&self) -> (u8, &[u8]) {
        match self.0.as_slice() {
            [head, rest @ ..] => (*head, rest),
            [] => (0, &[]),
        }
    }

    fn parts(&self) -> (&[u8], &[u8]) {
        let (head, mut rest) = self.split();
        if head & HAS_EXPIRY != 0 {
            rest = rest.get(NUMBER..).unwrap_or_default();
        }
        match rest.split_first_chunk() {
            Some((length, rest)) if head & HAS_PROPERTIES != 0 => {
                rest.split_at_checked(u32::from_le_bytes(*length) as usize).unwrap_or_default()
            }
            _ => (&[], rest),
        }
    }
}

impl Bytes {
    fn joined(parts: [&[u8]; 5]) -> Self {
        let len = parts.iter().map(|part| part.len()).sum();
        let mut bytes = [0; HERE_MAX];
        let (Some(mut rest), Ok(len)) = (bytes.get_mut(..len), u8::try_from(len)) else {
            return Self::Shared(Arc::new(parts.concat().into()));
        };
        for part in parts {
            let (to, behind) = rest.split_at_mut(part.len());
            to.copy_from_slice(part);
            rest = behind;
        }
        Self::Here { len, bytes }
    }

    #[inline]
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Here { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or(bytes),
            Self::Shared(bytes) => bytes,
        }
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Payloads do not belong into logs.
        write!(f, "Kept({} bytes)", self.bytes_len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_comes_back() {
        for expiry in [None, Some(0), Some(u32::MAX)] {
            for properties in [&b""[..], b"\x03\0\x01x"] {
                for payload in [&b""[..], b"21.5", b"a payload that does not lie in place"] {
                    for qos in 0..3 {
                        let kept = Kept::new(qos, expiry, properties, payload);
                        assert_eq!((kept.qos(), kept.expiry()), (qos, expiry));
                        assert_eq!((kept.properties(), kept.payload()), (properties, payload));
                    }
                }
            }
        }
        assert_eq!(Kept::new(1, None, b"", b"21.5").bytes_len(), 5);
    }

    #[test]
    fn clones_share_and_equals_need_not() {
        let payload = [b'x'; HERE_MAX];
        let kept = Kept::new(1, None, b"", &payload);
        assert!(!kept.is_in_place() && kept.is_shared_with(&kept.clone()));
        let other = Kept::new(1, None, b"", &payload);
        assert!(!kept.is_shared_with(&other));
        assert_eq!(kept, other);
        let small = Kept::new(1, None, b"", &payload[1..]);
        assert!(small.is_in_place() && small.bytes_len() == HERE_MAX);
        assert!(small.is_shared_with(&Kept::new(1, None, b"", &payload[1..])));
        assert!(!small.is_shared_with(&kept));
    }
}
