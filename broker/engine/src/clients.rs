//! Which connection holds a client id, and which logged session waits for it: taken over across
//! cores, never shared across organisations.

mod look;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ahash::RandomState;
use broker_codec::PacketId;
use parking_lot::Mutex;
use uns_model::{OrgId, SessionNo};

use crate::key::Address;
use crate::login::Identity;
use crate::tree::Wish;

/// The subscriptions of one client.
pub type Filters = HashMap<Box<str>, Wish, RandomState>;

/// A logged session while its client is away: what its next connection begins with.
#[derive(Debug, Default)]
pub struct Parked {
    /// What it subscribed to.
    pub filters: Filters,
    /// Filters whose retained messages it did not get all of.
    pub walks: HashSet<Box<str>, RandomState>,
    /// QoS 2 identifiers its client uses.
    pub received: HashSet<PacketId, RandomState>,
}

/// How the end of a session went.
#[derive(Debug)]
pub enum Ended {
    /// It left this; nothing if its state was with its connection.
    Left(Parked),
    /// Its client is connected.
    GoesOn,
    /// The client has no such session.
    Unknown,
}

/// The client id belongs to somebody else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotYours;

#[derive(Debug, Default)]
struct Client {
    connection: Option<Address>,
    /// Its session that outlives connections; the state is here while there is none.
    session: Option<(SessionNo, Option<Box<Parked>>)>,
    /// Who had it last; nobody in particular for a session put back without an owner.
    name: Option<Arc<str>>,
}

impl Client {
    fn is_gone(&self) -> bool {
        self.connection.is_none() && self.session.is_none()
    }
}

#[derive(Debug, Default)]
struct State {
    orgs: HashMap<OrgId, HashMap<Box<str>, Client, RandomState>>,
    connected: usize,
    connected_max: usize,
    sessions: usize,
}

impl State {
    fn client(&mut self, org: OrgId, client_id: &str) -> Option<&mut Client> {
        self.orgs.get_mut(&org)?.get_mut(client_id)
    }

    fn forget_if_gone(&mut self, org: OrgId, client_id: &str) {
        let Some(clients) = self.orgs.get_mut(&org) else { return };
        if clients.get(client_id).is_some_and(Client::is_gone) {
            clients.remove(client_id);
            if clients.is_empty() {
                self.orgs.remove(&org);
            }
        }
    }
}

/// The client ids in use. Bounded by the number of connections and of sessions.
#[derive(Debug, Default)]
pub struct Clients {
    state: Mutex<State>,
    next_session: AtomicU32,
}

impl Clients {
    /// Whether an organisation with at most so many clients, connected or waited for by their
    /// sessions, has this one or room for it.
    pub fn has_room(&self, org: OrgId, client_id: &str, max: usize) -> bool {
        let state = self.state.lock();
        let Some(clients) = state.orgs.get(&org) else { return max > 0 };
        clients.len() < max || clients.contains_key(client_id)
    }

    /// Gives the client id to a connection and returns the one that held it, if somebody of this
    /// name may have it: it is free, or his, or was of a client without a log-in. Else one could
    /// end another's connection, and take what is kept for it.
    ///
    /// # Errors
    /// It is somebody else's.
    pub fn claim(
        &self,
        org: OrgId,
        client_id: &str,
        (who, name): (Address, &Arc<str>),
    ) -> Result<Option<Address>, NotYours> {
        let mut state = self.state.lock();
        let held = state.client(org, client_id).and_then(|client| client.name.as_deref());
        if held.is_some_and(|held| held != &**name && held != Identity::ANONYMOUS) {
            return Err(NotYours);
        }
        let clients = state.orgs.entry(org).or_default();
        let name = Some(Arc::clone(name));
        let old = match clients.get_mut(client_id) {
            Some(client) => {
                client.name = name;
                client.connection.replace(who)
            }
            None => {
                let client = Client { connection: Some(who), session: None, name };
                clients.insert(client_id.into(), client);
                None
            }
        };
        state.connected += usize::from(old.is_none());
        state.connected_max = state.connected_max.max(state.connected);
        Ok(old)
    }

    /// Frees the client id, if this connection still holds it.
    pub fn release(&self, org: OrgId, client_id: &str, who: Address) {
        let mut state = self.state.lock();
        let Some(client) = state.client(org, client_id) else { return };
        if client.connection == Some(who) {
            client.connection = None;
            state.connected -= 1;
            state.forget_if_gone(org, client_id);
        }
    }

    /// The client's session that outlived its last connection. Its state goes to the caller, whose
    /// connection holds the client id.
    pub fn resume(&self, org: OrgId, client_id: &str) -> Option<(SessionNo, Parked)> {
        let mut state = self.state.lock();
        let (session, parked) = state.client(org, client_id)?.session.as_mut()?;
        Some((*session, *parked.take().unwrap_or_default()))
    }

    /// A publish of QoS 2 was not taken after all, and its client is gone by now: sent again, it is
    /// a new one.
    pub fn forget_received(&self, session: SessionNo, id: PacketId) {
        let mut state = self.state.lock();
        let sessions = state.orgs.values_mut().flat_map(HashMap::values_mut);
        let mut parked = sessions.filter_map(|client| client.session.as_mut());
        if let Some((_, Some(parked))) = parked.find(|(known, _)| *known == session) {
            parked.received.remove(&id);
        }
    }

    /// A number for a session, never used before.
    pub fn number(&self) -> SessionNo {
        SessionNo(self.next_session.fetch_add(1, Ordering::Relaxed))
    }

