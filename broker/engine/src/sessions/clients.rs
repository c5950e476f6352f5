//! Which connection holds a client id, and which durable session waits for it: taken over across
//! cores, never shared across organisations.

mod earlier;
mod ending;
mod look;
mod withdrawn;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ahash::RandomState;
use broker_codec::PacketId;
use parking_lot::Mutex;
use uns_model::{OrgId, SessionNo};

use crate::key::Address;
use crate::login::{Identity, Reservation};
use crate::outbound::window::Awaits;
use crate::routing::tree::Wish;

pub(crate) use earlier::Earlier;
pub use look::Orphan;
pub(crate) use withdrawn::WithdrawnWills;

/// The subscriptions of one client.
pub type Filters = HashMap<Box<str>, Wish, RandomState>;

/// A durable session while its client is away: what its next connection begins with.
#[derive(Debug, Default)]
pub struct Parked {
    /// What it subscribed to.
    pub filters: Filters,
    /// Filters whose retained messages it did not get all of.
    pub walks: HashSet<Box<str>, RandomState>,
    /// QoS 2 identifiers its client uses.
    pub received: HashSet<PacketId, RandomState>,
    /// Identifiers under which it was sent retained messages of QoS 2, if that is not over.
    pub(crate) held: Vec<(PacketId, Awaits)>,
    /// The connection that left it, if the log has not decided about the session or what that published.
    pub undecided: Option<Address>,
}

/// How the end of a session went.
#[derive(Debug)]
pub enum Ended {
    /// It left this; nothing if its state was with its connection.
    Left(Box<Parked>),
    /// Its client is connected.
    GoesOn,
    /// The client has no such session.
    Unknown,
}

/// The client id belongs to another account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotYours;

/// A client, connected or not.
#[derive(Clone, Copy, Debug)]
pub struct ClientRef<'a> {
    /// Its organisation.
    pub org: OrgId,
    /// Its client id.
    pub client_id: &'a str,
}

/// Who claims a client id.
#[derive(Clone, Copy, Debug)]
pub struct Claimant<'a> {
    /// The connection.
    pub connection: Address,
    /// Its account; `None` for a client without a log-in.
    pub account: Option<&'a Arc<str>>,
    /// The account is named like the client id, so that it may have the id whoever uses it.
    pub reserved: bool,
}

impl<'a> Claimant<'a> {
    /// A connection with this log-in, for which the client id is reserved like this.
    ///
    /// # Errors
    /// It is the name of another account.
    pub(crate) fn new(
        connection: Address,
        identity: &'a Identity,
        reservation: Reservation,
    ) -> Result<Self, NotYours> {
        let reserved = match reservation {
            Reservation::Anothers => return Err(NotYours),
            Reservation::Own => true,
            Reservation::Nobodys => false,
        };
        Ok(Self { connection, account: identity.account.as_ref(), reserved })
    }
}

/// A session that outlives connections.
#[derive(Debug)]
struct Kept {
    number: SessionNo,
    /// The account whose client had it last; unlike the client id's, while a claim is under way.
    owner: Option<Arc<str>>,
    /// Its state while no connection has it.
    parked: Option<Box<Parked>>,
}

/// What a connection finds under its client id.
#[derive(Debug)]
pub struct Found {
    /// The session that outlived its last connection.
    pub session: SessionNo,
    /// What it left.
    pub parked: Parked,
    /// Whether it belongs to the account that has the client id now. If not it must not go on.
    pub own: bool,
}

#[derive(Debug, Default)]
struct Client {
    connection: Option<Address>,
    session: Option<Kept>,
    /// The account it belongs to; none while only clients without a log-in have used it.
    owner: Option<Arc<str>>,
}

impl Client {
    fn is_gone(&self) -> bool {
        self.connection.is_none() && self.session.is_none()
    }
}

#[derive(Debug, Default)]
struct State {
    orgs: HashMap<OrgId, HashMap<Box<str>, Client, RandomState>>,
    /// Sessions that have ended, which the log does not know yet.
    ending: HashMap<OrgId, HashMap<Box<str>, SessionNo, RandomState>>,
    /// Sessions whose wills are withdrawn, which the log does not know either.
    withdrawn: HashMap<(OrgId, Box<str>), Vec<SessionNo>, RandomState>,
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

