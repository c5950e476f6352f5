//! Any valid packet out of a sequence of random bytes; fewer and smaller bytes, simpler packet.

use std::num::{NonZeroU16, NonZeroU32};

use crate::*;

/// Random decisions; zeros once the bytes are used up.
pub(super) struct Dice {
    bytes: std::vec::IntoIter<u8>,
    version: Version,
}

/// Packets borrow, so what they borrow is leaked: tests are short.
fn leak(bytes: Vec<u8>) -> &'static [u8] {
    Box::leak(bytes.into_boxed_slice())
}

const TEXTS: [&str; 6] = ["", "x", "text", "Ünïcode \u{1F3ED}", "\u{FEFF}", "\u{10FFFF}\u{1}"];
const TOPICS: [&str; 5] = ["a", "uns/v1/site/area/line", "/", "$SYS/ü", "a//\u{1F3ED} b"];

impl Dice {
    pub(super) fn new(version: Version, bytes: Vec<u8>) -> Self {
        Self { bytes: bytes.into_iter(), version }
    }

    fn byte(&mut self) -> u8 {
        self.bytes.next().unwrap_or(0)
    }

    fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    fn u16(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    fn u32(&mut self) -> u32 {
        u32::from(self.u16()) << 16 | u32::from(self.u16())
    }

    fn short(&mut self) -> NonZeroU16 {
        NonZeroU16::new(self.u16()).unwrap_or(NonZeroU16::MIN)
    }

    fn size(&mut self) -> NonZeroU32 {
        NonZeroU32::new(self.u32()).unwrap_or(NonZeroU32::MIN)
    }

    /// A subscription identifier.
    fn id(&mut self) -> NonZeroU32 {
        NonZeroU32::new(self.u32() >> 4 >> (self.byte() % 28)).unwrap_or(NonZeroU32::MIN)
    }

    fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        *among.get(usize::from(self.byte()) % among.len()).unwrap()
    }

