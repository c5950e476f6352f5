//! TRAP-47, TRAP-48, TRAP-50, TRAP-52: slow, broken and too many clients are dropped, and no other client
//! is affected.

use std::time::Duration;

use broker_codec::{ReasonCode, Version};

use crate::client::{Broker, QOS0, eventually, message};

#[test]
fn trap_50_a_slow_handshake_is_cut_off() {
    let broker = Broker::with(|config| {
        config.engine.handshake_timeout = Duration::from_secs(3);
    });
    let mut silent = broker.raw(Version::V5);
    let mut slow = broker.raw(Version::V5);
    slow.bytes(&[0x10]);
    std::thread::sleep(Duration::from_millis(100));
    slow.bytes(&[0x20]);
    let mut honest = broker.v5("honest");
    silent.closed();
    slow.closed();
    honest.ping();
}

#[test]
fn broken_first_packets() {
    let broker = Broker::start();
    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
        &[0x10, 0xFF, 0xFF, 0xFF, 0x7F],
        &[0x30, 3, 0, 1, b'a'],
        &[0xC0, 0],
        &[0x10, 5, 0, 4, b'M', b'Q', b'T'],
        &[0x00, 0x00],
        &[0xFF; 64],
    ] {
        let mut client = broker.raw(Version::V5);
        client.bytes(bytes);
        client.closed_or_refused();
    }
    assert!(broker.handle.stats().stats.protocol_errors >= 8);
    broker.v5("honest").ping();
}

#[test]
fn random_bytes_after_connect_hurt_nobody() {
    let broker = Broker::start();
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let mut honest = broker.v5("honest");
    honest.subscribe(&[("t", QOS0)]);
    for round in 0..200 {
        let mut client = broker.v5("hostile");
        let bytes: Vec<u8> = (0..round * 3)
            .map(|_| {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                seed.to_le_bytes()[3]
            })
            .collect();
        client.bytes(&bytes);
    }
    honest.publish(message("t", "x"));
    assert_eq!(honest.got().payload, b"x");
}

#[test]
fn trap_47_the_connection_limit() {
    let broker = Broker::with(|config| config.connections_max = 3);
    let clients: Vec<_> = (0..3).map(|n| broker.v5(&format!("c{n}"))).collect();
    for _ in 0..3 {
        let mut fourth = broker.raw(Version::V5);
        let connect = crate::client::connect(Version::V5, "d");
        fourth.send(&broker_codec::Packet::Connect(Box::new(connect)));
        assert_eq!(fourth.refused(), ReasonCode::QuotaExceeded);
    }
    drop(clients);
    eventually("room", || broker.handle.stats().sockets < 3);
    broker.v5("d").ping();
}

#[test]
fn a_packet_in_single_bytes() {
    let broker = Broker::start();
    let mut client = broker.raw(Version::V311);
    for byte in b"\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01c\xc0\0" {
        client.bytes(&[*byte]);
        std::thread::sleep(Duration::from_millis(1));
    }
    client.next(|packet| assert_eq!(packet.packet_type(), broker_codec::PacketType::Connack));
    client.next(|packet| assert_eq!(packet, broker_codec::Packet::Pingresp));
}
