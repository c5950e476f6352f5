//! Sessions that the log knows: how they begin, go on, wait for their client and end. What they
//! are owed comes from the ledger (see [`crate::Fed`]).

use broker_codec::{ReasonCode, Version};
use fabric::SessionChange;
use uns_model::{OrgId, SessionNo};

use super::acks::Who;
use super::{Attached, Engine, Now};
use crate::access::Action;
use crate::asked;
use crate::clients::{Ended, Found, Parked};
use crate::connection::Connection;
use crate::exchanges::Exchanges;
use crate::feed::{Fed, LEDGER_PACKET_IDS};
use crate::gate::Gate;
use crate::key::Key;
use crate::outbound::OwedRetained;
use crate::retained::Walk;
use crate::tree::{Holder, Subscriber};

/// There are as many sessions as there may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TooMany;

impl<G: Gate> Engine<G> {
    /// How long the session of a CONNECT may outlive its connection, in seconds.
    pub(super) fn granted_expiry(&self, version: Version, clean: bool, wish: Option<u32>) -> u32 {
        let max = self.broker.config.session_expiry_max;
        match version {
            _ if !self.gate.has_log() => 0,
            Version::V5 => wish.unwrap_or(0).min(max),
            Version::V31 | Version::V311 if clean => 0,
            Version::V31 | Version::V311 => max,
        }
    }

    /// The client id is this connection's alone: its session goes on, or a new one begins. Returns
    /// whether it goes on.
    pub(super) fn open_session(
        &mut self,
        now: Now,
        key: Key,
        clean_start: bool,
    ) -> Result<bool, TooMany> {
        let Some(connection) = self.connections.get_mut(key) else { return Ok(false) };
        let (org, expiry) = (connection.org, connection.expiry);
        let old = self.broker.clients.resume(org, &connection.client_id);
        let resumed = match old {
            Some(Found { session, parked, own }) if clean_start || !own => {
                self.broker.clients.end(org, &connection.client_id, session, false);
                let filters = parked.filters.keys().map(|filter| &**filter);
                self.broker.subscriptions.remove(org, filters, &[Holder::Session(session)]);
                self.gate.session(now.wall, session, &SessionChange::Ended);
                None
            }
            old => old,
        };
        let present = resumed.is_some();
        if let Some(Found { session, parked, .. }) = resumed {
            connection.session = Some(session);
            connection.durable = true;
            self.gate.session(now.wall, session, &SessionChange::Resumed { expiry });
            self.unpark(now, key, (session, parked));
        } else if expiry > 0 || (connection.will.is_some() && self.gate.has_log()) {
            let (session, clients) = (self.broker.clients.number(), &self.broker.clients);
            let max = self.broker.config.sessions_max;
            connection.durable = expiry > 0;
            if connection.durable && !clients.begin(org, &connection.client_id, session, max) {
                connection.durable = false;
                return Err(TooMany);
            }
            connection.session = Some(session);
            connection.new_session = true;
            let (client_id, publisher) = (&*connection.client_id, connection.publisher);
            let opened = SessionChange::Opened { org, client_id, publisher, expiry };
            self.gate.session(now.wall, session, &opened);
        }
        self.note_owner(now, key);
        self.enter(now, key);
        Ok(present)
    }

    /// A session belongs to the account that logged in for it, also after a restart; the will it
    /// leaves is judged by the rights of that account.
    fn note_owner(&mut self, now: Now, key: Key) {
        let Some(connection) = self.connections.get(key) else { return };
        let (Some(session), Some(identity)) = (connection.session, &connection.identity) else {
            return;
        };
        if let Some(name) = identity.owner(connection.will.is_some()) {
            self.gate.session(now.wall, session, &SessionChange::Owner { name: &name });
        }
    }

    /// Notes the will, and asks the ledger for what the session is owed.
    fn enter(&mut self, now: Now, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let Some(session) = connection.session else { return };
        if let Some(will) = &connection.will {
            self.gate.session(now.wall, session, &will.change());
        }
        if connection.durable {
            connection.outbound.feed = Some(Box::default());
            connection.outbound.window.move_to(LEDGER_PACKET_IDS, self.broker.random.u64());
            self.acks.wait(Who::Attach(key, session), None);
        }
    }

    /// Gives a connection what its session left.
    fn unpark(&mut self, now: Now, key: Key, (session, parked): (SessionNo, Parked)) {
        let (me, start) = (self.address(key), self.walk_start(now));
        let Some(connection) = self.connections.get_mut(key) else { return };
        let Parked { filters, walks, received, held, .. } = parked;
        connection.outbound.window.hold(held);
        for (filter, wish) in &filters {
            let link = Some(connection.outbound.link.clone());
            let subscriber = Subscriber { wish: *wish, link, session: Some(session) };
            let holder = [Holder::Connection(me)];
            self.broker.subscriptions.insert(connection.org, filter, &holder, &subscriber);
            if walks.contains(filter) {
                connection.outbound.owed.push_back(OwedRetained {
                    walk: Walk::new(filter),
                    qos: wish.qos,
                    identifier: wish.identifier,
                    start,
                });
            }
        }
        connection.filters = filters;
        connection.walks = walks;
        connection.received = Exchanges::resumed(received);
        if !connection.outbound.owed.is_empty() {
            self.await_walks(key);
        }
    }

