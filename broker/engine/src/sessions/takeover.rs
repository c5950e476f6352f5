//! One client id, two connections: the new one waits until the old one is gone, and until the log has
//! decided about what that left.

use super::Sessions;
use super::claim::Claim;
use super::clients::{Clients, Filters};
use super::phase::{ConnackDetails, Phase};
use crate::key::{Address, Key};

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

    /// A connection that had claimed its client id is gone. While it still waits for the holder before it, the
    /// client id is free only once that one is gone.
    pub(crate) fn release(&mut self, clients: &Clients, me: Address) {
        let awaits = self.claims.contains_key(&me.key);
        let Some(connection) = self.connections.get_mut(me.key) else { return };
        connection.filters = Filters::default();
        if !awaits {
            clients.release(connection.org, &connection.client_id, me);
        }
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

    use uns_model::{OrgId, SessionNo};

    use super::*;
    use crate::key::CoreNo;
    use crate::peer::Peer;
    use crate::sessions::clients::{Claimant, Parked};

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
    fn a_connection_that_awaits_its_holder_does_not_free_the_client_id() {
        let (clients, org) = (Clients::default(), OrgId::default());
        let (mut sessions, key) = claiming(true);
        let me = Address { core: CoreNo(0), key };
        clients
            .claim(org, "a", Claimant { connection: me, account: None, reserved: false })
            .unwrap();
        sessions.await_holder(key, elsewhere(2));
        sessions.release(&clients, me);
        assert_eq!(clients.find(org, "a"), Some(me));
        sessions.end_claim(key);
        sessions.release(&clients, me);
        assert_eq!(clients.find(org, "a"), None);
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
