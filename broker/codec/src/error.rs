//! What is wrong with a packet: the clause it breaks and the reason code that answers it.

use crate::{PacketType, ReasonCode};

/// Why bytes are not a packet, or a packet cannot become bytes.
///
/// Clause numbers are those of MQTT 5.0 unless the text says 3.1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The packet ends inside a field.
    #[error("the packet ends inside its {field} [MQTT-4.13.1-1]")]
    Truncated {
        /// The field that is cut off.
        field: &'static str,
    },
    /// Bytes remain after the last field.
    #[error("{extra} bytes follow the end of {packet} [MQTT-4.13.1-1]")]
    TrailingBytes {
        /// The packet that should have ended.
        packet: PacketType,
        /// How many bytes are left over.
        extra: usize,
    },
    /// A variable byte integer of more than four bytes.
    #[error("a variable byte integer has more than four bytes [MQTT-1.5.5]")]
    LongInteger,
    /// A variable byte integer in more bytes than it needs.
    #[error("a variable byte integer is padded [MQTT-1.5.5-1]")]
    PaddedInteger,
    /// The packet is larger than the receiver accepts.
    #[error("a packet of {len} bytes exceeds the maximum of {max} [MQTT-3.1.2-24]")]
    PacketTooLarge {
        /// Size of the whole packet.
        len: usize,
        /// What the receiver accepts.
        max: usize,
    },
    /// Packet type 0.
    #[error("packet type {packet_type} is reserved [MQTT-2.1.2]")]
    ReservedType {
        /// The upper four bits of the first byte.
        packet_type: u8,
    },
    /// A packet type the protocol version does not have.
    #[error("{packet} does not exist in MQTT 3.1.1 [MQTT-2.2.1, 3.1.1]")]
    NotInVersion {
        /// The packet.
        packet: PacketType,
    },
    /// Reserved flags of the first byte.
    #[error("the fixed header flags of {packet} are wrong [MQTT-2.1.3-1]")]
    HeaderFlags {
        /// The packet.
        packet: PacketType,
    },
    /// A string that is not UTF-8, or encodes surrogates.
    #[error("the {field} is not well-formed UTF-8 [MQTT-1.5.4-1]")]
    NotUtf8 {
        /// The string.
        field: &'static str,
    },
    /// A string with U+0000.
    #[error("the {field} contains U+0000 [MQTT-1.5.4-2]")]
    NulCharacter {
        /// The string.
        field: &'static str,
    },
    /// PUBLISH with both QoS bits.
    #[error("PUBLISH has QoS 3 [MQTT-3.3.1-4]")]
    QosThree,
    /// DUP on QoS 0.
    #[error("PUBLISH has DUP at QoS 0 [MQTT-3.3.1-2]")]
    DupAtQosZero,
    /// Packet identifier 0.
    #[error("the packet identifier of {packet} is 0 [MQTT-2.2.1-3]")]
    PacketIdZero {
        /// The packet.
        packet: PacketType,
    },
    /// A topic name with `+` or `#`.
    #[error("the topic name contains a wildcard [MQTT-3.3.2-2]")]
    TopicWildcard,
    /// An empty topic name where no alias stands for it.
    #[error("the topic name is empty [MQTT-4.7.3-1]")]
    TopicEmpty,
    /// An empty topic name and no topic alias.
    #[error("the topic name is empty and there is no topic alias [MQTT-3.3.2.1]")]
    TopicMissing,
    /// Topic alias 0.
    #[error("the topic alias is 0 [MQTT-3.3.2-8]")]
    TopicAliasZero,
    /// An empty topic filter.
    #[error("the topic filter is empty [MQTT-4.7.3-1]")]
    FilterEmpty,
    /// A filter with U+0000.
    #[error("the topic filter contains U+0000 [MQTT-4.7.3-2]")]
    FilterNul,
    /// A filter longer than a string may be.
    #[error("the topic filter has more than 65535 bytes [MQTT-4.7.3-3]")]
    FilterLong,
    /// `#` that is not the last level, or not a level of its own.
    #[error("`#` must be the last level and alone in it [MQTT-4.7.1-1]")]
    FilterMultiLevel,
    /// `+` that is not a level of its own.
    #[error("`+` must be alone in its level [MQTT-4.7.1-2]")]
    FilterSingleLevel,
    /// A shared subscription without a usable share name or without a filter.
    #[error("the share name or its filter is missing or has a wildcard [MQTT-4.8.2-1]")]
    ShareName,
    /// No Local on a shared subscription.
    #[error("No Local is set on a shared subscription [MQTT-3.8.3-4]")]
    NoLocalOnShared,
    /// Reserved bits of the subscription options.
    #[error("reserved bits of the subscription options are set [MQTT-3.8.3-5]")]
    SubscribeReserved,
    /// A subscription with QoS 3.
    #[error("a subscription asks for QoS 3 [MQTT-3.8.3.1]")]
    SubscribeQosThree,
    /// Retain Handling 3.
    #[error("a subscription has Retain Handling 3 [MQTT-3.8.3.1]")]
    RetainHandlingThree,
    /// SUBSCRIBE or UNSUBSCRIBE without a filter.
    #[error("{packet} has no topic filter [MQTT-3.8.3-2, MQTT-3.10.3-2]")]
    NoFilters {
        /// The packet.
        packet: PacketType,
    },
    /// SUBACK or UNSUBACK without a code.
    #[error("{packet} has no reason code [MQTT-3.8.4-5, MQTT-3.10.4-5]")]
    NoCodes {
        /// The packet.
        packet: PacketType,
    },
    /// A protocol name that is not MQTT.
    #[error("the protocol name is not MQTT [MQTT-3.1.2-1]")]
    ProtocolName,
    /// A protocol level other than 3, 4 and 5, or one that does not belong to the protocol name.
    #[error("protocol level {level} is not supported [MQTT-3.1.2-2]")]
    UnsupportedProtocol {
        /// The level of CONNECT as it came; its top bit marks a bridge.
        level: u8,
    },
    /// Bit 0 of the connect flags.
    #[error("the reserved connect flag is set [MQTT-3.1.2-3]")]
    ConnectReserved,
    /// Will QoS or Will Retain without a will.
    #[error("will flags are set without a will [MQTT-3.1.2-11, MQTT-3.1.2-13]")]
    WillFlags,
    /// Will QoS 3.
    #[error("the will has QoS 3 [MQTT-3.1.2-12]")]
    WillQosThree,
    /// 3.1.1: a password without a user name.
    #[error("there is a password but no user name [MQTT-3.1.2-22, 3.1.1]")]
    PasswordAlone,
    /// 3.1.1: no client identifier and a session to keep; 3.1: no client identifier.
    #[error("an empty client identifier needs a clean session [MQTT-3.1.3-8, 3.1.1]")]
    ClientIdRequired,
    /// Reserved bits of the CONNACK flags.
    #[error("reserved connect acknowledge flags are set [MQTT-3.2.2-1]")]
    ConnackFlags,
    /// Session Present beside a refusal.
    #[error("Session Present is set on a refused connection [MQTT-3.2.2-6]")]
    SessionPresentOnRefusal,
    /// A reason code the packet does not have.
    #[error("{packet} has no reason code {code:#04x} [MQTT-2.4]")]
    UnknownReason {
        /// The packet.
        packet: PacketType,
        /// The code.
        code: u8,
    },
    /// A property identifier the specification does not have.
    #[error("property {id:#04x} does not exist [MQTT-2.2.2.2]")]
    UnknownProperty {
        /// Its identifier.
        id: u32,
    },
    /// A property that does not belong to the packet.
    #[error("{packet} cannot carry property {id:#04x} [MQTT-2.2.2.2]")]
    PropertyNotAllowed {
        /// The packet, CONNECT for its will.
        packet: PacketType,
        /// Its identifier.
        id: u8,
    },
    /// A property twice.
    #[error("property {id:#04x} appears twice [MQTT-2.2.2.2]")]
    DuplicateProperty {
        /// Its identifier.
        id: u8,
    },
    /// A property value outside its range.
    #[error("property {id:#04x} has a forbidden value [MQTT-2.2.2.2]")]
    PropertyValue {
        /// Its identifier.
        id: u8,
    },
    /// A response topic with a wildcard.
    #[error("the response topic contains a wildcard [MQTT-3.3.2-14]")]
    ResponseTopicWildcard,
    /// Authentication data without a method, or AUTH without a method.
    #[error("the authentication method is missing [MQTT-3.1.2.11.10, MQTT-3.15.2.2.2]")]
    AuthMethodMissing,
    /// To encode: a string or binary longer than 65,535 bytes.
    #[error("a string or binary value has more than 65535 bytes [MQTT-1.5.4]")]
    FieldTooLong,
    /// To encode: a refusal in MQTT 3.1.1 that it has no return code for.
    #[error("CONNACK of MQTT 3.1.1 has no return code for: {reason} [MQTT-3.2.2-6, 3.1.1]")]
    NoReturnCode {
        /// Why the connection is refused.
        reason: ReasonCode,
    },
    /// To encode: a number beyond four bytes of a variable byte integer.
    #[error("{value} does not fit a variable byte integer [MQTT-1.5.5]")]
    IntegerTooLarge {
        /// The length or identifier.
        value: usize,
    },
}

