//! One connection: its phase, what its CONNECT said, and what it subscribed to.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::num::{NonZeroU16, NonZeroU32};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ahash::RandomState;
use broker_codec::{PacketId, Publish, QoS, ReasonCode, Version};
use uns_model::{OrgId, PublisherId, SessionNo, Timestamp};

use crate::clients::Filters;
use crate::config::Durability;
use crate::dead::Described;
use crate::engine::Unconfirmed;
use crate::exchanges::Exchanges;
use crate::forgive::{Forgiven, Offender, pass_over};
use crate::limits::{Bucket, Organisation};
use crate::login::{Exchange, Identity};
use crate::message::Message;
use crate::outbound::Outbound;
use crate::peer::Peer;
use crate::policy::PolicyNo;
use crate::route::Route;
use crate::stats::{Leniency, Stats};
use crate::tried::Proof;
use crate::window::Window;

/// Where a connection stands.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Nothing but a CONNECT is expected.
    New,
    /// Its log-in is being verified; nothing is read until it is.
    Asking(Box<Introduction>),
    /// It authenticates; nothing but AUTH is expected.
    Exchanging(Box<(Introduction, Conversation)>),
    /// Its log-in failed, which it is told at that time; nothing is read until then.
    Refused(ReasonCode, Duration),
    /// The client id is being taken over from another core; nothing is read until it is.
    Claiming(Box<Welcome>),
    /// Connected.
    Up,
    /// What is in the output goes out, then the socket is closed; whether it was connected.
    Closing { connected: bool },
}

impl Phase {
    /// Whether CONNACK is still to be said, and nobody else knows of the connection.
    pub(crate) fn is_before_session(&self) -> bool {
        matches!(self, Self::New | Self::Asking(_) | Self::Exchanging(_) | Self::Refused(..))
    }
}

/// What a CONNECT said, for as long as it takes to find out who it is.
#[derive(Debug)]
pub(crate) struct Introduction {
    /// Empty if the broker is to choose one.
    pub(crate) client_id: Box<str>,
    /// Clean Start; Clean Session in MQTT 3.1.1.
    pub(crate) clean_start: bool,
    pub(crate) keep_alive: u16,
    pub(crate) session_expiry: Option<u32>,
    pub(crate) receive_maximum: Option<NonZeroU16>,
    pub(crate) packet_bytes_max: Option<NonZeroU32>,
    pub(crate) topic_alias_maximum: u16,
    pub(crate) will: Option<Box<Will>>,
}

/// A client that may come in: who it is, and what its CONNECT asked for.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) identity: Identity,
    pub(crate) introduction: Introduction,
    /// Authentication Data of CONNACK, after enhanced authentication.
    pub(crate) authentication: Option<Vec<u8>>,
}

/// Enhanced authentication under way.
pub(crate) struct Conversation {
    pub(crate) exchange: Box<dyn Exchange>,
    /// When it began.
    pub(crate) since: Duration,
    /// Packets of the client in it.
    pub(crate) steps: u8,
}

impl Conversation {
    pub(crate) fn new(exchange: Box<dyn Exchange>, now: Duration) -> Self {
        Self { exchange, since: now, steps: 0 }
    }
}

impl fmt::Debug for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversation").field("steps", &self.steps).finish_non_exhaustive()
    }
}

/// What CONNACK will say.
#[derive(Debug, Default)]
pub(crate) struct Welcome {
    /// Whether the client wants none of its old session.
    pub(crate) clean_start: bool,
    pub(crate) assigned_client_id: bool,
    pub(crate) server_keep_alive: Option<u16>,
    pub(crate) session_expiry: Option<u32>,
    pub(crate) authentication: Option<Vec<u8>>,
}

/// What its CONNECT said, for operators.
#[derive(Debug, Default)]
pub(crate) struct About {
    /// When it came.
    pub(crate) since: Timestamp,
    pub(crate) user_name: Option<Box<str>>,
    pub(crate) keep_alive: u16,
    pub(crate) clean_start: bool,
    /// The name its log-in tries, until it is over.
    pub(crate) tried: Option<Box<str>>,
    /// What it shows for it.
    pub(crate) proof: Proof,
}

/// What came from one client.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken {
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
    pub(crate) rejected: u64,
}

/// What is published when the client is lost.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Will {
    /// Will Topic.
    pub topic: Box<str>,
    /// Will Payload.
    pub payload: Box<[u8]>,
    /// MQTT 5 properties that pass unchanged, in wire form.
    pub properties: Box<[u8]>,
    /// Will QoS.
    pub qos: u8,
    /// Will Retain.
    pub retain: bool,
    /// Message Expiry Interval.
    pub expiry: Option<u32>,
    /// Will Delay Interval in seconds.
    pub delay: u32,
}

