//! Bytes of a client: whole packets are handled, the rest stays with the caller.

use broker_codec::{
    Error, Frame, Packet, PacketType, ReasonCode, Version, decode_publish, encode_pingresp, frame,
};

use super::Engine;
use super::step::{Fatal, RawPacket, Received, Step};
use crate::forgive::pass_over;
use crate::gate::Gate;
use crate::key::Key;
use crate::now::Now;
use crate::outbound::window::Awaits;
use crate::sessions::phase::Phase;
use crate::stats::Leniency;

impl<G: Gate> Engine<G> {
    /// Bytes arrived; `bytes` starts where the last call stopped.
    pub fn receive(&mut self, now: Now, key: Key, bytes: &[u8]) -> Received {
        self.update_memory_pressure();
        let stats = &self.stats;
        let (messages, bytes_in, rejected) = (stats.messages_in, stats.bytes_in, stats.rejected);
        let received = self.receive_packets(now, key, bytes);
        // What came from a client is counted per chunk, so that a packet costs nothing more.
        let stats = &self.stats;
        if let Some(connection) = self.sessions.get_mut(key) {
            connection.inbound.messages += stats.messages_in - messages;
            connection.inbound.bytes += stats.bytes_in - bytes_in;
            connection.inbound.rejected += stats.rejected - rejected;
        }
        received
    }

    fn receive_packets(&mut self, now: Now, key: Key, bytes: &[u8]) -> Received {
        let (mut at, mut seen) = (0, 0);
        loop {
            if at >= seen && self.routing.is_unfamiliar() {
                seen = self.look_ahead(key, bytes, at);
            }
            let Some(connection) = self.sessions.get(key) else { return Received::Done };
            let version = connection.version;
            match &connection.phase {
                Phase::Closing { .. } => return Received::Done,
                Phase::Asking(_)
                | Phase::Refused(..)
                | Phase::Claiming(_)
                | Phase::Confirming(_) => return Received::Paused(at),
                Phase::Up if connection.paused => return Received::Paused(at),
                Phase::New | Phase::Exchanging(_) | Phase::Up => {}
            }
            let rest = bytes.get(at..).unwrap_or_default();
            let config = &self.broker.config;
            let most = match connection.is_up() {
                true => config.packet_bytes_max,
                false => config.packet_bytes_max.min(config.connect_bytes_max),
            };
            let step = match self.panic_scope.run(|| frame(rest, most)) {
                Ok(Frame::Need(_)) => return self.need(now, key, rest, at),
                Ok(Frame::Packet(framed)) => {
                    let raw = RawPacket { framed: &framed, bytes: rest };
                    let step = self.packet(now, key, version, raw);
                    if self.tracer.is_on() {
                        self.trace_in(now, key, raw, step);
                    }
                    if step == Ok(Step::Next) {
                        at += framed.total_len;
                        self.stats.bytes_in += framed.total_len as u64;
                        self.stats.packets_in += 1;
                    }
                    step
                }
                Err(error) => match self.unframed(now, key, rest, error) {
                    Some(fatal) => Err(fatal),
                    None => return Received::More(at),
                },
            };
            match step {
                Ok(Step::Next) => {}
                Ok(Step::Wait) => return Received::Paused(at),
                Err(Fatal(reason)) => {
                    self.stats.protocol_errors += 1;
                    self.fail(now, key, reason);
                    return Received::Done;
                }
            }
        }
    }

    /// Before CONNECT nothing but the beginning of a CONNECT is worth waiting for.
    fn need(&mut self, now: Now, key: Key, rest: &[u8], at: usize) -> Received {
        let new = self.sessions.get(key).is_some_and(|c| matches!(c.phase, Phase::New));
        let first = rest.first().copied().unwrap_or(PacketType::Connect.header());
        if new && first != PacketType::Connect.header() {
            self.stats.protocol_errors += 1;
            let Fatal(reason) = self.no_connect(key);
            self.fail(now, key, reason);
            return Received::Done;
        }
        Received::More(at)
    }

    #[inline]
    fn packet(
        &mut self,
        now: Now,
        key: Key,
        version: Version,
        RawPacket { framed, bytes }: RawPacket<'_>,
    ) -> Result<Step, Fatal> {
        let body = bytes.get(framed.body.clone()).unwrap_or_default();
        let Some(connection) = self.sessions.get_mut(key) else { return Ok(Step::Next) };
        connection.heard = now.monotonic;
        if !connection.is_up() {
            if matches!(connection.phase, Phase::New) {
                return self.first_packet(now, key, RawPacket { framed, bytes });
            }
            let decode = || broker_codec::decode(version, framed.header, body);
            let packet = self.panic_scope.run(decode)?;
            return self.exchange_packet(now, key, &packet);
        }
        if framed.padded && version == Version::V5 {
            return Err(Error::PaddedInteger.into());
        }
        let kind = PacketType::from_header(framed.header);
        if kind == Some(PacketType::Publish) {
            let decode = || decode_publish(version, framed.header, body);
            let publish = match self.panic_scope.run(decode) {
                Err(Error::DupAtQosZero) if self.forgives(key, Leniency::DupAtQosZero) => {
                    const DUP: u8 = 0x08;
                    decode_publish(version, framed.header & !DUP, body)?
                }
                decoded => decoded?,
            };
            return self.publish(now, key, &publish);
        }
        // A second CONNECT is an error whatever it says, be it a version nobody speaks
        // [MQTT-3.1.0-2]: DISCONNECT has no code for that.
        if kind == Some(PacketType::Connect) {
            return Err(Fatal(ReasonCode::ProtocolError));
        }
        let decode = || broker_codec::decode(version, framed.header, body);
        let packet = match self.panic_scope.run(decode) {
            Err(Error::HeaderFlags { packet }) if self.forgives(key, Leniency::HeaderFlags) => {
                broker_codec::decode(version, packet.header(), body)?
            }
            decoded => decoded?,
        };
        self.other(now, key, &packet)
    }

