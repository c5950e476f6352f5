//! Wills that were withdrawn while the log took nothing, so that they still stand there. A will without a delay
//! that stands when its client comes back counts as due, so the log is told once more before that.

use uns_model::{OrgId, SessionNo};

use super::{ClientRef, Clients, State};
use crate::key::Address;

/// Clients of which this is noted; the wills of more are published when they come back.
const CLIENTS_MAX: usize = 1 << 16;
/// Sessions of one client. The log knows no more than the oldest of them.
const SESSIONS_MAX: usize = 4;

/// What the log is told and may not take.
#[derive(Debug)]
pub(crate) struct WithdrawnWills {
    /// Whose.
    pub(crate) org: OrgId,
    /// The client id.
    pub(crate) client_id: Box<str>,
    /// The sessions with the wills.
    pub(crate) sessions: Vec<SessionNo>,
    /// The connection that has told the log. With another one there may be another will.
    pub(crate) by: Option<Address>,
}

impl Clients {
    /// The log has not taken that these wills are withdrawn.
    pub(crate) fn note_withdrawn(&self, wills: WithdrawnWills) {
        let WithdrawnWills { org, client_id, sessions, by } = wills;
        let mut state = self.state.lock();
        let now = state.client(org, &client_id).and_then(|client| client.connection);
        if now.is_some_and(|now| by != Some(now)) {
            return;
        }
        let State { withdrawn, .. } = &mut *state;
        let (client, is_full) = ((org, client_id), withdrawn.len() >= CLIENTS_MAX);
        if is_full && !withdrawn.contains_key(&client) {
            return;
        }
        let noted = withdrawn.entry(client).or_default();
        noted.extend(sessions);
        noted.sort_unstable();
        noted.dedup();
        noted.truncate(SESSIONS_MAX);
    }

    /// Whether the log has a will that was withdrawn. The ledger hands that out when a session whose end
    /// the log has not taken counts as left.
    pub(crate) fn has_withdrawn(&self, client: ClientRef<'_>, session: SessionNo) -> bool {
        let state = self.state.lock();
        if state.withdrawn.is_empty() {
            return false;
        }
        let noted = state.withdrawn.get(&(client.org, client.client_id.into()));
        noted.is_some_and(|noted| noted.contains(&session))
    }

    /// Of which sessions of a client the log is to be told again that their wills are withdrawn.
    pub(crate) fn take_withdrawn(&self, client: ClientRef<'_>) -> Vec<SessionNo> {
        let mut state = self.state.lock();
        if state.withdrawn.is_empty() {
            return Vec::new();
        }
        let client = (client.org, client.client_id.into());
        state.withdrawn.remove(&client).unwrap_or_default()
    }
}
