//! Frames in pieces of every size, and frames against the rules.

use super::*;

/// A client's frame.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    frame_head(first & 0x0F, payload.len(), &mut out);
    out[0] = first;
    out[1] |= 0x80;
    let mask = [0x12, 0x34, 0x56, 0x78];
    out.extend_from_slice(&mask);
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    out
}

/// The payload, answers and state of bytes that arrive in pieces.
fn decode(bytes: &[u8], piece: usize) -> (Vec<u8>, Vec<u8>, FramesState) {
    let mut deframer = Deframer::new(1 << 20);
    let (mut payload, mut replies) = (Vec::new(), Vec::new());
    for chunk in bytes.chunks(piece) {
        let mut chunk = chunk.to_vec();
        let kept = deframer.decode(&mut chunk, &mut replies);
        payload.extend_from_slice(&chunk[..kept]);
    }
    (payload, replies, deframer.state())
}

#[test]
fn messages_in_pieces_with_pings_between_fragments() {
    let long: Vec<u8> = (0..70_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let bytes = [
        frame(0x02, b"ab"),
        frame(0x89, b"here?"),
        frame(0x00, b""),
        frame(0x8A, b"unasked"),
        frame(0x80, b"cd"),
        frame(0x82, b""),
        frame(0x82, &long[..300]),
        frame(0x82, &long),
        frame(0x89, b""),
    ]
    .concat();
    let expected = [b"abcd", &long[..300], &long].concat();
    for piece in [1, 2, 3, 7, 13, 14, 15, 64, 1000, 65_536, bytes.len()] {
        let (payload, replies, state) = decode(&bytes, piece);
        assert_eq!(state, FramesState::Open);
        assert!(payload == expected, "pieces of {piece}");
        assert_eq!(replies, b"\x8a\x05here?\x8a\x00", "pieces of {piece}");
    }
}

#[test]
fn endings() {
    let unmasked = b"\x82\x01a".to_vec();
    for (bytes, state, reply) in [
        (frame(0x88, b"\x03\xe8bye"), FramesState::Closed, &b"\x88\x02\x03\xe8"[..]),
        (frame(0x88, b""), FramesState::Closed, b"\x88\x00"),
        (frame(0x88, b"\x03"), FramesState::Closed, b"\x88\x02\x03\xea"),
        (frame(0x88, b"\x03\xed"), FramesState::Closed, b"\x88\x02\x03\xea"),
        (frame(0x81, b"text"), FramesState::Violated, b"\x88\x02\x03\xeb"),
        (frame(0x80, b"nothing to continue"), FramesState::Violated, b"\x88\x02\x03\xea"),
        (frame(0xC2, b"reserved bit"), FramesState::Violated, b"\x88\x02\x03\xea"),
        (frame(0x83, b"reserved opcode"), FramesState::Violated, b"\x88\x02\x03\xea"),
        (frame(0x8B, b"reserved opcode"), FramesState::Violated, b"\x88\x02\x03\xea"),
        (frame(0x09, b"fragmented ping"), FramesState::Violated, b"\x88\x02\x03\xea"),
        (frame(0x89, &[0; 126]), FramesState::Violated, b"\x88\x02\x03\xea"),
        (frame(0x82, &vec![0; (1 << 20) + 1]), FramesState::Violated, b"\x88\x02\x03\xf1"),
        (unmasked, FramesState::Violated, b"\x88\x02\x03\xea"),
    ] {
        let first = format!("{:02x?}", &bytes[..3]);
        let whole = [frame(0x82, b"before"), bytes, frame(0x82, b"after")].concat();
        for piece in [1, 5, whole.len()] {
            let (payload, replies, ended) = decode(&whole, piece);
            assert_eq!(payload, b"before", "{first}");
            assert_eq!((ended, &replies[..]), (state, reply), "{first}");
        }
    }
    let interleaved = [frame(0x02, b"a"), frame(0x82, b"b")].concat();
    assert_eq!(decode(&interleaved, 3).2, FramesState::Violated);
}

#[test]
fn random_bytes_do_not_panic_and_a_flood_of_pings_stays_bounded() {
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    for round in 0..2000_usize {
        let bytes: Vec<u8> = (0..round % 64)
            .map(|_| {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                seed.to_le_bytes()[3]
            })
            .collect();
        let (payload, ..) = decode(&bytes, 1 + round % 17);
        assert!(payload.len() <= bytes.len());
    }
    let flood = frame(0x89, &[7; 125]).repeat(1000);
    assert!(decode(&flood, 100).1.len() < REPLIES_MAX + 200);
}