/// What a publish beyond the receive maximum means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Excess {
    /// 3.1.1 knows no maximum: it is read later.
    Wait,
    /// CONNACK said how many there may be.
    Error,
}

impl Will {
    pub(crate) fn message(&self) -> Message<'_> {
        Message {
            topic: &self.topic,
            qos: self.qos,
            retain: self.retain,
            expiry: self.expiry,
            properties: &self.properties,
            payload: &self.payload,
            publisher: None,
        }
    }
}

/// One connection of a core.
#[derive(Debug)]
pub(crate) struct Connection<N> {
    pub(crate) phase: Phase,
    pub(crate) version: Version,
    pub(crate) peer: Box<Peer>,
    pub(crate) org: OrgId,
    /// Who it is, once that is known.
    pub(crate) identity: Option<Identity>,
    /// The number of its rights.
    pub(crate) policy: PolicyNo,
    /// The method of its enhanced authentication.
    pub(crate) method: Option<Box<str>>,
    /// It is asked again who it is.
    pub(crate) again: Option<Box<Conversation>>,
    /// Whether its log-in came with a secret.
    pub(crate) has_secret: bool,
    pub(crate) client_id: Box<str>,
    pub(crate) publisher: PublisherId,
    pub(crate) about: Option<Box<About>>,
    pub(crate) taken: Taken,
    /// When its last packet arrived; before CONNECT, when it was opened.
    pub(crate) heard: Duration,
    /// One and a half times its keep alive.
    pub(crate) silence_max: Option<Duration>,
    pub(crate) will: Option<Box<Will>>,
    pub(crate) aliases: Vec<Option<Rc<str>>>,
    /// Bytes of their topics.
    pub(crate) alias_bytes: usize,
    pub(crate) filters: Filters,
    /// Filters of a logged session whose retained messages are still being sent.
    pub(crate) walks: HashSet<Box<str>, RandomState>,
    pub(crate) outbound: Outbound,
    /// Packets of this client whose answer waits for a commit.
    pub(crate) unacknowledged: u32,
    /// Those of them that are PUBLISH with QoS 1.
    pub(crate) unacknowledged_qos1: u32,
    /// QoS 2 identifiers it uses.
    pub(crate) received: Exchanges,
    /// Its publishes of QoS 2 that the log has not decided about, if its session is durable.
    pub(crate) undecided: u32,
    /// Identifiers whose release the log did not take, though PUBCOMP was said: `memory` says so
    /// whatever the disk does. The log is told again once it works.
    pub(crate) unforgotten: HashSet<PacketId, RandomState>,
    /// Its session, if the log knows it: it has a will, or is durable.
    pub(crate) session: Option<SessionNo>,
    /// Whether the session outlives this connection, or the one before: then what it is owed
    /// comes from the ledger.
    pub(crate) durable: bool,
    /// Whether it began with this connection, and the log has not confirmed it.
    pub(crate) new_session: bool,
    /// What its client acknowledged and the log may not have yet, oldest first. No more than a
    /// window of the ledger, which waits for it.
    pub(crate) unconfirmed: VecDeque<Unconfirmed>,
    /// The ticket that tells whether the log works again, if it took nothing when this connection
    /// began and so does not know of it.
    pub(crate) unknown: u64,
    /// Seconds its session outlives the connection, `u32::MAX` for ever.
    pub(crate) expiry: u32,
    /// Whether its CONNECT asked for a session that outlives the connection.
    pub(crate) wants_session: bool,
    /// What its acknowledgements wait for.
    pub(crate) durability: Durability,
    /// Whether reason strings are welcome.
    pub(crate) problem_information: bool,
    /// Another broker, which mirrors topics in a version without the options that takes: it gets
    /// nothing it sent, and the rest with the RETAIN flag as published.
    pub(crate) bridge: bool,
    /// Faults of it that were passed over.
    pub(crate) forgiven: u64,
    /// How many of the messages it lost in a full queue operators were told of.
    pub(crate) told_dropped: u64,
    /// What it may still publish in this second.
    pub(crate) bucket: Bucket,
    /// For what its refused publishes were described lately.
    pub(crate) described: Option<Box<Described>>,
    /// Its organisation, where that has a rate.
    pub(crate) organisation: Option<Arc<Organisation>>,
    /// Where its last publish went.
    pub(crate) last_route: Option<Rc<Route<N>>>,
    /// Why its CONNECT is refused, whatever it says.
    pub(crate) refuse: Option<ReasonCode>,
    /// Whether nothing is read from it for now.
    pub(crate) paused: bool,
    /// Whether it is in the list of connections with something to write.
    pub(crate) dirty: bool,
    /// Whether it is in the list of connections whose retained messages wait for their fold.
    pub(crate) walking: bool,
}

