//! Random packets, most of them valid.

use std::num::{NonZeroU16, NonZeroU32};

use broker_codec::{
    Ack, AckProperties, Auth, AuthProperties, Disconnect, Filters, Packet, PacketId, Publish,
    PublishProperties, QoS, ReasonCode, ReasonCodes, RetainHandling, Suback, Subscribe,
    SubscribeOptions, Topics, Unsubscribe, UserProperties, Version, push_filter, push_topic,
};

use crate::dice::Dice;
use crate::net::connect;

/// Client ids that meet often; the empty one is chosen by the broker.
pub(crate) const IDS: [&str; 5] = ["a", "b", "c/+#$", "ü", ""];
const TOPICS: [&str; 9] =
    ["t", "t/1", "t/2", "log/a", "log/ü", "no/a", "$SYS/x", "a//b", "/\u{10FFFF}"];
const FILTERS: [&str; 14] = [
    "#",
    "+",
    "t/+",
    "t/#",
    "t",
    "log/#",
    "+/+",
    "$SYS/#",
    "ü/é",
    "$share/g/t/#",
    "$share/g/log/+",
    "$share//t",
    "a/#/b",
    "",
];
const QOS: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];

/// A packet as it goes over the wire.
pub(crate) fn random_packet(dice: &Dice, version: Version) -> Vec<u8> {
    let mut bytes = Vec::new();
    let id = PacketId::new(dice.small(6) + 1).expect("not 0");
    match dice.below(16) {
        0..=4 => publish(dice, version, id, &mut bytes),
        5..=6 => subscribe(dice, version, id, &mut bytes),
        7 => {
            let mut raw = Vec::new();
            push_topic(dice.pick(&FILTERS), &mut raw).expect("short");
            let filters = Topics::parse(&raw);
            let filters = filters.unwrap_or_else(|_| Topics::parse(b"\0\x01t").expect("one"));
            let packet = Unsubscribe { packet_id: id, user: UserProperties::default(), filters };
            encode(&Packet::Unsubscribe(packet), version, &mut bytes);
        }
        8..=12 => ack(dice, version, id, &mut bytes),
        13 => encode(&Packet::Pingreq, version, &mut bytes),
        14 => seldom(dice, version, id, &mut bytes),
        _ => {
            let disconnect =
                Disconnect::new(dice.pick(&[
                    ReasonCode::NORMAL_DISCONNECTION,
                    ReasonCode::DisconnectWithWillMessage,
                ]));
            let plain = Disconnect::new(ReasonCode::NORMAL_DISCONNECTION);
            let said = if version == Version::V5 { disconnect } else { plain };
            encode(&Packet::Disconnect(said), version, &mut bytes);
        }
    }
    bytes
}

fn encode(packet: &Packet<'_>, version: Version, bytes: &mut Vec<u8>) {
    packet.encode(version, bytes).expect("a packet");
}

fn publish(dice: &Dice, version: Version, id: PacketId, bytes: &mut Vec<u8>) {
    let qos = dice.pick(&QOS);
    let payload = dice.pick(&["", "1", "bad", "something longer"]).repeat(dice.below(60));
    let mut properties = PublishProperties::default();
    let mut topic = dice.pick(&TOPICS);
    if version == Version::V5 && dice.one_in(3) {
        properties.message_expiry = Some(u32::from(dice.small(3)));
        properties.topic_alias = NonZeroU16::new(dice.small(6));
        if properties.topic_alias.is_some() && dice.one_in(2) {
            topic = "";
        }
    }
    let publish = Publish {
        dup: qos != QoS::AtMostOnce && dice.one_in(3),
        topic,
        payload: payload.as_bytes(),
        qos,
        packet_id: (qos != QoS::AtMostOnce).then_some(id),
        retain: dice.one_in(3),
        properties,
    };
    encode(&Packet::Publish(publish), version, bytes);
}

fn subscribe(dice: &Dice, version: Version, id: PacketId, bytes: &mut Vec<u8>) {
    let mut raw = Vec::new();
    for _ in 0..=dice.below(3) {
        let mut options = SubscribeOptions { qos: dice.pick(&QOS), ..SubscribeOptions::default() };
        if version == Version::V5 {
            options.no_local = dice.one_in(3);
            options.retain_as_published = dice.one_in(3);
            options.retain_handling =
                dice.pick(&[RetainHandling::Always, RetainHandling::IfNew, RetainHandling::Never]);
        }
        push_filter(dice.pick(&FILTERS), options, &mut raw).expect("short");
    }
    let Ok(filters) = Filters::parse(version, &raw) else {
        // What the codec would not build is sent all the same.
        return bytes.extend([0x82, 0x05, 0, 1, 0, 0, 0]);
    };
    let identifier = (version == Version::V5).then(|| u32::from(dice.small(4)));
    let packet = Subscribe {
        packet_id: id,
        subscription_id: identifier.and_then(NonZeroU32::new),
        user: UserProperties::default(),
        filters,
    };
    encode(&Packet::Subscribe(packet), version, bytes);
}

fn ack(dice: &Dice, version: Version, id: PacketId, bytes: &mut Vec<u8>) {
    let mut ack = Ack::new(id);
    let kind = dice.below(4);
    if version == Version::V5 && dice.one_in(4) {
        let refused = kind == 0 || kind == 1;
        ack.reason = match refused {
            true => ReasonCode::UnspecifiedError,
            false => ReasonCode::PacketIdentifierNotFound,
        };
    }
    let packet = match kind {
        0 => Packet::Puback(ack),
        1 => Packet::Pubrec(ack),
        2 => Packet::Pubrel(ack),
        _ => Packet::Pubcomp(ack),
    };
    encode(&packet, version, bytes);
}

/// Packets that do not belong here.
fn seldom(dice: &Dice, version: Version, id: PacketId, bytes: &mut Vec<u8>) {
    match dice.below(4) {
        0 => encode(&Packet::Connect(Box::new(connect(version, "a"))), version, bytes),
        1 => encode(&Packet::Pingresp, version, bytes),
        2 if version == Version::V5 => {
            let properties = AuthProperties {
                authentication_method: Some(dice.pick(&["RIDDLE", "RIDDLE", "X"])),
                authentication_data: dice.pick(&[None, Some(b"fred"), Some(b"derf")]),
                ..AuthProperties::default()
            };
            let reason =
                dice.pick(&[ReasonCode::ReAuthenticate, ReasonCode::ContinueAuthentication]);
            encode(&Packet::Auth(Auth { reason, properties }), version, bytes);
        }
        _ => {
            let suback = Suback {
                packet_id: id,
                properties: AckProperties::default(),
                codes: ReasonCodes::new(&[ReasonCode::GrantedQoS1]),
            };
            encode(&Packet::Suback(suback), version, bytes);
        }
    }
}
