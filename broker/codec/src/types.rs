//! The small words of the protocol: version, quality of service, packet identifier and type.

use std::fmt;
use std::num::NonZeroU16;

/// The protocol version of a connection, chosen by its CONNECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Version {
    /// MQTT 3.1, protocol level 3 under the name `MQIsdp`; on the wire it is MQTT 3.1.1 but for the
    /// few places that name it.
    V31,
    /// MQTT 3.1.1, protocol level 4.
    V311,
    /// MQTT 5.0, protocol level 5.
    V5,
}

impl Version {
    /// Every version, the oldest first.
    pub const ALL: [Self; 3] = [Self::V31, Self::V311, Self::V5];

    /// The protocol name in CONNECT.
    #[must_use]
    pub const fn protocol_name(self) -> &'static str {
        match self {
            Self::V31 => "MQIsdp",
            Self::V311 | Self::V5 => "MQTT",
        }
    }

    /// The protocol level in CONNECT.
    #[must_use]
    pub const fn level(self) -> u8 {
        match self {
            Self::V31 => 3,
            Self::V311 => 4,
            Self::V5 => 5,
        }
    }
}

/// Quality of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[repr(u8)]
pub enum QoS {
    /// QoS 0: at most once.
    #[default]
    AtMostOnce = 0,
    /// QoS 1: at least once.
    AtLeastOnce = 1,
    /// QoS 2: exactly once.
    ExactlyOnce = 2,
}

impl QoS {
    /// The level with this number.
    #[must_use]
    pub const fn from_level(level: u8) -> Option<Self> {
        match level {
            0 => Some(Self::AtMostOnce),
            1 => Some(Self::AtLeastOnce),
            2 => Some(Self::ExactlyOnce),
            _ => None,
        }
    }

    /// 0, 1 or 2.
    #[must_use]
    pub const fn level(self) -> u8 {
        self as u8
    }
}

/// A packet identifier, never 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PacketId(pub NonZeroU16);

impl PacketId {
    /// The identifier 1.
    pub const FIRST: Self = Self(NonZeroU16::MIN);

    /// The identifier with this number, unless it is 0.
    #[must_use]
    pub const fn new(id: u16) -> Option<Self> {
        match NonZeroU16::new(id) {
            Some(id) => Some(Self(id)),
            None => None,
        }
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0.get()
    }

    /// The identifier that follows, 1 after 65,535.
    #[must_use]
    pub const fn next(self) -> Self {
        match self.0.checked_add(1) {
            Some(id) => Self(id),
            None => Self::FIRST,
        }
    }
}

impl fmt::Display for PacketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! packet_types {
    ($($number:literal $name:ident $text:literal,)*) => {
        /// A control packet type: the upper four bits of the first byte.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum PacketType {
            $(#[doc = $text] $name = $number,)*
        }

        impl PacketType {
            /// The type in the upper four bits of a first byte; 0 is reserved.
            #[must_use]
            pub const fn from_header(header: u8) -> Option<Self> {
                match header >> 4 {
                    $($number => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// Its name in the specification.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

packet_types! {
    1 Connect "CONNECT",
    2 Connack "CONNACK",
    3 Publish "PUBLISH",
    4 Puback "PUBACK",
    5 Pubrec "PUBREC",
    6 Pubrel "PUBREL",
    7 Pubcomp "PUBCOMP",
    8 Subscribe "SUBSCRIBE",
    9 Suback "SUBACK",
    10 Unsubscribe "UNSUBSCRIBE",
    11 Unsuback "UNSUBACK",
    12 Pingreq "PINGREQ",
    13 Pingresp "PINGRESP",
    14 Disconnect "DISCONNECT",
    15 Auth "AUTH",
}

impl PacketType {
    /// The first byte of a packet of this type, without the flags of PUBLISH.
    #[must_use]
    pub const fn header(self) -> u8 {
        let flags = match self {
            Self::Pubrel | Self::Subscribe | Self::Unsubscribe => 0b0010,
            Self::Connect
            | Self::Connack
            | Self::Publish
            | Self::Puback
            | Self::Pubrec
            | Self::Pubcomp
            | Self::Suback
            | Self::Unsuback
            | Self::Pingreq
            | Self::Pingresp
            | Self::Disconnect
            | Self::Auth => 0,
        };
        (self as u8) << 4 | flags
    }
}

impl fmt::Display for PacketType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
