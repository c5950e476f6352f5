//! One MQTT 5 connection for the command line, blocking, over the hub's own codec.

use std::fmt;
use std::io::{ErrorKind, Read as _, Write as _};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use broker_codec::{
    Ack, Connect, ConnectProperties, Disconnect, Filters, Frame, Packet, PacketId, Publish, QoS,
    ReasonCode, Subscribe, SubscribeOptions, UserProperties, Version, encode_pingreq,
    encode_publish, frame, push_filter,
};

use super::Endpoint;
use super::account::{REMEDY, WRONG_ACCOUNT};
use super::stream::Stream;

/// The broker was there and said no: trying again would be told the same.
#[derive(Debug)]
pub(super) struct Refused(pub(super) String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// What the broker sent.
#[derive(Debug)]
pub(super) enum Event {
    /// A PUBACK, with the reason if the broker refused the message; of a batch it took with how many
    /// rows it refused.
    Acknowledged { packet_id: PacketId, refused: Option<String>, refused_rows: u64 },
    /// A SUBACK, with the first refusal.
    Suback(Option<String>),
    /// A PUBLISH; with a packet id it wants a PUBACK.
    Message { topic: String, payload: Vec<u8>, packet_id: Option<PacketId> },
    /// A PINGRESP: the broker is still there.
    Alive,
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Stream,
    out: Vec<u8>,
    received: Vec<u8>,
    read_to: usize,
    receive_maximum: usize,
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Written to the socket at once.
const OUT_BYTES: usize = 16 * 1024;
/// Largest packet taken from the broker.
const PACKET_BYTES_MAX: usize = 256 << 20;
const KEEP_ALIVE_SECONDS: u16 = 60;

impl Connection {
    /// Connects with a clean session and a client id the broker chooses.
    pub(super) fn open(endpoint: &Endpoint) -> Result<Self> {
        let mut connection = Self {
            stream: Stream::open(endpoint, CONNECT_TIMEOUT)?,
            out: Vec::with_capacity(2 * OUT_BYTES),
            received: Vec::new(),
            read_to: 0,
            receive_maximum: usize::from(u16::MAX),
        };
        let account = endpoint.account.as_ref();
        let connect = Connect {
            version: Version::V5,
            bridge: false,
            clean_start: true,
            keep_alive: KEEP_ALIVE_SECONDS,
            client_id: "",
            properties: ConnectProperties::default(),
            will: None,
            user_name: account.map(|account| account.name.as_str()),
            password: account.map(|account| account.password.as_str().as_bytes()),
        };
        connect.encode(&mut connection.out)?;
        connection.flush()?;
        connection.await_connack(endpoint)?;
        Ok(connection)
    }

    fn await_connack(&mut self, endpoint: &Endpoint) -> Result<()> {
        let target = &endpoint.target;
        let tls = if target.secure { "" } else { "; a port of TLS wants mqtts:// and --cafile" };
        let no_broker = || format!("{target} does not answer as an MQTT broker does{tls}");
        let Some((at, total)) = self.fill(CONNECT_TIMEOUT).with_context(no_broker)? else {
            bail!(
                "{target} accepted the connection, then said nothing; is it an MQTT broker{tls}?"
            );
        };
        let bytes = &self.received[at..at + total];
        let Frame::Packet(framed) = frame(bytes, PACKET_BYTES_MAX)? else {
            bail!("{target} sent half a packet");
        };
        let decoded = framed.decode(Version::V5, bytes).with_context(no_broker)?;
        let Packet::Connack(connack) = decoded else {
            bail!("{target} did not answer CONNECT with CONNACK");
        };
        if connack.reason.is_error() {
            return Err(refusal(endpoint, connack.reason, connack.properties.reason_string));
        }
        if let Some(maximum) = connack.properties.receive_maximum {
            self.receive_maximum = usize::from(maximum.get());
        }
        Ok(())
    }

    /// Messages at QoS 1 the broker takes before it acknowledges.
    pub(super) fn receive_maximum(&self) -> usize {
        self.receive_maximum
    }

    /// Buffers one PUBLISH, QoS 1 if it has an id.
    pub(super) fn publish(
        &mut self,
        topic: &str,
        payload: &[u8],
        retain: bool,
        id: Option<PacketId>,
    ) -> Result<()> {
        let qos = if id.is_some() { QoS::AtLeastOnce } else { QoS::AtMostOnce };
        let publish = Publish { qos, retain, topic, packet_id: id, payload, ..Publish::default() };
        encode_publish(Version::V5, &publish, &mut self.out)?;
        if self.out.len() >= OUT_BYTES { self.flush() } else { Ok(()) }
    }

    /// Sends SUBSCRIBE for all filters, QoS 1.
    pub(super) fn subscribe(&mut self, filters: &[String]) -> Result<()> {
        let options = SubscribeOptions { qos: QoS::AtLeastOnce, ..SubscribeOptions::default() };
        let mut raw = Vec::new();
        for filter in filters {
            push_filter(filter, options, &mut raw)?;
        }
        let subscribe = Subscribe {
            packet_id: PacketId::FIRST,
            subscription_id: None,
            user: UserProperties::default(),
            filters: Filters::parse(Version::V5, &raw)?,
        };
        subscribe.encode(Version::V5, &mut self.out)?;
        self.flush()
    }

    /// Answers a message that came with QoS 1.
    pub(super) fn acknowledge(&mut self, id: PacketId) -> Result<()> {
        Ack::new(id).encode_puback(Version::V5, &mut self.out)?;
        self.flush()
    }

    /// Keeps a quiet connection alive.
    pub(super) fn ping(&mut self) -> Result<()> {
        encode_pingreq(&mut self.out);
        self.flush()
    }

    /// Writes everything buffered.
    pub(super) fn flush(&mut self) -> Result<()> {
        let sent = self.stream.write_all(&self.out).and_then(|()| self.stream.flush());
        sent.context("the connection broke while sending")?;
        self.out.clear();
        Ok(())
    }

    /// Says goodbye; a broker that is already gone is no error.
    pub(super) fn close(&mut self) -> Result<()> {
        Disconnect::new(ReasonCode::Success).encode(Version::V5, &mut self.out)?;
        if self.flush().is_ok() {
            // Waiting for the broker's close makes sure that it has read everything.
            drop(self.stream.finish());
            drop(self.stream.set_read_timeout(Duration::from_secs(2)));
            while matches!(self.stream.read(&mut [0; 4096]), Ok(1..)) {}
        }
        Ok(())
    }

    /// The next thing the broker says, or nothing within the time.
    pub(super) fn next(&mut self, timeout: Duration) -> Result<Option<Event>> {
        loop {
            let Some((at, total)) = self.fill(timeout)? else { return Ok(None) };
            if let Some(event) = event(&self.received[at..at + total])? {
                return Ok(Some(event));
            }
        }
    }

    /// Reads until one whole packet is there; answers where it lies.
    fn fill(&mut self, timeout: Duration) -> Result<Option<(usize, usize)>> {
        loop {
            let rest = &self.received[self.read_to..];
            if let Frame::Packet(framed) = frame(rest, PACKET_BYTES_MAX)? {
                let at = self.read_to;
                self.read_to += framed.total_len;
                return Ok(Some((at, framed.total_len)));
            }
            self.received.drain(..self.read_to);
            self.read_to = 0;
            let mut chunk = [0; OUT_BYTES];
            self.stream.set_read_timeout(timeout)?;
            match self.stream.read(&mut chunk) {
                Ok(0) => bail!("the broker closed the connection"),
                Ok(n) => self.received.extend_from_slice(&chunk[..n]),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Ok(None);
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e).context("the connection broke"),
            }
        }
    }
}

/// How many rows of a batch were refused, the others being taken.
fn refused_rows(user: &UserProperties<'_>) -> u64 {
    let said = user.iter().find(|(name, _)| *name == "uns-rejected");
    said.and_then(|(_, rows)| rows.parse().ok()).unwrap_or_default()
}

fn words(reason: ReasonCode, more: Option<&str>) -> String {
    match more {
        Some(more) => format!("{reason}: {more}"),
        None => reason.to_string(),
    }
}

/// Why a broker did not let us in, and what to do.
fn refusal(endpoint: &Endpoint, reason: ReasonCode, more: Option<&str>) -> anyhow::Error {
    let (target, said) = (&endpoint.target, words(reason, more));
    let log_in = [ReasonCode::NotAuthorized, ReasonCode::BadUserNameOrPassword];
    match (&endpoint.account, reason) {
        (None, reason) if log_in.contains(&reason) => {
            Refused(format!("{target} refused the log-in: {said}; {REMEDY}")).into()
        }
        (Some(account), reason) if log_in.contains(&reason) => Refused(format!(
            "{target} refused the log-in of `{}`: {said}; {WRONG_ACCOUNT}",
            account.name
        ))
        .into(),
        (_, ReasonCode::ServerBusy | ReasonCode::ServerUnavailable | ReasonCode::QuotaExceeded) => {
            anyhow!("{target} takes no connection now: {said}; try again, and look at its /readyz")
        }
        _ => Refused(format!("{target} refused the connection: {said}")).into(),
    }
}

fn event(bytes: &[u8]) -> Result<Option<Event>> {
    let Frame::Packet(framed) = frame(bytes, PACKET_BYTES_MAX)? else { return Ok(None) };
    Ok(match framed.decode(Version::V5, bytes)? {
        Packet::Puback(ack) => Some(Event::Acknowledged {
            packet_id: ack.packet_id,
            refused: ack.reason.is_error().then(|| words(ack.reason, ack.properties.reason_string)),
            refused_rows: refused_rows(&ack.properties.user),
        }),
        Packet::Suback(suback) => {
            let refused = suback.codes.iter().find(|code| code.is_error());
            Some(Event::Suback(refused.map(|r| words(r, suback.properties.reason_string))))
        }
        Packet::Publish(publish) => Some(Event::Message {
            topic: publish.topic.to_owned(),
            payload: publish.payload.to_vec(),
            packet_id: publish.packet_id,
        }),
        Packet::Pingresp => Some(Event::Alive),
        Packet::Disconnect(disconnect) => {
            let reason = words(disconnect.reason, disconnect.properties.reason_string);
            return Err(anyhow!("the broker ended the connection: {reason}"));
        }
        _ => None,
    })
}
