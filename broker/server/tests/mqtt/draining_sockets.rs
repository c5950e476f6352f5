//! Sockets stay open until their client has read why its connection ended. The tests check for how long,
//! and that these sockets keep nobody out. An attempt does not count if this machine was so slow that the
//! clients seemed to be silent.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use broker_codec::{Packet, ReasonCode, Version};
use broker_server::{Config, Transport};

use crate::client::{Broker, connect, eventually};

/// A client that is slow to send the rest of what it has.
struct Slow(TcpStream);

impl Slow {
    /// Sends these bytes, which make the hub end the connection.
    fn ended_by(broker: &Broker, packets: &[&[u8]]) -> Self {
        let mut socket = broker.socket(Transport::Tcp);
        socket.write_all(&packets.concat()).expect("it is sent");
        Self(socket)
    }

    /// A client that was connected and sends a packet over the limit.
    fn connected(broker: &Broker) -> Self {
        let oversize = || broker.handle.stats().stats.oversize;
        let before = oversize();
        let slow = Self::ended_by(broker, &[&hello(Version::V5), b"\x32\xff\xff\xff\x7f\0\x01a"]);
        eventually("it is ended", || oversize() > before);
        slow
    }

    /// Sends a little more. Returns whether the socket is still open.
    fn goes_on(&mut self) -> bool {
        self.0.write_all(b"a part of the rest").is_ok()
    }
}

fn hello(version: Version) -> Vec<u8> {
    let mut bytes = Vec::new();
    let connect = Packet::Connect(Box::new(connect(version, "")));
    connect.encode(version, &mut bytes).expect("a packet");
    bytes
}

/// Repeats an attempt until its turns followed each other quickly. A turn returns whether the attempt is
/// at its end, or what is wrong.
fn undisturbed<T>(
    broker: &Broker,
    begin: impl Fn() -> T,
    turn: impl Fn(&mut T) -> Result<bool, &'static str>,
) {
    for _ in 0..20 {
        eventually("those before are gone", || broker.handle.stats().sockets == 0);
        let mut last = Instant::now();
        let mut state = begin();
        loop {
            let outcome = turn(&mut state);
            if last.elapsed() > Duration::from_secs(1) {
                break;
            }
            if outcome.expect("nothing held it up") {
                return;
            }
            last = Instant::now();
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    panic!("this machine held up every attempt");
}

fn small(config: &mut Config) {
    config.engine.packet_bytes_max = 10_000;
}

/// A refused client has no right to a connection. A client that was connected has more time.
#[test]
fn the_socket_of_a_refused_client_is_closed_sooner_than_that_of_a_connected_one() {
    let broker = Broker::with(small);
    let begin = || {
        let connected = Slow::connected(&broker);
        // An unknown protocol version is answered with CONNACK 0x84.
        let refused = Slow::ended_by(&broker, &[b"\x10\x0e\0\x04MQTT\x2e\x02\0\0\0\0\x01c"]);
        (connected, refused)
    };
    undisturbed(&broker, begin, |(connected, refused)| match connected.goes_on() {
        true => Ok(!refused.goes_on()),
        false => Err("it went before the one that was refused"),
    });
}

/// A connection that has ended must not take the room of a new one.
#[test]
fn a_draining_socket_gives_way_to_a_new_connection() {
    let broker = Broker::with(|config| {
        small(config);
        config.connections_max = 1;
    });
    let begin = || (Slow::connected(&broker), Instant::now());
    undisturbed(&broker, begin, |(slow, ended)| {
        if !slow.goes_on() {
            return Err("it was closed before somebody else had its place");
        }
        let mut client = broker.raw(Version::V5);
        client.bytes(&hello(Version::V5));
        let reason = client.next(|packet| match packet {
            Packet::Connack(connack) => connack.reason,
            other => panic!("{other:?} is no CONNACK"),
        });
        assert!(matches!(reason, ReasonCode::Success | ReasonCode::QuotaExceeded), "{reason:?}");
        // Without a new connection it would stay open for 30 s.
        match reason == ReasonCode::Success {
            false if ended.elapsed() > Duration::from_secs(20) => Err("nobody had its place"),
            has_place => Ok(has_place),
        }
    });
}
