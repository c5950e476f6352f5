//! Engines of several cores, wired to each other and to clients without any socket: every step is
//! the test's.

mod raw;
mod refused;
mod words;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use broker_codec::{
    Connect, ConnectProperties, Filters, Frame, Packet, PacketId, Publish, QoS, Subscribe,
    SubscribeOptions, Topics, Unsubscribe, UserProperties, Version, frame, push_filter,
};
use broker_engine::{
    Anonymous, Authenticate, Batch, Broker, Config, CoreNo, DeadLetterNo, DeadLetters, Engine,
    Gate, Key, Now, OnStored, OwedTo, Peer, Received, Rights, Ticket,
};
use fabric::{Admitted, Inbound, Place, Rejection, Resolved, SessionChange};
use uns_model::{OrgId, PublisherId, Reason, SeededRandom, Sequence, SessionNo, Timestamp};

/// Topics below `log/` are nodes, those below `no/` and `full/` are refused, all others are plain.
#[derive(Debug, Default)]
pub(crate) struct FakeGate {
    pending: Vec<Vec<u8>>,
    pub(crate) flushed: Vec<(Option<Ticket>, usize)>,
    pub(crate) stored: Vec<Vec<u8>>,
    pub(crate) broken: bool,
    /// Topics asked for.
    pub(crate) resolved: Vec<String>,
    /// Of each node there was, whether it is deleted.
    pub(crate) nodes: Vec<Rc<Cell<bool>>>,
    /// Topics it was told to expect.
    pub(crate) expected: RefCell<Vec<String>>,
    /// Whether sessions can outlive their connections.
    pub(crate) has_log: bool,
    /// The last committed sequence.
    pub(crate) committed: Sequence,
    /// What payloads that begin with `grow` take for good.
    grown: usize,
    /// What was noted in batches beside publishes, in words.
    pub(crate) notes: Vec<String>,
    /// The dead letters that answers wait for; `None` if they wait for none.
    pub(crate) awaited: Option<RefCell<Vec<DeadLetterNo>>>,
}

impl FakeGate {
    fn note(&mut self, note: String) {
        self.pending.push(Vec::new());
        self.notes.push(note);
    }
}

impl Gate for FakeGate {
    type Node = Rc<Cell<bool>>;
    type Receipt = u64;

    fn resolve(
        &mut self,
        _: OrgId,
        topic: &str,
        _: Rights<'_>,
    ) -> Result<Resolved<Self::Node>, Rejection> {
        self.resolved.push(topic.into());
        if topic.starts_with("no/") {
            return Err(Rejection::new(Reason::NotAuthorized, topic));
        }
        if topic.starts_with("full/") {
            return Err(Rejection::new(Reason::StorageFull, topic));
        }
        if !topic.starts_with("log/") {
            return Ok(Resolved::Plain);
        }
        let node = Rc::<Cell<bool>>::default();
        self.nodes.push(Rc::clone(&node));
        Ok(Resolved::Node(node))
    }

    fn is_gone(node: &Self::Node) -> bool {
        node.get()
    }

    fn expect(&self, _: OrgId, topics: &[&str]) {
        self.expected.borrow_mut().extend(topics.iter().map(|topic| (*topic).to_owned()));
    }

    fn growth(_: &Self::Node, payload: &[u8]) -> usize {
        if payload.starts_with(b"grow") { payload.len() } else { 0 }
    }

    fn take_grown(&mut self) -> usize {
        std::mem::take(&mut self.grown)
    }

    fn publisher(&mut self, _: OrgId, client_id: &str) -> PublisherId {
        PublisherId(u32::try_from(client_id.len()).expect("short"))
    }

    fn admit(
        &mut self,
        node: &Self::Node,
        inbound: &Inbound<'_>,
        _: Rights<'_>,
    ) -> Result<Admitted, Rejection> {
        if inbound.payload == b"bad" {
            return Err(refused::bad());
        }
        self.grown += Self::growth(node, inbound.payload);
        self.pending.push(inbound.payload.to_vec());
        let place = Some(Place(u32::try_from(self.pending.len() - 1).expect("few")));
        Ok(Admitted { place, points: 1, ..Admitted::unchanged(inbound) })
    }

