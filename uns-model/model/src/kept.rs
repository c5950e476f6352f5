//! A message as it is kept, as retained ones are: one allocation that all who keep it share.

use std::fmt;
use std::sync::Arc;

/// QoS, Message Expiry Interval, properties and payload of a message. Most have neither interval
/// nor properties, and those cost one byte beside the payload.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept(Arc<[u8]>);

const QOS: u8 = 0b0011;
const HAS_EXPIRY: u8 = 0b0100;
const HAS_PROPERTIES: u8 = 0b1000;
const NUMBER: usize = size_of::<u32>();

impl Kept {
    /// Keeps a message; `properties` are the MQTT 5 properties in wire form without their length.
    pub fn new(qos: u8, expiry: Option<u32>, properties: &[u8], payload: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(1 + 2 * NUMBER + properties.len() + payload.len());
        let expires = if expiry.is_some() { HAS_EXPIRY } else { 0 };
        let has = if properties.is_empty() { 0 } else { HAS_PROPERTIES };
        bytes.push(qos & QOS | expires | has);
        bytes.extend(expiry.map(u32::to_le_bytes).iter().flatten());
        if !properties.is_empty() {
            let length = u32::try_from(properties.len()).expect("a packet is below 4 GiB");
            bytes.extend(length.to_le_bytes());
            bytes.extend_from_slice(properties);
        }
        bytes.extend_from_slice(payload);
        Self(bytes.into())
    }

    /// Whether both are one allocation.
    pub fn is_shared_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
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
        self.0.len()
    }

    fn split(&self) -> (u8, &[u8]) {
        match &*self.0 {
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

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Payloads do not belong into logs.
        write!(f, "Kept({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_comes_back() {
        for expiry in [None, Some(0), Some(u32::MAX)] {
            for properties in [&b""[..], b"\x03\0\x01x"] {
                for payload in [&b""[..], b"21.5"] {
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
        let kept = Kept::new(1, None, b"", b"x");
        assert!(kept.is_shared_with(&kept.clone()));
        let other = Kept::new(1, None, b"", b"x");
        assert!(!kept.is_shared_with(&other));
        assert_eq!(kept, other);
    }
}
