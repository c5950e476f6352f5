//! Clients of the load: connections, and a sender with a window of unacknowledged messages.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::wire;

/// Bytes written at once.
const WRITE: usize = 16 * 1024;
/// How long anything may take that has to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connected client.
pub(crate) fn connect(address: SocketAddr, client_id: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address).context("connect")?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(&wire::connect(client_id))?;
    let mut answer = [0; 4];
    stream
        .read_exact(&mut answer)
        .with_context(|| format!("{client_id} got no CONNACK from {address}"))?;
    if answer[0] != 0x20 || answer[3] != 0 {
        bail!("{client_id} was refused: {answer:?}");
    }
    Ok(stream)
}

/// Subscribes and waits for the SUBACK, on a connection that receives nothing else yet.
pub(crate) fn subscribe(stream: &mut TcpStream, filter: &str, qos: u8) -> Result<()> {
    stream.write_all(&wire::subscribe(filter, qos))?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).context("SUBACK")?;
    if answer[0] != 0x90 || answer[4] > 2 {
        bail!("subscription to {filter} was refused: {answer:?}");
    }
    Ok(())
}

/// Publishes as fast as the broker reads, with so many messages unacknowledged at most.
#[derive(Debug)]
pub(crate) struct Sender {
    stream: TcpStream,
    buffer: Vec<u8>,
    window: usize,
    in_flight: usize,
    sent: u64,
    acks: Acks,
}

impl Sender {
    /// On a connected stream.
    pub(crate) fn new(stream: TcpStream, window: usize) -> Self {
        let buffer = Vec::with_capacity(WRITE + 4096);
        Self { stream, buffer, window, in_flight: 0, sent: 0, acks: Acks::default() }
    }

    /// Adds one message, and waits where the window is full.
    pub(crate) fn send(&mut self, topic: &str, form: wire::Form, payload: &[u8]) -> Result<()> {
        let id = (self.sent % 65_000) as u16 + 1;
        self.sent += 1;
        wire::publish(topic, form, id, payload, &mut self.buffer);
        self.in_flight += usize::from(form.qos > 0);
        if self.in_flight >= self.window || self.buffer.len() >= WRITE {
            self.flush()?;
        }
        while self.in_flight >= self.window {
            self.in_flight -= self.acks.read(&mut self.stream)?;
        }
        Ok(())
    }

    /// Writes what is gathered.
    pub(crate) fn flush(&mut self) -> Result<()> {
        self.stream.write_all(&self.buffer).context("publish")?;
        self.buffer.clear();
        Ok(())
    }

    /// Waits for every acknowledgement and says goodbye.
    pub(crate) fn finish(mut self) -> Result<()> {
        self.flush()?;
        while self.in_flight > 0 {
            self.in_flight -= self.acks.read(&mut self.stream)?;
        }
        self.stream.write_all(&wire::DISCONNECT)?;
        Ok(())
    }
}

/// Counts PUBACKs in a byte stream.
#[derive(Debug, Default)]
struct Acks {
    rest: Vec<u8>,
}

impl Acks {
    fn read(&mut self, stream: &mut TcpStream) -> Result<usize> {
        let mut chunk = [0; 4096];
        let got = stream.read(&mut chunk).context("no PUBACK within 20 s")?;
        if got == 0 {
            bail!("the broker closed a publisher");
        }
        self.rest.extend_from_slice(&chunk[..got]);
        let mut count = 0;
        let mut at = 0;
        while let Some(packet) = wire::packet(&self.rest[at..]) {
            count += usize::from(packet.kind() == 4);
            at += packet.total;
        }
        self.rest.drain(..at);
        Ok(count)
    }
}
