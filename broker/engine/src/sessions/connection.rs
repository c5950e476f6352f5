//! One connection: its phase, what its CONNECT said, and what it subscribed to.

use std::collections::{HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ahash::RandomState;
use broker_codec::{PacketId, ReasonCode, Version};
use fabric::Will;
use uns_model::{OrgId, PublisherId, Sequence, SessionNo, Timestamp};

use super::clients::{Filters, Parked};
use super::exchanges::Exchanges;
use super::phase::{Conversation, Phase};
use super::unconfirmed::Unconfirmed;
use crate::config::Durability;
use crate::dead_letter::Described;
use crate::forgive::Offender;
use crate::limits::{Bucket, Organisation};
use crate::login::Identity;
use crate::outbound::window::Awaits;
use crate::peer::Peer;
use crate::routing::policy::PolicyNo;
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
pub(crate) struct Taken {
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

    /// As one who did something against the rules.
    pub(crate) fn offender(&mut self) -> Offender<'_> {
        let Self { peer, client_id, forgiven, .. } = self;
        Offender { peer, client_id, forgiven }
    }

    /// Its session, if that is durable.
    pub(crate) fn durable_session(&self) -> Option<SessionNo> {
        self.session.filter(|_| self.durable)
    }

    /// What its session keeps while the client is away; `held` are identifiers of QoS 2 that it was sent
    /// retained messages under.
    pub(crate) fn park(&mut self, held: Vec<(PacketId, Awaits)>) -> Parked {
        Parked {
            filters: std::mem::take(&mut self.filters),
            walks: std::mem::take(&mut self.walks),
            received: std::mem::take(&mut self.received).park(),
            held,
            undecided: None,
        }
    }

    /// Its client acknowledged something, which is kept until the log has it: once `ticket` is among
    /// those that are reached.
    pub(crate) fn note_unconfirmed(
        &mut self,
        sequence: Sequence,
        released: Option<PacketId>,
        ticket: u64,
        reached: u64,
    ) {
        let kept = &mut self.unconfirmed;
        while kept.front().is_some_and(|one| one.ticket <= reached) {
            kept.pop_front();
        }
        kept.push_back(Unconfirmed { ticket, sequence, released });
    }
}