impl Error {
    /// The MQTT 5 reason code that answers this fault in CONNACK, DISCONNECT or an ack.
    #[must_use]
    pub const fn reason(&self) -> ReasonCode {
        match self {
            Self::Truncated { .. }
            | Self::TrailingBytes { .. }
            | Self::LongInteger
            | Self::PaddedInteger
            | Self::ReservedType { .. }
            | Self::HeaderFlags { .. }
            | Self::NotUtf8 { .. }
            | Self::NulCharacter { .. }
            | Self::QosThree
            | Self::DupAtQosZero
            | Self::SubscribeReserved
            | Self::ConnectReserved
            | Self::WillFlags
            | Self::WillQosThree
            | Self::ConnackFlags
            | Self::UnknownProperty { .. }
            | Self::PropertyNotAllowed { .. }
            | Self::UnknownReason { .. } => ReasonCode::MalformedPacket,
            Self::NotInVersion { .. }
            | Self::PacketIdZero { .. }
            | Self::TopicMissing
            | Self::NoLocalOnShared
            | Self::SubscribeQosThree
            | Self::RetainHandlingThree
            | Self::NoFilters { .. }
            | Self::NoCodes { .. }
            | Self::PasswordAlone
            | Self::SessionPresentOnRefusal
            | Self::DuplicateProperty { .. }
            | Self::PropertyValue { .. }
            | Self::ResponseTopicWildcard
            | Self::AuthMethodMissing => ReasonCode::ProtocolError,
            Self::PacketTooLarge { .. } | Self::FieldTooLong | Self::IntegerTooLarge { .. } => {
                ReasonCode::PacketTooLarge
            }
            Self::TopicWildcard | Self::TopicEmpty => ReasonCode::TopicNameInvalid,
            Self::TopicAliasZero => ReasonCode::TopicAliasInvalid,
            Self::FilterEmpty
            | Self::FilterNul
            | Self::FilterLong
            | Self::FilterMultiLevel
            | Self::FilterSingleLevel
            | Self::ShareName => ReasonCode::TopicFilterInvalid,
            Self::ProtocolName | Self::UnsupportedProtocol { .. } => {
                ReasonCode::UnsupportedProtocolVersion
            }
            Self::ClientIdRequired => ReasonCode::ClientIdentifierNotValid,
            Self::NoReturnCode { reason } => *reason,
        }
    }
}
