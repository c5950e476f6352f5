//! One connection: its phase, what its CONNECT said, and what it subscribed to.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use broker_codec::{PacketId, ReasonCode, Version};
use fabric::Will;
use uns_model::{OrgId, PublisherId, SessionNo, Timestamp};

use super::clients::{Filters, Parked};
use super::inbound_aliases::InboundAliases;
use super::inflight::Inflight;
use super::log_in::LogInState;
use super::phase::Phase;
use super::session_state::SessionState;
use crate::config::Durability;
use crate::dead_letter::Described;
use crate::forgive::FaultyClient;
use crate::limits::{Bucket, Organisation};
use crate::outbound::window::Awaits;
use crate::peer::Peer;
use crate::routing::route::Route;
use crate::tried::Proof;

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
pub(crate) struct InboundCounts {
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
    pub(crate) rejected: u64,
}

/// One connection of a core.
#[derive(Debug)]
pub(crate) struct Connection<N> {
    pub(crate) phase: Phase,
    pub(crate) version: Version,
    pub(crate) peer: Box<Peer>,
    pub(crate) org: OrgId,
    pub(crate) log_in: LogInState,
    pub(crate) client_id: Box<str>,
    pub(crate) publisher: PublisherId,
    pub(crate) about: Option<Box<About>>,
    pub(crate) inbound: InboundCounts,
    /// When its last packet arrived; before CONNECT, when it was opened.
    pub(crate) heard: Duration,
    /// One and a half times its keep alive.
    pub(crate) silence_max: Option<Duration>,
    pub(crate) will: Option<Box<Will>>,
    pub(crate) aliases: InboundAliases,
    pub(crate) filters: Filters,
    /// What it has sent and has no answer to.
    pub(crate) inflight: Inflight,
    pub(crate) session: SessionState,
    /// What its acknowledgements wait for.
    pub(crate) durability: Durability,
    /// Whether reason strings are welcome.
    pub(crate) problem_information: bool,
    /// Another broker, which mirrors topics in a version without the options that takes: it gets
    /// nothing it sent, and the rest with the RETAIN flag as published.
    pub(crate) bridge: bool,
    /// Faults of it that were passed over.
    pub(crate) forgiven: u64,
    /// How many of the messages it lost in a full queue were reported to the operators.
    pub(crate) reported_dropped: u64,
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
}

impl<N> Connection<N> {
    pub(crate) fn new(peer: Peer, now: Duration) -> Self {
        Self {
            phase: Phase::New,
            version: Version::V5,
            peer: Box::new(peer),
            org: OrgId::default(),
            log_in: LogInState::default(),
            client_id: Box::default(),
            publisher: PublisherId::default(),
            about: None,
            inbound: InboundCounts::default(),
            heard: now,
            silence_max: None,
            will: None,
            aliases: InboundAliases::default(),
            filters: Filters::default(),
            inflight: Inflight::default(),
            session: SessionState::default(),
            durability: Durability::Commit,
            problem_information: true,
            bridge: false,
            forgiven: 0,
            reported_dropped: 0,
            bucket: Bucket::default(),
            described: None,
            organisation: None,
            last_route: None,
            refuse: None,
            paused: false,
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        matches!(self.phase, Phase::Up)
    }

    pub(crate) fn is_closing(&self) -> bool {
        matches!(self.phase, Phase::Closing { .. })
    }

    /// It ends: nothing more is taken from it.
    pub(crate) fn begin_closing(&mut self) {
        self.phase = Phase::Closing { connected: self.is_up() };
        self.paused = false;
        self.aliases = InboundAliases::default();
        self.last_route = None;
        self.log_in.again = None;
    }

    /// As one who did something against the rules.
    pub(crate) fn faulty_client(&mut self) -> FaultyClient<'_> {
        let Self { peer, client_id, forgiven, .. } = self;
        FaultyClient { peer, client_id, forgiven }
    }

    /// Its session, if that is durable.
    pub(crate) fn durable_session(&self) -> Option<SessionNo> {
        self.session.number_if_durable()
    }

    /// What its session keeps while the client is away; `held` are identifiers of QoS 2 that it was sent
    /// retained messages under.
    pub(crate) fn park(&mut self, held: Vec<(PacketId, Awaits)>) -> Parked {
        Parked {
            filters: std::mem::take(&mut self.filters),
            walks: std::mem::take(&mut self.session.walks),
            received: std::mem::take(&mut self.inflight.exchanges).park(),
            held,
            undecided: None,
        }
    }
}