impl<N> Connection<N> {
    pub(crate) fn new(peer: Peer, now: Duration, packet_bytes_max: usize) -> Self {
        Self {
            phase: Phase::New,
            version: Version::V5,
            peer: Box::new(peer),
            org: OrgId::default(),
            identity: None,
            policy: PolicyNo::default(),
            method: None,
            again: None,
            has_secret: false,
            client_id: Box::default(),
            publisher: PublisherId::default(),
            about: None,
            taken: Taken::default(),
            heard: now,
            silence_max: None,
            will: None,
            aliases: Vec::new(),
            alias_bytes: 0,
            filters: Filters::default(),
            walks: HashSet::default(),
            outbound: Outbound::new(Version::V5, packet_bytes_max, Window::new(0, 1)),
            unacknowledged: 0,
            unacknowledged_qos1: 0,
            received: Exchanges::default(),
            undecided: 0,
            unforgotten: HashSet::default(),
            session: None,
            durable: false,
            new_session: false,
            unconfirmed: VecDeque::new(),
            unknown: 0,
            expiry: 0,
            wants_session: false,
            durability: Durability::Commit,
            problem_information: true,
            bridge: false,
            forgiven: 0,
            told_dropped: 0,
            bucket: Bucket::default(),
            described: None,
            organisation: None,
            last_route: None,
            refuse: None,
            paused: false,
            dirty: false,
            walking: false,
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        matches!(self.phase, Phase::Up)
    }

    pub(crate) fn is_closing(&self) -> bool {
        matches!(self.phase, Phase::Closing { .. })
    }

    /// As one who did something against the rules.
    pub(crate) fn offender(&mut self) -> Offender<'_> {
        let Self { peer, client_id, forgiven, .. } = self;
        Offender { peer, client_id, forgiven }
    }

    /// Its session, if that is durable.
    pub(crate) fn durable_session(&self) -> Option<SessionNo> {
        self.session.filter(|_| self.durable)
    }

    /// Whether one more publish is too many unanswered: it waits in 3.1.1, and is an error in 5,
    /// where CONNACK said how many there may be, unless its listener passes over that.
    pub(crate) fn excess(
        &mut self,
        publish: &Publish<'_>,
        max: u16,
        noted: (&mut Stats, &mut Vec<Forgiven>),
    ) -> Option<Excess> {
        let forgives =
            |one: &mut Self| pass_over(&mut one.offender(), noted, Leniency::ReceiveMaximum);
        self.over_receive_maximum(publish, max)
            .filter(|excess| *excess == Excess::Wait || !forgives(self))
    }

    fn over_receive_maximum(&self, publish: &Publish<'_>, max: u16) -> Option<Excess> {
        let repeated = publish.qos == QoS::ExactlyOnce
            && publish.packet_id.is_some_and(|id| self.received.is_repeated(id));
        let unanswered = self.unacknowledged_qos1 as usize + self.received.len();
        // However lenient its listener is, a packet identifier is one of so many.
        if self.unacknowledged >= u32::from(u16::MAX) {
            return Some(Excess::Wait);
        }
        match self.version {
            Version::V5 => (unanswered >= usize::from(max) && !repeated).then_some(Excess::Error),
            Version::V31 | Version::V311 => {
                (self.unacknowledged >= u32::from(max)).then_some(Excess::Wait)
            }
        }
    }

    /// The topic of a PUBLISH, by its alias if it has only that; learns new aliases, unless there
    /// is no memory for them.
    pub(crate) fn aliased(
        &mut self,
        publish: &Publish<'_>,
        maximum: u16,
        (learns, bytes_max): (bool, usize),
    ) -> Result<Option<Rc<str>>, ReasonCode> {
        let Some(alias) = publish.properties.topic_alias else { return Ok(None) };
        if alias.get() > maximum {
            return Err(ReasonCode::TopicAliasInvalid);
        }
        let index = usize::from(alias.get());
        if publish.topic.is_empty() {
            let known = self.aliases.get(index).cloned().flatten();
            return known.map(Some).ok_or(ReasonCode::ProtocolError);
        }
        let known = self.aliases.get(index).and_then(Option::as_deref);
        let learnt = known.map_or(0, str::len);
        let is_new = known != Some(publish.topic);
        // What a client has the hub remember is bounded, in bytes too.
        let bytes = self.alias_bytes + publish.topic.len() - learnt;
        if is_new && (!learns || bytes > bytes_max) {
            return Err(ReasonCode::QuotaExceeded);
        }
        self.alias_bytes = bytes;
        if self.aliases.len() <= index {
            self.aliases.resize(index + 1, None);
        }
        if let Some(place) = self.aliases.get_mut(index)
            && place.as_deref() != Some(publish.topic)
        {
            *place = Some(publish.topic.into());
        }
        Ok(None)
    }
}
