//! TRAP-01, TRAP-50: MQTT over WebSocket, plain and in TLS.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use broker_codec::{Packet, ReasonCode, Version};
use broker_server::{Deps, Failure, Transport};
use tungstenite::client::IntoClientRequest as _;
use tungstenite::http::{HeaderValue, Request};
use tungstenite::protocol::frame::CloseFrame;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::{Message, WebSocket};

use crate::certificates::{Secure, Trust};
use crate::client::{Broker, Client, QOS0, QOS1, connect, eventually, message, qos1};
use crate::peers::witnessed;

/// MQTT bytes in binary messages.
struct Binary<S>(WebSocket<S>, Vec<u8>);

impl<S: Read + Write> Read for Binary<S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.1.is_empty() {
            match self.0.read() {
                Ok(Message::Binary(bytes)) => self.1.extend_from_slice(&bytes),
                Ok(Message::Close(_)) => return Ok(0),
                Ok(_) => {}
                Err(tungstenite::Error::Io(error)) => return Err(error),
                Err(_) => return Ok(0),
            }
        }
        let count = into.len().min(self.1.len());
        into[..count].copy_from_slice(&self.1[..count]);
        self.1.drain(..count);
        Ok(count)
    }
}

impl<S: Read + Write> Write for Binary<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(Message::binary(bytes.to_vec())).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(io::Error::other)
    }
}

fn start() -> Broker {
    Broker::also(Transport::WebSocket, Deps::default(), |config| {
        config.handshakes.timeout = Duration::from_secs(3);
        config.handshakes.frame_bytes_max = 2 << 20;
    })
}

fn request(protocol: Option<&'static str>) -> Request<()> {
    let mut request = "ws://localhost/mqtt".into_client_request().expect("a request");
    if let Some(protocol) = protocol {
        let protocol = HeaderValue::from_static(protocol);
        request.headers_mut().insert("sec-websocket-protocol", protocol);
    }
    request
}

fn websocket(broker: &Broker) -> WebSocket<TcpStream> {
    let socket = broker.socket(Transport::WebSocket);
    tungstenite::client(request(Some("mqtt")), socket).expect("an upgrade").0
}

fn client(broker: &Broker, id: &str) -> Client {
    let binary = Binary(websocket(broker), Vec::new());
    Client::over(binary, Version::V5).connected(&connect(Version::V5, id))
}

#[test]
fn packets_of_every_size_and_a_reader_that_pauses() {
    let broker = start();
    let mut client = client(&broker, "c");
    client.subscribe(&[("t", QOS1)]);
    let mut writer = broker.v5("writer");
    let payload = |n: u16| format!("{n:05}{}", "x".repeat(usize::from(n) * 10));
    for n in 1..=1500 {
        writer.publish(qos1("t", &payload(n), n));
        writer.puback();
    }
    for n in 1..=1500 {
        assert_eq!(client.got_text().1, payload(n));
    }
    client.publish(message("t", &"y".repeat(1_000_000)));
    assert_eq!(client.got().payload.len(), 1_000_000);
    client.ping();
}

#[test]
fn in_tls_1_2_and_1_3() {
    use tokio_rustls::rustls::version::{TLS12, TLS13};
    let (deps, peers) = witnessed(false);
    let secure = Secure::with(Transport::WebSocketTls, deps, |_, _| ());
    for versions in [&[&TLS12], &[&TLS13]] {
        let trust = Trust { versions, alpn: &["http/1.1"], ..secure.trust() };
        let stream = secure.stream(&trust, Transport::WebSocketTls);
        let (socket, answer) = tungstenite::client(request(Some("mqtt")), stream).unwrap();
        assert_eq!(answer.headers()["sec-websocket-protocol"], "mqtt");
        let binary = Binary(socket, Vec::new());
        let mut client =
            Client::over(binary, Version::V311).connected(&connect(Version::V311, "c"));
        client.subscribe(&[("t", QOS0)]);
        client.publish(message("t", &"y".repeat(300_000)));
        assert_eq!(client.got().payload.len(), 300_000);
        assert_eq!(peers.recv().unwrap().transport, Transport::WebSocketTls);
    }
}

