//! Incomplete packets while memory is short: those that hold most are not waited for.

use std::cmp::Reverse;

use broker_engine::{Now, Pressure};

use super::link::{End, Link};
use super::{READ_BYTES, Worker};

impl Worker {
    /// Whether something is to be given back.
    pub(super) fn is_short(&self) -> bool {
        self.engine.borrow().pressure() > Pressure::None
    }

    /// Whether an incomplete packet is too large to wait for the rest of it.
    pub(super) fn is_too_large_now(&self, unread: usize) -> bool {
        unread > READ_BYTES && self.engine.borrow().pressure().is_short()
    }

    /// Ends connections with the largest incomplete packets, until the others are within bounds.
    pub(super) fn shed_unread(&self, now: Now) {
        if !self.engine.borrow().pressure().is_short() {
            return;
        }
        let links: Vec<_> = self.links.borrow().values().cloned().collect();
        let mut held: Vec<_> = links
            .iter()
            .map(|link| (link.unread.borrow().capacity(), link))
            .filter(|(bytes, _)| *bytes > 0)
            .collect();
        held.sort_unstable_by_key(|(bytes, _)| Reverse(*bytes));
        let mut sum: usize = held.iter().map(|(bytes, _)| bytes).sum();
        for (bytes, link) in held {
            if sum <= self.unread_bytes_max {
                break;
            }
            sum -= bytes;
            self.shed(now, link);
        }
    }

    /// Ends a connection, which is told why.
    pub(super) fn shed(&self, now: Now, link: &Link) {
        *link.unread.borrow_mut() = Vec::new();
        self.engine.borrow_mut().shed(now, link.key);
        link.end.set(End::Flushing);
        self.flush_soon();
    }
}
