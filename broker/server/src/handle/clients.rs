//! Connected clients, as operators see them.

use broker_engine::{Address, ClientInfo, ClientQuery, ClientScan};
use uns_model::OrgId;

use crate::operator_request::OperatorRequest;
use crate::{Error, Handle};

impl Handle {
    /// One page of clients in the order asked for, and whether there are more.
    ///
    /// # Errors
    /// The broker is shutting down.
    pub async fn clients(&self, query: ClientQuery) -> Result<(Vec<ClientInfo>, bool), Error> {
        let mut all = ClientScan::new(query.clone());
        let request =
            |reply| OperatorRequest::Clients(Box::new(ClientScan::new(query.clone())), reply);
        for found in self.operators.ask_all(request).await? {
            all.join(*found);
        }
        let (mut found, more) = all.finish();
        self.add_owed(query.org, &mut found);
        Ok((found, more))
    }

    /// The client that is connected under this id.
    ///
    /// # Errors
    /// The broker is shutting down.
    pub async fn client(&self, org: OrgId, client_id: &str) -> Result<Option<ClientInfo>, Error> {
        let Some(who) = self.broker.clients.find(org, client_id) else { return Ok(None) };
        let mut found = self.connection_infos(&[who]).await?.pop().flatten();
        self.add_owed(org, found.as_mut_slice());
        Ok(found)
    }

    /// Ends a client's connection by administrative action; `false` if it is not connected.
    ///
    /// # Errors
    /// The broker is shutting down.
    pub async fn kick(&self, org: OrgId, client_id: &str) -> Result<bool, Error> {
        let Some(who) = self.broker.clients.find(org, client_id) else { return Ok(false) };
        self.operators.ask(who.core.index(), |reply| OperatorRequest::Kick(who.key, reply)).await
    }

    /// Adds what the log owes to clients with a logged session.
    fn add_owed(&self, org: OrgId, clients: &mut [ClientInfo]) {
        let Some(ledger) = &self.ledger else { return };
        for client in clients.iter_mut().filter(|client| client.session.is_some()) {
            if let Some(session) = ledger.find(org, &client.client_id) {
                client.owed = (session.owed, session.owed_bytes);
            }
        }
    }

    /// What is known of these connections, in their order.
    pub(super) async fn connection_infos(
        &self,
        who: &[Address],
    ) -> Result<Vec<Option<ClientInfo>>, Error> {
        let mut all: Vec<Option<ClientInfo>> = who.iter().map(|_| None).collect();
        for core in 0..self.operators.cores() {
            let here = || who.iter().enumerate().filter(|(_, who)| who.core.index() == core);
            let keys: Vec<_> = here().map(|(_, who)| who.key).collect();
            if keys.is_empty() {
                continue;
            }
            let found =
                self.operators.ask(core, |reply| OperatorRequest::Info(keys, reply)).await?;
            for ((place, _), client) in here().zip(found) {
                if let Some(slot) = all.get_mut(place) {
                    *slot = client;
                }
            }
        }
        Ok(all)
    }
}
