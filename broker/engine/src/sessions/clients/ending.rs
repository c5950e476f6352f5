//! Sessions that have ended, which the log does not know yet: a crash would bring them back. Whoever
//! connects with such a client id is told that it has no session once the log knows that, too.

use uns_model::{OrgId, SessionNo};

use super::{ClientRef, Clients, Ended};

impl Clients {
    /// The session of a client ends, whoever is connected; the log is still to be told.
    pub(crate) fn end_now(&self, client: ClientRef<'_>, session: SessionNo, was_logged: bool) {
        self.begin_ending(client, session, was_logged);
        self.end(client.org, client.client_id, session, false);
    }

    /// The time of a session is over, unless its client is connected again. If not, the log is still to be
    /// told, also of a session that is unknown here.
    pub(crate) fn expire(&self, client: ClientRef<'_>, session: SessionNo) -> Ended {
        self.begin_ending(client, session, true);
        let ended = self.end(client.org, client.client_id, session, true);
        if matches!(ended, Ended::GoesOn) {
            self.forget_ending(client, session);
        }
        ended
    }

    /// The session is about to end. Of one that the log may never have had nothing is noted where
    /// another one still ends.
    fn begin_ending(&self, client: ClientRef<'_>, session: SessionNo, was_logged: bool) {
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
