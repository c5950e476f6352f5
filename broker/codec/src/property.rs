//! Properties of MQTT 5 (section 2.2.2): what exists, and the wire form of each.

pub(crate) mod pass_through;
pub(crate) mod section;
pub(crate) mod subscription_ids;
pub(crate) mod user;

use std::num::{NonZeroU16, NonZeroU32};

use crate::read::Reader;
use crate::topic::check_topic_bytes;
use crate::write::{Put, VARINT_MAX};
use crate::{Error, QoS};

pub use section::Properties;
pub(crate) use section::{Place, PropertyReader};

/// One property. Values that the specification forbids cannot be expressed or are never decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Property<'a> {
    /// 0x01, true for UTF-8.
    PayloadFormatIndicator(bool),
    /// 0x02, in seconds.
    MessageExpiryInterval(u32),
    /// 0x03.
    ContentType(&'a str),
    /// 0x08.
    ResponseTopic(&'a str),
    /// 0x09.
    CorrelationData(&'a [u8]),
    /// 0x0B.
    SubscriptionIdentifier(NonZeroU32),
    /// 0x11, in seconds.
    SessionExpiryInterval(u32),
    /// 0x12.
    AssignedClientIdentifier(&'a str),
    /// 0x13, in seconds.
    ServerKeepAlive(u16),
    /// 0x15.
    AuthenticationMethod(&'a str),
    /// 0x16.
    AuthenticationData(&'a [u8]),
    /// 0x17.
    RequestProblemInformation(bool),
    /// 0x18, in seconds.
    WillDelayInterval(u32),
    /// 0x19.
    RequestResponseInformation(bool),
    /// 0x1A.
    ResponseInformation(&'a str),
    /// 0x1C.
    ServerReference(&'a str),
    /// 0x1F.
    ReasonString(&'a str),
    /// 0x21.
    ReceiveMaximum(NonZeroU16),
    /// 0x22.
    TopicAliasMaximum(u16),
    /// 0x23.
    TopicAlias(NonZeroU16),
    /// 0x24, QoS 0 or 1.
    MaximumQoS(QoS),
    /// 0x25.
    RetainAvailable(bool),
    /// 0x26, name and value.
    UserProperty(&'a str, &'a str),
    /// 0x27, in bytes.
    MaximumPacketSize(NonZeroU32),
    /// 0x28.
    WildcardSubscriptionAvailable(bool),
    /// 0x29.
    SubscriptionIdentifierAvailable(bool),
    /// 0x2A.
    SharedSubscriptionAvailable(bool),
}

impl<'a> Property<'a> {
    /// Reads identifier and value.
    #[inline]
    pub(crate) fn read(from: &mut Reader<'a>) -> Result<Self, Error> {
        let id = from.varint("property identifier")?;
        Ok(match id {
            0x01 => Self::PayloadFormatIndicator(flag(from, 0x01)?),
            0x02 => Self::MessageExpiryInterval(from.u32("Message Expiry Interval")?),
            0x03 => Self::ContentType(from.string("Content Type")?),
            0x08 => Self::ResponseTopic(response_topic(from)?),
            0x09 => Self::CorrelationData(from.binary("Correlation Data")?),
            0x0B => Self::SubscriptionIdentifier(
                NonZeroU32::new(from.varint("Subscription Identifier")?)
                    .ok_or(Error::PropertyValue { id: 0x0B })?,
            ),
            0x26 => Self::UserProperty(
                from.string("User Property name")?,
                from.string("User Property value")?,
            ),
            0x23 => Self::TopicAlias(
                NonZeroU16::new(from.u16("Topic Alias")?).ok_or(Error::TopicAliasZero)?,
            ),
            _ => return Self::read_rare(id, from),
        })
    }

    /// The properties that no PUBLISH carries.
    fn read_rare(id: u32, from: &mut Reader<'a>) -> Result<Self, Error> {
        Ok(match id {
            0x11 => Self::SessionExpiryInterval(from.u32("Session Expiry Interval")?),
            0x12 => Self::AssignedClientIdentifier(from.string("Assigned Client Identifier")?),
            0x13 => Self::ServerKeepAlive(from.u16("Server Keep Alive")?),
            0x15 => Self::AuthenticationMethod(from.string("Authentication Method")?),
            0x16 => Self::AuthenticationData(from.binary("Authentication Data")?),
            0x17 => Self::RequestProblemInformation(flag(from, 0x17)?),
            0x18 => Self::WillDelayInterval(from.u32("Will Delay Interval")?),
            0x19 => Self::RequestResponseInformation(flag(from, 0x19)?),
            0x1A => Self::ResponseInformation(from.string("Response Information")?),
            0x1C => Self::ServerReference(from.string("Server Reference")?),
            0x1F => Self::ReasonString(from.string("Reason String")?),
            0x21 => Self::ReceiveMaximum(
                NonZeroU16::new(from.u16("Receive Maximum")?)
                    .ok_or(Error::PropertyValue { id: 0x21 })?,
            ),
            0x22 => Self::TopicAliasMaximum(from.u16("Topic Alias Maximum")?),
            0x24 => {
                Self::MaximumQoS(if flag(from, 0x24)? { QoS::AtLeastOnce } else { QoS::AtMostOnce })
            }
            0x25 => Self::RetainAvailable(flag(from, 0x25)?),
            0x27 => Self::MaximumPacketSize(
                NonZeroU32::new(from.u32("Maximum Packet Size")?)
                    .ok_or(Error::PropertyValue { id: 0x27 })?,
            ),
            0x28 => Self::WildcardSubscriptionAvailable(flag(from, 0x28)?),
            0x29 => Self::SubscriptionIdentifierAvailable(flag(from, 0x29)?),
            0x2A => Self::SharedSubscriptionAvailable(flag(from, 0x2A)?),
            _ => return Err(Error::UnknownProperty { id }),
        })
    }

    /// The identifier of the property.
    #[must_use]
    pub const fn id(&self) -> u8 {
        match self {
            Self::PayloadFormatIndicator(_) => 0x01,
            Self::MessageExpiryInterval(_) => 0x02,
            Self::ContentType(_) => 0x03,
            Self::ResponseTopic(_) => 0x08,
            Self::CorrelationData(_) => 0x09,
            Self::SubscriptionIdentifier(_) => 0x0B,
            Self::SessionExpiryInterval(_) => 0x11,
            Self::AssignedClientIdentifier(_) => 0x12,
            Self::ServerKeepAlive(_) => 0x13,
            Self::AuthenticationMethod(_) => 0x15,
            Self::AuthenticationData(_) => 0x16,
            Self::RequestProblemInformation(_) => 0x17,
            Self::WillDelayInterval(_) => 0x18,
            Self::RequestResponseInformation(_) => 0x19,
            Self::ResponseInformation(_) => 0x1A,
            Self::ServerReference(_) => 0x1C,
            Self::ReasonString(_) => 0x1F,
            Self::ReceiveMaximum(_) => 0x21,
            Self::TopicAliasMaximum(_) => 0x22,
            Self::TopicAlias(_) => 0x23,
            Self::MaximumQoS(_) => 0x24,
            Self::RetainAvailable(_) => 0x25,
            Self::UserProperty(..) => 0x26,
            Self::MaximumPacketSize(_) => 0x27,
            Self::WildcardSubscriptionAvailable(_) => 0x28,
            Self::SubscriptionIdentifierAvailable(_) => 0x29,
            Self::SharedSubscriptionAvailable(_) => 0x2A,
        }
    }

    /// Writes identifier and value.
    #[inline]
    pub(crate) fn put(&self, out: &mut impl Put) {
        out.u8(self.id());
        match *self {
            Self::PayloadFormatIndicator(on)
            | Self::RequestProblemInformation(on)
            | Self::RequestResponseInformation(on)
            | Self::RetainAvailable(on)
            | Self::WildcardSubscriptionAvailable(on)
            | Self::SubscriptionIdentifierAvailable(on)
            | Self::SharedSubscriptionAvailable(on) => out.u8(u8::from(on)),
            Self::MessageExpiryInterval(value)
            | Self::SessionExpiryInterval(value)
            | Self::WillDelayInterval(value) => out.u32(value),
            Self::MaximumPacketSize(value) => out.u32(value.get()),
            Self::ServerKeepAlive(value) | Self::TopicAliasMaximum(value) => out.u16(value),
            Self::ReceiveMaximum(value) | Self::TopicAlias(value) => out.u16(value.get()),
            Self::MaximumQoS(qos) => out.u8(u8::from(qos != QoS::AtMostOnce)),
            Self::SubscriptionIdentifier(value) => {
                out.varint(usize::try_from(value.get()).unwrap_or(VARINT_MAX + 1));
            }
            Self::ContentType(text)
            | Self::ResponseTopic(text)
            | Self::AssignedClientIdentifier(text)
            | Self::AuthenticationMethod(text)
            | Self::ResponseInformation(text)
            | Self::ServerReference(text)
            | Self::ReasonString(text) => out.string(text),
            Self::CorrelationData(bytes) | Self::AuthenticationData(bytes) => out.binary(bytes),
            Self::UserProperty(name, value) => {
                out.string(name);
                out.string(value);
            }
        }
    }

    /// Appends the wire form, to build a [`crate::PassThrough`] or [`crate::UserProperties`].
    ///
    /// # Errors
    /// A string, binary or identifier is too long; nothing is written.
    pub fn encode(&self, out: &mut impl bytes::BufMut) -> Result<(), Error> {
        let mut measure = crate::write::Measure::default();
        self.put(&mut measure);
        measure.result()?;
        self.put(&mut crate::write::Sink(out));
        Ok(())
    }
}

fn flag(from: &mut Reader<'_>, id: u8) -> Result<bool, Error> {
    match from.u8("property value")? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Error::PropertyValue { id }),
    }
}

fn response_topic<'a>(from: &mut Reader<'a>) -> Result<&'a str, Error> {
    let topic = from.string("Response Topic")?;
    if topic.is_empty() {
        return Err(Error::TopicEmpty);
    }
    check_topic_bytes(topic.as_bytes()).map_err(|_| Error::ResponseTopicWildcard)?;
    Ok(topic)
}
