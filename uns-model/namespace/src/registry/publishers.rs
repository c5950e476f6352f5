//! Numbers for publishers: for each client id of an organisation its own. Client ids are chosen by
//! clients, so the table is bounded: it keeps two generations and forgets the older one when the
//! younger is full. A forgotten client gets a new number, which costs one record and nothing else.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ahash::{AHashMap, AHashSet, RandomState};
use hashbrown::{Equivalent, HashMap};
use parking_lot::Mutex;
use uns_model::{OrgId, PublisherId};

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

/// Who publishes: the same client id in another organisation is somebody else.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Publisher {
    pub(crate) org: OrgId,
    pub(crate) client_id: Arc<str>,
}

/// The same, borrowed.
#[derive(Clone, Copy, Hash)]
struct Asked<'a> {
    org: OrgId,
    client_id: &'a str,
}

impl Equivalent<Publisher> for Asked<'_> {
    fn equivalent(&self, known: &Publisher) -> bool {
        self.org == known.org && *self.client_id == *known.client_id
    }
}

type Numbers = HashMap<Publisher, PublisherId, RandomState>;

#[derive(Debug, Default)]
struct Table {
    young: Numbers,
    old: Numbers,
    next: u32,
    /// Those whose record is not in the log.
    unnamed: AHashMap<PublisherId, Unnamed>,
}

#[derive(Debug)]
struct Unnamed {
    publisher: Publisher,
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
    pub(crate) fn number_of(&self, org: OrgId, client_id: &str) -> (PublisherId, bool) {
        let mut table = self.table.lock();
        if let Some(number) = table.find(Asked { org, client_id }) {
            return (number, false);
        }
        let number = PublisherId(table.next);
        table.next = table.next.wrapping_add(1);
        let publisher = Publisher { org, client_id: client_id.into() };
        table.keep(publisher.clone(), number);
        if table.unnamed.len() < UNNAMED_MAX {
            table.unnamed.insert(number, Unnamed { publisher, offered: false });
        }
        self.unnamed.store(table.unnamed.len(), Ordering::Relaxed);
        (number, true)
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
    pub(crate) fn begin(&self, number: PublisherId) -> Option<Publisher> {
        let mut table = self.table.lock();
        let unnamed = table.unnamed.get_mut(&number)?;
        let offered = std::mem::replace(&mut unnamed.offered, true);
        (!offered).then(|| unnamed.publisher.clone())
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

    /// The client ids of some numbers, as far as they are known, each in its own organisation: a
    /// number that stands in a record of another one has no name there.
    pub(crate) fn names(
        &self,
        wanted: impl Iterator<Item = (OrgId, PublisherId)>,
    ) -> AHashMap<PublisherId, Arc<str>> {
        let wanted: AHashSet<(OrgId, PublisherId)> = wanted.collect();
        if wanted.is_empty() {
            return AHashMap::default();
        }
        let table = self.table.lock();
        let known = table.young.iter().chain(&table.old);
        let wanted = known.filter(|(of, number)| wanted.contains(&(of.org, **number)));
        wanted.map(|(of, number)| (*number, Arc::clone(&of.client_id))).collect()
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
    fn find(&mut self, asked: Asked<'_>) -> Option<PublisherId> {
        if let Some(number) = self.young.get(&asked) {
            return Some(*number);
        }
        let (publisher, number) = self.old.remove_entry(&asked)?;
        self.keep(publisher, number);
        Some(number)
    }

    fn keep(&mut self, publisher: Publisher, number: PublisherId) {
        if self.young.len() >= GENERATION_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(publisher, number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORG: OrgId = OrgId::DEFAULT;
    const OTHER: OrgId = OrgId(7);

    #[test]
    fn the_same_client_id_in_two_organisations_is_two_publishers() {
        let publishers = Publishers::default();
        let (press, _) = publishers.number_of(ORG, "press");
        let (other, new) = publishers.number_of(OTHER, "press");
        assert!(new && press != other);
        assert_eq!(publishers.number_of(ORG, "press"), (press, false));
        assert_eq!(publishers.number_of(OTHER, "press"), (other, false));
        let said = publishers.begin(other).map(|publisher| publisher.org);
        assert_eq!(said, Some(OTHER), "its record names its organisation");
        let names = publishers.names([(OTHER, press), (ORG, other)].into_iter());
        assert!(names.is_empty(), "nobody is told who publishes elsewhere");
    }

    #[test]
    fn the_table_is_bounded_and_a_busy_client_keeps_its_number() {
        let publishers = Publishers::default();
        let (busy, _) = publishers.number_of(ORG, "busy");
        for n in 0..3 * GENERATION_MAX {
            publishers.number_of(ORG, &format!("c{n}"));
            if n % 1_000 == 0 {
                assert_eq!(publishers.number_of(ORG, "busy"), (busy, false));
            }
        }
        let table = publishers.table.lock();
        assert!(table.young.len() + table.old.len() <= 2 * GENERATION_MAX + 1);
        assert_eq!(table.unnamed.len(), UNNAMED_MAX);
        drop(table);
        assert!(publishers.number_of(ORG, "c0").1, "forgotten");
        publishers.seen(PublisherId(1_000_000));
        assert_eq!(publishers.number_of(ORG, "new").0, PublisherId(1_000_001));
    }

    #[test]
    fn a_publisher_is_introduced_once_the_log_took_its_record() {
        let publishers = Publishers::default();
        let (press, new) = publishers.number_of(ORG, "press");
        assert!(new);
        let begin = || publishers.begin(press).map(|publisher| publisher.client_id);
        assert_eq!(begin().as_deref(), Some("press"));
        assert_eq!(begin(), None, "its record is on its way");
        publishers.end(press, false);
        assert_eq!(publishers.unnamed(), 1);
        assert_eq!(begin().as_deref(), Some("press"), "and was refused");
        publishers.end(press, true);
        assert_eq!((begin(), publishers.unnamed()), (None, 0));
        let names = publishers.names([(ORG, press), (ORG, PublisherId(77))].into_iter());
        assert_eq!(names.get(&press).map(|name| &**name), Some("press"));
        assert_eq!(names.len(), 1);
    }
}
