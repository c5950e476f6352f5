//! Before a log-in: how much memory a connection may take, how many an address may have, and which one
//! gives way.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use broker_codec::{Packet, Publish, PublishProperties, ReasonCode, Version};
use broker_server::{Deps, Failure, Pressure, Transport};

use crate::client::{Broker, Client, connect, eventually};
use crate::peers::witnessed;

/// A fixed header that announces a packet of this length.
fn announced(kind: u8, mut length: usize) -> Vec<u8> {
    let mut bytes = vec![kind];
    loop {
        let digit = u8::try_from(length % 128).expect("a digit");
        length /= 128;
        bytes.push(if length > 0 { digit | 0x80 } else { digit });
        if length == 0 {
            return bytes;
        }
    }
}

/// A packet that is announced as larger than a CONNECT may be is not waited for.
#[test]
fn a_connect_is_at_most_64_kib() {
    let broker = Broker::start();
    for length in [70_000, 1_000_000] {
        let mut client = broker.raw(Version::V5);
        client.bytes(&announced(0x10, length));
        client.closed_or_refused();
    }
    let password = vec![b'x'; 60_000];
    let large = broker_codec::Connect {
        user_name: Some("fred"),
        password: Some(&password),
        ..connect(Version::V5, "c")
    };
    let mut client = broker.client(&large);
    let payload = "x".repeat(200_000);
    client.publish(crate::client::message("a", &payload));
    client.ping();
}

/// Silent plain sockets keep nobody out, just as silent TLS sockets do not.
#[test]
fn silent_plain_sockets_give_way() {
    let broker = Broker::with(|config| {
        config.connections_max = 4;
        config.handshakes.timeout = Duration::from_secs(600);
        config.engine.handshake_timeout = Duration::from_secs(600);
    });
    let mut silent: Vec<Client> = (0..4).map(|_| broker.raw(Version::V5)).collect();
    // Some say a little, and no more.
    for one in silent.iter_mut().skip(2) {
        one.bytes(&announced(0x10, 1000));
    }
    eventually("four sockets", || broker.handle.stats().sockets == 4);
    // A core learns a moment later how many connections of another core may give way.
    let welcome = |id: String| loop {
        let mut client = broker.raw(Version::V5);
        client.send(&Packet::Connect(Box::new(connect(Version::V5, &id))));
        let reason = client.next(|packet| match packet {
            Packet::Connack(connack) => connack.reason,
            other => panic!("{other:?} is no CONNACK"),
        });
        if reason == ReasonCode::Success {
            return client;
        }
    };
    let mut honest: Vec<Client> = (0..4).map(|n| welcome(format!("c{n}"))).collect();
    honest.iter_mut().for_each(Client::ping);
    for mut one in silent {
        one.closed_or_refused();
    }
    // Those that are connected give way to nobody.
    let mut late = broker.raw(Version::V5);
    late.send(&Packet::Connect(Box::new(connect(Version::V5, "late"))));
    assert_eq!(late.refused(), ReasonCode::QuotaExceeded);
    honest.iter_mut().for_each(Client::ping);
}

