//! Packets in words.

use broker_codec::Packet;

pub(super) fn words(packet: &Packet<'_>) -> String {
    match packet {
        Packet::Publish(p) => {
            let flags = if p.retain { " retained" } else { "" };
            format!("{} {} q{}{flags}", p.topic, String::from_utf8_lossy(p.payload), p.qos.level())
        }
        Packet::Connack(connack) => {
            let present = if connack.session_present { " present" } else { "" };
            format!("CONNACK {:?}{present}", connack.reason)
        }
        Packet::Suback(suback) => {
            let codes: Vec<_> = suback.codes.iter().map(|code| format!("{code:?}")).collect();
            format!("SUBACK {}", codes.join(" "))
        }
        Packet::Auth(auth) => {
            let data = auth.properties.authentication_data.unwrap_or_default();
            format!("AUTH {:?} {}", auth.reason, String::from_utf8_lossy(data))
        }
        Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubrel(ack) | Packet::Pubcomp(ack) => {
            format!("{} {} {:?}", packet.packet_type(), ack.packet_id, ack.reason)
        }
        Packet::Disconnect(disconnect) => format!("DISCONNECT {:?}", disconnect.reason),
        other => other.packet_type().to_string(),
    }
}
