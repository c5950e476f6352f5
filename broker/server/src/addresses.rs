//! What is known of client addresses: how many connections each has, so that one address cannot use
//! up the connections of all others, and what the log has said about it lately.

mod log_throttle;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::network::host;
use log_throttle::LogThrottle;

/// The connections of each address, and the limit of log lines about them. The number of
/// connections bounds its memory.
#[derive(Debug)]
pub(crate) struct Addresses {
    /// The most connections of one address; 0 for no limit. Loopback addresses are not counted,
    /// since all clients of this machine share them.
    connections_max: usize,
    counts: Mutex<HashMap<IpAddr, usize>>,
    log: LogThrottle,
}

/// Counts one connection of an address for as long as it lives.
#[derive(Debug)]
pub struct AddressSlot {
    addresses: Arc<Addresses>,
    address: Option<IpAddr>,
}

impl Drop for AddressSlot {
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
    pub(crate) fn new(connections_max: usize) -> Arc<Self> {
        Arc::new(Self { connections_max, counts: Mutex::default(), log: LogThrottle::default() })
    }

    /// Counts one more connection; `None` if its address has as many as it may have.
    pub(crate) fn add_connection(self: &Arc<Self>, from: SocketAddr) -> Option<AddressSlot> {
        let address = host(from.ip());
        let slot = |address| Some(AddressSlot { addresses: Arc::clone(self), address });
        if self.connections_max == 0 || from.ip().to_canonical().is_loopback() {
            return slot(None);
        }
        let mut counts = self.counts.lock();
        let count = counts.entry(address).or_default();
        if *count >= self.connections_max {
            drop(counts);
            self.log_limit(address);
            return None;
        }
        *count += 1;
        drop(counts);
        slot(Some(address))
    }

    /// Calls `line` with the address, and how many lines were left out, if a line is due.
    pub(crate) fn log(&self, cause: &'static str, from: IpAddr, line: impl FnOnce(IpAddr, u64)) {
        self.log.log(cause, from, line);
    }

    fn log_limit(&self, address: IpAddr) {
        self.log("address", address, |peer, left_out| {
            tracing::warn!(
                %peer,
                connections = self.connections_max,
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
    fn an_address_at_its_limit_is_refused_and_others_are_not() {
        let addresses = Addresses::new(2);
        let first = addresses.add_connection(at("10.0.0.1")).unwrap();
        let _second = addresses.add_connection(at("10.0.0.1")).unwrap();
        assert!(addresses.add_connection(at("10.0.0.1")).is_none());
        assert!(addresses.add_connection(at("::ffff:10.0.0.1")).is_none(), "the same address");
        let _other = addresses.add_connection(at("10.0.0.2")).unwrap();
        drop(first);
        assert!(addresses.add_connection(at("10.0.0.1")).is_some());
        let _a = addresses.add_connection(at("2001:db8::1")).unwrap();
        let _b = addresses.add_connection(at("2001:db8::2")).unwrap();
        assert!(addresses.add_connection(at("2001:db8::3")).is_none(), "one network");
        for _ in 0..10 {
            std::mem::forget(addresses.add_connection(at("127.0.0.1")).unwrap());
        }
    }

    #[test]
    fn an_address_without_connections_takes_no_memory() {
        let addresses = Addresses::new(3);
        let slots: Vec<_> =
            (0..200).map(|n| addresses.add_connection(at(&format!("10.0.0.{n}")))).collect();
        assert_eq!(addresses.counts.lock().len(), 200);
        drop(slots);
        assert!(addresses.counts.lock().is_empty());
    }
}
