//! The short forms of PUBACK, PUBREC, PUBREL, PUBCOMP, DISCONNECT and AUTH (TRAP-09).

use crate::*;

fn decoded(version: Version, bytes: &[u8]) -> Packet<'_> {
    match frame(bytes, 1000) {
        Ok(Frame::Packet(framed)) => framed.decode(version, bytes).unwrap(),
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn acknowledgements_of_every_length() {
    let id = PacketId::new(0x0102).unwrap();
    for (header, reason) in [(0x40, 0x10_u8), (0x50, 0x87), (0x62, 0x92), (0x70, 0x92)] {
        let code = ReasonCode::from_byte(reason).unwrap();
        let text = AckProperties { reason_string: Some("x"), ..AckProperties::default() };
        let bare = Ack::new(id);
        let coded = Ack::with_reason(id, code);
        for (bytes, expected) in [
            (vec![header, 2, 1, 2], bare),
            (vec![header, 3, 1, 2, 0], bare),
            (vec![header, 3, 1, 2, reason], coded),
            (vec![header, 4, 1, 2, reason, 0], coded),
            (vec![header, 8, 1, 2, reason, 4, 0x1F, 0, 1, b'x'], Ack { properties: text, ..coded }),
        ] {
            let ack = match decoded(Version::V5, &bytes) {
                Packet::Puback(ack)
                | Packet::Pubrec(ack)
                | Packet::Pubrel(ack)
                | Packet::Pubcomp(ack) => ack,
                other => unreachable!("{other:?}"),
            };
            assert_eq!(ack, expected);
        }
    }
}

#[test]
fn pubacks_of_success_are_the_same_in_every_version() {
    let ids = [1, 255, 256, 65_535].map(|id| PacketId::new(id).unwrap());
    let mut together = Vec::new();
    assert_eq!(encode_pubacks(ids.into_iter(), &mut together), 4);
    for version in [Version::V31, Version::V311, Version::V5] {
        let mut each = Vec::new();
        for id in ids {
            assert_eq!(Ack::new(id).encode_puback(version, &mut each), Ok(PUBACK_BYTES));
        }
        assert_eq!(each, together, "{version:?}");
    }
}

#[test]
fn the_shortest_form_is_written() {
    let id = PacketId::new(7).unwrap();
    let mut out = Vec::new();
    Ack::new(id).encode_puback(Version::V5, &mut out).unwrap();
    Ack::with_reason(id, ReasonCode::QuotaExceeded).encode_pubrec(Version::V5, &mut out).unwrap();
    Ack::with_reason(id, ReasonCode::QuotaExceeded).encode_pubrec(Version::V311, &mut out).unwrap();
    Disconnect::new(ReasonCode::Success).encode(Version::V5, &mut out).unwrap();
    Disconnect::new(ReasonCode::ServerShuttingDown).encode(Version::V5, &mut out).unwrap();
    Disconnect::new(ReasonCode::ServerShuttingDown).encode(Version::V311, &mut out).unwrap();
    let expected: [&[u8]; 6] = [
        &[0x40, 2, 0, 7],
        &[0x50, 3, 0, 7, 0x97],
        &[0x50, 2, 0, 7],
        &[0xE0, 0],
        &[0xE0, 1, 0x8B],
        &[0xE0, 0],
    ];
    assert_eq!(out, expected.concat());
}

#[test]
fn disconnect_and_auth_of_every_length() {
    for (bytes, reason) in [
        (vec![0xE0, 0], ReasonCode::NORMAL_DISCONNECTION),
        (vec![0xE0, 1, 4], ReasonCode::DisconnectWithWillMessage),
        (vec![0xE0, 2, 4, 0], ReasonCode::DisconnectWithWillMessage),
    ] {
        assert_eq!(decoded(Version::V5, &bytes), Packet::Disconnect(Disconnect::new(reason)));
    }
    let auth = Auth { reason: ReasonCode::Success, properties: AuthProperties::default() };
    assert_eq!(decoded(Version::V5, &[0xF0, 0]), Packet::Auth(auth));
}

#[test]
fn reason_codes_degrade_for_3_1_1() {
    let codes = [ReasonCode::GrantedQoS1, ReasonCode::TopicFilterInvalid];
    let properties = AckProperties { reason_string: Some("no"), ..AckProperties::default() };
    let suback = Suback { packet_id: PacketId::FIRST, properties, codes: ReasonCodes::new(&codes) };
    let mut out = Vec::new();
    suback.encode(Version::V311, &mut out).unwrap();
    assert_eq!(out, [0x90, 4, 0, 1, 1, 0x80]);
    out.clear();
    Connack::refused(ReasonCode::QuotaExceeded).encode(Version::V311, &mut out).unwrap();
    assert_eq!(out, [0x20, 2, 0, 3]);
}
