//! A stop is orderly and quick, clients connected or not (LITE-5), and costs the next start nothing.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::hub::{Hub, Scratch, within};
use crate::wire::{connect, dial, subscribe};

#[test]
fn a_hub_with_idle_clients_stops_within_ten_seconds() {
    let scratch = Scratch::new();
    let mut hub = Hub::start(scratch.path());
    hub.mosquitto_pub(&["-t", "uns/v1/acme/a", "-m", "1", "-q", "1"]);
    let clients: Vec<TcpStream> = [hub.mqtt, hub.http, hub.mqtt]
        .iter()
        .map(|address| TcpStream::connect(address).expect("the hub listens"))
        .collect();
    let took = hub.stop();
    eprintln!("stopped in {took:?}");
    assert!(took < within(Duration::from_secs(10)), "{took:?}: {}", hub.log());
    drop(clients);
    let hub = Hub::start(scratch.path());
    assert_eq!(hub.history("uns/v1/acme/a", "").len(), 1);
}

/// A client that subscribes to everything and reads nothing.
fn deaf(hub: &Hub, client_id: &str) -> TcpStream {
    let mut socket = dial(hub.mqtt);
    socket.write_all(&connect(client_id)).expect("the hub reads");
    socket.write_all(&subscribe("#")).expect("the hub reads");
    socket
}

/// A request to HTTP whose answer, if there is one, nobody reads.
fn request(hub: &Hub, text: &str) -> TcpStream {
    let mut socket = dial(hub.http);
    socket.write_all(text.as_bytes()).expect("the hub reads");
    socket
}

#[test]
fn a_stop_waits_for_no_client_that_hangs() {
    let scratch = Scratch::new();
    let mut hub = Hub::start(scratch.path());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    let file = scratch.path().join("body.json");
    for batch in 1..=5 {
        let row = |n| format!(r#"{{\"value\":{n},\"timestamp\":{}}}"#, now - batch * 10_000 + n);
        let rows: Vec<_> = (0..10_000).map(row).collect();
        let payload = format!("[{}]", rows.join(","));
        let body = format!(r#"{{"topic":"uns/v1/acme/many","payloadText":"{payload}"}}"#);
        std::fs::write(&file, body).expect("a file");
        let (status, said) = hub.post("publish", &format!("@{}", file.display()));
        assert_eq!(status, 200, "{said}");
    }
    let mut hanging: Vec<_> = (0..3).map(|n| deaf(&hub, &format!("deaf{n}"))).collect();
    // More than their sockets take.
    let file = scratch.path().join("large");
    std::fs::write(&file, "x".repeat(1_000_000)).expect("a file");
    for _ in 0..8 {
        hub.mosquitto_pub(&["-t", "plant/large", "-f", file.to_str().expect("UTF-8")]);
    }
    let host = format!("Host: {}\r\n", hub.http);
    hanging.extend([hub.mqtt, hub.http].map(dial));
    hanging.push(request(&hub, "GET /api/v1/uns/tree HTTP/1.1\r\nHos"));
    let publish = "POST /api/v1/uns/publish HTTP/1.1\r\nContent-Type: application/json\r\n";
    hanging.push(request(&hub, &format!("{publish}{host}Content-Length: 100\r\n\r\n{{")));
    let history =
        "GET /api/v1/uns/history?topic=uns/v1/acme/many&limit=50000&start=-1h HTTP/1.1\r\n";
    for _ in 0..4 {
        hanging.push(request(&hub, &format!("{history}{host}\r\n")));
    }
    for path in ["/api/v1/ws", "/mqtt"] {
        let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
        hanging.push(request(&hub, &format!("GET {path} HTTP/1.1\r\n{host}{upgrade}\r\n")));
    }
    let took = hub.stop();
    eprintln!("stopped in {took:?}");
    let log = hub.log();
    assert!(took < within(Duration::from_secs(3)), "{took:?}: {log}");
    assert!(log.contains("clients are gone") || log.contains("is cut off"), "{log}");
    drop(hanging);
    let hub = Hub::start(scratch.path());
    assert_eq!(hub.history("uns/v1/acme/many", "").len(), 50_000);
}

#[test]
fn a_stop_without_clients_waits_for_nothing() {
    let scratch = Scratch::new();
    let mut hub = Hub::start(scratch.path());
    hub.mosquitto_pub(&["-t", "uns/v1/acme/a", "-m", "1", "-q", "1"]);
    let took = hub.stop();
    eprintln!("stopped in {took:?}");
    let log = hub.log();
    assert!(log.contains("clients are gone") && log.contains("stopped"), "{log}");
    assert!(!log.contains("in time") && !log.contains("cut off"), "{log}");
}