    /// The log knows of this connection, and the ledger may feed it; or the log took nothing, and
    /// a session that began with this connection has not begun.
    pub(super) fn attach(
        &mut self,
        now: Now,
        (key, session): (Key, SessionNo),
        committed: Result<Option<G::Receipt>, ()>,
    ) {
        let Some(connection) = self.connections.get_mut(key).filter(|c| c.is_up()) else { return };
        let new = std::mem::take(&mut connection.new_session);
        match committed {
            Err(()) if new => {
                connection.expiry = 0;
                self.fail(now, key, ReasonCode::QuotaExceeded);
            }
            committed => {
                if committed.is_err() {
                    connection.unknown = self.acks.note_unknown();
                }
                let receipt = committed.unwrap_or_default();
                self.effects.attached.push(Attached { key, session, receipt });
            }
        }
    }

    /// The log does not know the session of a connection, so nothing would ever be owed to it: its
    /// client begins anew.
    pub fn session_gone(&mut self, now: Now, key: Key, session: SessionNo) {
        if let Some(connection) = self.connections.get_mut(key)
            && connection.is_up()
            && connection.session == Some(session)
        {
            connection.expiry = 0;
            self.fail(now, key, ReasonCode::UnspecifiedError);
        }
    }

    /// The connection of a session ends: the session waits, or ends as well. The will is published
    /// now, or left to the ledger's clock.
    pub(super) fn leave_session(&mut self, now: Now, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let (org, session) = (connection.org, connection.session);
        let (durable, expiry) = (connection.durable, connection.expiry);
        let waits = durable && expiry > 0;
        self.leave_will(now, key, waits);
        let Some(session) = session else { return };
        if waits {
            self.gate.session(now.wall, session, &SessionChange::Left { expiry });
            let undecided = self.leave_undecided(key, session);
            let Some(connection) = self.connections.get_mut(key) else { return };
            let parked = Parked { undecided, ..connection.park() };
            self.broker.clients.park(org, &connection.client_id, session, parked);
        } else {
            self.gate.session(now.wall, session, &SessionChange::Ended);
            let Some(connection) = self.connections.get_mut(key) else { return };
            if durable {
                self.broker.clients.end(org, &connection.client_id, session, false);
                let filters = connection.filters.keys().map(|filter| &**filter);
                self.broker.subscriptions.remove(org, filters, &[Holder::Session(session)]);
            }
        }
        if durable {
            self.effects.detached.push((session, key));
        }
    }

    /// The time of a session is over, unless its client is connected again.
    pub fn expire_session(&mut self, now: Now, org: OrgId, client_id: &str, session: SessionNo) {
        match self.broker.clients.end(org, client_id, session, true) {
            Ended::GoesOn => return,
            Ended::Left(parked) => {
                let filters = parked.filters.keys().map(|filter| &**filter);
                self.broker.subscriptions.remove(org, filters, &[Holder::Session(session)]);
                self.desk.stats.sessions_expired += 1;
            }
            // It was there for its will only.
            Ended::Unknown => {}
        }
        self.gate.session(now.wall, session, &SessionChange::Ended);
    }

    /// The ledger hands out what a connected session is owed.
    pub fn fed(&mut self, now: Now, key: Key, fed: Fed) {
        let Some(connection) = self.connections.get_mut(key).filter(|c| c.is_up()) else { return };
        let Some(feed) = connection.outbound.feed.as_mut() else { return };
        feed.push(fed);
        self.pump_feed(now, key);
    }

    /// Sends what was fed while the client takes it, and settles in the log what it has.
    pub(super) fn pump_feed(&mut self, now: Now, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let Some(session) = connection.session else { return };
        let access = connection.identity.as_ref().map(|identity| &identity.access);
        let may_receive = |topic: &str| {
            access.is_some_and(|access| asked::allows(&**access, Action::Receive, topic))
        };
        connection.outbound.pump_feed(&mut self.desk, now.wall, &may_receive);
        let settled = connection.outbound.feed.as_mut().map(|feed| feed.take_settled());
        for sequence in settled.into_iter().flatten() {
            self.acks.note_acknowledged(connection, (sequence, None));
            self.gate.session(now.wall, session, &SessionChange::Settled { sequence });
        }
        Self::mark_dirty(connection, key, &mut self.effects.dirty);
    }

    /// Once a session has all retained messages of its new subscriptions, the log may know.
    pub(super) fn note_walks(&mut self, now: Now, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let outbound = &connection.outbound;
        let under_way =
            !outbound.owed.is_empty() || outbound.queued() > 0 || outbound.window.in_use() > 0;
        let Some(session) = connection.session.filter(|_| !under_way) else { return };
        for filter in connection.walks.drain() {
            self.gate.session(now.wall, session, &SessionChange::Walked { filter: &filter });
        }
    }
}

impl<N> Connection<N> {
    /// What its session keeps while the client is away.
    fn park(&mut self) -> Parked {
        Parked {
            filters: std::mem::take(&mut self.filters),
            walks: std::mem::take(&mut self.walks),
            received: std::mem::take(&mut self.received).park(),
            held: self.outbound.window.unfinished(),
            undecided: None,
        }
    }
}
