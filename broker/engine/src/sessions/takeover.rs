//! One client id, two connections: the new one waits until the old one is gone, and until the log has
//! decided about the session of the old one, and about all that this published with QoS 2.

use broker_codec::PacketId;
use uns_model::SessionNo;

use super::Sessions;
use super::claim::Claim;
use super::clients::{ClientRef, Clients, Parked};
use super::departing::Departing;
use super::phase::{ConnackDetails, Phase};
use crate::key::{Address, Key};
use crate::outbound::window::Awaits;

/// What becomes of a claim whose awaited holder is gone.
#[derive(Debug)]
pub(crate) enum EndedClaim {
    /// The connection that made it has the client id.
    GoesOn,
    /// That connection is gone as well: the client id is free.
    Free(Claim),
    /// There is none.
    Unknown,
}

/// How the CONNECT of a connection goes on that holds its client id.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Claimed {
    /// Its session is opened.
    Opens(Box<ConnackDetails>),
    /// It waits until the log has decided about what this connection left.
    Awaits(Address),
    /// It does not wait for its client id.
    Unknown,
}

/// How a client id passes from a connection that is gone to the next one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HandOver {
    /// At once.
    Now,
    /// Once the log has decided about what the connection left; the next one hears of it.
    Later,
    /// Not from this one, which itself waited for that one.
    Behind(Address),
}

impl<N> Sessions<N> {
    /// A connection waits for the holder of its client id on another core to go.
    pub(crate) fn await_holder(&mut self, key: Key, awaited: Address) {
        let Some(connection) = self.connections.get(key) else { return };
        let (org, client_id) = (connection.org, connection.client_id.clone());
        self.claims.insert(key, Claim { org, client_id, awaited });
    }

    /// For whom a connection waits.
    pub(crate) fn awaited_holder(&self, key: Key) -> Option<Address> {
        self.claims.get(&key).map(|claim| claim.awaited)
    }

    /// The holder a connection waits for is gone.
    pub(crate) fn end_claim(&mut self, key: Key) -> EndedClaim {
        match self.claims.remove(&key) {
            None => EndedClaim::Unknown,
            Some(_) if self.connections.get(key).is_some_and(|c| !c.is_closing()) => {
                EndedClaim::GoesOn
            }
            Some(claim) => EndedClaim::Free(claim),
        }
    }

    /// No other connection holds the client id of this one: how its CONNECT goes on.
    pub(crate) fn claimed(&mut self, clients: &Clients, key: Key) -> Claimed {
        let Some(connection) = self.connections.get_mut(key) else { return Claimed::Unknown };
        let Phase::Claiming(details) = &mut connection.phase else { return Claimed::Unknown };
        // Who begins anew takes nothing from it.
        let undecided = || clients.undecided(connection.org, &connection.client_id);
        match if details.clean_start { None } else { undecided() } {
            Some(left) => Claimed::Awaits(left),
            None => Claimed::Opens(std::mem::take(details)),
        }
    }

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

    /// Whether a durable session began with this connection, and the log has not confirmed it.
    pub(crate) fn is_beginning(&self, key: Key) -> bool {
        match self.departing.get(&key) {
            Some(departing) => departing.is_new,
            None => self.connections.get(key).is_some_and(|connection| connection.session.is_new),
        }
    }

    /// What is known of a connection that is gone while the log decides.
    pub(crate) fn departing(&self, key: Key) -> Option<&Departing> {
        self.departing.get(&key)
    }

    /// One thing less is to be decided; gives the same.
    pub(crate) fn one_decided(&mut self, clients: &Clients, key: Key) -> Vec<Address> {
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

    /// The holder of a client id is gone: how the next connection comes to its session.
    pub(crate) fn hand_over(&mut self, old: Key, new: Address) -> HandOver {
        if let Some(holder) = self.awaited_holder(old) {
            return HandOver::Behind(holder);
        }
        match self.departing.get_mut(&old) {
            Some(departing) => {
                departing.waiting.push(new);
                HandOver::Later
            }
            None => HandOver::Now,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uns_model::OrgId;

    use super::*;
    use crate::key::CoreNo;
    use crate::peer::Peer;
    use crate::sessions::clients::Claimant;

    fn elsewhere(slot: u32) -> Address {
        Address { core: CoreNo(9), key: Key { slot, generation: 0 } }
    }

    /// A core with one connection that claims the client id "a".
    fn claiming(clean_start: bool) -> (Sessions<()>, Key) {
        let mut sessions = Sessions::<()>::default();
        let key = sessions.open(Duration::ZERO, Peer::default()).unwrap();
        let connection = sessions.get_mut(key).unwrap();
        connection.client_id = "a".into();
        let details = ConnackDetails { clean_start, ..ConnackDetails::default() };
        connection.phase = Phase::Claiming(Box::new(details));
        (sessions, key)
    }

    #[test]
    fn a_client_id_passes_on_behind_those_who_wait_for_it() {
        let (mut sessions, old) = claiming(false);
        assert_eq!(sessions.hand_over(old, elsewhere(1)), HandOver::Now);
        sessions.await_holder(old, elsewhere(2));
        assert_eq!(sessions.hand_over(old, elsewhere(1)), HandOver::Behind(elsewhere(2)));
        assert!(matches!(sessions.end_claim(old), EndedClaim::GoesOn));
        assert!(matches!(sessions.end_claim(old), EndedClaim::Unknown), "once");
        sessions.await_holder(old, elsewhere(2));
        sessions.get_mut(old).unwrap().begin_closing();
        let ended = sessions.end_claim(old);
        assert!(matches!(ended, EndedClaim::Free(claim) if *claim.client_id == *"a"));
    }

    #[test]
    fn who_comes_while_the_log_decides_hears_of_it() {
        let (mut sessions, old) = claiming(false);
        let (clients, session) = (Clients::default(), SessionNo(7));
        assert!(!sessions.depart(old, session), "nothing is undecided");
        sessions.get_mut(old).unwrap().inflight.undecided = 2;
        assert!(sessions.depart(old, session));
        assert_eq!(sessions.hand_over(old, elsewhere(1)), HandOver::Later);
        assert_eq!(sessions.decided(&clients, old, PacketId::FIRST, true), []);
        assert_eq!(sessions.decided(&clients, old, PacketId::FIRST, true), [elsewhere(1)]);
        assert_eq!(sessions.hand_over(old, elsewhere(1)), HandOver::Now);
    }

    #[test]
    fn only_a_session_that_goes_on_waits_for_what_its_last_connection_left() {
        let (clients, session) = (Clients::default(), SessionNo(7));
        let by = Claimant { connection: elsewhere(1), account: None, reserved: false };
        clients.claim(OrgId::default(), "a", by).unwrap();
        assert!(clients.begin(OrgId::default(), "a", session, 1));
        let parked = Parked { undecided: Some(elsewhere(1)), ..Parked::default() };
        clients.park(OrgId::default(), "a", session, parked);
        let (mut sessions, key) = claiming(false);
        assert_eq!(sessions.claimed(&clients, key), Claimed::Awaits(elsewhere(1)));
        let (mut anew, key) = claiming(true);
        assert!(matches!(anew.claimed(&clients, key), Claimed::Opens(_)));
        let (mut other, key) = claiming(false);
        other.get_mut(key).unwrap().begin_closing();
        assert_eq!(other.claimed(&clients, key), Claimed::Unknown);
    }
}
