//! How many connections each address has: one address must not take the places of all others.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::network::host;
use crate::told::Told;

/// The connections of each address. Bounded by the number of connections.
#[derive(Debug)]
pub(crate) struct Addresses {
    /// Of one address; 0 for any. Those of this machine share theirs and are not counted.
    most: usize,
    counts: Mutex<HashMap<IpAddr, usize>>,
    told: Arc<Told>,
}

/// A connection's place among those of its address, until it ends.
#[derive(Debug)]
pub struct AddressPlace {
    addresses: Arc<Addresses>,
    address: Option<IpAddr>,
}

impl Drop for AddressPlace {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let mut counts = self.addresses.counts.lock();
        if let Some(count) = counts.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&address);
            }
        }
    }
}

impl Addresses {
    pub(crate) fn new(most: usize, told: Arc<Told>) -> Arc<Self> {
        Arc::new(Self { most, counts: Mutex::default(), told })
    }

    /// A place for one more connection; nothing if its address has all it may have.
    pub(crate) fn enter(self: &Arc<Self>, from: SocketAddr) -> Option<AddressPlace> {
        let address = host(from.ip());
        let place = |address| Some(AddressPlace { addresses: Arc::clone(self), address });
        if self.most == 0 || from.ip().to_canonical().is_loopback() {
            return place(None);
        }
        let mut counts = self.counts.lock();
        let count = counts.entry(address).or_default();
        if *count >= self.most {
            drop(counts);
            self.tell(address);
            return None;
        }
        *count += 1;
        drop(counts);
        place(Some(address))
    }

    fn tell(&self, address: IpAddr) {
        self.told.tell("address", address, |peer, left_out| {
            tracing::warn!(
                %peer,
                connections = self.most,
                left_out,
                "further connections of an address are refused: it has as many as \
                 mqtt.limits.connections_per_address allows"
            );
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> SocketAddr {
        SocketAddr::new(address.parse().unwrap(), 5000)
    }

    #[test]
    fn an_address_has_so_many_connections_and_others_have_theirs() {
        let addresses = Addresses::new(2, Arc::default());
        let first = addresses.enter(at("10.0.0.1")).unwrap();
        let _second = addresses.enter(at("10.0.0.1")).unwrap();
        assert!(addresses.enter(at("10.0.0.1")).is_none());
        assert!(addresses.enter(at("::ffff:10.0.0.1")).is_none(), "the same address");
        let _other = addresses.enter(at("10.0.0.2")).unwrap();
        drop(first);
        assert!(addresses.enter(at("10.0.0.1")).is_some());
        let _a = addresses.enter(at("2001:db8::1")).unwrap();
        let _b = addresses.enter(at("2001:db8::2")).unwrap();
        assert!(addresses.enter(at("2001:db8::3")).is_none(), "one network");
        for _ in 0..10 {
            std::mem::forget(addresses.enter(at("127.0.0.1")).unwrap());
        }
    }

    #[test]
    fn places_are_given_back_and_nothing_is_left() {
        let addresses = Addresses::new(3, Arc::default());
        let places: Vec<_> =
            (0..200).map(|n| addresses.enter(at(&format!("10.0.0.{n}")))).collect();
        assert_eq!(addresses.counts.lock().len(), 200);
        drop(places);
        assert!(addresses.counts.lock().is_empty());
    }
}
