//! Numbers for publishers. Client ids are chosen by clients, so the table is bounded: it keeps two
//! generations and forgets the older one when the younger is full. A forgotten client gets a new
//! number, which costs one record and nothing else.

use std::sync::Arc;

use ahash::AHashMap;
use uns_model::PublisherId;

/// Most client ids of one generation.
const GENERATION_MAX: usize = 50_000;

/// The publishers seen lately.
#[derive(Debug, Default)]
pub(crate) struct Publishers {
    young: AHashMap<Arc<str>, PublisherId>,
    old: AHashMap<Arc<str>, PublisherId>,
    next: u32,
}

impl Publishers {
    /// Numbers below this one are taken.
    pub(crate) fn starting_at(next: u32) -> Self {
        Self { next, ..Self::default() }
    }

    /// The number of a client seen lately.
    pub(crate) fn find(&mut self, client_id: &str) -> Option<PublisherId> {
        if let Some(publisher) = self.young.get(client_id) {
            return Some(*publisher);
        }
        let (client_id, publisher) = self.old.remove_entry(client_id)?;
        self.keep(client_id, publisher);
        Some(publisher)
    }

    /// A fresh number.
    pub(crate) fn allot(&mut self) -> PublisherId {
        let publisher = PublisherId(self.next);
        self.next = self.next.wrapping_add(1);
        publisher
    }

    /// Remembers whose number it is.
    pub(crate) fn keep(&mut self, client_id: Arc<str>, publisher: PublisherId) {
        if self.young.len() >= GENERATION_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(client_id, publisher);
    }

    /// Numbers up to this one are taken.
    pub(crate) fn seen(&mut self, publisher: PublisherId) {
        self.next = self.next.max(publisher.0.wrapping_add(1));
    }

    /// Leaves numbers out that others may know.
    pub(crate) fn skip(&mut self, numbers: u32) {
        self.next = self.next.saturating_add(numbers);
    }

    /// The next number, for the checkpoint.
    pub(crate) fn next(&self) -> u32 {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_bounded_and_a_busy_client_keeps_its_number() {
        let mut publishers = Publishers::default();
        let busy = publishers.allot();
        publishers.keep("busy".into(), busy);
        for n in 0..3 * GENERATION_MAX {
            let other = publishers.allot();
            publishers.keep(format!("c{n}").into(), other);
            if n % 1_000 == 0 {
                assert_eq!(publishers.find("busy"), Some(busy));
            }
        }
        assert!(publishers.young.len() + publishers.old.len() <= 2 * GENERATION_MAX + 1);
        assert_eq!(publishers.find("c0"), None);
        publishers.seen(PublisherId(1_000_000));
        assert_eq!(publishers.allot(), PublisherId(1_000_001));
    }
}