    /// A property of version 5.
    fn maybe<T>(&mut self, what: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.version == Version::V5 && self.flag()).then(|| what(self))
    }

    fn text(&mut self) -> &'static str {
        self.pick(&TEXTS)
    }

    fn topic(&mut self) -> &'static str {
        self.pick(&TOPICS)
    }

    fn blob(&mut self) -> &'static [u8] {
        let len = self.pick(&[0, 1, 5, 127, 128, 300, 17_000]);
        let byte = self.byte();
        leak(vec![byte; len])
    }

    fn qos(&mut self) -> QoS {
        self.pick(&[QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce])
    }

    fn packet_id(&mut self) -> PacketId {
        PacketId(self.short())
    }

    fn user(&mut self) -> UserProperties<'static> {
        let mut raw = Vec::new();
        while self.maybe(|_| ()).is_some() {
            Property::UserProperty(self.text(), self.text()).encode(&mut raw).unwrap();
        }
        UserProperties::parse(leak(raw)).unwrap()
    }

    fn ack_properties(&mut self) -> AckProperties<'static> {
        AckProperties { reason_string: self.maybe(Self::text), user: self.user() }
    }

    fn pass_through(&mut self) -> PassThrough<'static> {
        let mut raw = Vec::new();
        let all = [
            self.maybe(|dice| Property::UserProperty(dice.text(), dice.text())),
            self.maybe(|dice| Property::PayloadFormatIndicator(dice.flag())),
            self.maybe(|dice| Property::ContentType(dice.text())),
            self.maybe(|dice| Property::UserProperty(dice.text(), dice.text())),
            self.maybe(|dice| Property::ResponseTopic(dice.topic())),
            self.maybe(|dice| Property::CorrelationData(dice.blob())),
        ];
        for property in all.iter().flatten() {
            property.encode(&mut raw).unwrap();
        }
        PassThrough::parse(leak(raw)).unwrap()
    }

    fn reason(&mut self, among: &[ReasonCode]) -> ReasonCode {
        if self.version == Version::V5 { self.pick(among) } else { ReasonCode::Success }
    }

    fn connect(&mut self) -> Connect<'static> {
        let clean_start = self.flag();
        let user_name = self.flag().then(|| self.text());
        let password = (user_name.is_some() || self.version == Version::V5) && self.flag();
        let authentication_method = self.maybe(Self::text);
        Connect {
            version: self.version,
            bridge: self.flag(),
            clean_start,
            keep_alive: self.u16(),
            client_id: if clean_start && self.version != Version::V31 {
                self.text()
            } else {
                "client"
            },
            properties: ConnectProperties {
                session_expiry_interval: self.maybe(Self::u32),
                receive_maximum: self.maybe(Self::short),
                maximum_packet_size: self.maybe(Self::size),
                topic_alias_maximum: self.maybe(Self::u16),
                request_response_information: self.maybe(Self::flag),
                request_problem_information: self.maybe(Self::flag),
                user: self.user(),
                authentication_method,
                authentication_data: authentication_method.and_then(|_| self.maybe(Self::blob)),
            },
            will: self.flag().then(|| Will {
                topic: self.topic(),
                payload: self.blob(),
                qos: self.qos(),
                retain: self.flag(),
                delay_interval: self.maybe(Self::u32),
                properties: PublishProperties {
                    message_expiry: self.maybe(Self::u32),
                    pass_through: self.pass_through(),
                    ..PublishProperties::default()
                },
            }),
            user_name,
            password: password.then(|| self.blob()),
        }
    }

    fn connack(&mut self) -> Connack<'static> {
        let reason = self.pick(&[
            ReasonCode::Success,
            ReasonCode::BadUserNameOrPassword,
            ReasonCode::NotAuthorized,
            ReasonCode::ServerUnavailable,
        ]);
        let authentication_method = self.maybe(Self::text);
        Connack {
            session_present: reason == ReasonCode::Success
                && self.version != Version::V31
                && self.flag(),
            reason,
            properties: ConnackProperties {
                session_expiry_interval: self.maybe(Self::u32),
                receive_maximum: self.maybe(Self::short),
                maximum_qos: self.maybe(|d| d.pick(&[QoS::AtMostOnce, QoS::AtLeastOnce])),
                retain_available: self.maybe(Self::flag),
                maximum_packet_size: self.maybe(Self::size),
                assigned_client_identifier: self.maybe(Self::text),
                topic_alias_maximum: self.maybe(Self::u16),
                reason_string: self.maybe(Self::text),
                user: self.user(),
                wildcard_subscription_available: self.maybe(Self::flag),
                subscription_identifier_available: self.maybe(Self::flag),
                shared_subscription_available: self.maybe(Self::flag),
                server_keep_alive: self.maybe(Self::u16),
                response_information: self.maybe(Self::text),
                server_reference: self.maybe(Self::text),
                authentication_method,
                authentication_data: authentication_method.and_then(|_| self.maybe(Self::blob)),
            },
        }
    }

    fn publish(&mut self) -> Publish<'static> {
        let qos = self.qos();
        let topic_alias = self.maybe(Self::short);
        let mut ids = Vec::new();
        while self.maybe(|_| ()).is_some() {
            ids.push(self.id());
        }
        Publish {
            dup: qos != QoS::AtMostOnce && self.flag(),
            qos,
            retain: self.flag(),
            topic: if topic_alias.is_some() && self.flag() { "" } else { self.topic() },
            packet_id: (qos != QoS::AtMostOnce).then(|| self.packet_id()),
            properties: PublishProperties {
                topic_alias,
                message_expiry: self.maybe(Self::u32),
                subscription_ids: SubscriptionIds::new(Box::leak(ids.into_boxed_slice())),
                pass_through: self.pass_through(),
            },
            payload: self.blob(),
        }
    }

    fn ack(&mut self, codes: &[ReasonCode]) -> Ack<'static> {
        Ack {
            packet_id: self.packet_id(),
            reason: self.reason(codes),
            properties: self.ack_properties(),
        }
    }

    fn subscribe(&mut self) -> Subscribe<'static> {
        let mut raw = Vec::new();
        loop {
            let mut options = SubscribeOptions { qos: self.qos(), ..SubscribeOptions::default() };
            if self.version == Version::V5 {
                options.no_local = self.flag();
                options.retain_as_published = self.flag();
                options.retain_handling = self.pick(&[
                    RetainHandling::Always,
                    RetainHandling::IfNew,
                    RetainHandling::Never,
                ]);
            }
            let filter = self.pick(&["#", "a/+/ü", "bad#/filter", ""]);
            push_filter(filter, options, &mut raw).unwrap();
            if !self.flag() {
                break;
            }
        }
        Subscribe {
            packet_id: self.packet_id(),
            subscription_id: self.maybe(Self::id),
            user: self.user(),
            filters: Filters::parse(self.version, leak(raw)).unwrap(),
        }
    }

    fn codes(&mut self, among: &[ReasonCode]) -> ReasonCodes<'static> {
        let codes = (0..=self.byte() % 8).map(|_| self.pick(among)).collect::<Vec<_>>();
        ReasonCodes::new(Box::leak(codes.into_boxed_slice()))
    }

    fn unsubscribe(&mut self) -> Unsubscribe<'static> {
        let mut raw = Vec::new();
        for _ in 0..=self.byte() % 4 {
            push_topic(self.topic(), &mut raw).unwrap();
        }
        Unsubscribe {
            packet_id: self.packet_id(),
            user: self.user(),
            filters: Topics::parse(leak(raw)).unwrap(),
        }
    }

    fn disconnect(&mut self) -> Disconnect<'static> {
        Disconnect {
            reason: self.reason(&[
                ReasonCode::NORMAL_DISCONNECTION,
                ReasonCode::DisconnectWithWillMessage,
                ReasonCode::SessionTakenOver,
            ]),
            properties: DisconnectProperties {
                session_expiry_interval: self.maybe(Self::u32),
                reason_string: self.maybe(Self::text),
                user: self.user(),
                server_reference: self.maybe(Self::text),
            },
        }
    }

    fn auth(&mut self) -> Auth<'static> {
        Auth {
            reason: self.reason(&[ReasonCode::Success, ReasonCode::ReAuthenticate]),
            properties: AuthProperties {
                authentication_method: Some(self.text()),
                authentication_data: self.maybe(Self::blob),
                reason_string: self.maybe(Self::text),
                user: self.user(),
            },
        }
    }

    pub(super) fn packet(&mut self) -> Packet<'static> {
        let received = [ReasonCode::Success, ReasonCode::NotAuthorized, ReasonCode::QuotaExceeded];
        let released = [ReasonCode::Success, ReasonCode::PacketIdentifierNotFound];
        let mut granted = vec![ReasonCode::GRANTED_QOS_0, ReasonCode::GrantedQoS2];
        granted.push(ReasonCode::UnspecifiedError);
        if self.version == Version::V5 {
            granted.push(ReasonCode::TopicFilterInvalid);
        }
        let types = if self.version == Version::V5 { 15 } else { 14 };
        match self.byte() % types {
            0 => Packet::Publish(self.publish()),
            1 => Packet::Connect(Box::new(self.connect())),
            2 => Packet::Connack(Box::new(self.connack())),
            3 => Packet::Puback(self.ack(&received)),
            4 => Packet::Pubrec(self.ack(&received)),
            5 => Packet::Pubrel(self.ack(&released)),
            6 => Packet::Pubcomp(self.ack(&released)),
            7 => Packet::Subscribe(self.subscribe()),
            8 => Packet::Suback(Suback {
                packet_id: self.packet_id(),
                properties: self.ack_properties(),
                codes: self.codes(&granted),
            }),
            9 => Packet::Unsubscribe(self.unsubscribe()),
            10 => Packet::Unsuback(Unsuback {
                packet_id: self.packet_id(),
                properties: self.ack_properties(),
                codes: match self.version {
                    Version::V31 | Version::V311 => ReasonCodes::new(&[]),
                    Version::V5 => self.codes(&[ReasonCode::Success, ReasonCode::NotAuthorized]),
                },
            }),
            11 => Packet::Pingreq,
            12 => Packet::Pingresp,
            13 => Packet::Disconnect(self.disconnect()),
            _ => Packet::Auth(self.auth()),
        }
    }
}
