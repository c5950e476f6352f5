//! Sessions that end without a connection, or before their time; and that the log knows of it.

use std::sync::Arc;

use broker_codec::ReasonCode;
use fabric::SessionChange;
use uns_model::{OrgId, SessionNo};

use super::Engine;
use crate::access_guard;
use crate::commits::waiter::{Awaited, EndedSession};
use crate::gate::Gate;
use crate::key::{CoreNo, Key};
use crate::now::Now;
use crate::routing::tree::Holder;
use crate::sessions::clients::{ClientRef, Ended, Filters};

/// Sessions ended in one tick, between which others come.
const ORPHANS_MAX: usize = 1000;

impl<G: Gate> Engine<G> {
    /// Ends a connection together with its session by administrative action. `false` if the client
    /// has no such connection here.
    pub fn end_session(&mut self, now: Now, key: Key, org: OrgId, client_id: &str) -> bool {
        let Some(connection) = self.sessions.get_mut(key) else { return false };
        let same = connection.org == org && *connection.client_id == *client_id;
        if !same || connection.is_closing() {
            return false;
        }
        connection.session.expiry = 0;
        self.fail(now, key, ReasonCode::AdministrativeAction);
        true
    }

    /// Ends the session of a client that is away. One that has come back keeps it.
    pub fn end_absent(&mut self, now: Now, org: OrgId, client_id: &str, session: SessionNo) {
        self.expire_session(now, org, client_id, session);
    }

    /// The time of a session is over, unless its client is connected again.
    pub fn expire_session(&mut self, now: Now, org: OrgId, client_id: &str, session: SessionNo) {
        let client = ClientRef { org, client_id };
        self.repeat_withdrawn(now, client);
        match self.broker.clients.expire(client, session) {
            Ended::GoesOn => return,
            Ended::Left(parked) => {
                self.forget_subscriptions(org, session, &parked.filters);
                self.stats.sessions_expired += 1;
            }
            // It was there for its will only.
            Ended::Unknown => {}
        }
        self.log_end(now, client, session, true);
    }

    /// A session has ended, and with it what it subscribed to.
    pub(super) fn forget_subscriptions(&self, org: OrgId, session: SessionNo, filters: &Filters) {
        let filters = filters.keys().map(|filter| &**filter);
        self.routing.unsubscribe(org, filters, &[Holder::Session(session)]);
    }

    /// The log is told that a session which outlived its connections is over. That is noted until the log
    /// knows.
    pub(super) fn log_end(
        &mut self,
        now: Now,
        client: ClientRef<'_>,
        session: SessionNo,
        was_logged: bool,
    ) {
        self.gate.session(now.wall, session, &SessionChange::Ended);
        let ClientRef { org, client_id } = client;
        let ended = EndedSession { org, client_id: client_id.into(), session, was_logged };
        self.commits.wait(Awaited::SessionEnded(Box::new(ended)), None);
    }

    /// The log has decided about the end of a session. One that it would not take is told again when its
    /// client comes, or the ledger says once more that it has expired.
    pub(super) fn session_ended(&self, ended: &EndedSession, is_known: bool) {
        if is_known || !ended.was_logged {
            let client = ClientRef { org: ended.org, client_id: &ended.client_id };
            self.broker.clients.forget_ending(client, ended.session);
        }
    }

    /// Ends the sessions of accounts that do not exist any more, after rights have changed; those
    /// of clients that are still connected once their connections have ended.
    pub(super) fn end_orphans(&mut self, now: Now) {
        let epoch = self.broker.policy_epoch();
        if self.core != CoreNo(0) || self.sessions.accounts_checked == Some(epoch) {
            return;
        }
        let broker = Arc::clone(&self.broker);
        // An account that cannot be asked for loses no session by that.
        let exists = |org: OrgId, account: &str| {
            access_guard::answer(|| broker.authenticate.has_account(org, account)).unwrap_or(true)
        };
        let (orphans, all) = broker.clients.orphans(&exists, ORPHANS_MAX);
        for orphan in orphans {
            self.expire_session(now, orphan.org, &orphan.client_id, orphan.session);
        }
        if all {
            self.sessions.accounts_checked = Some(epoch);
        }
    }
}
