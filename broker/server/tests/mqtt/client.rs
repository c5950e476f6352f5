//! A broker of its own for each test, and a client that sends exactly what a test wants.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use broker_codec::{
    Connect, ConnectProperties, Filters, Frame, Packet, PacketId, Property, Publish,
    PublishProperties, QoS, ReasonCode, Subscribe, SubscribeOptions, Unsubscribe, UserProperties,
    Version, frame, push_filter,
};
use broker_server::{
    Config, Deps, Failure, Handle, InProcess, Listener, Server, Together, Transport,
};
use fabric::Rejection;
use uns_model::{OrgId, Sequence};

/// A running broker with two cores.
pub(crate) struct Broker {
    pub(crate) address: SocketAddr,
    pub(crate) handle: Handle,
    listeners: Vec<Listener>,
    server: Option<Server>,
    runtime: tokio::runtime::Runtime,
}

impl Broker {
    pub(crate) fn start() -> Self {
        Self::with(|_| ())
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::over(Deps::default(), change)
    }

    pub(crate) fn over(deps: Deps, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config {
            listen: vec![SocketAddr::from(([127, 0, 0, 1], 0)).into()],
            cores: 2,
            ..Config::default()
        };
        change(&mut config);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let server = runtime.block_on(Server::start(config, deps)).expect("a broker");
        Self {
            address: server.listeners()[0].address,
            handle: server.handle(),
            listeners: server.listeners().to_vec(),
            server: Some(server),
            runtime,
        }
    }

    /// A broker with a listener of this transport beside the plain one.
    pub(crate) fn also(transport: Transport, deps: Deps, change: impl FnOnce(&mut Config)) -> Self {
        Self::over(deps, |config| {
            let address = SocketAddr::from(([127, 0, 0, 1], 0));
            config.listen.push(Listener::new(address, transport));
            change(config);
        })
    }

    pub(crate) fn shutdown(&mut self) {
        let server = self.server.take().expect("it runs");
        self.runtime.block_on(server.shutdown(Duration::from_secs(5)));
    }

    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Publishes from inside the process, each call in a lane of its own.
    pub(crate) fn inside(
        &self,
        client_id: &str,
        items: Vec<InProcess>,
    ) -> Vec<Result<Option<Sequence>, Rejection>> {
        let batch = Together {
            org: OrgId::DEFAULT,
            client_id: client_id.into(),
            items,
            ..Together::default()
        };
        let published = self.block_on(self.handle.together(0, batch)).expect("the broker runs");
        published.into_iter().map(|item| item.map(|published| published.sequence)).collect()
    }

    pub(crate) fn v5(&self, id: &str) -> Client {
        self.client(&connect(Version::V5, id))
    }

    pub(crate) fn v3(&self, id: &str) -> Client {
        self.client(&connect(Version::V311, id))
    }

    /// Connects, and expects to be accepted.
    pub(crate) fn client(&self, connect: &Connect<'_>) -> Client {
        self.raw(connect.version).connected(connect)
    }

    /// Only opens a socket.
    pub(crate) fn raw(&self, version: Version) -> Client {
        Client::over(self.socket(Transport::Tcp), version)
    }

    /// A bare socket to a listener.
    pub(crate) fn socket(&self, transport: Transport) -> TcpStream {
        let stream = TcpStream::connect(self.listener(transport)).expect("the broker listens");
        stream.set_nodelay(true).expect("a socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream
    }

    pub(crate) fn listener(&self, transport: Transport) -> SocketAddr {
        let listener = self.listeners.iter().find(|listener| listener.transport == transport);
        listener.expect("it listens").address
    }

    /// How many connections of a transport failed for this.
    pub(crate) fn failed(&self, transport: Transport, cause: Failure) -> u64 {
        self.handle.stats().transports[transport as usize].failed[cause as usize]
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

/// What carries a connection.
pub(crate) trait Wire: Read + Write + Send {}

impl<T: Read + Write + Send> Wire for T {}

/// One end of a connection.
pub(crate) struct Client {
    stream: Box<dyn Wire>,
    version: Version,
    buffer: Vec<u8>,
    next_id: u16,
}

/// A PUBLISH that was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Got {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    pub(crate) id: Option<PacketId>,
    pub(crate) expiry: Option<u32>,
    pub(crate) ids: Vec<u32>,
    pub(crate) user: Vec<(String, String)>,
}

impl From<&Publish<'_>> for Got {
    fn from(publish: &Publish<'_>) -> Self {
        let user = publish.properties.pass_through.user();
        Self {
            topic: publish.topic.into(),
            payload: publish.payload.into(),
            qos: publish.qos.level(),
            retain: publish.retain,
            id: publish.packet_id,
            expiry: publish.properties.message_expiry,
            ids: publish.properties.subscription_ids.iter().map(|id| id.get()).collect(),
            user: user.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        }
    }
}

pub(crate) fn message<'a>(topic: &'a str, payload: &'a str) -> Publish<'a> {
    Publish { topic, payload: payload.as_bytes(), ..Publish::default() }
}

pub(crate) fn qos1<'a>(topic: &'a str, payload: &'a str, id: u16) -> Publish<'a> {
    Publish { qos: QoS::AtLeastOnce, packet_id: PacketId::new(id), ..message(topic, payload) }
}

pub(crate) fn expiring(seconds: u32) -> PublishProperties<'static> {
    PublishProperties { message_expiry: Some(seconds), ..PublishProperties::default() }
}

