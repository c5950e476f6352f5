//! Identity: organisations, topics, nodes, publishers and the sequence numbers of the log.

use std::fmt;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        pub struct $name(pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// An organisation: the mounted root a credential names (NS-34).
    OrgId
);
number!(
    /// An interned topic string; immutable, dense from 0.
    TopicId
);
number!(
    /// The dense number of a node inside one data directory, from 0; [`NodeId`] is its global name.
    NodeNo
);
number!(
    /// Who published: one number per connection or in-process publisher.
    PublisherId
);
number!(
    /// An MQTT session that outlives its connection: a number of one data directory, used once.
    SessionNo
);

impl SessionNo {
    /// No session: in an audience it stands for a connection whose session ends with it, and which
    /// was chosen as the member of a share. The record is owed to it until it acknowledges. Records of
    /// a process that is gone are for another member of the share.
    pub const LIVE: Self = Self(0);
}

impl OrgId {
    /// The organisation a fresh data directory starts with.
    pub const DEFAULT: Self = Self(1);
}

/// The global identity of a node: a `UUIDv7` that survives rename, move and restart (NS-10).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NodeId(pub u128);

impl NodeId {
    /// Builds a version 7 UUID from milliseconds since 1970 and 74 random bits (RFC 9562, 5.7).
    pub fn v7(millis: u64, random: u128) -> Self {
        let time = (u128::from(millis) & ((1 << 48) - 1)) << 80;
        let rand_a = (random >> 62) & 0xfff;
        let rand_b = random & ((1 << 62) - 1);
        Self(time | (0x7 << 76) | (rand_a << 64) | (0b10 << 62) | rand_b)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let v = self.0;
        let mask = |shift: u32, bits: u32| (v >> shift) & ((1 << bits) - 1);
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            mask(96, 32),
            mask(80, 16),
            mask(64, 16),
            mask(48, 16),
            mask(0, 48)
        )
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A position in the log: strictly increasing, opaque, not dense, below 2^53, never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Sequence(pub u64);

impl Sequence {
    /// Before every record.
    pub const ZERO: Self = Self(0);
    /// The largest sequence a JSON number carries exactly.
    pub const MAX: Self = Self((1 << 53) - 1);

    /// The sequence right after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
