//! One client id, two connections: the new one waits until the old one is gone, and until the log has
//! decided about the session of the old one, and about all that this published with QoS 2.

use broker_codec::PacketId;
use uns_model::SessionNo;

use super::Sessions;
use super::claim::Claim;
use super::clients::{ClientRef, Clients};
use super::departing::Departing;
use crate::key::{Address, Key};

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
    pub(crate) fn take_claim(&mut self, key: Key) -> Option<Claim> {
        self.claims.remove(&key)
    }

    /// The connection of a durable session goes. `true` if the log has not decided about that, or about
    /// all the connection published: the session does not go on elsewhere until it has.
    pub(crate) fn depart(&mut self, key: Key, session: SessionNo) -> bool {
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

    /// The holder of a client id is gone. `true` if its session is the next connection's at once; else
    /// that one waits.
    pub(crate) fn is_handed_over(&mut self, old: Key, new: Address) -> bool {
        match self.departing.get_mut(&old) {
            Some(departing) => {
                departing.waiting.push(new);
                false
            }
            None => true,
        }
    }
}
