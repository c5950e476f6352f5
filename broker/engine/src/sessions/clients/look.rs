//! Who is whose: what operators ask of the client ids in use.

use std::collections::{HashMap, HashSet};

use uns_model::{OrgId, SessionNo};

use super::{Client, Clients};
use crate::key::Address;
use crate::routing::tree::Holder;

/// A session whose account does not exist any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Orphan {
    /// The organisation.
    pub org: OrgId,
    /// The client id.
    pub client_id: Box<str>,
    /// The session.
    pub session: SessionNo,
}

impl Clients {
    /// Under whose name the subscriptions of a client are in the tree.
    pub fn holder(&self, org: OrgId, client_id: &str) -> Option<Holder> {
        let mut state = self.state.lock();
        let Client { connection, session, .. } = state.client(org, client_id)?;
        let session = session.as_ref().map(|kept| Holder::Session(kept.number));
        session.or(connection.map(Holder::Connection))
    }

    /// The client ids of these sessions.
    pub fn names(&self, org: OrgId, wanted: &HashSet<SessionNo>) -> HashMap<SessionNo, Box<str>> {
        let state = self.state.lock();
        let clients = state.orgs.get(&org).into_iter().flatten();
        let named = clients.filter_map(|(client_id, client)| {
            let number = client.session.as_ref()?.number;
            wanted.contains(&number).then(|| (number, client_id.clone()))
        });
        named.take(wanted.len()).collect()
    }

    /// Which connection and which lasting session a client id has.
    pub fn holding(&self, org: OrgId, client_id: &str) -> (Option<Address>, Option<SessionNo>) {
        let mut state = self.state.lock();
        state.client(org, client_id).map_or((None, None), |client| {
            (client.connection, client.session.as_ref().map(|kept| kept.number))
        })
    }

    /// At most so many sessions of accounts that do not exist, as `exists` says, whose clients are
    /// away; and whether there are no others.
    pub fn orphans(
        &self,
        exists: &dyn Fn(OrgId, &str) -> bool,
        most: usize,
    ) -> (Vec<Orphan>, bool) {
        let state = self.state.lock();
        let (mut orphans, mut all) = (Vec::new(), true);
        let clients = state.orgs.iter().flat_map(|(org, clients)| {
            clients.iter().map(|(client_id, client)| (*org, client_id, client))
        });
        for (org, client_id, client) in clients {
            let Some(kept) = &client.session else { continue };
            if kept.owner.as_deref().is_none_or(|owner| exists(org, owner)) {
                continue;
            }
            if client.connection.is_none() && orphans.len() < most {
                let client_id = client_id.clone();
                orphans.push(Orphan { org, client_id, session: kept.number });
            } else {
                all = false;
            }
        }
        (orphans, all)
    }

    /// The most client ids that were connected at once.
    pub fn count_max(&self) -> usize {
        self.state.lock().connected_max
    }
}
