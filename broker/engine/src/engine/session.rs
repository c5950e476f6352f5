//! Sessions that the log knows: how they begin, go on, wait for their client and end. What they
//! are owed comes from the ledger (see [`crate::Fed`]).

use broker_codec::{PacketId, ReasonCode, Version, shared};
use fabric::SessionChange;
use uns_model::SessionNo;

use super::Engine;
use crate::access::Action;
use crate::access_guard;
use crate::commits::waiter::Awaited;
use crate::effects::Attached;
use crate::gate::Gate;
use crate::key::Key;
use crate::now::Now;
use crate::outbound::client::Outbound;
use crate::outbound::feed::{Fed, LEDGER_PACKET_IDS};
use crate::outbound::owed_retained::OwedRetained;
use crate::outbound::window::Awaits;
use crate::routing::tree::{Holder, Subscriber};
use crate::sessions::clients::{ClientRef, Found, Parked};
use crate::sessions::exchanges::Exchanges;

/// How a connection comes to its session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Opening {
    /// Its session goes on.
    Resumed,
    /// It begins anew.
    New,
    /// The same, once the log knows that the session before has ended: a crash would bring that back, after
    /// its client was told that there is none and has forgotten what it had of it.
    NewOnceKnown,
}

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

    /// The client id is this connection's alone: its session goes on, or a new one begins.
    pub(super) fn open_session(
        &mut self,
        now: Now,
        key: Key,
        clean_start: bool,
    ) -> Result<Opening, TooMany> {
        let Some(connection) = self.sessions.get(key) else { return Ok(Opening::New) };
        let (org, client_id) = (connection.org, connection.client_id.clone());
        self.repeat_withdrawn(now, ClientRef { org, client_id: &client_id });
        let old = self.broker.clients.resume(org, &client_id);
        let resumed = match old {
            Some(Found { session, parked, own }) if clean_start || !own => {
                self.end_logged(now, ClientRef { org, client_id: &client_id }, session, true);
                self.broker.clients.end(org, &client_id, session, false);
                let filters = parked.filters.keys().map(|filter| &**filter);
                self.routing.unsubscribe(org, filters, &[Holder::Session(session)]);
                None
            }
            Some(found) => Some(found),
            None => {
                // Wherever it ended, that is in the log behind this.
                if let Some(session) = self.broker.clients.ending(org, &client_id) {
                    self.end_logged(now, ClientRef { org, client_id: &client_id }, session, true);
                }
                None
            }
        };
        let opening = match &resumed {
            Some(_) => Opening::Resumed,
            None if self.broker.clients.ending(org, &client_id).is_some() => Opening::NewOnceKnown,
            None => Opening::New,
        };
        if opening == Opening::NewOnceKnown {
            self.commits.wait(Awaited::Connack(key), None);
        }
        let Some(connection) = self.sessions.get_mut(key) else { return Ok(opening) };
        let expiry = connection.session.expiry;
        if let Some(Found { session, parked, .. }) = resumed {
            connection.session.number = Some(session);
            connection.session.durable = true;
            self.gate.session(now.wall, session, &SessionChange::Resumed { expiry });
            self.unpark(now, key, session, parked);
        } else if expiry > 0 || (connection.will.is_some() && self.gate.has_log()) {
            let (session, clients) = (self.broker.clients.number(), &self.broker.clients);
            let max = self.broker.config.sessions_max;
            connection.session.durable = expiry > 0;
            if connection.session.durable
                && !clients.begin(org, &connection.client_id, session, max)
            {
                connection.session.durable = false;
                return Err(TooMany);
            }
            connection.session.number = Some(session);
            connection.session.is_new = true;
            self.note_opened(now, key);
        }
        self.note_owner(now, key);
        self.begin_session(now, key);
        Ok(opening)
    }

    pub(super) fn note_opened(&mut self, now: Now, key: Key) {
        let Some(connection) = self.sessions.get(key) else { return };
        let Some(session) = connection.session.number else { return };
        let (org, expiry) = (connection.org, connection.session.expiry);
        let (client_id, publisher) = (&*connection.client_id, connection.publisher);
        let opened = SessionChange::Opened { org, client_id, publisher, expiry };
        self.gate.session(now.wall, session, &opened);
    }

    /// A session belongs to the account that logged in for it, also after a restart; the will it
    /// leaves is judged by the rights of that account.
    pub(super) fn note_owner(&mut self, now: Now, key: Key) {
        let Some(connection) = self.sessions.get(key) else { return };
        let (Some(session), Some(identity)) =
            (connection.session.number, &connection.log_in.identity)
        else {
            return;
        };
        if let Some(name) = identity.owner(connection.will.is_some()) {
            self.gate.session(now.wall, session, &SessionChange::Owner { name: &name });
        }
    }

    /// Notes the will, and asks the ledger for what the session is owed.
    pub(super) fn begin_session(&mut self, now: Now, key: Key) {
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let Some(session) = connection.session.number else { return };
        if let Some(will) = &connection.will {
            self.gate.session(now.wall, session, &will.change());
        }
        if connection.session.durable {
            connection.inflight.undecided += u32::from(connection.session.is_new);
            if let Some(client) = self.outbound.get_mut(key) {
                client.feed = Some(Box::default());
                client.window.move_to(LEDGER_PACKET_IDS, self.broker.random.u64());
            }
            self.commits.wait(Awaited::Attached(key, session), None);
        } else {
            self.commits.wait(Awaited::WillNoted(key), None);
        }
    }

    /// Gives a connection what its session left.
    fn unpark(&mut self, now: Now, key: Key, session: SessionNo, parked: Parked) {
        let (me, start) = (self.address(key), self.walk_start(now));
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let Some(client) = self.outbound.get_mut(key) else { return };
        let Parked { filters, walks, received, held, .. } = parked;
        client.window.hold(held);
        for (filter, wish) in &filters {
            let link = Some(client.link.clone());
            let walk = if shared(filter).is_some() { 0 } else { start.number() };
            let subscriber = Subscriber { wish: *wish, link, session: Some(session), walk };
            let holder = [Holder::Connection(me)];
            self.routing.subscribe(connection.org, filter, &holder, &subscriber);
            if walks.contains(filter) {
                client.owed.push_back(OwedRetained::new(filter, wish, start));
            }
        }
        connection.filters = filters;
        connection.session.walks = walks;
        connection.inflight.exchanges = Exchanges::resumed(received);
        if !client.owed.is_empty() {
            self.await_walks(key);
        }
    }

    /// The log knows of this connection, and the ledger may feed it; or the log took nothing, and
    /// a session that began with this connection has not begun.
    pub(super) fn attach(
        &mut self,
        now: Now,
        key: Key,
        session: SessionNo,
        committed: Result<Option<G::Receipt>, ()>,
    ) {
        let Some(connection) = self.sessions.get_mut(key).filter(|c| c.is_up()) else { return };
        match committed {
            Err(()) if connection.session.is_new => {
                connection.session.expiry = 0;
                self.fail(now, key, ReasonCode::QuotaExceeded);
            }
            committed => {
                connection.session.is_new = false;
                if committed.is_err() {
                    connection.session.unknown = self.commits.follow();
                }
                let receipt = committed.unwrap_or_default();
                self.effects.attached.push(Attached { key, session, receipt });
            }
        }
    }

    /// The log does not know the session of a connection, so nothing would ever be owed to it: its
    /// client begins anew.
    pub fn session_gone(&mut self, now: Now, key: Key, session: SessionNo) {
        if let Some(connection) = self.sessions.get_mut(key)
            && connection.is_up()
            && connection.session.number == Some(session)
        {
            connection.session.expiry = 0;
            self.fail(now, key, ReasonCode::UnspecifiedError);
        }
    }

    /// The connection of a session ends: the session waits, or ends as well. The will is published
    /// now, or left to the ledger's clock. The ledger hears of the connection whatever the log takes.
    pub(super) fn leave_session(&mut self, now: Now, key: Key, held: Vec<(PacketId, Awaits)>) {
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let (org, session) = (connection.org, connection.session.number);
        let (durable, expiry) = (connection.session.durable, connection.session.expiry);
        let waits = durable && expiry > 0;
        self.leave_will(now, key, waits);
        let Some(session) = session else { return };
        if waits {
            self.gate.session(now.wall, session, &SessionChange::Left { expiry });
            let undecided = self.sessions.depart(key, session).then(|| self.address(key));
            let Some(connection) = self.sessions.get_mut(key) else { return };
            let parked = Parked { undecided, ..connection.park(held) };
            self.broker.clients.park(org, &connection.client_id, session, parked);
        } else {
            let Some(connection) = self.sessions.get(key) else { return };
            let (client_id, is_new) = (connection.client_id.clone(), connection.session.is_new);
            if durable {
                self.end_logged(now, ClientRef { org, client_id: &client_id }, session, !is_new);
                self.broker.clients.end(org, &client_id, session, false);
                let Some(connection) = self.sessions.get(key) else { return };
                let filters = connection.filters.keys().map(|filter| &**filter);
                self.routing.unsubscribe(org, filters, &[Holder::Session(session)]);
            } else {
                self.gate.session(now.wall, session, &SessionChange::Ended);
            }
        }
        self.effects.detached.push((session, key));
    }

    /// The ledger hands out what a connected session is owed.
    pub fn fed(&mut self, now: Now, key: Key, fed: Fed) {
        let Some(client) = self.outbound.get_mut(key).filter(|client| client.connected) else {
            return;
        };
        let Some(feed) = client.feed.as_mut() else { return };
        feed.push(fed);
        self.pump_feed(now, key);
    }

    /// Sends what was fed while the client takes it, and settles in the log what it has.
    pub(super) fn pump_feed(&mut self, now: Now, key: Key) {
        let Some(connection) = self.sessions.get_mut(key) else { return };
        let Some(session) = connection.session.number else { return };
        let access = connection.log_in.identity.as_ref().map(|identity| &identity.access);
        let may_receive = |topic: &str| {
            access.is_some_and(|access| access_guard::allows(&**access, Action::Receive, topic))
        };
        for sequence in self.outbound.pump_feed(now.wall, key, &may_receive) {
            let (ticket, reached) = (self.commits.follow(), self.commits.reached());
            connection.session.note_unconfirmed(sequence, None, ticket, reached);
            self.gate.session(now.wall, session, &SessionChange::Settled { sequence });
        }
    }

    /// Once a session has all retained messages of its new subscriptions, the log may know.
    pub(super) fn note_walks(&mut self, now: Now, key: Key) {
        let Some(connection) = self.sessions.get_mut(key) else { return };
        if connection.session.walks.is_empty() {
            return;
        }
        let under_way = self.outbound.get(key).is_some_and(Outbound::is_under_way);
        let Some(session) = connection.session.number.filter(|_| !under_way) else { return };
        for filter in connection.session.walks.drain() {
            self.gate.session(now.wall, session, &SessionChange::Walked { filter: &filter });
        }
    }
}
