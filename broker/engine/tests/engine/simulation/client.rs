//! A client that keeps to the specification, whatever happens to its connection: it sends again what
//! was not acknowledged, also on the same connection after a while of silence, takes QoS 2 once, and
//! gives the lowest free packet identifier to each publish, as most libraries do.

use std::collections::{HashSet, VecDeque};

use broker_codec::{
    Ack, Connect, ConnectProperties, Filters, Frame, Packet, PacketId, Publish, PublishProperties,
    QoS, Subscribe, SubscribeOptions, UserProperties, Version, Will, frame, push_filter,
};
use broker_engine::Key;

use super::line::Echoes;
pub(crate) use super::line::{Got, Heard, Line};

/// Where in its exchange a publish is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Sent,
    Released,
}

/// A publish that is not acknowledged.
#[derive(Clone, Debug)]
struct Out {
    id: PacketId,
    topic: String,
    number: u32,
    qos: QoS,
    retain: bool,
    stage: Stage,
    /// How often it was said on this connection.
    said: usize,
}

pub(crate) struct Client {
    pub(crate) name: String,
    pub(crate) version: Version,
    pub(crate) filters: Vec<(&'static str, QoS)>,
    /// How long its session outlives it, in seconds.
    expiry: u32,
    pub(crate) line: Option<Line>,
    /// SUBACK came once: from then on the session must not be lost.
    pub(crate) established: bool,
    pub(crate) got: Vec<Got>,
    /// Those that came with RETAIN, because they were there when it subscribed.
    pub(crate) kept: Vec<Got>,
    out: Vec<Out>,
    echoes: Echoes,
    incoming: HashSet<PacketId>,
    owed_acks: VecDeque<(u8, PacketId)>,
}

impl Client {
    pub(crate) fn new(name: &str, version: Version, filters: &[(&'static str, QoS)]) -> Self {
        Self {
            name: name.to_owned(),
            version,
            filters: filters.to_vec(),
            expiry: 1_000_000,
            line: None,
            established: false,
            got: Vec::new(),
            kept: Vec::new(),
            out: Vec::new(),
            echoes: Echoes::default(),
            incoming: HashSet::new(),
            owed_acks: VecDeque::new(),
        }
    }

    /// With a session that outlives it for so long.
    pub(crate) fn for_seconds(mut self, expiry: u32) -> Self {
        self.expiry = expiry;
        self
    }

    /// Its session soon ends without it; it only listens.
    pub(crate) fn is_fleeting(&self) -> bool {
        self.expiry < 1_000_000
    }

    pub(crate) fn is_up(&self) -> bool {
        self.line.as_ref().is_some_and(|line| line.welcome)
    }

    /// How many publishes of it are not acknowledged.
    pub(crate) fn unacknowledged(&self) -> usize {
        self.out.len()
    }

    /// How many answers it owes.
    pub(crate) fn silent_answers(&self) -> usize {
        self.owed_acks.len()
    }

    fn say(&mut self, packet: &Packet<'_>) {
        let version = self.version;
        if let Some(line) = &mut self.line {
            packet.encode(version, &mut line.up).expect("a packet");
        }
    }

    /// Opens a line and says CONNECT with a will of this number and delay, and perhaps with Clean Start.
    pub(crate) fn connect(
        &mut self,
        core: usize,
        key: Key,
        (will, delay, clean_start): (u32, u32, bool),
    ) {
        let (up, unread, down) = Default::default();
        self.line = Some(Line { core, key, up, unread, down, welcome: false });
        self.owed_acks.clear();
        let (name, topic, payload) =
            (self.name.clone(), format!("w/{}", self.name), will.to_string());
        let mut properties = ConnectProperties::default();
        if self.version == Version::V5 {
            properties.session_expiry_interval = Some(self.expiry);
        }
        self.say(&Packet::Connect(Box::new(Connect {
            bridge: false,
            version: self.version,
            clean_start,
            keep_alive: 0,
            client_id: &name,
            properties,
            will: Some(Will {
                topic: &topic,
                payload: payload.as_bytes(),
                qos: QoS::ExactlyOnce,
                retain: false,
                delay_interval: (delay > 0).then_some(delay),
                properties: PublishProperties::default(),
            }),
            user_name: Some(&name),
            password: None,
        })));
    }

    fn subscribe(&mut self) {
        let mut raw = Vec::new();
        for (filter, qos) in &self.filters {
            let options = SubscribeOptions { qos: *qos, ..SubscribeOptions::default() };
            push_filter(filter, options, &mut raw).expect("short");
        }
        let packet_id = PacketId::new(60_000).expect("not 0");
        let filters = Filters::parse(self.version, &raw).expect("filters");
        let user = UserProperties::default();
        self.say(&Packet::Subscribe(Subscribe { packet_id, subscription_id: None, user, filters }));
    }

    pub(crate) fn publish(&mut self, topic: &str, number: u32, (qos, retain): (QoS, bool)) {
        let in_use =
            |id: &u16| self.echoes.has(*id) || self.out.iter().any(|out| out.id.get() == *id);
        let free = (1..).find(|id| !in_use(id)).expect("few are in use");
        let id = PacketId::new(free).expect("not 0");
        let topic = topic.to_owned();
        let out = Out { id, topic, number, qos, retain, stage: Stage::Sent, said: 1 };
        self.send(&out, false);
        self.out.push(out);
    }

    /// Nothing was heard of this one of its publishes for a while: it says it again. MQTT 5 forbids
    /// that to a PUBLISH on the same connection [MQTT-4.4.0-1].
    pub(crate) fn insist(&mut self, nth: usize) {
        if !self.is_up() || !self.established {
            return;
        }
        let version = self.version;
        let may = |out: &&mut Out| version == Version::V311 || out.stage == Stage::Released;
        let nth = nth % self.out.len().max(1);
        if let Some(out) = self.out.get_mut(nth).filter(may) {
            out.said += 1;
            let out = out.clone();
            self.send(&out, true);
        }
    }

    fn send(&mut self, out: &Out, dup: bool) {
        let payload = out.number.to_string();
        self.say(&match out.stage {
            Stage::Released => Packet::Pubrel(Ack::new(out.id)),
            Stage::Sent => Packet::Publish(Publish {
                dup,
                topic: &out.topic,
                payload: payload.as_bytes(),
                qos: out.qos,
                packet_id: Some(out.id),
                retain: out.retain,
                properties: PublishProperties::default(),
            }),
        });
    }

    /// Says one answer it owes.
    pub(crate) fn answer(&mut self) {
        let Some((kind, id)) = self.owed_acks.pop_front() else { return };
        self.say(&match kind {
            1 => Packet::Puback(Ack::new(id)),
            2 => Packet::Pubrec(Ack::new(id)),
            _ => Packet::Pubcomp(Ack::new(id)),
        });
    }

    /// Takes bytes from the hub.
    pub(crate) fn hear(&mut self, bytes: &[u8]) -> Vec<Heard> {
        let Some(line) = &mut self.line else { return Vec::new() };
        line.down.extend_from_slice(bytes);
        let down = std::mem::take(&mut line.down);
        let (mut at, mut heard) = (0, Vec::new());
        while let Frame::Packet(framed) = frame(&down[at..], usize::MAX).expect("frames") {
            let packet = framed.decode(self.version, &down[at..]).expect("a packet");
            heard.extend(self.take(&packet));
            at += framed.total_len;
        }
        if let Some(line) = &mut self.line {
            line.down = down[at..].to_vec();
        }
        heard
    }

    fn take(&mut self, packet: &Packet<'_>) -> Option<Heard> {
        match packet {
            Packet::Connack(connack) => {
                if connack.reason.is_error() {
                    return None;
                }
                self.line.as_mut().expect("it listens").welcome = true;
                if !connack.session_present {
                    self.incoming.clear();
                    self.established &= !self.is_fleeting();
                }
                self.echoes = Echoes::default();
                self.out.iter_mut().for_each(|out| out.said = 1);
                if self.established {
                    for out in self.out.clone() {
                        self.send(&out, true);
                    }
                } else {
                    self.subscribe();
                }
                return Some(Heard::Welcome { present: connack.session_present });
            }
            Packet::Suback(_) => {
                self.established = true;
                return Some(Heard::Subscribed);
            }
            Packet::Publish(publish) => self.receive(publish),
            Packet::Puback(ack) => return self.done((ack.packet_id, QoS::AtLeastOnce), false),
            Packet::Pubcomp(ack) => {
                let known = self.version == Version::V5 && !ack.reason.is_error();
                return self.done((ack.packet_id, QoS::ExactlyOnce), known);
            }
            Packet::Pubrec(ack) => {
                let of_qos_2 = |out: &&mut Out| out.qos == QoS::ExactlyOnce;
                let mut all = self.out.iter_mut().filter(of_qos_2);
                if let Some(out) = all.find(|out| out.id == ack.packet_id) {
                    out.stage = Stage::Released;
                }
                self.say(&Packet::Pubrel(Ack::new(ack.packet_id)));
            }
            Packet::Pubrel(ack) => {
                self.incoming.remove(&ack.packet_id);
                self.owed_acks.push_back((3, ack.packet_id));
            }
            _ => {}
        }
        None
    }

    fn receive(&mut self, publish: &Publish<'_>) {
        let number = String::from_utf8_lossy(publish.payload).parse().expect("a number");
        let got = Got { topic: publish.topic.to_owned(), number };
        match (publish.qos, publish.packet_id) {
            (QoS::AtLeastOnce, Some(id)) => {
                if publish.retain {
                    self.kept.push(got);
                } else {
                    self.got.push(got);
                }
                self.owed_acks.push_back((1, id));
            }
            (QoS::ExactlyOnce, Some(id)) => {
                if self.incoming.insert(id) {
                    if publish.retain {
                        self.kept.push(got);
                    } else {
                        self.got.push(got);
                    }
                }
                self.owed_acks.push_back((2, id));
            }
            _ => self.got.push(got),
        }
    }

    /// An exchange is over, if it is the one that this answer ends: the last one with the same
    /// identifier may have been asked twice for its own.
    fn done(&mut self, (id, qos): (PacketId, QoS), released: bool) -> Option<Heard> {
        if qos == QoS::AtLeastOnce && self.echoes.take(id) {
            return None;
        }
        let ends = |out: &Out| match qos {
            QoS::ExactlyOnce => out.stage == Stage::Released,
            _ => out.qos == qos,
        };
        let at = self.out.iter().position(|out| out.id == id && ends(out))?;
        let Out { topic, number, said, .. } = self.out.remove(at);
        if qos == QoS::AtLeastOnce {
            self.echoes.first_came(id, said);
        }
        Some(Heard::Acknowledged { topic, number, released })
    }
}
