//! A foreign codec, that of rumqttc, reads what we write and writes what we read.
//!
//! What it cannot carry is left out, by name: see `beyond_v311` and `beyond_v5`.

use bytes::BytesMut;
use proptest::prelude::*;
use rumqttc::mqttbytes::v4;
use rumqttc::v5::mqttbytes::v5;

use super::dice::Dice;
use crate::*;

const MAX: u32 = 1 << 20;

/// The packet as the peer sends it on, or its complaint.
fn through_peer(version: Version, packet: &Packet<'_>) -> Result<BytesMut, String> {
    let mut ours = BytesMut::new();
    packet.encode(version, &mut ours).unwrap();
    let mut theirs = BytesMut::new();
    match version {
        Version::V31 | Version::V311 => v4::Packet::read(&mut ours, MAX as usize)
            .map_err(|error| error.to_string())?
            .write(&mut theirs, MAX as usize)
            .map_err(|error| error.to_string())?,
        Version::V5 => v5::Packet::read(&mut ours, Some(MAX))
            .map_err(|error| error.to_string())?
            .write(&mut theirs, Some(MAX))
            .map_err(|error| error.to_string())?,
    };
    assert!(ours.is_empty(), "the peer leaves {} bytes", ours.len());
    Ok(theirs)
}

/// The peer keeps user properties apart from others, so only the order among them survives.
fn in_peer_order(packet: Packet<'_>) -> Packet<'_> {
    match packet {
        Packet::Publish(mut publish) => {
            publish.properties.pass_through = by_id(publish.properties.pass_through);
            Packet::Publish(publish)
        }
        Packet::Connect(mut connect) => {
            if let Some(will) = &mut connect.will {
                will.properties.pass_through = by_id(will.properties.pass_through);
            }
            Packet::Connect(connect)
        }
        other => other,
    }
}

fn by_id(pass_through: PassThrough<'_>) -> PassThrough<'_> {
    let mut properties = pass_through.iter().collect::<Vec<_>>();
    properties.sort_by_key(Property::id);
    let mut raw = Vec::new();
    properties.iter().for_each(|property| property.encode(&mut raw).unwrap());
    PassThrough::parse(Box::leak(raw.into_boxed_slice())).unwrap()
}

/// An empty user name or password is none to the peer, a password is text, and bridges are none.
fn beyond_v311(packet: &Packet<'_>) -> bool {
    match packet {
        Packet::Connect(connect) => {
            let password_is_plain = connect.password.is_none_or(|password| {
                !password.is_empty() && std::str::from_utf8(password).is_ok()
            });
            connect.user_name == Some("") || connect.bridge || !password_is_plain
        }
        _ => false,
    }
}

/// Nor does it read AUTH or the short forms of DISCONNECT, and it counts each subscription
/// identifier of a PUBLISH one byte too long.
fn beyond_v5(packet: &Packet<'_>) -> bool {
    match packet {
        Packet::Auth(_) => true,
        Packet::Disconnect(disconnect) => *disconnect == Disconnect::new(disconnect.reason),
        Packet::Publish(publish) => !publish.properties.subscription_ids.is_empty(),
        _ => beyond_v311(packet),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn the_peer_agrees(
        v5 in any::<bool>(),
        bytes in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        let (version, beyond): (_, fn(&Packet<'_>) -> bool) =
            if v5 { (Version::V5, beyond_v5) } else { (Version::V311, beyond_v311) };
        let packet = Dice::new(version, bytes).packet();
        prop_assume!(!beyond(&packet));
        let theirs = through_peer(version, &packet)
            .map_err(|error| TestCaseError::fail(format!("{error}: {packet:?}")))?;
        let Ok(Frame::Packet(framed)) = frame(&theirs, MAX as usize) else {
            return Err(TestCaseError::fail(format!("{theirs:02x?}")));
        };
        let back = framed.decode(version, &theirs)
            .map_err(|error| TestCaseError::fail(format!("{error}: {packet:?}")))?;
        prop_assert_eq!(in_peer_order(back), in_peer_order(packet));
    }
}
