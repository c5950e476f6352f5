//! The PROXY protocol: the address that a header gives, and that only known proxies may send one.

use std::io::Write as _;
use std::time::Duration;

use broker_codec::{Packet, ReasonCode, Version};
use broker_server::{Deps, Failure, Transport};

use crate::certificates::Secure;
use crate::client::{Broker, Client, connect, eventually};
use crate::peers::witnessed;

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

fn header() -> Vec<u8> {
    let addresses = [192, 0, 2, 7, 127, 0, 0, 1, 0x12, 0x34, 0x07, 0x5B];
    [SIGNATURE, &[0x21, 0x11, 0, 12], &addresses].concat()
}

fn start(deps: Deps) -> Broker {
    Broker::over(deps, |config| {
        config.listen[0].proxy = true;
        config.handshakes.timeout = Duration::from_secs(3);
    })
}

#[test]
fn the_address_is_what_the_proxy_says() {
    let (deps, peers) = witnessed(true);
    let broker = start(deps);
    let mut client = broker.raw(Version::V5);
    client.bytes(&header());
    client.connected(&connect(Version::V5, "c")).ping();
    let peer = peers.recv().unwrap();
    assert_eq!((&*peer.address, peer.proxied), ("192.0.2.7:4660", true));
    // A proxy that asks for itself, in single bytes.
    let mut local = broker.raw(Version::V311);
    for byte in [SIGNATURE, &[0x20, 0, 0, 0]].concat() {
        local.bytes(&[byte]);
    }
    local.connected(&connect(Version::V311, "d")).ping();
    let peer = peers.recv().unwrap();
    assert!(peer.address.starts_with("127.0.0.1:") && peer.proxied, "{peer:?}");
}

#[test]
fn nobody_is_anonymous_behind_a_proxy() {
    let broker = start(Deps::default());
    for version in [Version::V5, Version::V311] {
        let mut client = broker.raw(version);
        client.bytes(&header());
        client.send(&Packet::Connect(Box::new(connect(version, "c"))));
        assert_eq!(client.refused(), ReasonCode::NotAuthorized);
    }
}

#[test]
fn bad_and_slow_headers() {
    let broker = start(Deps::default());
    let mut wrong_version = header();
    wrong_version[12] = 0x11;
    let long = [SIGNATURE, &[0x21, 0x11, 0xFF, 0xFF]].concat();
    let mqtt = b"\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01c\xc0\0".to_vec();
    let first = b"PROXY TCP4 192.0.2.7 127.0.0.1 4660 1883\r\n".to_vec();
    for (n, bytes) in (1..).zip([wrong_version, long, mqtt, first]) {
        let mut client = broker.raw(Version::V5);
        client.bytes(&bytes);
        client.closed();
        eventually("a count", || broker.failed(Transport::Tcp, Failure::Proxy) == n);
    }
    let mut silent = broker.raw(Version::V5);
    let mut slow = broker.raw(Version::V5);
    slow.bytes(&header()[..20]);
    silent.closed();
    slow.closed();
    eventually("a count", || broker.failed(Transport::Tcp, Failure::Timeout) == 2);
    assert_eq!(broker.handle.stats().transports[Transport::Tcp as usize].accepted, 0);
}

#[test]
fn a_header_where_none_is_expected_ends_the_connection() {
    let broker = Broker::start();
    let mut client = broker.raw(Version::V5);
    client.bytes(&header());
    client.closed_or_refused();
}

#[test]
fn before_tls() {
    let (deps, peers) = witnessed(true);
    let secure = Secure::with(Transport::Tls, deps, |config, _| config.listen[1].proxy = true);
    let mut stream = secure.stream(&secure.trust(), Transport::Tls);
    stream.sock.write_all(&header()).unwrap();
    Client::over(stream, Version::V5).connected(&connect(Version::V5, "c")).ping();
    let peer = peers.recv().unwrap();
    assert_eq!((&*peer.address, peer.transport), ("192.0.2.7:4660", Transport::Tls));
}