    fn keep(
        &mut self,
        _: OrgId,
        topic: &str,
        inbound: &Inbound<'_>,
    ) -> Result<Option<Place>, Rejection> {
        if !self.has_log {
            return Ok(None);
        }
        self.note(format!("{topic} q{}", inbound.qos));
        Ok(Some(Place(u32::try_from(self.pending.len() - 1).expect("few"))))
    }

    fn owe(&mut self, _: Timestamp, owed: &OwedTo<'_>) {
        if let Some(members) = owed.members {
            let words = members.iter().map(|m| format!("{}q{}", m.session.0, m.qos));
            self.note(format!("audience {}", words.collect::<Vec<_>>().join(",")));
        }
        let back = self.pending.len() - owed.place.0 as usize;
        self.note(format!("owed {back} back"));
    }

    fn session(&mut self, _: Timestamp, session: SessionNo, change: &SessionChange<'_>) {
        let change = format!("{change:?}");
        let word = change.split([' ', '{']).next().unwrap_or_default();
        self.note(format!("session {} {word}", session.0));
    }

    fn has_log(&self) -> bool {
        self.has_log
    }

    fn sequence(ticket: &u64, place: Place) -> Sequence {
        Sequence(1000 * ticket + u64::from(place.0))
    }

    fn committed(&self) -> Sequence {
        self.committed
    }

    fn on_stored(&self, dead_letter: DeadLetterNo) -> Option<OnStored> {
        // Whoever plays the disk says so with a signal.
        self.awaited.as_ref()?.borrow_mut().push(dead_letter);
        Some(Arc::new(|_| {}))
    }

    fn pending_bytes(&self) -> usize {
        self.pending.iter().map(|payload| payload.len() + 100).sum()
    }

    fn flush(&mut self, ticket: Option<Ticket>) -> Result<(), Rejection> {
        let pending = std::mem::take(&mut self.pending);
        if self.broken {
            return Err(Rejection::new(Reason::StorageFull, "disk full"));
        }
        self.flushed.push((ticket, pending.len()));
        self.stored.extend(pending.into_iter().filter(|payload| !payload.is_empty()));
        Ok(())
    }
}

/// A client of the net.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Peered {
    pub(crate) core: usize,
    pub(crate) key: Key,
}

#[derive(Debug, Default)]
struct Wire {
    /// Bytes on their way to the client.
    out: Vec<u8>,
    /// Bytes that wait for the engine.
    unread: Vec<u8>,
    /// The client takes nothing.
    blocked: bool,
    closed: bool,
    version: Option<Version>,
}

pub(crate) struct Net {
    pub(crate) broker: Arc<Broker>,
    pub(crate) engines: Vec<Engine<FakeGate>>,
    pub(crate) now: Now,
    /// Where clients come from.
    pub(crate) peer: Peer,
    wires: BTreeMap<Peered, Wire>,
}

/// Something a client received, in owned words.
pub(crate) type Seen = String;

impl Net {
    pub(crate) fn new(cores: u16, config: Config) -> Self {
        Self::guarded(cores, config, Box::new(Anonymous))
    }

    pub(crate) fn guarded(cores: u16, config: Config, authenticate: Box<dyn Authenticate>) -> Self {
        let random = Arc::new(SeededRandom::new(1));
        Self::of(Broker::new(config, cores, authenticate, random))
    }

    /// One core, where refused publishes are described.
    pub(crate) fn with_dead_letters(config: Config, dead_letters: Arc<dyn DeadLetters>) -> Self {
        let random = Arc::new(SeededRandom::new(1));
        let broker = Broker::new(config, 1, Box::new(Anonymous), random);
        Self::of(broker.with_dead_letters(Some(dead_letters)))
    }

    fn of(broker: Broker) -> Self {
        let (cores, broker) = (broker.cores(), Arc::new(broker));
        let engines = (0..cores)
            .map(|core| Engine::new(Arc::clone(&broker), CoreNo(core), FakeGate::default()))
            .collect();
        let now = Now { monotonic: Duration::from_secs(1000), wall: Timestamp(0) };
        let peer = Peer { anonymous_allowed: true, ..Peer::default() };
        Self { broker, engines, now, peer, wires: BTreeMap::new() }
    }

