//! What operators ask of a core, and what they get: clients and topics, found in slices between
//! which the core goes on with its work.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;

use broker_codec::Version;
use uns_model::query::ClientOrder;
use uns_model::{Filter, OrgId, SessionNo, Timestamp};

use crate::key::Address;
use crate::peer::Transport;
use crate::stats::Drop;

/// Where a client stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientState {
    /// Its client id is being taken over, or it is not let in yet.
    Connecting,
    /// Connected.
    Connected,
}

/// How well a client keeps up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keeping {
    /// Little waits for it.
    Fine,
    /// Much waits; its publishers pause while it drains.
    Behind,
    /// Nobody waits for it.
    Slow,
}

/// One client of this moment.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of MQTT")]
pub struct ClientInfo {
    pub who: Address,
    pub client_id: Box<str>,
    pub state: ClientState,
    pub user_name: Option<Box<str>>,
    /// Who it turned out to be.
    pub identity: Option<Arc<str>>,
    pub version: Version,
    pub address: Box<str>,
    pub listener: Box<str>,
    pub transport: Transport,
    /// The subject of its certificate.
    pub subject: Option<Box<str>>,
    pub since: Timestamp,
    /// In seconds, as its CONNECT asked.
    pub keep_alive: u16,
    pub clean_start: bool,
    /// As granted.
    pub session_expiry: u32,
    /// Its session, if the log keeps it.
    pub session: Option<SessionNo>,
    pub subscriptions: usize,
    /// Deliveries it has not acknowledged.
    pub in_flight: u16,
    /// Its publishes whose acknowledgement waits for a commit.
    pub unacknowledged: u32,
    pub queued: usize,
    pub queued_bytes: usize,
    /// What the log owes its session: messages and bytes. Nothing until the embedder says so.
    pub owed: (usize, u64),
    pub output_bytes: usize,
    pub messages_in: u64,
    pub messages_out: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Its publishes that were refused.
    pub rejected: u64,
    /// Faults of it that its listener passed over.
    pub forgiven: u64,
    pub dropped: [u64; Drop::ALL.len()],
    pub keeping: Keeping,
    /// Whether nothing is read from it for now.
    pub paused: bool,
}

impl ClientInfo {
    /// By what it is ordered, the greatest first.
    pub fn rank(&self, order: ClientOrder) -> u64 {
        match order {
            ClientOrder::ClientId => 0,
            ClientOrder::Dropped => self.dropped.iter().sum(),
            ClientOrder::Queued => (self.queued_bytes + self.output_bytes) as u64,
            ClientOrder::MessagesIn => self.messages_in,
            ClientOrder::MessagesOut => self.messages_out,
        }
    }
}

/// Which clients.
#[derive(Clone, Debug, Default)]
pub struct ClientQuery {
    /// Of which organisation.
    pub org: OrgId,
    /// Part of the client id.
    pub client_id: Option<String>,
    /// The user name, or who it turned out to be.
    pub user_name: Option<String>,
    /// The beginning of the address.
    pub address: Option<String>,
    /// The listener.
    pub listener: Option<String>,
    /// What carries its bytes.
    pub transport: Option<Transport>,
    /// Where it stands.
    pub state: Option<ClientState>,
    /// How well it keeps up.
    pub keeping: Option<Keeping>,
    /// Whether the log keeps its session.
    pub durable: Option<bool>,
    /// In which order.
    pub order: ClientOrder,
    /// Only those behind this rank and client id.
    pub after: Option<(u64, Box<str>)>,
    /// At most so many.
    pub limit: usize,
}

impl ClientQuery {
    /// Whether a client is asked for, its place in the order aside.
    pub(crate) fn wants(&self, client: &ClientInfo) -> bool {
        let is = |wish: &Option<String>, text: &str| wish.as_ref().is_none_or(|wish| wish == text);
        let part = |wish: &Option<String>, text: &str| {
            wish.as_ref().is_none_or(|wish| text.contains(wish.as_str()))
        };
        part(&self.client_id, &client.client_id)
            && self.user_name.as_deref().is_none_or(|wish| {
                client.user_name.as_deref() == Some(wish)
                    || client.identity.as_deref() == Some(wish)
            })
            && self.address.as_ref().is_none_or(|wish| client.address.starts_with(wish.as_str()))
            && is(&self.listener, &client.listener)
            && self.transport.is_none_or(|wish| wish == client.transport)
            && self.state.is_none_or(|wish| wish == client.state)
            && self.durable.is_none_or(|wish| wish == client.session.is_some())
            && self.keeping.is_none_or(|wish| wish == client.keeping)
    }
}