/// CONNECT of 3.1.1 and two PINGREQ.
const PACKETS: &[u8] = b"\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01c\xc0\0\xc0\0";

fn answers(socket: &mut WebSocket<TcpStream>) {
    let mut bytes = Vec::new();
    while bytes.len() < 8 {
        if let Message::Binary(more) = socket.read().expect("an answer") {
            bytes.extend_from_slice(&more);
        }
    }
    assert_eq!(bytes, b"\x20\x02\0\0\xd0\0\xd0\0");
}

#[test]
fn packets_across_frames_and_several_in_one() {
    let broker = start();
    let mut one = websocket(&broker);
    one.send(Message::binary(PACKETS)).unwrap();
    answers(&mut one);
    let mut bytewise = websocket(&broker);
    for byte in PACKETS {
        bytewise.send(Message::binary(vec![*byte])).unwrap();
        bytewise.send(Message::Ping(vec![*byte].into())).unwrap();
        bytewise.send(Message::binary(vec![])).unwrap();
    }
    answers(&mut bytewise);
    let mut fragments = websocket(&broker);
    for (n, piece) in PACKETS.chunks(3).enumerate() {
        let opcode = if n == 0 { Data::Binary } else { Data::Continue };
        let last = (n + 1) * 3 >= PACKETS.len();
        let frame = Frame::message(piece.to_vec(), OpCode::Data(opcode), last);
        fragments.send(Message::Frame(frame)).unwrap();
    }
    answers(&mut fragments);
}

#[test]
fn frames_that_come_with_the_request() {
    let broker = start();
    let mut socket = broker.socket(Transport::WebSocket);
    let head = "GET /mqtt HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
        Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\
        Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    let length = u8::try_from(PACKETS.len()).unwrap();
    let frame = [&[0x82, 0x80 | length, 0, 0, 0, 0], PACKETS].concat();
    socket.write_all(&[head.as_bytes(), &frame].concat()).unwrap();
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\xd0\0\xd0\0") {
        let mut chunk = [0; 1024];
        let read = socket.read(&mut chunk).unwrap();
        assert!(read > 0, "{bytes:?}");
        bytes.extend_from_slice(&chunk[..read]);
    }
    assert!(bytes.starts_with(b"HTTP/1.1 101 "));
}

#[test]
fn pings_are_answered() {
    let broker = start();
    let mut socket = websocket(&broker);
    socket.send(Message::Ping(b"here?".to_vec().into())).unwrap();
    assert_eq!(socket.read().unwrap(), Message::Pong(b"here?".to_vec().into()));
}

/// The code of the close frame that comes next, after what else comes.
fn closed(socket: &mut WebSocket<TcpStream>) -> CloseCode {
    loop {
        match socket.read().expect("a close frame") {
            Message::Close(Some(CloseFrame { code, .. })) => return code,
            Message::Close(None) => panic!("a close frame without code"),
            _ => {}
        }
    }
}

#[test]
fn frames_against_the_rules() {
    let broker = start();
    let frames = |code: Data, length: usize| {
        Message::Frame(Frame::message(vec![b'x'; length], OpCode::Data(code), true))
    };
    for (n, (frame, code)) in (1..).zip([
        (Message::text("hello"), CloseCode::Unsupported),
        (frames(Data::Continue, 3), CloseCode::Protocol),
        (frames(Data::Binary, (2 << 20) + 1), CloseCode::Size),
    ]) {
        let mut socket = websocket(&broker);
        socket.send(Message::binary(PACKETS)).unwrap();
        answers(&mut socket);
        // The broker may close before all of it is sent.
        socket.send(frame).ok();
        assert_eq!(closed(&mut socket), code);
        assert_eq!(broker.failed(Transport::WebSocket, Failure::Frames), n);
    }
}

