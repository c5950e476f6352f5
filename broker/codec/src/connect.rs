//! CONNECT: the first packet of a client; it says which version the connection speaks.

use std::num::{NonZeroU16, NonZeroU32};

use bytes::BufMut;

use crate::property::{Place, Property, PropertyReader};
use crate::read::Reader;
use crate::topic::check_topic;
use crate::write::{Body, Put, Section, plain, section};
use crate::{Error, PacketType, PublishProperties, QoS, UserProperties, Version};

/// A CONNECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connect<'a> {
    /// What the rest of the connection speaks.
    pub version: Version,
    /// The top bit of the protocol level is set: another broker connects to mirror topics.
    pub bridge: bool,
    /// Clean Start; Clean Session in MQTT 3.1.1.
    pub clean_start: bool,
    /// Seconds, 0 for never.
    pub keep_alive: u16,
    /// Empty to have the server choose.
    pub client_id: &'a str,
    /// Empty in MQTT 3.1.1.
    pub properties: ConnectProperties<'a>,
    /// What to publish when the client is lost.
    pub will: Option<Will<'a>>,
    /// User Name.
    pub user_name: Option<&'a str>,
    /// Password; in MQTT 3.1.1 only beside a user name.
    pub password: Option<&'a [u8]>,
}

/// The message that stands in for a lost client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Will<'a> {
    /// Where it goes.
    pub topic: &'a str,
    /// What it says.
    pub payload: &'a [u8],
    /// Will QoS.
    pub qos: QoS,
    /// Will Retain.
    pub retain: bool,
    /// Will Delay Interval in seconds.
    pub delay_interval: Option<u32>,
    /// Of the message; a will has no topic alias and no subscription identifiers.
    pub properties: PublishProperties<'a>,
}

/// Properties of CONNECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConnectProperties<'a> {
    /// Session Expiry Interval in seconds.
    pub session_expiry_interval: Option<u32>,
    /// Receive Maximum.
    pub receive_maximum: Option<NonZeroU16>,
    /// Maximum Packet Size in bytes.
    pub maximum_packet_size: Option<NonZeroU32>,
    /// Topic Alias Maximum.
    pub topic_alias_maximum: Option<u16>,
    /// Request Response Information.
    pub request_response_information: Option<bool>,
    /// Request Problem Information.
    pub request_problem_information: Option<bool>,
    /// User Properties.
    pub user: UserProperties<'a>,
    /// Authentication Method.
    pub authentication_method: Option<&'a str>,
    /// Authentication Data.
    pub authentication_data: Option<&'a [u8]>,
}

const USER_NAME: u8 = 0x80;
const PASSWORD: u8 = 0x40;
const WILL_RETAIN: u8 = 0x20;
const WILL: u8 = 0x04;
const CLEAN_START: u8 = 0x02;
const RESERVED: u8 = 0x01;

impl<'a> Connect<'a> {
    pub(crate) fn decode(body: &'a [u8]) -> Result<Self, Error> {
        let mut from = Reader::new(body);
        let (version, bridge) = protocol(&mut from)?;
        let flags = from.u8("connect flags")?;
        check_flags(version, flags)?;
        let keep_alive = from.u16("keep alive")?;
        let properties = match version {
            Version::V31 | Version::V311 => ConnectProperties::default(),
            Version::V5 => ConnectProperties::read(&mut from)?,
        };
        let clean_start = flags & CLEAN_START != 0;
        let client_id = from.string("client identifier")?;
        let will = match flags & WILL {
            0 => None,
            _ => Some(Will::read(&mut from, version, flags)?),
        };
        let user_name = match flags & USER_NAME {
            0 => None,
            _ => Some(from.string("user name")?),
        };
        let password = match flags & PASSWORD {
            0 => None,
            _ => Some(from.binary("password")?),
        };
        from.finish(PacketType::Connect)?;
        let named = match version {
            Version::V31 => !client_id.is_empty(),
            Version::V311 => clean_start || !client_id.is_empty(),
            Version::V5 => true,
        };
        if !named {
            return Err(Error::ClientIdRequired);
        }
        Ok(Self {
            version,
            bridge,
            clean_start,
            keep_alive,
            client_id,
            properties,
            will,
            user_name,
            password,
        })
    }

    /// Writes it and returns its length.
    ///
    /// # Errors
    /// A field is too long; nothing is written.
    pub fn encode(&self, out: &mut impl BufMut) -> Result<usize, Error> {
        plain(PacketType::Connect, self, out)
    }

    fn flags(&self) -> u8 {
        let mut flags = 0;
        if self.clean_start {
            flags |= CLEAN_START;
        }
        if self.user_name.is_some() {
            flags |= USER_NAME;
        }
        if self.password.is_some() {
            flags |= PASSWORD;
        }
        if let Some(will) = &self.will {
            flags |= WILL | will.qos.level() << 3;
            if will.retain {
                flags |= WILL_RETAIN;
            }
        }
        flags
    }
}

/// The bit of the protocol level by which mosquitto and its kin say that they bridge.
const BRIDGE: u8 = 0x80;