    /// Gives the client id to a connection, and returns the one that held it, if its account may
    /// have it: the id is free, belongs to that account, was only used without a log-in, or is
    /// reserved for it. Otherwise one account could end another's connection and take what is kept
    /// for it.
    ///
    /// # Errors
    /// It belongs to another account.
    pub fn claim(
        &self,
        org: OrgId,
        client_id: &str,
        by: Claimant<'_>,
    ) -> Result<Option<Address>, NotYours> {
        let mut state = self.state.lock();
        let held = state.client(org, client_id).and_then(|client| client.owner.as_ref());
        if !by.reserved && held.is_some_and(|held| by.account != Some(held)) {
            return Err(NotYours);
        }
        let clients = state.orgs.entry(org).or_default();
        let (owner, connection) = (by.account.map(Arc::clone), Some(by.connection));
        let old = match clients.get_mut(client_id) {
            Some(client) => {
                client.owner = owner;
                std::mem::replace(&mut client.connection, connection)
            }
            None => {
                clients.insert(client_id.into(), Client { connection, session: None, owner });
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
    pub fn resume(&self, org: OrgId, client_id: &str) -> Option<Found> {
        let mut state = self.state.lock();
        let Client { session, owner, .. } = state.client(org, client_id)?;
        let kept = session.as_mut()?;
        let own = kept.owner.is_none() || kept.owner == *owner;
        if own {
            kept.owner.clone_from(owner);
        }
        let parked = *kept.parked.take().unwrap_or_default();
        Some(Found { session: kept.number, parked, own })
    }

    /// The connection that left the client's session, if the log has not decided about all that it
    /// published.
    pub fn undecided(&self, org: OrgId, client_id: &str) -> Option<Address> {
        let mut state = self.state.lock();
        state.client(org, client_id)?.session.as_ref()?.parked.as_ref()?.undecided
    }

    /// A publish of QoS 2 was not taken after all, and its client is gone by now: sent again, it is
    /// a new one.
    pub fn forget_received(&self, client: ClientRef<'_>, session: SessionNo, id: PacketId) {
        self.with_parked(client, session, |parked| {
            parked.received.remove(&id);
        });
    }

    /// The log has decided about all that the last connection of a session published.
    pub fn decided(&self, client: ClientRef<'_>, session: SessionNo) {
        self.with_parked(client, session, |parked| parked.undecided = None);
    }

    fn with_parked(
        &self,
        ClientRef { org, client_id }: ClientRef<'_>,
        session: SessionNo,
        change: impl FnOnce(&mut Parked),
    ) {
        let mut state = self.state.lock();
        if let Some(client) = state.client(org, client_id)
            && let Some(kept) = client.session.as_mut().filter(|kept| kept.number == session)
            && let Some(parked) = &mut kept.parked
        {
            change(parked);
        }
    }

    /// A number for a session, never used before; not [`SessionNo::LIVE`].
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
        let kept = Kept { number: session, owner: client.owner.clone(), parked: None };
        let new = client.session.replace(kept).is_none();
        state.sessions = count + usize::from(new);
        true
    }

    /// The client leaves, and its session waits.
    pub fn park(&self, org: OrgId, client_id: &str, session: SessionNo, parked: Parked) {
        let mut state = self.state.lock();
        if let Some(client) = state.client(org, client_id)
            && let Some(kept) = client.session.as_mut().filter(|kept| kept.number == session)
        {
            kept.parked = Some(Box::new(parked));
        }
    }

    /// The session is over. With `if_away` it goes on if its client is connected.
    pub fn end(&self, org: OrgId, client_id: &str, session: SessionNo, if_away: bool) -> Ended {
        let mut state = self.state.lock();
        let Some(client) = state.client(org, client_id) else { return Ended::Unknown };
        if client.session.as_ref().is_none_or(|kept| kept.number != session) {
            return Ended::Unknown;
        }
        if if_away && client.connection.is_some() {
            return Ended::GoesOn;
        }
        let parked = client.session.take().and_then(|kept| kept.parked);
        state.sessions -= 1;
        state.forget_if_gone(org, client_id);
        Ended::Left(parked.unwrap_or_default())
    }

    /// Puts a session back, as at start-up.
    pub fn restore(
        &self,
        ClientRef { org, client_id }: ClientRef<'_>,
        owner: Option<Arc<str>>,
        session: SessionNo,
        parked: Parked,
    ) {
        let mut state = self.state.lock();
        let clients = state.orgs.entry(org).or_default();
        let client = clients.entry(client_id.into()).or_default();
        client.owner.clone_from(&owner);
        let kept = Kept { number: session, owner, parked: Some(Box::new(parked)) };
        let new = client.session.replace(kept).is_none();
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
mod tests;
