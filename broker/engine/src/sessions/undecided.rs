//! What the log has not decided about connections of durable sessions: whether the session begins, and their
//! publishes of QoS 2. Until it has, a session does not go on with another connection.

use broker_codec::PacketId;
use uns_model::{OrgId, SessionNo};

use super::Sessions;
use super::clients::{ClientRef, Clients, Ended, Filters, Parked};
use super::departing::Departing;
use crate::key::{Address, Key};
use crate::outbound::window::Awaits;

/// What follows once the log has decided whether a session begins.
#[derive(Debug, Default)]
pub(crate) struct BeginningDecided {
    /// The session has not begun, and its client is gone.
    pub(crate) undone: Option<UndoneSession>,
    /// Connections that waited for it.
    pub(crate) waiting: Vec<Address>,
}

/// A session that ended before it had begun.
#[derive(Debug)]
pub(crate) struct UndoneSession {
    pub(crate) org: OrgId,
    pub(crate) session: SessionNo,
    /// What it subscribed to.
    pub(crate) filters: Filters,
}

impl<N> Sessions<N> {
    /// The connection of a durable session goes, and its session waits for the client. `held` are identifiers
    /// of QoS 2 that it was sent retained messages under.
    pub(crate) fn park(
        &mut self,
        clients: &Clients,
        me: Address,
        session: SessionNo,
        held: Vec<(PacketId, Awaits)>,
    ) {
        let undecided = self.depart(me.key, session).then_some(me);
        let Some(connection) = self.connections.get_mut(me.key) else { return };
        let parked = Parked { undecided, ..connection.park(held) };
        clients.park(connection.org, &connection.client_id, session, parked);
    }

    /// The connection of a durable session goes. `true` if the log has not decided about that, or about
    /// all the connection published: the session does not go on elsewhere until it has.
    fn depart(&mut self, key: Key, session: SessionNo) -> bool {
        let Some(connection) = self.connections.get_mut(key) else { return false };
        let undecided = std::mem::take(&mut connection.inflight.undecided);
        if undecided == 0 {
            return false;
        }
        let (org, client_id) = (connection.org, connection.client_id.clone());
        let (is_new, waiting) = (connection.session.is_new, Vec::new());
        let departing = Departing { org, client_id, session, is_new, undecided, waiting };
        self.departing.insert(key, departing);
        true
    }

    /// The log has decided about a publish of a durable session. Gives the connections that waited for
    /// the session of one that is gone, once the log has decided about all of it.
    pub(crate) fn decided(
        &mut self,
        clients: &Clients,
        key: Key,
        id: PacketId,
        taken: bool,
    ) -> Vec<Address> {
        if let Some(departing) = self.departing.get(&key).filter(|_| !taken) {
            let client = ClientRef { org: departing.org, client_id: &departing.client_id };
            clients.forget_received(client, departing.session, id);
        }
        self.one_decided(clients, key)
    }

    /// The log has decided whether a durable session begins. Of one that does not, and whose client is gone
    /// by now, nothing is left: the next connection would go on with what the ledger never heard of.
    pub(crate) fn beginning_decided(
        &mut self,
        clients: &Clients,
        key: Key,
        begins: bool,
    ) -> BeginningDecided {
        if !self.is_beginning(key) {
            return BeginningDecided::default();
        }
        let left = self.departing.get(&key).filter(|_| !begins);
        let undone = left.and_then(|left| {
            let Departing { org, client_id, session, .. } = left;
            match clients.end(*org, client_id, *session, false) {
                Ended::Left(parked) => {
                    Some(UndoneSession { org: *org, session: *session, filters: parked.filters })
                }
                Ended::GoesOn | Ended::Unknown => None,
            }
        });
        BeginningDecided { undone, waiting: self.one_decided(clients, key) }
    }

