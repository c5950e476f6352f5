//! SUBACK: one reason code for each filter of SUBSCRIBE.

use std::fmt;

use bytes::BufMut;

use crate::read::Reader;
use crate::write::{Body, Put, plain, section};
use crate::{AckProperties, Error, PacketId, PacketType, ReasonCode, Version};

/// A SUBACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suback<'a> {
    /// That of SUBSCRIBE.
    pub packet_id: PacketId,
    /// Empty in MQTT 3.1.1.
    pub properties: AckProperties<'a>,
    /// One for each filter, in its order; MQTT 3.1.1 knows only one failure.
    pub codes: ReasonCodes<'a>,
}

/// Reason codes, borrowed from the wire or from the sender's list.
#[derive(Clone, Copy)]
pub struct ReasonCodes<'a>(Codes<'a>);

#[derive(Clone, Copy)]
enum Codes<'a> {
    Wire(&'a [u8]),
    List(&'a [ReasonCode]),
}

impl<'a> ReasonCodes<'a> {
    /// Those of a list.
    #[must_use]
    pub const fn new(list: &'a [ReasonCode]) -> Self {
        Self(Codes::List(list))
    }

    /// Over bytes of which each is a code that `packet` knows.
    pub(crate) fn read(
        packet: PacketType,
        raw: &'a [u8],
        known: impl Fn(ReasonCode) -> bool,
    ) -> Result<Self, Error> {
        if raw.is_empty() {
            return Err(Error::NoCodes { packet });
        }
        match raw.iter().find(|byte| !ReasonCode::from_byte(**byte).is_some_and(&known)) {
            Some(code) => Err(Error::UnknownReason { packet, code: *code }),
            None => Ok(Self(Codes::Wire(raw))),
        }
    }

    /// The codes in order.
    pub fn iter(&self) -> impl Iterator<Item = ReasonCode> + use<'a> {
        let (raw, list): (&[u8], &[ReasonCode]) = match self.0 {
            Codes::Wire(raw) => (raw, &[]),
            Codes::List(list) => (&[], list),
        };
        raw.iter().filter_map(|byte| ReasonCode::from_byte(*byte)).chain(list.iter().copied())
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self.0 {
            Codes::Wire(raw) => raw.len(),
            Codes::List(list) => list.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl PartialEq for ReasonCodes<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for ReasonCodes<'_> {}

impl fmt::Debug for ReasonCodes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a> Suback<'a> {
    pub(crate) fn decode(version: Version, body: &'a [u8]) -> Result<Self, Error> {
        let mut from = Reader::new(body);
        let packet_id = from.packet_id(PacketType::Suback)?;
        let properties = match version {
            Version::V31 | Version::V311 => AckProperties::default(),
            Version::V5 => AckProperties::read(&mut from, PacketType::Suback)?,
        };
        let codes = ReasonCodes::read(PacketType::Suback, from.take_rest(), |code| {
            matches!(
                code,
                ReasonCode::Success
                    | ReasonCode::GrantedQoS1
                    | ReasonCode::GrantedQoS2
                    | ReasonCode::UnspecifiedError
            ) || (version == Version::V5 && is_v5_failure(code))
        })?;
        Ok(Self { packet_id, properties, codes })
    }

    /// Writes it and returns its length.
    ///
    /// # Errors
    /// A property is too long; nothing is written.
    pub fn encode(&self, version: Version, out: &mut impl BufMut) -> Result<usize, Error> {
        plain(PacketType::Suback, &(version, self), out)
    }
}

const fn is_v5_failure(code: ReasonCode) -> bool {
    matches!(
        code,
        ReasonCode::ImplementationSpecificError
            | ReasonCode::NotAuthorized
            | ReasonCode::TopicFilterInvalid
            | ReasonCode::PacketIdentifierInUse
            | ReasonCode::QuotaExceeded
            | ReasonCode::SharedSubscriptionsNotSupported
            | ReasonCode::SubscriptionIdentifiersNotSupported
            | ReasonCode::WildcardSubscriptionsNotSupported
    )
}

impl Body for (Version, &Suback<'_>) {
    fn put(&self, out: &mut impl Put) {
        let (version, suback) = *self;
        out.u16(suback.packet_id.get());
        if version == Version::V5 {
            section(out, &suback.properties);
        }
        for code in suback.codes.iter() {
            let nearest = version != Version::V5 && code.is_error();
            out.u8(if nearest { ReasonCode::UnspecifiedError.byte() } else { code.byte() });
        }
    }
}
