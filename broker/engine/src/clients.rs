//! Which connection holds a client id: taken over across cores, never shared across organisations.

use std::collections::HashMap;

use ahash::RandomState;
use parking_lot::Mutex;
use uns_model::OrgId;

use crate::key::Address;

type Owners = HashMap<Box<str>, Address, RandomState>;

/// The client ids in use. Bounded by the number of connections.
#[derive(Debug, Default)]
pub struct Clients {
    owners: Mutex<HashMap<OrgId, Owners>>,
}

impl Clients {
    /// Gives the client id to a connection and returns the one that held it.
    pub fn claim(&self, org: OrgId, client_id: &str, who: Address) -> Option<Address> {
        let mut owners = self.owners.lock();
        let owners = owners.entry(org).or_default();
        if let Some(owner) = owners.get_mut(client_id) {
            return Some(std::mem::replace(owner, who));
        }
        owners.insert(client_id.into(), who);
        None
    }

    /// Frees the client id, if this connection still holds it.
    pub fn release(&self, org: OrgId, client_id: &str, who: Address) {
        let mut all = self.owners.lock();
        let Some(owners) = all.get_mut(&org) else { return };
        if owners.get(client_id) == Some(&who) {
            owners.remove(client_id);
            if owners.is_empty() {
                all.remove(&org);
            }
        }
    }

    /// The connection that holds the client id.
    pub fn holder(&self, org: OrgId, client_id: &str) -> Option<Address> {
        self.owners.lock().get(&org)?.get(client_id).copied()
    }

    /// How many client ids are connected.
    pub fn count(&self) -> usize {
        self.owners.lock().values().map(HashMap::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{CoreNo, Key};

    fn who(slot: u32) -> Address {
        Address { core: CoreNo(0), key: Key { slot, generation: 0 } }
    }

    #[test]
    fn only_the_holder_releases() {
        let clients = Clients::default();
        assert_eq!(clients.claim(OrgId(1), "a", who(1)), None);
        assert_eq!(clients.claim(OrgId(2), "a", who(2)), None);
        assert_eq!(clients.claim(OrgId(1), "a", who(3)), Some(who(1)));
        clients.release(OrgId(1), "a", who(1));
        assert_eq!(clients.count(), 2);
        clients.release(OrgId(1), "a", who(3));
        clients.release(OrgId(2), "a", who(2));
        assert_eq!(clients.count(), 0);
    }
}
