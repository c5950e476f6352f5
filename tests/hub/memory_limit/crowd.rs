//! Clients that want the hub's memory: they send without asking, and note only how they are refused.

use broker_codec::{
    Filters, Frame, Packet, PacketId, Publish, QoS, ReasonCode, Subscribe, SubscribeOptions,
    UserProperties, Version, frame, push_filter,
};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use crate::hub::PATIENCE;

/// How an attacker was answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    Taken,
    /// 0x97, in whichever packet.
    Refused,
    /// The connection is closed.
    Closed,
}

/// A client of MQTT 5 that sends many packets before it reads the answers.
#[derive(Debug)]
pub(super) struct Attacker {
    pub(super) socket: TcpStream,
    buffer: Vec<u8>,
}

impl Attacker {
    /// Connects; how that was answered comes back too.
    pub(super) fn open(address: SocketAddr, connect: &broker_codec::Connect<'_>) -> (Self, Answer) {
        let mut attacker = Self::dial(address);
        attacker.send(&[Packet::Connect(Box::new(*connect))]);
        let answer = attacker.answers(1);
        (attacker, answer)
    }

    /// A socket and nothing else.
    pub(super) fn dial(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).expect("the hub listens");
        let patience = Some(PATIENCE);
        socket.set_read_timeout(patience).expect("a timeout");
        socket.set_write_timeout(patience).expect("a timeout");
        Self { socket, buffer: Vec::new() }
    }

    pub(super) fn send(&mut self, packets: &[Packet<'_>]) {
        let mut bytes = Vec::new();
        for packet in packets {
            packet.encode(Version::V5, &mut bytes).expect("a packet");
        }
        self.send_raw(&bytes);
    }

    pub(super) fn send_raw(&mut self, bytes: &[u8]) {
        // How it is answered shows when that is read.
        drop(self.socket.write_all(bytes));
    }

    /// The worst of so many answers.
    pub(super) fn answers(&mut self, count: usize) -> Answer {
        for _ in 0..count {
            match self.next() {
                Answer::Taken => {}
                answer => return answer,
            }
        }
        Answer::Taken
    }

    fn next(&mut self) -> Answer {
        loop {
            if let Frame::Packet(framed) = frame(&self.buffer, usize::MAX).expect("frames") {
                let packet = framed.decode(Version::V5, &self.buffer).expect("a packet");
                let reason = match packet {
                    Packet::Connack(connack) => connack.reason,
                    Packet::Puback(ack) => ack.reason,
                    Packet::Suback(ref suback) => {
                        let worst = suback.codes.iter().find(|code| code.is_error());
                        worst.unwrap_or(ReasonCode::Success)
                    }
                    Packet::Disconnect(disconnect) => disconnect.reason,
                    _ => ReasonCode::Success,
                };
                self.buffer.drain(..framed.total_len);
                return match reason {
                    ReasonCode::QuotaExceeded => Answer::Refused,
                    reason if reason.is_error() => panic!("{reason}"),
                    _ => Answer::Taken,
                };
            }
            let mut chunk = [0; 65_536];
            match self.socket.read(&mut chunk) {
                Ok(0) => return Answer::Closed,
                Ok(read) => self.buffer.extend_from_slice(&chunk[..read]),
                Err(error) if is_timeout(&error) => panic!("no answer: {error}"),
                Err(_) => return Answer::Closed,
            }
        }
    }

    /// Publishes at QoS 1 to topics of their own, some at a time, until one is refused; how many
    /// were taken.
    pub(super) fn publish_until_refused(
        &mut self,
        most: usize,
        payload: &[u8],
        topic: &dyn Fn(usize) -> String,
        retain: bool,
    ) -> usize {
        let taken = self.publish_some(most, payload, topic, retain);
        assert!(taken < most, "{most} publishes of {} bytes were taken", payload.len());
        taken
    }

    /// The same, if one is refused at all.
    pub(super) fn publish_some(
        &mut self,
        most: usize,
        payload: &[u8],
        topic: &dyn Fn(usize) -> String,
        retain: bool,
    ) -> usize {
        // So many fit a window, and not too many bytes.
        let at_once = ((8 << 20) / (payload.len() + 64)).clamp(1, 500);
        for start in (0..most).step_by(at_once) {
            let topics: Vec<_> = (start..start + at_once).map(topic).collect();
            let publishes: Vec<_> = topics
                .iter()
                .zip(1..)
                .map(|(topic, id)| {
                    Packet::Publish(Publish {
                        topic,
                        payload,
                        qos: QoS::AtLeastOnce,
                        packet_id: PacketId::new(id),
                        retain,
                        ..Publish::default()
                    })
                })
                .collect();
            self.send(&publishes);
            if self.answers(at_once) != Answer::Taken {
                return start;
            }
        }
        most
    }

    /// Subscribes to many filters in one packet.
    pub(super) fn subscribe(&mut self, filters: &[String], qos: QoS) -> Answer {
        let mut raw = Vec::new();
        let options = SubscribeOptions { qos, ..SubscribeOptions::default() };
        for filter in filters {
            push_filter(filter, options, &mut raw).expect("short");
        }
        self.send(&[Packet::Subscribe(Subscribe {
            packet_id: PacketId::FIRST,
            subscription_id: None,
            user: UserProperties::default(),
            filters: Filters::parse(Version::V5, &raw).expect("filters"),
        })]);
        self.answers(1)
    }

    /// Whether the connection is still there, whatever was sent on it.
    pub(super) fn is_closed(&mut self) -> bool {
        self.socket.set_nonblocking(true).expect("an option");
        let mut chunk = vec![0; 65_536];
        loop {
            match self.socket.read(&mut chunk) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return !is_timeout(&error),
            }
        }
    }
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
