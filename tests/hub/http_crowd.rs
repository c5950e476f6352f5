//! More WebSockets and idle connections than there may be: those beyond the limit are refused with an
//! answer, and health, metrics and the API go on.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::hub::{Hub, Scratch};

/// Descriptors of the hub.
const LIMIT: usize = 1024;
/// More than it can have of either.
const MANY: usize = 600;

/// The status of the answer to a request, and its connection.
fn ask(hub: &Hub, path: &str, headers: &str) -> (u16, TcpStream) {
    let mut socket = TcpStream::connect(hub.http).expect("the hub listens");
    socket.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n", hub.http);
    socket.write_all(request.as_bytes()).expect("the request is sent");
    let mut head = [0; 12];
    socket.read_exact(&mut head).expect("an answer, not silence");
    let status = String::from_utf8_lossy(&head[9..]).parse().expect("a status");
    (status, socket)
}

fn web_socket(hub: &Hub) -> (u16, TcpStream) {
    let headers = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    ask(hub, "/api/v1/ws", headers)
}

fn watched(hub: &Hub) {
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(ask(hub, path, "Connection: close\r\n").0, 200, "{path}");
    }
}

#[test]
fn a_crowd_of_web_sockets_and_idle_connections_leaves_http_to_others() {
    let scratch = Scratch::new();
    let limit = format!("ulimit -n {LIMIT} && exec \"$0\" \"$@\"");
    let hub = Hub::start_under(scratch.path(), &["sh", "-c", &limit]);
    let mut open = Vec::new();
    let mut refused = 0;
    for _ in 0..MANY {
        match web_socket(&hub) {
            (101, socket) => open.push(socket),
            (503, _) => refused += 1,
            (other, _) => panic!("{other}"),
        }
    }
    eprintln!("{} WebSockets with {LIMIT} descriptors, {refused} refused", open.len());
    assert!(open.len() > LIMIT / 4 && refused > 0);
    watched(&hub);
    // The API is not theirs.
    let (status, answer) = hub.fetch("/api/v1/uns/tree");
    assert_eq!(status, 200, "{answer}");
    // Idle connections give way to newer ones.
    let idle: Vec<_> = (0..MANY).map(|_| TcpStream::connect(hub.http)).collect();
    watched(&hub);
    let served = (0..600).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        ask(&hub, "/api/v1/uns/tree", "Connection: close\r\n").0 == 200
    });
    assert!(served, "no idle connection gave way");
    drop((open, idle));
    assert!(!hub.log().contains("os error 24"), "{}", hub.log());
}
