//! Sessions that have ended, which the log does not know yet: a crash would bring them back. Whoever
//! connects with such a client id is told that it has no session once the log knows that, too.

use uns_model::{OrgId, SessionNo};

use super::{ClientRef, Clients};

impl Clients {
    /// The session is about to end. Of one that the log may never have had nothing is noted where
    /// another one still ends.
    pub fn begin_ending(&self, client: ClientRef<'_>, session: SessionNo, was_logged: bool) {
        let mut state = self.state.lock();
        let ending = state.ending.entry(client.org).or_default();
        match ending.get_mut(client.client_id) {
            Some(noted) if was_logged => *noted = session,
            Some(_) => {}
            None => drop(ending.insert(client.client_id.into(), session)),
        }
    }

    /// The session of a client that has ended, if the log does not know that yet.
    pub fn ending(&self, org: OrgId, client_id: &str) -> Option<SessionNo> {
        let state = self.state.lock();
        state.ending.get(&org)?.get(client_id).copied()
    }

    /// The log knows that the session has ended, or it goes on, or the log never had it.
    pub fn forget_ending(&self, client: ClientRef<'_>, session: SessionNo) {
        let mut state = self.state.lock();
        let Some(ending) = state.ending.get_mut(&client.org) else { return };
        if ending.get(client.client_id) == Some(&session) {
            ending.remove(client.client_id);
            if ending.is_empty() {
                state.ending.remove(&client.org);
            }
        }
    }
}