    /// The first packet is no CONNECT: nobody knows in which version to say so, so the connection
    /// ends without a word [MQTT-3.1.0-1].
    fn no_connect(&mut self, key: Key) -> Fatal {
        if let Some(connection) = self.sessions.get_mut(key) {
            connection.version = Version::V311;
        }
        Fatal(ReasonCode::ProtocolError)
    }

    fn first_packet(
        &mut self,
        now: Now,
        key: Key,
        RawPacket { framed, bytes }: RawPacket<'_>,
    ) -> Result<Step, Fatal> {
        if PacketType::from_header(framed.header) != Some(PacketType::Connect) {
            return Err(self.no_connect(key));
        }
        match self.panic_scope.run(|| framed.decode(Version::V5, bytes)) {
            Ok(Packet::Connect(connect)) => self.connect(now, key, &connect),
            Ok(_) => Err(Fatal(ReasonCode::ProtocolError)),
            Err(error) => Err(self.fault(key, bytes, error)),
        }
    }

    /// A CONNECT that cannot be read is answered in a form its client reads (TRAP-01), or not at all
    /// where that is unknown.
    pub(super) fn fault(&mut self, key: Key, bytes: &[u8], error: Error) -> Fatal {
        let Some(connection) = self.sessions.get_mut(key) else { return error.into() };
        if !matches!(connection.phase, Phase::New) {
            return error.into();
        }
        if begins_tls(bytes) {
            self.outbound.say(key, say_no_tls).ok();
            let peer = &connection.peer;
            self.effects.began_tls.push((peer.address.clone(), peer.listener.clone()));
        }
        let form = connect_form(bytes);
        // The oldest form has no words for what is wrong with bytes.
        connection.version = form.unwrap_or(Version::V311);
        if form.is_some() { error.into() } else { Fatal(ReasonCode::ProtocolError) }
    }

    /// Whether a client's listener passes over this fault. If it does, that counts.
    pub(super) fn forgives(&mut self, key: Key, fault: Leniency) -> bool {
        let Some(connection) = self.sessions.get_mut(key) else { return false };
        let (stats, forgiven) = (&mut self.stats, &mut self.effects.forgiven);
        pass_over(&mut connection.faulty_client(), fault, stats, forgiven)
    }

    /// What changes a durable session is answered after its commit, and only so much may wait for
    /// the log.
    fn waits_for_log(&self, key: Key) -> bool {
        self.commits.is_full(&self.broker.config)
            && self.sessions.get(key).is_some_and(|connection| connection.session.durable)
    }

    fn other(&mut self, now: Now, key: Key, packet: &Packet<'_>) -> Result<Step, Fatal> {
        match packet {
            Packet::Publish(publish) => return self.publish(now, key, publish),
            Packet::Puback(ack) => self.acknowledged(now, key, ack, Awaits::Puback)?,
            Packet::Subscribe(_) | Packet::Unsubscribe(_) | Packet::Pubrel(_)
                if self.waits_for_log(key) =>
            {
                return Ok(self.pause(key));
            }
            Packet::Subscribe(subscribe) => self.subscribe(now, key, subscribe)?,
            Packet::Unsubscribe(unsubscribe) => self.unsubscribe(now, key, unsubscribe)?,
            Packet::Pingreq => {
                self.outbound.must_say(key, |out| {
                    encode_pingresp(out);
                    Ok(2)
                });
            }
            Packet::Auth(auth) => self.auth(now, key, auth)?,
            Packet::Disconnect(disconnect) => self.disconnect(now, key, disconnect)?,
            Packet::Pubrel(pubrel) => self.pubrel(now, key, pubrel.packet_id),
            Packet::Pubrec(ack) => self.acknowledged(now, key, ack, Awaits::Pubrec)?,
            Packet::Pubcomp(ack) => self.acknowledged(now, key, ack, Awaits::Pubcomp)?,
            Packet::Connect(_)
            | Packet::Connack(_)
            | Packet::Suback(_)
            | Packet::Unsuback(_)
            | Packet::Pingresp => return Err(Fatal(ReasonCode::ProtocolError)),
        }
        Ok(Step::Next)
    }
}

/// Whether the first bytes of a connection are those of a TLS client: a record of a handshake.
fn begins_tls(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x16, 0x03])
}

/// A fatal alert, which is what a TLS client reads: "protocol version".
fn say_no_tls(out: &mut Vec<u8>) -> Result<usize, Error> {
    const ALERT: [u8; 7] = [0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46];
    out.extend_from_slice(&ALERT);
    Ok(ALERT.len())
}

/// The version whose CONNACK the client of a damaged or unknown CONNECT reads, by protocol name and
/// level; both lie behind a length of one to four bytes.
fn connect_form(bytes: &[u8]) -> Option<Version> {
    const BRIDGE: u8 = 0x80;
    let is_old = |rest: &[u8]| match rest {
        [0, 6, b'M', b'Q', b'I', b's', b'd', b'p', ..] => Some(true),
        [0, 4, b'M', b'Q', b'T', b'T', level, ..] => Some(level & !BRIDGE < 5),
        _ => None,
    };
    let old = (2..=5).find_map(|at| is_old(bytes.get(at..)?))?;
    Some(if old { Version::V311 } else { Version::V5 })
}
