//! A client that keeps to the specification, whatever happens to its connection: it sends again what
//! was not acknowledged, also on the same connection after a while of silence, takes QoS 2 once, and
//! gives the lowest free packet identifier to each publish, as most libraries do.

mod line;
mod take;

use std::collections::{HashMap, HashSet, VecDeque};

use broker_codec::{
    Ack, Connect, ConnectProperties, Filters, Packet, PacketId, Publish, PublishProperties, QoS,
    Subscribe, SubscribeOptions, UserProperties, Version, Will, push_filter,
};
use broker_engine::{Key, LEDGER_PACKET_IDS};

use line::Echoes;
pub(crate) use line::{Got, Heard, Line};
pub(crate) use take::number_in;

/// Where in its exchange a publish is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Sent,
    Released,
}

/// How something is published.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    /// Blanks behind the number, so that segments fill.
    pub(crate) padding: usize,
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
    /// Blanks behind its number.
    padding: usize,
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
    /// Of each topic what came last on this connection, retained or not.
    pub(crate) shown: HashMap<String, u32>,
    /// Retained messages that the network holds back until a newer one has come, if that is its mistake.
    pub(crate) held_back: Option<HashMap<String, u32>>,
    out: Vec<Out>,
    echoes: Echoes,
    incoming: HashSet<PacketId>,
    owed_acks: VecDeque<(u8, PacketId)>,
    /// It closes its connection, to try again what was refused.
    pub(crate) gives_up: bool,
    /// It says Clean Start until it hears that it has no session any more: it did so before, or lost a
    /// connection before CONNACK, which may have said that its session had expired.
    pub(crate) begins_anew: bool,
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
            shown: HashMap::new(),
            held_back: None,
            out: Vec::new(),
            echoes: Echoes::default(),
            incoming: HashSet::new(),
            owed_acks: VecDeque::new(),
            gives_up: false,
            begins_anew: false,
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

    /// Whether its session outlives its connection.
    pub(crate) fn has_session(&self) -> bool {
        self.expiry > 0
    }

    pub(crate) fn is_up(&self) -> bool {
        self.line.as_ref().is_some_and(|line| line.welcome)
    }

    /// How many publishes of it are not acknowledged.
    pub(crate) fn unacknowledged(&self) -> usize {
        self.out.len()
    }

    /// A QoS 2 message it has whose exchange is not over. Those of retained messages, whose numbers
    /// are beyond the ledger's, do not outlive the hub.
    pub(crate) fn unreleased(&self) -> Option<PacketId> {
        self.incoming.iter().copied().filter(|id| id.get() <= LEDGER_PACKET_IDS).min()
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
        self.shown.clear();
        self.gives_up = false;
        self.begins_anew = clean_start;
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

    /// Its connection is gone; what there was of it.
    pub(crate) fn hang_up(&mut self) -> Option<Line> {
        let line = self.line.take()?;
        self.begins_anew |= !line.welcome && self.has_session() && self.is_fleeting();
        Some(line)
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

    pub(crate) fn publish(&mut self, topic: &str, number: u32, how: How) {
        let How { qos, retain, padding } = how;
        let in_use =
            |id: &u16| self.echoes.has(*id) || self.out.iter().any(|out| out.id.get() == *id);
        let free = (1..).find(|id| !in_use(id)).expect("few are in use");
        let id = PacketId::new(free).expect("not 0");
        let topic = topic.to_owned();
        let out = Out { id, topic, number, qos, retain, padding, stage: Stage::Sent, said: 1 };
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
        let payload = format!("{}{}", out.number, " ".repeat(out.padding));
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
}
