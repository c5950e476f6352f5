//! What operators are told of strangers: each cause once a minute for an address.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// When which address was told of for which cause.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<HashMap<(&'static str, Box<str>), Instant>>);

impl Told {
    /// Whether this is to be told now. `peer` is an address with its port.
    pub(crate) fn is_due(&self, cause: &'static str, peer: &str) -> bool {
        self.is_due_at(Instant::now(), cause, peer)
    }

    fn is_due_at(&self, now: Instant, cause: &'static str, peer: &str) -> bool {
        const EVERY: Duration = Duration::from_secs(60);
        const ENTRIES_MAX: usize = 1024;
        let address = peer.rsplit_once(':').map_or(peer, |(address, _)| address);
        let mut told = self.0.lock();
        if told.len() >= ENTRIES_MAX {
            told.clear();
        }
        let last = told.get(&(cause, address.into()));
        let due = last.is_none_or(|last| now.duration_since(*last) >= EVERY);
        if due {
            told.insert((cause, address.into()), now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_a_minute_for_each_cause_and_address() {
        let (told, now) = (Told::default(), Instant::now());
        let due = |at: u64, cause, peer| told.is_due_at(now + Duration::from_secs(at), cause, peer);
        assert!(due(0, "a", "192.0.2.1:5"));
        assert!(!due(1, "a", "192.0.2.1:6"));
        assert!(due(2, "b", "192.0.2.1:6") && due(3, "a", "[::1]:6"));
        assert!(!due(59, "a", "192.0.2.1:7") && due(60, "a", "192.0.2.1:8"));
        assert!(!due(61, "a", "192.0.2.1:9"));
    }
}
