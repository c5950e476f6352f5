//! Any packet survives encoding, no prefix of it is taken for a packet, and noise harms nobody.

use bytes::BytesMut;
use proptest::prelude::*;

use super::dice::Dice;
use crate::*;

fn any_packet() -> impl Strategy<Value = (Version, Packet<'static>)> {
    let version = proptest::sample::select(&Version::ALL[..]);
    (version, proptest::collection::vec(any::<u8>(), 0..80))
        .prop_map(|(version, bytes)| (version, Dice::new(version, bytes).packet()))
}

fn encoded(version: Version, packet: &Packet<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    assert_eq!(packet.encode(version, &mut bytes).unwrap(), bytes.len());
    bytes
}

fn whole(bytes: &[u8]) -> Framed {
    match frame(bytes, 1 << 20) {
        Ok(Frame::Packet(framed)) => framed,
        other => unreachable!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn packets_survive((version, packet) in any_packet()) {
        let bytes = encoded(version, &packet);
        let framed = whole(&bytes);
        prop_assert_eq!(framed.total_len, bytes.len());
        prop_assert_eq!(framed.decode(version, &bytes), Ok(packet.clone()));
        let mut other = BytesMut::new();
        packet.encode(version, &mut other).unwrap();
        prop_assert_eq!(&other[..], &bytes[..]);
    }

    #[test]
    fn mutated_packets_harm_nobody(
        (version, packet) in any_packet(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = encoded(version, &packet);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            *bytes.get_mut(place).unwrap() = byte;
        }
        fuzz(&bytes);
    }

    #[test]
    fn noise_harms_nobody(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        fuzz(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn prefixes_are_not_packets((version, packet) in any_packet()) {
        let bytes = encoded(version, &packet);
        let body = whole(&bytes).body;
        for len in 0..bytes.len() {
            let Ok(Frame::Need(more)) = frame(&bytes[..len], 1 << 20) else {
                unreachable!("{len} of {} bytes are a packet", bytes.len())
            };
            prop_assert!(more >= 1 && len + more <= bytes.len());
            if let Some(body) = bytes.get(body.start..len) {
                cut_off(version, bytes[0], body, &packet);
            }
        }
    }
}

/// A body cut short is an error, unless what is left is one of the shorter forms.
fn cut_off(version: Version, header: u8, body: &[u8], packet: &Packet<'_>) {
    match decode(version, header, body) {
        Ok(short) => {
            assert_ne!(&short, packet);
            let shortens = matches!(
                packet,
                Packet::Publish(_)
                    | Packet::Puback(_)
                    | Packet::Pubrec(_)
                    | Packet::Pubrel(_)
                    | Packet::Pubcomp(_)
                    | Packet::Subscribe(_)
                    | Packet::Suback(_)
                    | Packet::Unsubscribe(_)
                    | Packet::Unsuback(_)
                    | Packet::Disconnect(_)
                    | Packet::Auth(_)
            );
            assert!(shortens, "{packet:?} cut to {} bytes", body.len());
        }
        Err(error) => assert!(
            matches!(error.reason(), ReasonCode::MalformedPacket | ReasonCode::ProtocolError),
            "{error}"
        ),
    }
}
