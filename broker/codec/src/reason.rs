//! Reason codes of MQTT 5 and their counterparts in MQTT 3.1.1.

use std::fmt;

macro_rules! reason_codes {
    ($($code:literal $name:ident $text:literal,)*) => {
        /// A reason code, named as in MQTT 5 section 2.4.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum ReasonCode {
            $(#[doc = $text] $name = $code,)*
        }

        impl ReasonCode {
            /// Every code, in ascending order.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code with this byte, if the specification has one.
            #[must_use]
            pub const fn from_byte(byte: u8) -> Option<Self> {
                match byte {
                    $($code => Some(Self::$name),)*
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

reason_codes! {
    0x00 Success "Success",
    0x01 GrantedQoS1 "Granted QoS 1",
    0x02 GrantedQoS2 "Granted QoS 2",
    0x04 DisconnectWithWillMessage "Disconnect with Will Message",
    0x10 NoMatchingSubscribers "No matching subscribers",
    0x11 NoSubscriptionExisted "No subscription existed",
    0x18 ContinueAuthentication "Continue authentication",
    0x19 ReAuthenticate "Re-authenticate",
    0x80 UnspecifiedError "Unspecified error",
    0x81 MalformedPacket "Malformed Packet",
    0x82 ProtocolError "Protocol Error",
    0x83 ImplementationSpecificError "Implementation specific error",
    0x84 UnsupportedProtocolVersion "Unsupported Protocol Version",
    0x85 ClientIdentifierNotValid "Client Identifier not valid",
    0x86 BadUserNameOrPassword "Bad User Name or Password",
    0x87 NotAuthorized "Not authorized",
    0x88 ServerUnavailable "Server unavailable",
    0x89 ServerBusy "Server busy",
    0x8A Banned "Banned",
    0x8B ServerShuttingDown "Server shutting down",
    0x8C BadAuthenticationMethod "Bad authentication method",
    0x8D KeepAliveTimeout "Keep Alive timeout",
    0x8E SessionTakenOver "Session taken over",
    0x8F TopicFilterInvalid "Topic Filter invalid",
    0x90 TopicNameInvalid "Topic Name invalid",
    0x91 PacketIdentifierInUse "Packet Identifier in use",
    0x92 PacketIdentifierNotFound "Packet Identifier not found",
    0x93 ReceiveMaximumExceeded "Receive Maximum exceeded",
    0x94 TopicAliasInvalid "Topic Alias invalid",
    0x95 PacketTooLarge "Packet too large",
    0x96 MessageRateTooHigh "Message rate too high",
    0x97 QuotaExceeded "Quota exceeded",
    0x98 AdministrativeAction "Administrative action",
    0x99 PayloadFormatInvalid "Payload format invalid",
    0x9A RetainNotSupported "Retain not supported",
    0x9B QoSNotSupported "QoS not supported",
    0x9C UseAnotherServer "Use another server",
    0x9D ServerMoved "Server moved",
    0x9E SharedSubscriptionsNotSupported "Shared Subscriptions not supported",
    0x9F ConnectionRateExceeded "Connection rate exceeded",
    0xA0 MaximumConnectTime "Maximum connect time",
    0xA1 SubscriptionIdentifiersNotSupported "Subscription Identifiers not supported",
    0xA2 WildcardSubscriptionsNotSupported "Wildcard Subscriptions not supported",
}

impl ReasonCode {
    /// What 0x00 is called in SUBACK.
    pub const GRANTED_QOS_0: Self = Self::Success;
    /// What 0x00 is called in DISCONNECT.
    pub const NORMAL_DISCONNECTION: Self = Self::Success;

    /// The byte on the wire.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// Whether it reports a failure (0x80 and above).
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.byte() >= 0x80
    }

    /// The CONNACK return code of MQTT 3.1.1 that says the same, if it has one. 3 has its client try
    /// again, so it stands only for what may be over by then; a CONNECT against the rules is
    /// answered with none (3.1.1, section 4.8).
    #[must_use]
    pub const fn to_return_code(self) -> Option<u8> {
        Some(match self {
            Self::Success => 0,
            Self::UnsupportedProtocolVersion => 1,
            Self::ClientIdentifierNotValid => 2,
            Self::ServerUnavailable
            | Self::ServerBusy
            | Self::ServerShuttingDown
            | Self::UnspecifiedError
            | Self::ImplementationSpecificError
            | Self::UseAnotherServer
            | Self::ServerMoved
            | Self::MessageRateTooHigh
            | Self::QuotaExceeded
            | Self::ConnectionRateExceeded => 3,
            Self::BadUserNameOrPassword | Self::BadAuthenticationMethod => 4,
            Self::NotAuthorized | Self::Banned => 5,
            _ => return None,
        })
    }

    /// The reason code that says what a CONNACK return code of MQTT 3.1.1 does.
    #[must_use]
    pub const fn from_return_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Success),
            1 => Some(Self::UnsupportedProtocolVersion),
            2 => Some(Self::ClientIdentifierNotValid),
            3 => Some(Self::ServerUnavailable),
            4 => Some(Self::BadUserNameOrPassword),
            5 => Some(Self::NotAuthorized),
            _ => None,
        }
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_codes_agree() {
        let known = (0..=u8::MAX).filter_map(ReasonCode::from_byte).collect::<Vec<_>>();
        assert_eq!(known, ReasonCode::ALL);
        assert!(known.iter().all(|code| ReasonCode::from_byte(code.byte()) == Some(*code)));
        assert_eq!(known.len(), 43);
    }

    #[test]
    fn return_codes_of_3_1_1_survive() {
        for code in 0..=5 {
            let reason = ReasonCode::from_return_code(code).unwrap();
            assert_eq!(reason.to_return_code(), Some(code));
        }
        assert_eq!(ReasonCode::from_return_code(6), None);
        assert_eq!(ReasonCode::QuotaExceeded.to_return_code(), Some(3));
        for rules in [ReasonCode::MalformedPacket, ReasonCode::ProtocolError] {
            assert_eq!(rules.to_return_code(), None);
        }
    }
}