/// A PROXY header for an address of a network for documentation.
fn header(last: u8) -> Vec<u8> {
    let addresses = [192, 0, 2, last, 127, 0, 0, 1, 0x12, 0x34, 0x07, 0x5B];
    [&b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"[..], &addresses].concat()
}

#[test]
fn an_address_has_so_many_connections() {
    let (deps, peers) = witnessed(true);
    let broker = Broker::over(deps, |config| {
        config.listen[0].proxy = true;
        config.connections_per_address = 2;
    });
    let open = |last: u8, id: &str| {
        let mut client = broker.raw(Version::V5);
        client.bytes(&header(last));
        let client = client.connected(&connect(Version::V5, id));
        peers.recv().expect("its log-in was seen");
        client
    };
    let first = open(7, "a");
    let mut second = open(7, "b");
    // One that says nothing is not waited for longer than a moment.
    let mut silent = broker.raw(Version::V5);
    silent.bytes(&header(7));
    silent.closed();
    for (version, code) in
        [(Version::V5, ReasonCode::QuotaExceeded), (Version::V311, ReasonCode::ServerUnavailable)]
    {
        let mut third = broker.raw(version);
        third.bytes(&header(7));
        third.send(&Packet::Connect(Box::new(connect(version, "third"))));
        assert_eq!(third.refused(), code);
    }
    eventually("they are counted", || broker.failed(Transport::Tcp, Failure::Address) == 3);
    open(8, "other").ping();
    second.ping();
    drop(first);
    eventually("the place is given back", || broker.handle.stats().sockets == 1);
    open(7, "c").ping();
    second.ping();
}

/// The status line of the answer to an HTTP request for MQTT.
fn upgrade(mut socket: TcpStream) -> String {
    let request = "GET /mqtt HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
                   Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                   Sec-WebSocket-Protocol: mqtt\r\n\r\n";
    socket.write_all(request.as_bytes()).expect("it is sent");
    let mut answer = String::new();
    BufReader::new(socket).read_line(&mut answer).expect("an answer");
    answer
}

#[test]
fn an_address_with_many_connections_hears_it_over_websocket_in_http() {
    let broker = Broker::also(Transport::WebSocket, Deps::default(), |config| {
        config.listen[1].proxy = true;
        config.connections_per_address = 1;
    });
    let ask = || {
        let mut socket = broker.socket(Transport::WebSocket);
        socket.write_all(&header(7)).expect("it is sent");
        socket
    };
    let kept = ask();
    assert!(upgrade(kept.try_clone().expect("a socket")).starts_with("HTTP/1.1 101 "));
    assert!(upgrade(ask()).starts_with("HTTP/1.1 429 "));
    eventually("it is counted", || broker.failed(Transport::WebSocket, Failure::Address) == 1);
}

/// A client is also told when the hub is full.
#[test]
fn a_full_hub_says_so() {
    let broker = Broker::also(Transport::WebSocket, Deps::default(), |_| ());
    let mut honest = broker.v5("honest");
    broker.handle.set_pressure(Pressure::Full);
    for (version, code) in
        [(Version::V5, ReasonCode::QuotaExceeded), (Version::V311, ReasonCode::ServerUnavailable)]
    {
        let mut late = broker.raw(version);
        late.send(&Packet::Connect(Box::new(connect(version, "late"))));
        assert_eq!(late.refused(), code);
    }
    assert!(upgrade(broker.socket(Transport::WebSocket)).starts_with("HTTP/1.1 503 "));
    eventually("they are counted", || broker.handle.stats().turned_away >= 3);
    honest.ping();
}

#[test]
fn a_header_counts_from_listed_proxies_only() {
    let (deps, _peers) = witnessed(true);
    let broker = Broker::over(deps, |config| {
        config.listen[0].proxy = true;
        config.proxies = vec!["192.0.2.0/24".parse().expect("a network")];
    });
    let mut client = broker.raw(Version::V5);
    client.bytes(&header(7));
    client.closed();
    eventually("it is counted", || broker.failed(Transport::Tcp, Failure::Proxy) == 1);
}

/// 128 aliases of 64 KiB each would be 8 MiB for one client.
#[test]
fn topics_with_aliases_are_bounded_in_bytes() {
    let broker = Broker::start();
    let mut client = broker.v5("c");
    let topic = |n: u16| format!("{n:04}{}", "x".repeat(20_000));
    let publish = |client: &mut Client, alias: u16, topic: &str| {
        let properties = PublishProperties {
            topic_alias: std::num::NonZeroU16::new(alias),
            ..PublishProperties::default()
        };
        client.publish(Publish { topic, payload: b"x", properties, ..Publish::default() });
    };
    for n in 1..=3 {
        publish(&mut client, n, &topic(n));
        // Another topic takes the place of the first.
        publish(&mut client, n, &topic(n + 100));
    }
    client.ping();
    publish(&mut client, 4, &topic(4));
    assert_eq!(client.disconnected(), ReasonCode::QuotaExceeded);
}
