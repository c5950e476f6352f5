//! Sessions that the log knows: how they begin, go on, wait for their client and end. What they
//! are owed comes from the ledger (see [`crate::Fed`]).

use broker_codec::{PacketId, ReasonCode, shared};
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
use crate::sessions::clients::{ClientRef, Earlier, Parked};
use crate::sessions::exchanges::Exchanges;
use crate::sessions::session_state::{Attachment, Leaving, NewSession};

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
    /// The client id is this connection's alone: its session goes on, or a new one begins.
    pub(super) fn open_session(
        &mut self,
        now: Now,
        key: Key,
        clean_start: bool,
    ) -> Result<Opening, TooMany> {
        let Some(connection) = self.sessions.get(key) else { return Ok(Opening::New) };
        let (org, client_id) = (connection.org, connection.client_id.clone());
        let client = ClientRef { org, client_id: &client_id };
        self.repeat_withdrawn(now, client);
        let opening = match self.broker.clients.earlier(client, clean_start) {
            Earlier::GoesOn(session, parked) => {
                self.resume_session(now, key, session, parked);
                Opening::Resumed
            }
            Earlier::EndsNow(session, parked) => {
                self.log_end(now, client, session, true);
                self.forget_subscriptions(org, session, &parked.filters);
                Opening::NewOnceKnown
            }
            Earlier::HasEnded(session) => {
                self.log_end(now, client, session, true);
                Opening::NewOnceKnown
            }
            Earlier::Nothing => Opening::New,
        };
        if opening == Opening::NewOnceKnown {
            self.commits.wait(Awaited::Connack(key), None);
        }
        if opening != Opening::Resumed {
            self.new_session(now, key)?;
        }
        self.note_owner(now, key);
        self.begin_session(now, key);
        Ok(opening)
    }

    /// The session of a connection goes on.
    fn resume_session(&mut self, now: Now, key: Key, session: SessionNo, parked: Parked) {
        let Some(connection) = self.sessions.get_mut(key) else { return };
        connection.session.resume(session);
        let resumed = SessionChange::Resumed { expiry: connection.session.expiry };
        self.gate.session(now.wall, session, &resumed);
        self.unpark(now, key, session, parked);
    }

    /// A connection begins anew: with a session, where the log is to know of one.
    fn new_session(&mut self, now: Now, key: Key) -> Result<(), TooMany> {
        let Some(connection) = self.sessions.get_mut(key) else { return Ok(()) };
        let has_will = connection.will.is_some();
        let new = connection.session.new_session(has_will, self.gate.has_log());
        if new == NewSession::Unlogged {
            return Ok(());
        }
        let (clients, max) = (&self.broker.clients, self.broker.config.sessions_max);
        let (session, durable) = (clients.number(), new == NewSession::Durable);
        if durable && !clients.begin(connection.org, &connection.client_id, session, max) {
            return Err(TooMany);
        }
        connection.session.begin(session, durable);
        self.note_opened(now, key);
        Ok(())
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
        match connection.session.attach(committed.is_ok(), || self.commits.follow()) {
            Attachment::Refused => self.fail(now, key, ReasonCode::QuotaExceeded),
            Attachment::Attached => {
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
        let me = self.address(key);
        let Some(connection) = self.sessions.get(key) else { return };
        let (org, leaving) = (connection.org, connection.session.leaving());
        self.leave_will(now, key, matches!(leaving, Leaving::Waits(..)));
        let session = match leaving {
            Leaving::Waits(session, expiry) => {
                self.gate.session(now.wall, session, &SessionChange::Left { expiry });
                self.sessions.park(&self.broker.clients, me, session, held);
                session
            }
            Leaving::Ends { session, was_logged } => {
                let Some(connection) = self.sessions.get_mut(key) else { return };
                let client_id = connection.client_id.clone();
                let filters = std::mem::take(&mut connection.filters);
                let client = ClientRef { org, client_id: &client_id };
                self.broker.clients.end_now(client, session, was_logged);
                self.log_end(now, client, session, was_logged);
                self.forget_subscriptions(org, session, &filters);
                session
            }
            Leaving::HadWill(session) => {
                self.gate.session(now.wall, session, &SessionChange::Ended);
                session
            }
            Leaving::Unlogged => return,
        };
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
