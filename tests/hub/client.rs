//! A client of MQTT 3.1.1 or 5 of which a test knows every packet.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use broker_codec::{
    Ack, Connect, ConnectProperties, Filters, Frame, Packet, PacketId, Publish, QoS, ReasonCode,
    Subscribe, SubscribeOptions, UserProperties, Version, frame, push_filter,
};

use crate::wire::dial;

/// One connection.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) socket: TcpStream,
    version: Version,
    buffer: Vec<u8>,
}

/// CONNECT with a clean session, no will and no keep alive.
pub(crate) fn connect(version: Version, client_id: &str) -> Connect<'_> {
    Connect {
        version,
        bridge: false,
        clean_start: true,
        keep_alive: 0,
        client_id,
        properties: ConnectProperties::default(),
        will: None,
        user_name: None,
        password: None,
    }
}

/// CONNECT of a session that outlives its connection.
pub(crate) fn session(version: Version, client_id: &str) -> Connect<'_> {
    let mut properties = ConnectProperties::default();
    if version == Version::V5 {
        properties.session_expiry_interval = Some(3600);
    }
    Connect { clean_start: false, properties, ..connect(version, client_id) }
}

impl Client {
    /// Connects, and answers whether a session was present.
    pub(crate) fn open(address: SocketAddr, connect: &Connect<'_>) -> (Self, bool) {
        let mut client = Self::send_connect(address, connect);
        let present = client.connack().unwrap_or_else(|reason| panic!("refused: {reason}"));
        (client, present)
    }

    /// Connects without waiting for the answer.
    pub(crate) fn send_connect(address: SocketAddr, connect: &Connect<'_>) -> Self {
        let (socket, version) = (dial(address), connect.version);
        let mut client = Self { socket, version, buffer: Vec::new() };
        client.send(&Packet::Connect(Box::new(*connect)));
        client
    }

    /// Whether a session was present, or the reason of a refusal.
    pub(crate) fn connack(&mut self) -> Result<bool, ReasonCode> {
        self.expect(|packet| match packet {
            Packet::Connack(connack) if connack.reason == ReasonCode::Success => {
                Ok(connack.session_present)
            }
            Packet::Connack(connack) => Err(connack.reason),
            other => panic!("{other:?} is no CONNACK"),
        })
    }

    pub(crate) fn send(&mut self, packet: &Packet<'_>) {
        let mut bytes = Vec::new();
        packet.encode(self.version, &mut bytes).expect("a packet");
        // Whether the hub still listens shows in what it says.
        drop(self.socket.write_all(&bytes));
    }

    /// Sends many packets at once.
    pub(crate) fn send_all(&mut self, packets: &[Packet<'_>]) {
        let mut bytes = Vec::new();
        for packet in packets {
            packet.encode(self.version, &mut bytes).expect("a packet");
        }
        drop(self.socket.write_all(&bytes));
    }

    /// The next packet; `None` once the connection ended.
    pub(crate) fn next<T>(&mut self, with: impl FnOnce(Packet<'_>) -> T) -> Option<T> {
        loop {
            if let Frame::Packet(framed) = frame(&self.buffer, usize::MAX).expect("frames") {
                let packet = framed.decode(self.version, &self.buffer).expect("a packet");
                let result = with(packet);
                self.buffer.drain(..framed.total_len);
                return Some(result);
            }
            let mut chunk = [0; 65_536];
            match self.socket.read(&mut chunk) {
                Ok(0) => return None,
                Ok(read) => self.buffer.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("no packet: {error}"),
            }
        }
    }

    fn expect<T>(&mut self, with: impl FnOnce(Packet<'_>) -> T) -> T {
        self.next(with).expect("the connection stays")
    }

    pub(crate) fn subscribe(&mut self, filter: &str, qos: QoS) -> ReasonCode {
        let mut raw = Vec::new();
        let options = SubscribeOptions { qos, ..SubscribeOptions::default() };
        push_filter(filter, options, &mut raw).expect("short");
        self.send(&Packet::Subscribe(Subscribe {
            packet_id: PacketId::FIRST,
            subscription_id: None,
            user: UserProperties::default(),
            filters: Filters::parse(self.version, &raw).expect("a filter"),
        }));
        self.expect(|packet| match packet {
            Packet::Suback(suback) => suback.codes.iter().next().expect("a code"),
            other => panic!("{other:?} is no SUBACK"),
        })
    }

    /// Publishes at QoS 1 without waiting.
    pub(crate) fn publish(&mut self, topic: &str, payload: &[u8], id: u16) {
        self.send(&Packet::Publish(Publish {
            topic,
            payload,
            qos: QoS::AtLeastOnce,
            packet_id: PacketId::new(id),
            ..Publish::default()
        }));
    }

    /// Publishes at QoS 1 and answers the reason of PUBACK; `None` if there came none.
    pub(crate) fn publish_and_wait(&mut self, topic: &str, payload: &[u8]) -> Option<ReasonCode> {
        self.publish(topic, payload, 1);
        self.next(|packet| match packet {
            Packet::Puback(ack) => ack.reason,
            Packet::Disconnect(disconnect) => disconnect.reason,
            other => panic!("{other:?} is no PUBACK"),
        })
    }

    /// The payload of the next PUBLISH, acknowledged if it has to be.
    pub(crate) fn payload(&mut self) -> Option<Vec<u8>> {
        let (payload, id) = self.next(|packet| match packet {
            Packet::Publish(publish) => (publish.payload.to_vec(), publish.packet_id),
            other => panic!("{other:?} is no PUBLISH"),
        })?;
        if let Some(id) = id {
            self.send(&Packet::Puback(Ack::new(id)));
        }
        Some(payload)
    }

    /// Whether a message on a topic comes before the socket's time is over; others are passed over.
    pub(crate) fn arrives(&mut self, topic: &str) -> bool {
        loop {
            while let Frame::Packet(framed) = frame(&self.buffer, usize::MAX).expect("frames") {
                let packet = framed.decode(self.version, &self.buffer).expect("a packet");
                let (id, here) = match packet {
                    Packet::Publish(publish) => (publish.packet_id, publish.topic == topic),
                    other => panic!("{other:?} is no PUBLISH"),
                };
                self.buffer.drain(..framed.total_len);
                if let Some(id) = id {
                    self.send(&Packet::Puback(Ack::new(id)));
                }
                if here {
                    return true;
                }
            }
            let mut chunk = [0; 65_536];
            match self.socket.read(&mut chunk) {
                Ok(read) if read > 0 => self.buffer.extend_from_slice(&chunk[..read]),
                _ => return false,
            }
        }
    }

    /// Everything before has been handled; nothing else may come first.
    pub(crate) fn ping(&mut self) {
        self.send(&Packet::Pingreq);
        self.expect(|packet| assert_eq!(packet, Packet::Pingresp));
    }
}
