//! CONNACK: the server's answer to CONNECT and what it offers.

use std::num::{NonZeroU16, NonZeroU32};

use bytes::BufMut;

use crate::property::{Place, Property, PropertyReader};
use crate::read::Reader;
use crate::write::{Body, Put, Section, plain, section};
use crate::{Error, PacketType, QoS, ReasonCode, UserProperties, Version};

/// A CONNACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connack<'a> {
    /// The server has state of this client; never beside a refusal.
    pub session_present: bool,
    /// Success or why not; in MQTT 3.1.1 written as the nearest return code.
    pub reason: ReasonCode,
    /// Empty in MQTT 3.1.1.
    pub properties: ConnackProperties<'a>,
}

/// Properties of CONNACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConnackProperties<'a> {
    /// Session Expiry Interval in seconds.
    pub session_expiry_interval: Option<u32>,
    /// Receive Maximum.
    pub receive_maximum: Option<NonZeroU16>,
    /// Maximum QoS, 0 or 1; absent for 2.
    pub maximum_qos: Option<QoS>,
    /// Retain Available.
    pub retain_available: Option<bool>,
    /// Maximum Packet Size in bytes.
    pub maximum_packet_size: Option<NonZeroU32>,
    /// Assigned Client Identifier.
    pub assigned_client_identifier: Option<&'a str>,
    /// Topic Alias Maximum.
    pub topic_alias_maximum: Option<u16>,
    /// Reason String.
    pub reason_string: Option<&'a str>,
    /// User Properties.
    pub user: UserProperties<'a>,
    /// Wildcard Subscription Available.
    pub wildcard_subscription_available: Option<bool>,
    /// Subscription Identifier Available.
    pub subscription_identifier_available: Option<bool>,
    /// Shared Subscription Available.
    pub shared_subscription_available: Option<bool>,
    /// Server Keep Alive in seconds.
    pub server_keep_alive: Option<u16>,
    /// Response Information.
    pub response_information: Option<&'a str>,
    /// Server Reference.
    pub server_reference: Option<&'a str>,
    /// Authentication Method.
    pub authentication_method: Option<&'a str>,
    /// Authentication Data.
    pub authentication_data: Option<&'a [u8]>,
}

impl<'a> Connack<'a> {
    /// A refusal without properties.
    #[must_use]
    pub fn refused(reason: ReasonCode) -> Self {
        Self { session_present: false, reason, properties: ConnackProperties::default() }
    }

    pub(crate) fn decode(version: Version, body: &'a [u8]) -> Result<Self, Error> {
        let mut from = Reader::new(body);
        let session_present = match from.u8("connect acknowledge flags")? {
            _ if version == Version::V31 => false,
            0 => false,
            1 => true,
            _ => return Err(Error::ConnackFlags),
        };
        let code = from.u8("reason code")?;
        let reason = reason(version, code)?;
        if session_present && reason != ReasonCode::Success {
            return Err(Error::SessionPresentOnRefusal);
        }
        let properties = match version {
            Version::V31 | Version::V311 => ConnackProperties::default(),
            Version::V5 => ConnackProperties::read(&mut from)?,
        };
        from.finish(PacketType::Connack)?;
        Ok(Self { session_present, reason, properties })
    }

    /// Writes it and returns its length.
    ///
    /// # Errors
    /// A property is too long, or MQTT 3.1.1 has no code for the reason; nothing is written.
    pub fn encode(&self, version: Version, out: &mut impl BufMut) -> Result<usize, Error> {
        if version != Version::V5 && self.reason.to_return_code().is_none() {
            return Err(Error::NoReturnCode { reason: self.reason });
        }
        plain(PacketType::Connack, &(version, self), out)
    }
}

fn reason(version: Version, code: u8) -> Result<ReasonCode, Error> {
    use ReasonCode as R;
    let unknown = Error::UnknownReason { packet: PacketType::Connack, code };
    if version != Version::V5 {
        return R::from_return_code(code).ok_or(unknown);
    }
    let reason = R::from_byte(code).ok_or(unknown)?;
    match reason {
        R::Success => Ok(reason),
        R::ServerShuttingDown
        | R::KeepAliveTimeout
        | R::SessionTakenOver
        | R::TopicFilterInvalid
        | R::PacketIdentifierInUse
        | R::PacketIdentifierNotFound
        | R::ReceiveMaximumExceeded
        | R::TopicAliasInvalid
        | R::MessageRateTooHigh
        | R::AdministrativeAction
        | R::SharedSubscriptionsNotSupported
        | R::MaximumConnectTime
        | R::SubscriptionIdentifiersNotSupported
        | R::WildcardSubscriptionsNotSupported => Err(unknown),
        _ if reason.is_error() => Ok(reason),
        _ => Err(unknown),
    }
}

