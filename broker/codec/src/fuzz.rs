//! The entry for fuzzing: a byte stream as a server and a client would read it.

use crate::{Frame, Packet, Version, decode, frame};

/// The largest packet the entry accepts.
const PACKET_MAX: usize = 1 << 20;

/// Reads `data` as a stream of packets, in the version its CONNECT asks for and in both without.
/// Whatever decodes must encode to bytes that decode to the same.
///
/// # Panics
/// When it does not; that is what fuzzing looks for.
pub fn fuzz(data: &[u8]) {
    for start in Version::ALL {
        stream(start, data);
    }
    if let Some((header, body)) = data.split_first() {
        for version in Version::ALL {
            if let Ok(packet) = decode(version, *header, body) {
                round_trip(version, &packet);
            }
        }
    }
}

fn stream(start: Version, data: &[u8]) {
    let mut version = start;
    let mut rest = data;
    while let Ok(Frame::Packet(framed)) = frame(rest, PACKET_MAX) {
        let Ok(packet) = framed.decode(version, rest) else { return };
        if let Packet::Connect(connect) = &packet {
            version = connect.version;
        }
        round_trip(version, &packet);
        rest = rest.get(framed.total_len..).expect("a whole packet lies in the buffer");
    }
}

fn round_trip(version: Version, packet: &Packet<'_>) {
    let version = match packet {
        Packet::Connect(connect) => connect.version,
        _ => version,
    };
    let mut bytes = Vec::new();
    let len = packet.encode(version, &mut bytes).expect("a decoded packet encodes");
    assert_eq!(len, bytes.len(), "the measured length is the written length");
    let Ok(Frame::Packet(framed)) = frame(&bytes, usize::MAX) else {
        unreachable!("an encoded packet is whole")
    };
    assert_eq!(framed.decode(version, &bytes).as_ref(), Ok(packet), "a round trip changes nothing");
}