    pub(crate) fn open(&mut self, core: usize) -> Peered {
        let key = self.engines[core].open(self.now, self.peer.clone()).expect("room");
        let peered = Peered { core, key };
        self.wires.insert(peered, Wire::default());
        peered
    }

    /// Connects on a core and swallows CONNACK.
    pub(crate) fn client(&mut self, core: usize, version: Version, id: &str) -> Peered {
        let client = self.connect(core, &connect(version, id));
        assert_eq!(self.seen(client), ["CONNACK Success"]);
        client
    }

    pub(crate) fn connect(&mut self, core: usize, connect: &Connect<'_>) -> Peered {
        let client = self.connect_only(core, connect);
        self.settle();
        client
    }

    /// Connects without a flush.
    pub(crate) fn connect_only(&mut self, core: usize, connect: &Connect<'_>) -> Peered {
        let client = self.open(core);
        self.wires.get_mut(&client).expect("known").version = Some(connect.version);
        self.send_only(client, &Packet::Connect(Box::new(*connect)));
        client
    }

    /// Sends and lets everything happen.
    pub(crate) fn send(&mut self, from: Peered, packet: &Packet<'_>) {
        self.send_only(from, packet);
        self.settle();
    }

    /// Sends without a flush.
    pub(crate) fn send_only(&mut self, from: Peered, packet: &Packet<'_>) {
        let wire = self.wires.get_mut(&from).expect("known");
        let version = wire.version.unwrap_or(Version::V5);
        packet.encode(version, &mut wire.unread).expect("a packet");
        self.offer(from);
    }

    fn offer(&mut self, from: Peered) {
        let wire = self.wires.get_mut(&from).expect("known");
        let used = match self.engines[from.core].receive(self.now, from.key, &wire.unread) {
            Received::More(used) | Received::Paused(used) => used,
            Received::Done => wire.unread.len(),
        };
        wire.unread.drain(..used);
    }

    /// The log decides about a ticket of a core.
    pub(crate) fn commit(&mut self, core: usize, ticket: u64, outcome: Result<u64, Rejection>) {
        self.engines[core].committed(self.now, Ticket(ticket), outcome);
        self.settle();
    }

    /// Runs flushes, hand-overs and writes until nothing moves.
    pub(crate) fn settle(&mut self) {
        for _ in 0..1000 {
            if !self.step() {
                return;
            }
        }
        panic!("the engines never come to rest");
    }

    fn step(&mut self) -> bool {
        let mut moved = false;
        for core in 0..self.engines.len() {
            self.engines[core].flush(self.now);
            let signals = std::mem::take(&mut self.engines[core].effects().signals);
            for (to, signal) in signals {
                self.engines[to.index()].signal(self.now, signal);
                moved = true;
            }
            for to in (0..self.engines.len()).filter(|to| *to != core) {
                let number = CoreNo(u16::try_from(to).expect("few"));
                if self.engines[core].outbox_bytes(number) > 0 {
                    let batch = self.engines[core].take_batch(number, Batch::default());
                    self.engines[to].remote(self.now, &batch);
                    moved = true;
                }
            }
            moved |= self.write(core);
            self.engines[core].resume();
            for key in std::mem::take(&mut self.engines[core].effects().resumed) {
                self.offer(Peered { core, key });
                moved = true;
            }
        }
        moved
    }

    fn write(&mut self, core: usize) -> bool {
        let engine = &mut self.engines[core];
        let dirty = std::mem::take(engine.pending_output());
        for key in &dirty {
            engine.begin_write(*key);
            let Some(wire) = self.wires.get_mut(&Peered { core, key: *key }) else { continue };
            let output = engine.output(*key).to_vec();
            let taken = if wire.blocked { 0 } else { output.len() };
            wire.out.extend_from_slice(&output[..taken]);
            engine.wrote(self.now, *key, taken);
            if !wire.closed && engine.is_closing(*key) && engine.output(*key).is_empty() {
                wire.closed = true;
                engine.closed(self.now, *key);
            }
        }
        !dirty.is_empty()
    }

