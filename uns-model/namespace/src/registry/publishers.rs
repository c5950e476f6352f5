//! Numbers for publishers. Client ids are chosen by clients, so the table is bounded: it keeps two
//! generations and forgets the older one when the younger is full. A forgotten client gets a new
//! number, which costs one record and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ahash::{AHashMap, AHashSet};
use parking_lot::Mutex;
use uns_model::PublisherId;

/// Most client ids of one generation.
const GENERATION_MAX: usize = 50_000;
/// Most publishers that wait to be introduced; one beyond them stays a number in the log.
const UNNAMED_MAX: usize = 50_000;

/// The publishers seen lately.
#[derive(Debug, Default)]
pub(crate) struct Publishers {
    table: Mutex<Table>,
    /// How many wait to be introduced, for gates that ask before each batch.
    unnamed: AtomicUsize,
}

#[derive(Debug, Default)]
struct Table {
    young: AHashMap<Arc<str>, PublisherId>,
    old: AHashMap<Arc<str>, PublisherId>,
    next: u32,
    /// Those whose record is not in the log.
    unnamed: AHashMap<PublisherId, Unnamed>,
}

#[derive(Debug)]
struct Unnamed {
    client_id: Arc<str>,
    /// Its record is on its way.
    offered: bool,
}

impl Publishers {
    /// Numbers below this one are taken.
    pub(crate) fn starting_at(next: u32) -> Self {
        let table = Table { next, ..Table::default() };
        Self { table: Mutex::new(table), unnamed: AtomicUsize::new(0) }
    }

    /// The number of a client, and whether it is a new one.
    pub(crate) fn number_of(&self, client_id: &str) -> (PublisherId, bool) {
        let mut table = self.table.lock();
        if let Some(publisher) = table.find(client_id) {
            return (publisher, false);
        }
        let publisher = PublisherId(table.next);
        table.next = table.next.wrapping_add(1);
        let client_id: Arc<str> = client_id.into();
        table.keep(Arc::clone(&client_id), publisher);
        if table.unnamed.len() < UNNAMED_MAX {
            table.unnamed.insert(publisher, Unnamed { client_id, offered: false });
        }
        self.unnamed.store(table.unnamed.len(), Ordering::Relaxed);
        (publisher, true)
    }

    /// How many are not introduced.
    pub(crate) fn unnamed(&self) -> usize {
        self.unnamed.load(Ordering::Relaxed)
    }

    /// Some of those whose record is neither in the log nor on its way.
    pub(crate) fn waiting(&self, most: usize) -> Vec<PublisherId> {
        let table = self.table.lock();
        let waiting = table.unnamed.iter().filter(|(_, unnamed)| !unnamed.offered);
        waiting.map(|(publisher, _)| *publisher).take(most).collect()
    }

    /// Whose record is to be offered to the log; `None` where it is there, or on its way.
    pub(crate) fn begin(&self, publisher: PublisherId) -> Option<Arc<str>> {
        let mut table = self.table.lock();
        let unnamed = table.unnamed.get_mut(&publisher)?;
        let offered = std::mem::replace(&mut unnamed.offered, true);
        (!offered).then(|| Arc::clone(&unnamed.client_id))
    }

    /// The fate of a record that was offered.
    pub(crate) fn end(&self, publisher: PublisherId, named: bool) {
        let mut table = self.table.lock();
        if named {
            table.unnamed.remove(&publisher);
            self.unnamed.store(table.unnamed.len(), Ordering::Relaxed);
        } else if let Some(unnamed) = table.unnamed.get_mut(&publisher) {
            unnamed.offered = false;
        }
    }

    /// The client ids of some numbers, as far as they are known.
    pub(crate) fn names(
        &self,
        wanted: impl Iterator<Item = PublisherId>,
    ) -> AHashMap<PublisherId, Arc<str>> {
        let wanted: AHashSet<PublisherId> = wanted.collect();
        if wanted.is_empty() {
            return AHashMap::default();
        }
        let table = self.table.lock();
        let known = table.young.iter().chain(&table.old);
        let wanted = known.filter(|(_, publisher)| wanted.contains(publisher));
        wanted.map(|(client_id, publisher)| (*publisher, Arc::clone(client_id))).collect()
    }

    /// Numbers up to this one are taken.
    pub(crate) fn seen(&self, publisher: PublisherId) {
        let mut table = self.table.lock();
        table.next = table.next.max(publisher.0.wrapping_add(1));
    }

    /// Leaves numbers out that others may know.
    pub(crate) fn skip(&self, numbers: u32) {
        let mut table = self.table.lock();
        table.next = table.next.saturating_add(numbers);
    }

    /// The next number, for the checkpoint.
    pub(crate) fn next(&self) -> u32 {
        self.table.lock().next
    }
}

impl Table {
    fn find(&mut self, client_id: &str) -> Option<PublisherId> {
        if let Some(publisher) = self.young.get(client_id) {
            return Some(*publisher);
        }
        let (client_id, publisher) = self.old.remove_entry(client_id)?;
        self.keep(client_id, publisher);
        Some(publisher)
    }

    fn keep(&mut self, client_id: Arc<str>, publisher: PublisherId) {
        if self.young.len() >= GENERATION_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(client_id, publisher);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_bounded_and_a_busy_client_keeps_its_number() {
        let publishers = Publishers::default();
        let (busy, _) = publishers.number_of("busy");
        for n in 0..3 * GENERATION_MAX {
            publishers.number_of(&format!("c{n}"));
            if n % 1_000 == 0 {
                assert_eq!(publishers.number_of("busy"), (busy, false));
            }
        }
        let table = publishers.table.lock();
        assert!(table.young.len() + table.old.len() <= 2 * GENERATION_MAX + 1);
        assert_eq!(table.unnamed.len(), UNNAMED_MAX);
        drop(table);
        assert!(publishers.number_of("c0").1, "forgotten");
        publishers.seen(PublisherId(1_000_000));
        assert_eq!(publishers.number_of("new").0, PublisherId(1_000_001));
    }

    #[test]
    fn a_publisher_is_introduced_once_the_log_took_its_record() {
        let publishers = Publishers::default();
        let (press, new) = publishers.number_of("press");
        assert!(new);
        assert_eq!(publishers.begin(press).as_deref(), Some("press"));
        assert_eq!(publishers.begin(press), None, "its record is on its way");
        publishers.end(press, false);
        assert_eq!(publishers.unnamed(), 1);
        assert_eq!(publishers.begin(press).as_deref(), Some("press"), "and was refused");
        publishers.end(press, true);
        assert_eq!((publishers.begin(press), publishers.unnamed()), (None, 0));
        let names = publishers.names([press, PublisherId(77)].into_iter());
        assert_eq!(names.get(&press).map(|name| &**name), Some("press"));
        assert_eq!(names.len(), 1);
    }
}
