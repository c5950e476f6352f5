//! Sessions that end before their time: by an administrator, or because their account is gone.

use std::sync::Arc;

use broker_codec::ReasonCode;
use uns_model::{OrgId, SessionNo};

use super::Engine;
use crate::access_guard;
use crate::gate::Gate;
use crate::key::{CoreNo, Key};
use crate::now::Now;

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