pub(crate) fn user_properties(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut raw = Vec::new();
    for (name, value) in pairs {
        Property::UserProperty(name, value).encode(&mut raw).expect("short");
    }
    raw
}

impl Client {
    pub(crate) fn over(stream: impl Wire + 'static, version: Version) -> Self {
        Self { stream: Box::new(stream), version, buffer: Vec::new(), next_id: 1 }
    }

    /// Connects, and expects to be accepted.
    pub(crate) fn connected(mut self, connect: &Connect<'_>) -> Self {
        self.send(&Packet::Connect(Box::new(*connect)));
        self.next(|packet| match packet {
            Packet::Connack(connack) => assert_eq!(connack.reason, ReasonCode::Success),
            other => panic!("{other:?} is no CONNACK"),
        });
        self
    }

    pub(crate) fn send(&mut self, packet: &Packet<'_>) {
        let mut bytes = Vec::new();
        packet.encode(self.version, &mut bytes).expect("a packet");
        self.bytes(&bytes);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the socket takes it");
        self.stream.flush().expect("the socket takes it");
    }

    pub(crate) fn publish(&mut self, publish: Publish<'_>) {
        self.send(&Packet::Publish(publish));
    }

    /// The next packet.
    pub(crate) fn next<T>(&mut self, with: impl FnOnce(Packet<'_>) -> T) -> T {
        loop {
            match frame(&self.buffer, usize::MAX).expect("the broker frames packets") {
                Frame::Packet(framed) => {
                    let packet = framed.decode(self.version, &self.buffer).expect("a packet");
                    let result = with(packet);
                    self.buffer.drain(..framed.total_len);
                    return result;
                }
                Frame::Need(_) => {
                    assert!(self.fill().expect("a packet within ten seconds"), "closed");
                }
            }
        }
    }

    fn fill(&mut self) -> std::io::Result<bool> {
        let mut chunk = [0; 65_536];
        let read = self.stream.read(&mut chunk)?;
        self.buffer.extend_from_slice(&chunk[..read]);
        Ok(read > 0)
    }

    pub(crate) fn got(&mut self) -> Got {
        self.next(|packet| match packet {
            Packet::Publish(publish) => Got::from(&publish),
            other => panic!("{other:?} is no PUBLISH"),
        })
    }

    /// Every PUBLISH the broker has for the client by now, in order.
    pub(crate) fn got_all(&mut self) -> Vec<Got> {
        self.send(&Packet::Pingreq);
        let mut all = Vec::new();
        while let Some(got) = self.next(|packet| match packet {
            Packet::Publish(publish) => Some(Got::from(&publish)),
            Packet::Pingresp => None,
            other => panic!("{other:?} is no PUBLISH"),
        }) {
            all.push(got);
        }
        all
    }

    pub(crate) fn got_text(&mut self) -> (String, String) {
        let got = self.got();
        (got.topic, String::from_utf8(got.payload).expect("text"))
    }

    pub(crate) fn puback(&mut self) -> (u16, ReasonCode) {
        self.next(|packet| match packet {
            Packet::Puback(ack) => (ack.packet_id.get(), ack.reason),
            other => panic!("{other:?} is no PUBACK"),
        })
    }

    /// Subscribes and returns the codes of SUBACK.
    pub(crate) fn subscribe(&mut self, filters: &[(&str, SubscribeOptions)]) -> Vec<ReasonCode> {
        self.subscribe_as(None, filters)
    }

    pub(crate) fn subscribe_as(
        &mut self,
        identifier: Option<u32>,
        filters: &[(&str, SubscribeOptions)],
    ) -> Vec<ReasonCode> {
        let id = self.send_subscribe(identifier, filters);
        self.next(|packet| match packet {
            Packet::Suback(suback) => {
                assert_eq!(suback.packet_id, id);
                suback.codes.iter().collect()
            }
            other => panic!("{other:?} is no SUBACK"),
        })
    }

    /// Subscribes without waiting for the answer.
    pub(crate) fn send_subscribe(
        &mut self,
        identifier: Option<u32>,
        filters: &[(&str, SubscribeOptions)],
    ) -> PacketId {
        let mut raw = Vec::new();
        for (filter, options) in filters {
            push_filter(filter, *options, &mut raw).expect("short");
        }
        let id = self.id();
        let packet = Packet::Subscribe(Subscribe {
            packet_id: id,
            subscription_id: identifier.and_then(std::num::NonZeroU32::new),
            user: UserProperties::default(),
            filters: Filters::parse(self.version, &raw).expect("filters"),
        });
        self.send(&packet);
        id
    }

    pub(crate) fn unsubscribe(&mut self, filters: &[&str]) -> Vec<ReasonCode> {
        self.send_unsubscribe(filters);
        self.next(|packet| match packet {
            Packet::Unsuback(unsuback) => unsuback.codes.iter().collect(),
            other => panic!("{other:?} is no UNSUBACK"),
        })
    }

    /// Unsubscribes without waiting for the answer.
    pub(crate) fn send_unsubscribe(&mut self, filters: &[&str]) {
        let mut raw = Vec::new();
        for filter in filters {
            broker_codec::push_topic(filter, &mut raw).expect("short");
        }
        let id = self.id();
        self.send(&Packet::Unsubscribe(Unsubscribe {
            packet_id: id,
            user: UserProperties::default(),
            filters: broker_codec::Topics::parse(&raw).expect("filters"),
        }));
    }

    fn id(&mut self) -> PacketId {
        self.next_id += 1;
        PacketId::new(self.next_id).expect("not 0")
    }

    /// Everything sent before has been handled once this returns; nothing else may arrive first.
    pub(crate) fn ping(&mut self) {
        self.send(&Packet::Pingreq);
        self.next(|packet| assert_eq!(packet, Packet::Pingresp));
    }

    /// The reason of the DISCONNECT that comes next, and that the socket is closed after it.
    pub(crate) fn disconnected(&mut self) -> ReasonCode {
        let reason = self.next(|packet| match packet {
            Packet::Disconnect(disconnect) => disconnect.reason,
            other => panic!("{other:?} is no DISCONNECT"),
        });
        self.closed();
        reason
    }

    /// The reason of a CONNACK that refuses, and that the socket is closed after it.
    pub(crate) fn refused(&mut self) -> ReasonCode {
        let reason = self.next(|packet| match packet {
            Packet::Connack(connack) => connack.reason,
            other => panic!("{other:?} is no CONNACK"),
        });
        self.closed();
        reason
    }

    /// Every byte until the broker closes the connection.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        loop {
            match self.fill() {
                Ok(true) => {}
                Ok(false) => return std::mem::take(&mut self.buffer),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                    return std::mem::take(&mut self.buffer);
                }
            }
        }
    }

    /// Closed, with or without a CONNACK that says why.
    pub(crate) fn closed_or_refused(&mut self) {
        while let Ok(true) = self.fill() {}
        let text = format!("{:02x?}", self.buffer);
        assert!(self.buffer.is_empty() || self.buffer[0] == 0x20, "{text}");
    }

    pub(crate) fn closed(&mut self) {
        match self.fill() {
            Ok(more) => assert!(!more, "more bytes: {:02x?}", self.buffer),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
    }
}

pub(crate) const QOS0: SubscribeOptions = SubscribeOptions {
    qos: QoS::AtMostOnce,
    no_local: false,
    retain_as_published: false,
    retain_handling: broker_codec::RetainHandling::Always,
};

pub(crate) const QOS1: SubscribeOptions = SubscribeOptions { qos: QoS::AtLeastOnce, ..QOS0 };

/// How long a test waits for what must happen in the end, on a slow machine with other work too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for something that happens soon.
pub(crate) fn eventually(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}