#[derive(Debug)]
struct Row {
    place: (Reverse<u64>, Box<str>),
    client: ClientInfo,
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

impl Eq for Row {}

impl PartialOrd for Row {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Row {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place.cmp(&other.place)
    }
}

/// A search for clients on one core, slice by slice. It keeps the first of the order, and one more
/// than asked for, to tell whether there are others.
#[derive(Debug)]
pub struct ClientScan {
    pub(crate) query: ClientQuery,
    /// The slot to go on from.
    pub(crate) at: Option<u32>,
    best: BinaryHeap<Row>,
}

impl ClientScan {
    /// Starts before the first.
    pub fn new(query: ClientQuery) -> Self {
        Self { query, at: Some(0), best: BinaryHeap::new() }
    }

    /// Whether a client of this rank and id would be kept.
    pub(crate) fn has_place(&self, rank: u64, client_id: &str) -> bool {
        let place = (Reverse(rank), client_id);
        let after = self.query.after.as_ref();
        let last = self.best.peek().filter(|_| self.best.len() > self.query.limit);
        after.is_none_or(|(rank, id)| place > (Reverse(*rank), &**id))
            && last.is_none_or(|last| place < (last.place.0, &*last.place.1))
    }

    pub(crate) fn offer(&mut self, client: ClientInfo) {
        let rank = client.rank(self.query.order);
        if !self.has_place(rank, &client.client_id) {
            return;
        }
        self.best.push(Row { place: (Reverse(rank), client.client_id.clone()), client });
        if self.best.len() > self.query.limit + 1 {
            self.best.pop();
        }
    }

    /// What was found, in order, and whether there is more.
    pub fn finish(self) -> (Vec<ClientInfo>, bool) {
        let limit = self.query.limit;
        let mut rows: Vec<_> =
            self.best.into_sorted_vec().into_iter().map(|row| row.client).collect();
        let more = rows.len() > limit;
        rows.truncate(limit);
        (rows, more)
    }

    /// Adds what another core found.
    pub fn join(&mut self, other: Self) {
        for row in other.best {
            self.offer(row.client);
        }
    }
}

/// A topic in the order of its levels, which is that of [`crate::Walk`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicName(pub Box<str>);

impl PartialOrd for TopicName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TopicName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.split('/').cmp(other.0.split('/'))
    }
}

/// Which topics somebody is shown.
type Only = Box<dyn Fn(&str) -> bool + Send>;

/// A search for topics that were published to lately, slice by slice; it keeps the first ones.
pub struct TopicScan {
    pub(crate) org: OrgId,
    filter: Filter,
    after: Option<TopicName>,
    limit: usize,
    only: Option<Only>,
    /// How many of the core's routes were looked at.
    pub(crate) at: usize,
    /// What was found.
    pub found: BTreeSet<TopicName>,
}

impl std::fmt::Debug for TopicScan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TopicScan").field("filter", &self.filter).finish_non_exhaustive()
    }
}

impl TopicScan {
    /// Starts before the first.
    pub fn new(org: OrgId, filter: Filter, after: Option<&str>, limit: usize) -> Self {
        let after = after.map(|topic| TopicName(topic.into()));
        Self { org, filter, after, limit, only: None, at: 0, found: BTreeSet::new() }
    }

    /// Leaves out all others.
    #[must_use]
    pub fn only(self, those: impl Fn(&str) -> bool + Send + 'static) -> Self {
        Self { only: Some(Box::new(those)), ..self }
    }

    /// Takes a topic in if it is asked for.
    pub fn offer(&mut self, topic: &str) {
        if !self.filter.matches(topic) || self.only.as_ref().is_some_and(|only| !only(topic)) {
            return;
        }
        let name = TopicName(topic.into());
        if self.after.as_ref().is_some_and(|after| name <= *after) {
            return;
        }
        self.found.insert(name);
        if self.found.len() > self.limit {
            self.found.pop_last();
        }
    }
}
