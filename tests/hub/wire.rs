//! Just enough MQTT 3.1.1 by hand to be a rude client, or an honest one whose every byte is known.

use std::io::{ErrorKind, Read as _, Result, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::hub::PATIENCE;

/// A connected socket that gives up after a while.
pub(crate) fn dial(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).expect("the hub listens");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    socket.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    socket.set_nodelay(true).expect("an option");
    socket
}

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let mut left = body.len();
    loop {
        let low = u8::try_from(left % 128).expect("seven bits");
        left /= 128;
        bytes.push(if left > 0 { low | 0x80 } else { low });
        if left == 0 {
            break;
        }
    }
    bytes.extend_from_slice(body);
    bytes
}

fn string(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("a short text");
    [&length.to_be_bytes()[..], text.as_bytes()].concat()
}

/// CONNECT with a clean session and no keep-alive.
pub(crate) fn connect(client_id: &str) -> Vec<u8> {
    packet(0x10, &[&string("MQTT")[..], &[4, 2, 0, 0], &string(client_id)].concat())
}

/// SUBSCRIBE at QoS 0.
pub(crate) fn subscribe(filter: &str) -> Vec<u8> {
    packet(0x82, &[&[0, 1][..], &string(filter), &[0]].concat())
}

/// PUBLISH at QoS 0.
pub(crate) fn publish(topic: &str, payload: &[u8]) -> Vec<u8> {
    packet(0x30, &[&string(topic)[..], payload].concat())
}

/// An honest client that hears its own publishes.
#[derive(Debug)]
pub(crate) struct Echo {
    socket: TcpStream,
    topic: String,
    count: u32,
}

impl Echo {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let topic = "uns/v1/honest/echo".to_owned();
        let mut socket = dial(address);
        socket.write_all(&connect("echo")).expect("the hub reads");
        read_exactly(&mut socket, 4).expect("CONNACK");
        socket.write_all(&subscribe(&topic)).expect("the hub reads");
        read_exactly(&mut socket, 5).expect("SUBACK");
        Self { socket, topic, count: 0 }
    }

    /// How long one publish takes to come back.
    pub(crate) fn round_trip(&mut self) -> Duration {
        self.count += 1;
        let sent = publish(&self.topic, self.count.to_string().as_bytes());
        let began = Instant::now();
        self.socket.write_all(&sent).expect("the hub reads");
        let got = read_exactly(&mut self.socket, sent.len()).expect("the publish comes back");
        assert_eq!(got, sent);
        began.elapsed()
    }
}

fn read_exactly(socket: &mut TcpStream, bytes: usize) -> Result<Vec<u8>> {
    let mut buffer = vec![0; bytes];
    socket.read_exact(&mut buffer)?;
    Ok(buffer)
}

/// Whether the other side has closed by now.
pub(crate) fn is_closed(socket: &mut TcpStream) -> bool {
    socket.set_nonblocking(true).expect("an option");
    let read = socket.read(&mut [0; 256]);
    socket.set_nonblocking(false).expect("an option");
    match read {
        Ok(bytes) => bytes == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

/// Waits until the other side closes; how long that took.
pub(crate) fn until_closed(socket: &mut TcpStream) -> Duration {
    let began = Instant::now();
    let mut sink = [0; 256];
    loop {
        match socket.read(&mut sink) {
            Ok(0) => return began.elapsed(),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                return began.elapsed();
            }
            Err(error) => panic!("not closed after {:?}: {error}", began.elapsed()),
        }
    }
}
