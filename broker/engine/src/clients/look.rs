//! Who is whose: what operators ask of the client ids in use.

use std::collections::{HashMap, HashSet};

use uns_model::{OrgId, SessionNo};

use super::{Client, Clients};
use crate::tree::Holder;

impl Clients {
    /// Under whose name the subscriptions of a client are in the tree.
    pub fn holder(&self, org: OrgId, client_id: &str) -> Option<Holder> {
        let mut state = self.state.lock();
        let Client { connection, session, .. } = state.client(org, client_id)?;
        let session = session.as_ref().map(|(number, _)| Holder::Session(*number));
        session.or(connection.map(Holder::Connection))
    }

    /// The client ids of these sessions.
    pub fn names(&self, org: OrgId, wanted: &HashSet<SessionNo>) -> HashMap<SessionNo, Box<str>> {
        let state = self.state.lock();
        let clients = state.orgs.get(&org).into_iter().flatten();
        let named = clients.filter_map(|(client_id, client)| {
            let (number, _) = client.session.as_ref()?;
            wanted.contains(number).then(|| (*number, client_id.clone()))
        });
        named.take(wanted.len()).collect()
    }

    /// The most client ids that were connected at once.
    pub fn count_max(&self) -> usize {
        self.state.lock().connected_max
    }
}