/// Version, and whether a bridge speaks it.
fn protocol(from: &mut Reader<'_>) -> Result<(Version, bool), Error> {
    let name = from.binary("protocol name")?;
    let named = |version: &Version| version.protocol_name().as_bytes() == name;
    if !Version::ALL.iter().any(named) {
        return Err(Error::ProtocolName);
    }
    let level = from.u8("protocol level")?;
    let spoken = level & !BRIDGE;
    Version::ALL
        .into_iter()
        .find(|version| version.level() == spoken && named(version))
        .map(|version| (version, level & BRIDGE != 0))
        .ok_or(Error::UnsupportedProtocol { level })
}

fn check_flags(version: Version, flags: u8) -> Result<(), Error> {
    if flags & RESERVED != 0 {
        return Err(Error::ConnectReserved);
    }
    if flags & WILL == 0 && flags & 0x38 != 0 {
        return Err(Error::WillFlags);
    }
    if QoS::from_level(flags >> 3 & 3).is_none() {
        return Err(Error::WillQosThree);
    }
    if version != Version::V5 && flags & USER_NAME == 0 && flags & PASSWORD != 0 {
        return Err(Error::PasswordAlone);
    }
    Ok(())
}

impl<'a> Will<'a> {
    fn read(from: &mut Reader<'a>, version: Version, flags: u8) -> Result<Self, Error> {
        let (properties, delay_interval) = match version {
            Version::V31 | Version::V311 => (PublishProperties::default(), None),
            Version::V5 => PublishProperties::read(from, Place::Will)?,
        };
        let topic = from.utf8("will topic")?;
        check_topic(topic)?;
        let payload = from.binary("will payload")?;
        let qos = QoS::from_level(flags >> 3 & 3).ok_or(Error::WillQosThree)?;
        let retain = flags & WILL_RETAIN != 0;
        Ok(Self { topic, payload, qos, retain, delay_interval, properties })
    }

    fn put(&self, version: Version, out: &mut impl Put) {
        if version == Version::V5 {
            section(out, self);
        }
        out.string(self.topic);
        out.binary(self.payload);
    }
}

impl Section for Will<'_> {
    fn put(&self, out: &mut impl Put) {
        if let Some(seconds) = self.delay_interval {
            Property::WillDelayInterval(seconds).put(out);
        }
        if let Some(seconds) = self.properties.message_expiry {
            Property::MessageExpiryInterval(seconds).put(out);
        }
        self.properties.pass_through.put(out);
    }
}

impl<'a> ConnectProperties<'a> {
    fn read(from: &mut Reader<'a>) -> Result<Self, Error> {
        let mut reader = PropertyReader::new(from, Place::Packet(PacketType::Connect))?;
        let mut all = Self { user: UserProperties::new(reader.raw()), ..Self::default() };
        while let Some(property) = reader.next()? {
            match property {
                Property::SessionExpiryInterval(n) => all.session_expiry_interval = Some(n),
                Property::ReceiveMaximum(n) => all.receive_maximum = Some(n),
                Property::MaximumPacketSize(n) => all.maximum_packet_size = Some(n),
                Property::TopicAliasMaximum(n) => all.topic_alias_maximum = Some(n),
                Property::RequestResponseInformation(on) => {
                    all.request_response_information = Some(on);
                }
                Property::RequestProblemInformation(on) => {
                    all.request_problem_information = Some(on);
                }
                Property::AuthenticationMethod(text) => all.authentication_method = Some(text),
                Property::AuthenticationData(data) => all.authentication_data = Some(data),
                _ => {}
            }
        }
        if all.authentication_data.is_some() && all.authentication_method.is_none() {
            return Err(Error::AuthMethodMissing);
        }
        Ok(all)
    }
}

impl Section for ConnectProperties<'_> {
    fn put(&self, out: &mut impl Put) {
        let all = [
            self.session_expiry_interval.map(Property::SessionExpiryInterval),
            self.receive_maximum.map(Property::ReceiveMaximum),
            self.maximum_packet_size.map(Property::MaximumPacketSize),
            self.topic_alias_maximum.map(Property::TopicAliasMaximum),
            self.request_response_information.map(Property::RequestResponseInformation),
            self.request_problem_information.map(Property::RequestProblemInformation),
            self.authentication_method.map(Property::AuthenticationMethod),
            self.authentication_data.map(Property::AuthenticationData),
        ];
        all.iter().flatten().for_each(|property| property.put(out));
        self.user.put(out);
    }
}

impl Body for Connect<'_> {
    fn put(&self, out: &mut impl Put) {
        out.string(self.version.protocol_name());
        out.u8(self.version.level() | if self.bridge { BRIDGE } else { 0 });
        out.u8(self.flags());
        out.u16(self.keep_alive);
        if self.version == Version::V5 {
            section(out, &self.properties);
        }
        out.string(self.client_id);
        if let Some(will) = &self.will {
            will.put(self.version, out);
        }
        if let Some(name) = self.user_name {
            out.string(name);
        }
        if let Some(password) = self.password {
            out.binary(password);
        }
    }
}
