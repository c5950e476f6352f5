//! The clients of one core as MQTT sees them: the phase of each connection, who it is, its session, what
//! is under way of QoS 2, and which client ids are being taken over.
//!
//! It writes no bytes and matches no topics.

pub(crate) mod answers;
mod authentication;
pub(crate) mod claim;
pub(crate) mod clients;
mod connack;
pub(crate) mod connect_request;
pub(crate) mod connect_terms;
pub(crate) mod connection;
pub(crate) mod conversation;
mod departing;
mod end;
pub(crate) mod exchanges;
pub(crate) mod inbound_aliases;
pub(crate) mod inflight;
pub(crate) mod left_behind;
pub(crate) mod log_in;
pub(crate) mod overdue;
mod paused;
pub(crate) mod phase;
mod publishing;
pub(crate) mod rates;
pub(crate) mod session_state;
pub(crate) mod subscriptions;
pub(crate) mod takeover;
pub(crate) mod unconfirmed;
pub(crate) mod undecided;
mod unlogged_wills;
pub(crate) mod will;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use ahash::RandomState;

use crate::key::{Key, Slots};
use crate::peer::Peer;
use claim::Claim;
use connection::Connection;
use departing::Departing;
use phase::Phase;
use unlogged_wills::UnloggedWills;

/// The protocol state of all connections of one core.
#[derive(Debug)]
pub(crate) struct Sessions<N> {
    connections: Slots<Connection<N>>,
    /// Connections that wait for the holder of their client id on another core to go.
    claims: HashMap<Key, Claim, RandomState>,
    /// Connections of durable sessions that are gone, and whose publishes the log has not decided.
    departing: HashMap<Key, Departing, RandomState>,
    /// Connections in the order they came, until they have said who they are.
    awaiting_connect: VecDeque<Key>,
    /// Connections that wait for room somewhere.
    paused: Vec<Key>,
    /// Whether the paused may try again.
    may_resume: bool,
    /// Connections beyond their rate, and when they may go on.
    throttled: Vec<(Duration, Key)>,
    /// Connections that must not be answered, to be ended at the next tick.
    unanswered: Vec<Key>,
    pub(crate) unlogged_wills: UnloggedWills,
    /// The policy epoch as of which the session of every account that is gone has ended.
    pub(crate) accounts_checked: Option<u64>,
}

impl<N> Default for Sessions<N> {
    fn default() -> Self {
        Self {
            connections: Slots::default(),
            claims: HashMap::default(),
            departing: HashMap::default(),
            awaiting_connect: VecDeque::new(),
            paused: Vec::new(),
            may_resume: false,
            throttled: Vec::new(),
            unanswered: Vec::new(),
            unlogged_wills: UnloggedWills::default(),
            accounts_checked: None,
        }
    }
}

impl<N> Sessions<N> {
    /// A socket was opened; `None` if the table is full.
    pub(crate) fn open(&mut self, now: Duration, peer: Peer) -> Option<Key> {
        let key = self.connections.insert(Connection::new(peer, now))?;
        self.awaiting_connect.push_back(key);
        Some(key)
    }

    /// The socket of a connection is gone.
    pub(crate) fn close(&mut self, key: Key) -> Option<Connection<N>> {
        self.connections.remove(key)
    }

    #[inline]
    pub(crate) fn get(&self, key: Key) -> Option<&Connection<N>> {
        self.connections.get(key)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut Connection<N>> {
        self.connections.get_mut(key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &Connection<N>)> {
        self.connections.iter()
    }

    /// The connections in so many slots from this one on, and the slot to go on from.
    pub(crate) fn slice(
        &self,
        from: u32,
        count: u32,
    ) -> (impl Iterator<Item = (Key, &Connection<N>)>, Option<u32>) {
        self.connections.slice(from, count)
    }

    pub(crate) fn keys(&self) -> Vec<Key> {
        self.connections.iter().map(|(key, _)| key).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.connections.len()
    }

    /// Whether a client is connected under this key.
    #[inline]
    pub(crate) fn is_up(&self, key: Key) -> bool {
        self.connections.get(key).is_some_and(Connection::is_up)
    }

    /// The connection that has waited longest without a CONNECT.
    pub(crate) fn take_oldest_awaiting_connect(&mut self) -> Option<Key> {
        self.forget_identified();
        self.awaiting_connect.pop_front()
    }

    /// About how many connections have sent no CONNECT yet; none where it says so.
    pub(crate) fn awaiting_connect(&mut self) -> usize {
        self.forget_identified();
        self.awaiting_connect.len()
    }

    /// Forgets those at the front whose CONNECT came. What lies behind them is no older than what a
    /// CONNECT may take, so the list is bounded by what comes in that time.
    pub(crate) fn forget_identified(&mut self) {
        while self.awaiting_connect.front().is_some_and(|key| !self.awaits_connect(*key)) {
            self.awaiting_connect.pop_front();
        }
    }

    fn awaits_connect(&self, key: Key) -> bool {
        self.connections.get(key).is_some_and(|known| matches!(known.phase, Phase::New))
    }

    /// A connection that must not be answered ends at the next tick.
    pub(crate) fn end_unanswered(&mut self, key: Key) {
        if self.unanswered.last() != Some(&key) {
            self.unanswered.push(key);
        }
    }

    pub(crate) fn take_unanswered(&mut self) -> Vec<Key> {
        std::mem::take(&mut self.unanswered)
    }
}
