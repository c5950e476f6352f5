//! Every descriptor is spoken for: a hub with few of them is filled with clients of MQTT and HTTP,
//! says so to the next (0x97), and still rotates its log, answers queries and takes nothing it
//! cannot serve.

use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use broker_codec::{QoS, ReasonCode, Version};

use crate::client::{Client, connect};
use crate::hub::{Hub, Scratch, certificate};
use crate::wire::{dial, until_closed};

/// The hub's limit, so that a test fills it.
const LIMIT: usize = 600;

/// HTTP connections: more than it gets of these descriptors, fewer than the kernel lets wait.
const HTTP: usize = 110;

/// Connects until one is refused in words.
fn fill(address: SocketAddr) -> Vec<Client> {
    let mut clients = Vec::new();
    loop {
        let id = format!("client{}", clients.len());
        let mut client = Client::send_connect(address, &connect(Version::V5, &id));
        match client.connack() {
            Ok(_) => clients.push(client),
            Err(ReasonCode::QuotaExceeded) => return clients,
            Err(reason) => panic!("{id}: {reason}"),
        }
        assert!(clients.len() < LIMIT, "more connections than descriptors");
    }
}

fn segments(directory: &Path) -> usize {
    let files = fs::read_dir(directory.join("data/streams/data")).expect("the log is there");
    files.count()
}

#[test]
fn a_full_hub_still_rotates_its_log_and_answers() {
    let scratch = Scratch::new();
    let mut set = certificate(scratch.path());
    set.push("mqtt.tls.listen=127.0.0.1:0".to_owned());
    set.push("history.memory=4MiB".to_owned());
    let set: Vec<_> = set.iter().map(String::as_str).collect();
    let limit = format!("ulimit -n {LIMIT} && exec \"$0\" \"$@\"");
    let hub = Hub::start_under_with(scratch.path(), &["sh", "-c", &limit], &set);
    let at_start = hub.descriptors();
    // Handshakes that stand still give way to whoever is through.
    let mut stuck: Vec<_> = (0..100).map(|_| dial(hub.address("mqtt_tls"))).collect();
    let mut clients = fill(hub.mqtt);
    // HTTP as far as it goes, with connections that say nothing.
    let idle: Vec<TcpStream> = (0..HTTP).filter_map(|_| open_http(&hub)).collect();
    let most = hub.descriptors();
    eprintln!(
        "{} MQTT clients of {LIMIT} descriptors, {at_start} open at the start, {most} when full",
        clients.len()
    );
    assert!(clients.len() > LIMIT / 3 && most <= LIMIT, "{} clients", clients.len());
    drop(idle);

    let before = segments(scratch.path());
    let large = format!(r#"{{"text":"{}"}}"#, "x".repeat(1_000_000));
    for (n, from) in clients.iter_mut().enumerate().take(80) {
        let answer = from.publish_and_wait("uns/v1/full/large", large.as_bytes());
        assert_eq!(answer, Some(ReasonCode::Success));
        from.publish_and_wait("uns/v1/full/n", n.to_string().as_bytes());
    }
    assert!(segments(scratch.path()) > before, "the log goes on in a further segment");
    let mut refused = Vec::new();
    for n in 0..20 {
        let id = format!("beyond{n}");
        let mut client = Client::send_connect(hub.mqtt, &connect(Version::V311, &id));
        assert_eq!(client.connack(), Err(ReasonCode::ServerUnavailable), "{id}");
        refused.push(client);
    }
    for _ in 0..20 {
        assert_eq!(hub.history("uns/v1/full/n", "").len(), 80);
    }
    let mut reader = clients.pop().expect("many");
    assert_eq!(reader.subscribe("uns/v1/full/+", QoS::AtMostOnce), ReasonCode::Success);
    reader.ping();
    for socket in &mut stuck {
        until_closed(socket);
    }
    let said = hub.log();
    assert!(!said.contains("os error 24"), "{said}");
}

/// An idle HTTP connection, where one is taken.
fn open_http(hub: &Hub) -> Option<TcpStream> {
    let mut socket = TcpStream::connect(hub.http).ok()?;
    socket.write_all(b"GET /").ok()?;
    Some(socket)
}