    /// Whether a durable session began with this connection, and the log has not confirmed it.
    fn is_beginning(&self, key: Key) -> bool {
        match self.departing.get(&key) {
            Some(departing) => departing.is_new,
            None => self.connections.get(key).is_some_and(|connection| connection.session.is_new),
        }
    }

    /// One thing less is to be decided; gives the same.
    fn one_decided(&mut self, clients: &Clients, key: Key) -> Vec<Address> {
        let Some(departing) = self.departing.get_mut(&key) else {
            if let Some(connection) = self.connections.get_mut(key) {
                connection.inflight.undecided = connection.inflight.undecided.saturating_sub(1);
            }
            return Vec::new();
        };
        departing.undecided -= 1;
        if departing.undecided > 0 {
            return Vec::new();
        }
        let client = ClientRef { org: departing.org, client_id: &departing.client_id };
        clients.decided(client, departing.session);
        self.departing.remove(&key).map(|departing| departing.waiting).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::key::CoreNo;
    use crate::peer::Peer;
    use crate::sessions::clients::Claimant;
    use crate::sessions::takeover::HandOver;

    const SESSION: SessionNo = SessionNo(7);
    const NEXT: Address = Address { core: CoreNo(9), key: Key { slot: 1, generation: 0 } };

    /// A connection of a durable session about which so much is undecided, and which has gone.
    fn gone(clients: &Clients, is_new: bool, undecided: u32) -> (Sessions<()>, Key) {
        let mut sessions = Sessions::<()>::default();
        let key = sessions.open(Duration::ZERO, Peer::default()).unwrap();
        let me = Address { core: CoreNo(0), key };
        let connection = sessions.get_mut(key).unwrap();
        connection.client_id = "a".into();
        connection.session.is_new = is_new;
        connection.inflight.undecided = undecided;
        connection.inflight.begin_exchange(PacketId::FIRST);
        let by = Claimant { connection: me, account: None, reserved: false };
        clients.claim(OrgId::default(), "a", by).unwrap();
        assert!(clients.begin(OrgId::default(), "a", SESSION, 1));
        sessions.park(clients, me, SESSION, Vec::new());
        clients.release(OrgId::default(), "a", me);
        (sessions, key)
    }

    #[test]
    fn who_comes_while_the_log_decides_hears_of_it() {
        let clients = Clients::default();
        let (mut sessions, old) = gone(&clients, false, 2);
        assert!(clients.undecided(OrgId::default(), "a").is_some());
        assert_eq!(sessions.hand_over(old, NEXT), HandOver::Later);
        assert_eq!(sessions.decided(&clients, old, PacketId::FIRST, true), []);
        assert_eq!(sessions.decided(&clients, old, PacketId::FIRST, true), [NEXT]);
        assert_eq!(clients.undecided(OrgId::default(), "a"), None);
        assert_eq!(sessions.hand_over(old, NEXT), HandOver::Now);
    }

    #[test]
    fn an_identifier_of_a_publish_that_was_not_taken_is_free_for_the_next_connection() {
        for taken in [true, false] {
            let clients = Clients::default();
            let (mut sessions, old) = gone(&clients, false, 1);
            sessions.decided(&clients, old, PacketId::FIRST, taken);
            let found = clients.resume(OrgId::default(), "a").unwrap();
            assert_eq!(found.parked.received.contains(&PacketId::FIRST), taken);
        }
    }

    #[test]
    fn of_a_session_that_did_not_begin_nothing_is_left() {
        for (is_new, begins, left) in [(true, false, 0), (true, true, 1), (false, false, 1)] {
            let clients = Clients::default();
            let (mut sessions, old) = gone(&clients, is_new, 1);
            sessions.hand_over(old, NEXT);
            let decided = sessions.beginning_decided(&clients, old, begins);
            assert_eq!(decided.undone.is_some(), left == 0);
            assert_eq!(clients.sessions(), left);
            // What is no beginning decides nothing.
            assert_eq!(decided.waiting.is_empty(), !is_new);
        }
    }
}