impl<'a> ConnackProperties<'a> {
    fn read(from: &mut Reader<'a>) -> Result<Self, Error> {
        let mut reader = PropertyReader::new(from, Place::Packet(PacketType::Connack))?;
        let mut all = Self { user: UserProperties::new(reader.raw()), ..Self::default() };
        while let Some(property) = reader.next()? {
            all.set(&property);
        }
        if all.authentication_data.is_some() && all.authentication_method.is_none() {
            return Err(Error::AuthMethodMissing);
        }
        Ok(all)
    }

    fn set(&mut self, property: &Property<'a>) {
        match *property {
            Property::SessionExpiryInterval(n) => self.session_expiry_interval = Some(n),
            Property::ReceiveMaximum(n) => self.receive_maximum = Some(n),
            Property::MaximumQoS(qos) => self.maximum_qos = Some(qos),
            Property::RetainAvailable(on) => self.retain_available = Some(on),
            Property::MaximumPacketSize(n) => self.maximum_packet_size = Some(n),
            Property::AssignedClientIdentifier(id) => self.assigned_client_identifier = Some(id),
            Property::TopicAliasMaximum(n) => self.topic_alias_maximum = Some(n),
            Property::ReasonString(text) => self.reason_string = Some(text),
            Property::WildcardSubscriptionAvailable(on) => {
                self.wildcard_subscription_available = Some(on);
            }
            Property::SubscriptionIdentifierAvailable(on) => {
                self.subscription_identifier_available = Some(on);
            }
            Property::SharedSubscriptionAvailable(on) => {
                self.shared_subscription_available = Some(on);
            }
            Property::ServerKeepAlive(seconds) => self.server_keep_alive = Some(seconds),
            Property::ResponseInformation(text) => self.response_information = Some(text),
            Property::ServerReference(text) => self.server_reference = Some(text),
            Property::AuthenticationMethod(text) => self.authentication_method = Some(text),
            Property::AuthenticationData(data) => self.authentication_data = Some(data),
            _ => {}
        }
    }
}

impl Section for ConnackProperties<'_> {
    fn put(&self, out: &mut impl Put) {
        // QoS 2 is what absence means; the wire has no value for it.
        let maximum_qos = self.maximum_qos.filter(|qos| *qos != QoS::ExactlyOnce);
        let all = [
            self.session_expiry_interval.map(Property::SessionExpiryInterval),
            self.receive_maximum.map(Property::ReceiveMaximum),
            maximum_qos.map(Property::MaximumQoS),
            self.retain_available.map(Property::RetainAvailable),
            self.maximum_packet_size.map(Property::MaximumPacketSize),
            self.assigned_client_identifier.map(Property::AssignedClientIdentifier),
            self.topic_alias_maximum.map(Property::TopicAliasMaximum),
            self.reason_string.map(Property::ReasonString),
            self.wildcard_subscription_available.map(Property::WildcardSubscriptionAvailable),
            self.subscription_identifier_available.map(Property::SubscriptionIdentifierAvailable),
            self.shared_subscription_available.map(Property::SharedSubscriptionAvailable),
            self.server_keep_alive.map(Property::ServerKeepAlive),
            self.response_information.map(Property::ResponseInformation),
            self.server_reference.map(Property::ServerReference),
            self.authentication_method.map(Property::AuthenticationMethod),
            self.authentication_data.map(Property::AuthenticationData),
        ];
        all.iter().flatten().for_each(|property| property.put(out));
        self.user.put(out);
    }
}

impl Body for (Version, &Connack<'_>) {
    fn put(&self, out: &mut impl Put) {
        let (version, connack) = *self;
        // MQTT 3.1 has no such flag: the byte is reserved there.
        out.u8(u8::from(connack.session_present && version != Version::V31));
        match version {
            Version::V31 | Version::V311 => {
                let code = connack.reason.to_return_code();
                out.u8(code.expect("looked at before it is encoded"));
            }
            Version::V5 => {
                out.u8(connack.reason.byte());
                section(out, &connack.properties);
            }
        }
    }
}