    /// Numbers go on from here.
    pub fn number_from(&self, next: SessionNo) {
        self.next_session.fetch_max(next.0, Ordering::Relaxed);
    }

    /// The client has this session from now on; `false` if there are too many sessions.
    pub fn begin(&self, org: OrgId, client_id: &str, session: SessionNo, max: usize) -> bool {
        let mut state = self.state.lock();
        let (room, count) = (state.sessions < max, state.sessions);
        let Some(client) = state.client(org, client_id) else { return false };
        if client.session.is_none() && !room {
            return false;
        }
        let new = client.session.replace((session, None)).is_none();
        state.sessions = count + usize::from(new);
        true
    }

    /// The client leaves, and its session waits.
    pub fn park(&self, org: OrgId, client_id: &str, session: SessionNo, parked: Parked) {
        let mut state = self.state.lock();
        if let Some(client) = state.client(org, client_id)
            && let Some((known, place)) = &mut client.session
            && *known == session
        {
            *place = Some(Box::new(parked));
        }
    }

    /// The session is over. With `if_away` it goes on if its client is connected.
    pub fn end(&self, org: OrgId, client_id: &str, session: SessionNo, if_away: bool) -> Ended {
        let mut state = self.state.lock();
        let Some(client) = state.client(org, client_id) else { return Ended::Unknown };
        if client.session.as_ref().is_none_or(|(known, _)| *known != session) {
            return Ended::Unknown;
        }
        if if_away && client.connection.is_some() {
            return Ended::GoesOn;
        }
        let parked = client.session.take().and_then(|(_, parked)| parked);
        state.sessions -= 1;
        state.forget_if_gone(org, client_id);
        Ended::Left(*parked.unwrap_or_default())
    }

    /// Puts a session back, as at start-up.
    pub fn restore(
        &self,
        (org, client_id): (OrgId, &str),
        owner: Option<Arc<str>>,
        session: SessionNo,
        parked: Parked,
    ) {
        let mut state = self.state.lock();
        let clients = state.orgs.entry(org).or_default();
        let client = clients.entry(client_id.into()).or_default();
        client.name = owner;
        let new = client.session.replace((session, Some(Box::new(parked)))).is_none();
        state.sessions += usize::from(new);
    }

    /// Which connection has this client id.
    pub fn find(&self, org: OrgId, client_id: &str) -> Option<Address> {
        self.state.lock().client(org, client_id)?.connection
    }

    /// How many client ids are connected.
    pub fn count(&self) -> usize {
        self.state.lock().connected
    }

    /// How many sessions outlive their connections, connected or not.
    pub fn sessions(&self) -> usize {
        self.state.lock().sessions
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{CoreNo, Key};

    fn who(slot: u32) -> Address {
        Address { core: CoreNo(0), key: Key { slot, generation: 0 } }
    }

    fn claim(clients: &Clients, org: OrgId, client_id: &str, slot: u32) -> Option<Address> {
        clients.claim(org, client_id, (who(slot), &"fred".into())).expect("it is his or nobody's")
    }

    #[test]
    fn a_client_id_is_its_users() {
        let (clients, org) = (Clients::default(), OrgId(1));
        let claim = |org, slot, name: &str| clients.claim(org, "a", (who(slot), &name.into()));
        assert_eq!(claim(org, 1, Identity::ANONYMOUS), Ok(None));
        assert_eq!(claim(org, 2, "fred"), Ok(Some(who(1))));
        for name in ["anna", Identity::ANONYMOUS] {
            assert_eq!(claim(org, 3, name), Err(NotYours));
        }
        assert_eq!(clients.find(org, "a"), Some(who(2)), "who may not have it changes nothing");
        assert_eq!(claim(OrgId(2), 4, "anna"), Ok(None));
        clients.release(org, "a", who(2));
        assert_eq!(claim(org, 5, "anna"), Ok(None), "nobody had it");
    }

    #[test]
    fn only_the_holder_releases() {
        let clients = Clients::default();
        assert_eq!(claim(&clients, OrgId(1), "a", 1), None);
        assert_eq!(claim(&clients, OrgId(2), "a", 2), None);
        assert_eq!(claim(&clients, OrgId(1), "a", 3), Some(who(1)));
        clients.release(OrgId(1), "a", who(1));
        assert_eq!(clients.count(), 2);
        clients.release(OrgId(1), "a", who(3));
        clients.release(OrgId(2), "a", who(2));
        assert_eq!(clients.count(), 0);
    }

    #[test]
    fn a_session_waits_for_its_client_and_ends_once() {
        let (clients, org) = (Clients::default(), OrgId(1));
        claim(&clients, org, "a", 1);
        let session = clients.number();
        assert!(clients.begin(org, "a", session, 1));
        let received = std::iter::once(PacketId::FIRST).collect();
        clients.park(org, "a", session, Parked { received, ..Parked::default() });
        clients.release(org, "a", who(1));
        assert_eq!((clients.count(), clients.sessions()), (0, 1));
        claim(&clients, org, "b", 2);
        assert!(!clients.begin(org, "b", clients.number(), 1), "there are enough");
        claim(&clients, org, "a", 3);
        let (same, parked) = clients.resume(org, "a").unwrap();
        assert_eq!((same, parked.received.len()), (session, 1));
        assert!(matches!(clients.end(org, "a", session, true), Ended::GoesOn));
        clients.release(org, "a", who(3));
        assert!(matches!(clients.end(org, "a", session, true), Ended::Left(_)));
        assert!(matches!(clients.end(org, "a", session, true), Ended::Unknown));
        assert_eq!(clients.sessions(), 0);
    }
}