    pub(crate) fn block(&mut self, client: Peered, blocked: bool) {
        self.wires.get_mut(&client).expect("known").blocked = blocked;
        if !blocked {
            self.engines[client.core].pending_output().push(client.key);
            self.settle();
        }
    }

    /// The client's socket dies.
    pub(crate) fn lose(&mut self, client: Peered) {
        self.engines[client.core].closed(self.now, client.key);
        self.wires.get_mut(&client).expect("known").closed = true;
        self.settle();
    }

    pub(crate) fn is_closed(&self, client: Peered) -> bool {
        self.wires[&client].closed
    }

    pub(crate) fn is_waiting(&self, client: Peered) -> bool {
        !self.wires[&client].unread.is_empty()
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.now.monotonic += by;
        for core in 0..self.engines.len() {
            self.engines[core].tick(self.now);
        }
        self.settle();
    }

    /// What the client received since the last call.
    pub(crate) fn seen(&mut self, client: Peered) -> Vec<Seen> {
        let wire = self.wires.get_mut(&client).expect("known");
        let bytes = std::mem::take(&mut wire.out);
        let version = wire.version.unwrap_or(Version::V5);
        let (mut at, mut seen) = (0, Vec::new());
        while let Frame::Packet(framed) = frame(&bytes[at..], usize::MAX).expect("frames") {
            let packet = framed.decode(version, &bytes[at..]).expect("a packet");
            seen.push(words::words(&packet));
            at += framed.total_len;
        }
        assert_eq!(at, bytes.len(), "whole packets only");
        seen
    }

    pub(crate) fn subscribe(&mut self, client: Peered, filter: &str, options: SubscribeOptions) {
        let mut raw = Vec::new();
        push_filter(filter, options, &mut raw).expect("short");
        self.subscribe_raw(client, &raw);
    }

    /// Subscribes to all of them in one packet.
    pub(crate) fn subscribe_all(&mut self, client: Peered, filters: &[&str]) {
        let mut raw = Vec::new();
        for filter in filters {
            push_filter(filter, SubscribeOptions::default(), &mut raw).expect("short");
        }
        self.subscribe_raw(client, &raw);
    }

    fn subscribe_raw(&mut self, client: Peered, raw: &[u8]) {
        let version = self.wires[&client].version.unwrap_or(Version::V5);
        let subscribe = Subscribe {
            packet_id: PacketId::FIRST,
            subscription_id: None,
            user: UserProperties::default(),
            filters: Filters::parse(version, raw).expect("filters"),
        };
        self.send(client, &Packet::Subscribe(subscribe));
    }
}

impl Net {
    pub(crate) fn unsubscribe(&mut self, client: Peered, filter: &str) {
        let mut raw = Vec::new();
        broker_codec::push_topic(filter, &mut raw).expect("short");
        let unsubscribe = Unsubscribe {
            packet_id: PacketId::FIRST,
            user: UserProperties::default(),
            filters: Topics::parse(&raw).expect("filters"),
        };
        self.send(client, &Packet::Unsubscribe(unsubscribe));
    }
}

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

pub(crate) fn qos0<'a>(topic: &'a str, payload: &'a str) -> Packet<'a> {
    Packet::Publish(Publish { topic, payload: payload.as_bytes(), ..Publish::default() })
}

pub(crate) fn qos1<'a>(topic: &'a str, payload: &'a str, id: u16) -> Packet<'a> {
    Packet::Publish(Publish {
        topic,
        payload: payload.as_bytes(),
        qos: QoS::AtLeastOnce,
        packet_id: PacketId::new(id),
        ..Publish::default()
    })
}

pub(crate) fn qos2<'a>(topic: &'a str, payload: &'a str, id: u16) -> Packet<'a> {
    Packet::Publish(Publish {
        topic,
        payload: payload.as_bytes(),
        qos: QoS::ExactlyOnce,
        packet_id: PacketId::new(id),
        ..Publish::default()
    })
}

pub(crate) fn exactly_once() -> SubscribeOptions {
    SubscribeOptions { qos: QoS::ExactlyOnce, ..SubscribeOptions::default() }
}

pub(crate) fn at_least_once() -> SubscribeOptions {
    SubscribeOptions { qos: QoS::AtLeastOnce, ..SubscribeOptions::default() }
}