#[test]
fn endings_from_either_side() {
    let mut broker = start();
    let mut watcher = broker.v5("watcher");
    watcher.subscribe(&[("gone", QOS0)]);
    // A close without DISCONNECT: the will is published.
    let mut socket = websocket(&broker);
    let with_will = b"\x10\x17\0\x04MQTT\x04\x06\0\0\0\x01w\0\x04gone\0\x02by";
    socket.send(Message::binary(&with_will[..])).unwrap();
    socket.read().unwrap();
    socket.close(Some(CloseFrame { code: CloseCode::Normal, reason: "bye".into() })).unwrap();
    assert_eq!(closed(&mut socket), CloseCode::Normal);
    assert_eq!(watcher.got_text().1, "by");
    // MQTT against the rules: DISCONNECT, then a close frame.
    let mut wrong = client(&broker, "wrong");
    wrong.bytes(b"\x20\x03\0\0\0");
    assert_eq!(wrong.disconnected(), ReasonCode::ProtocolError);
    let mut last = client(&broker, "last");
    broker.shutdown();
    assert_eq!(last.disconnected(), ReasonCode::ServerShuttingDown);
}

#[test]
fn requests_that_are_refused() {
    let broker = start();
    let status = |request: Request<()>| match tungstenite::client(
        request,
        broker.socket(Transport::WebSocket),
    ) {
        Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(answer))) => {
            answer.status().as_u16()
        }
        Err(other) => panic!("{other}"),
        Ok(_) => 101,
    };
    assert_eq!(status(request(Some("mqtt"))), 101);
    assert_eq!(status(request(Some("mqttv3.1, mqtt"))), 101);
    assert_eq!(status(request(Some("mqttv3.1"))), 101);
    assert_eq!(status(request(None)), 101, "small clients name none");
    assert_eq!(status(request(Some("mqttish"))), 400);
    let mut page = request(Some("mqtt"));
    page.headers_mut().insert("origin", HeaderValue::from_static("http://evil.example"));
    assert_eq!(status(page), 403);
    let endless = "GET /mqtt HTTP/1.1\r\nX: ".to_owned() + &"x".repeat(20_000);
    let no_upgrade = "GET /mqtt HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned();
    let noise = "\x10\x0d\0\x04MQTT\x04\r\n\r\n".to_owned();
    for (n, text) in (3..).zip([endless, no_upgrade, noise]) {
        let mut socket = broker.socket(Transport::WebSocket);
        socket.write_all(text.as_bytes()).unwrap();
        socket.read_to_end(&mut Vec::new()).ok();
        eventually("a count", || broker.failed(Transport::WebSocket, Failure::Upgrade) == n);
    }
    let mut silent = broker.socket(Transport::WebSocket);
    let mut slow = broker.socket(Transport::WebSocket);
    slow.write_all(b"GET /mqtt HTTP/1.1\r\n").unwrap();
    for socket in [&mut silent, &mut slow] {
        assert_eq!(socket.read(&mut [0; 16]).unwrap_or(0), 0);
    }
    eventually("a count", || broker.failed(Transport::WebSocket, Failure::Timeout) == 2);
}

#[test]
fn limits_hold_here_too() {
    let broker = Broker::also(Transport::WebSocket, Deps::default(), |config| {
        config.connections_max = 1;
        config.engine.handshake_timeout = Duration::from_secs(3);
    });
    let mut first = client(&broker, "first");
    let binary = Binary(websocket(&broker), Vec::new());
    let mut second = Client::over(binary, Version::V5);
    second.send(&Packet::Connect(Box::new(connect(Version::V5, "second"))));
    assert_eq!(second.refused(), ReasonCode::QuotaExceeded);
    // A WebSocket that says nothing in MQTT is cut off like a silent socket.
    let mut silent = Client::over(Binary(websocket(&broker), Vec::new()), Version::V5);
    silent.closed();
    first.ping();
}
