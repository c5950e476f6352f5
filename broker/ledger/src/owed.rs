//! What one session is owed: 24 bytes for each delivery, in log order.

mod sets;

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::Arc;

use uns_model::Sequence;

use crate::{Ids, PACKET_ID_MAX};
use sets::Sets;

const SEQUENCE_BITS: u32 = 53;
const SEQUENCE_MASK: u64 = (1 << SEQUENCE_BITS) - 1;
const QOS_2: u64 = 1 << 53;
const RETAIN: u64 = 1 << 54;
const RELEASED: u64 = 1 << 55;
const SETTLED: u64 = 1 << 56;
/// Not logged: a core has taken it to pass it on.
const OFFERED: u64 = 1 << 57;

/// Subscription identifiers have 28 bits. With this bit set, the rest is an index in [`Owed::sets`].
const SET: u32 = 1 << 31;
/// An empty list with more capacity than this frees it.
const ROOM_KEPT: usize = 64;

/// One delivery.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    /// The sequence in the lower 53 bits, and flags above.
    word: u64,
    /// Its number among all deliveries that the session was ever owed, dropped ones included.
    pub(crate) ordinal: u64,
    /// 0, one identifier, or the index of a set.
    ids: u32,
    /// Bytes of the record.
    pub(crate) bytes: u32,
}

const _: () = assert!(size_of::<Entry>() == 24, "the promise of this file");
const _: () = assert!(Sequence::MAX.0 == SEQUENCE_MASK, "sequences leave room for the flags");

impl Entry {
    pub(crate) fn sequence(&self) -> Sequence {
        Sequence(self.word & SEQUENCE_MASK)
    }

    pub(crate) fn qos(&self) -> u8 {
        if self.word & QOS_2 == 0 { 1 } else { 2 }
    }

    pub(crate) fn retain(&self) -> bool {
        self.word & RETAIN != 0
    }

    pub(crate) fn is_released(&self) -> bool {
        self.word & RELEASED != 0
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.word & SETTLED != 0
    }

    /// The packet id. It is the same for every attempt, also after a crash.
    pub(crate) fn packet_id(&self) -> u16 {
        let id = self.ordinal % u64::from(PACKET_ID_MAX);
        u16::try_from(id).map_or(1, |id| id + 1)
    }

    /// Whether a core has taken it to pass it on.
    pub(crate) fn is_offered(&self) -> bool {
        self.word & OFFERED != 0
    }

    /// Sequence and flags in the form of a checkpoint.
    pub(crate) fn word(&self) -> u64 {
        self.word & !OFFERED
    }
}

/// How a publish is delivered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Terms {
    pub(crate) sequence: Sequence,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    /// Bytes of its record.
    pub(crate) bytes: u32,
}

/// An entry in a checkpoint, without its identifiers and its share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SavedEntry {
    /// What [`Entry::word`] gives.
    pub(crate) word: u64,
    pub(crate) ordinal: u64,
    pub(crate) bytes: u32,
}

/// The deliveries of one session that are not settled, oldest first.
///
/// A settled delivery stays as a tombstone until all before it are settled. The window of packet ids
/// bounds the number of tombstones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Owed {
    entries: VecDeque<Entry>,
    next_ordinal: u64,
    /// The last publish it was owed. Publishes come in log order.
    last: Sequence,
    live: usize,
    bytes: u64,
    /// The identifiers and shares of deliveries that have several identifiers or come from a share.
    sets: Sets,
}

impl Owed {
    /// A list from a checkpoint. Its entries follow.
    pub(crate) fn restore(next_ordinal: u64, last: Sequence) -> Self {
        Self { next_ordinal, last, ..Self::default() }
    }

    /// The ordinal of the next delivery.
    pub(crate) fn next_ordinal(&self) -> u64 {
        self.next_ordinal
    }

    pub(crate) fn last(&self) -> Sequence {
        self.last
    }

    /// How many deliveries are not settled.
    pub(crate) fn len(&self) -> usize {
        self.live
    }

    /// Their bytes in the log.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// All entries, including tombstones.
    pub(crate) fn entries(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The oldest delivery that is not settled.
    pub(crate) fn oldest(&self) -> Option<&Entry> {
        self.entries.front()
    }

    /// The newest entry, and the one before it.
    pub(crate) fn newest_two(&self) -> (Option<&Entry>, Option<&Entry>) {
        let mut newest = self.entries.iter().rev();
        (newest.next(), newest.next())
    }

    /// The first delivery at or after an ordinal that is not settled.
    pub(crate) fn first_from(&self, ordinal: u64) -> Option<Entry> {
        let place = self.entries.partition_point(|entry| entry.ordinal < ordinal);
        self.entries.range(place..).find(|entry| !entry.is_settled()).copied()
    }

    pub(crate) fn find(&self, sequence: Sequence) -> Option<&Entry> {
        let place = self.place(sequence)?;
        self.entries.get(place)
    }

    /// Adds a delivery with its identifiers and the share it comes from.
    pub(crate) fn push(
        &mut self,
        terms: Terms,
        ids: impl Iterator<Item = NonZeroU32>,
        share: Option<&str>,
    ) {
        let ids = self.keep(ids, share);
        let ordinal = self.refuse(terms.sequence);
        let word = terms.sequence.0
            | if terms.qos == 2 { QOS_2 } else { 0 }
            | if terms.retain { RETAIN } else { 0 };
        self.add(Entry { word, ordinal, ids, bytes: terms.bytes });
    }

    /// Counts a delivery that is dropped. It has an ordinal too, so that the ordinals of others do not
    /// depend on settings.
    pub(crate) fn refuse(&mut self, sequence: Sequence) -> u64 {
        self.last = sequence;
        self.next_ordinal += 1;
        self.next_ordinal - 1
    }

    /// Adds an entry from a checkpoint.
    pub(crate) fn restore_entry(
        &mut self,
        saved: SavedEntry,
        ids: impl Iterator<Item = NonZeroU32>,
        share: Option<&str>,
    ) {
        let SavedEntry { word, ordinal, bytes } = saved;
        let ids = self.keep(ids, share);
        self.add(Entry { word, ordinal, ids, bytes });
    }

    fn add(&mut self, entry: Entry) {
        if !entry.is_settled() {
            self.live += 1;
            self.bytes += u64::from(entry.bytes);
        }
        self.entries.push_back(entry);
    }

    /// Settles a delivery; `None` if nothing of that sequence is owed.
    pub(crate) fn settle(&mut self, sequence: Sequence) -> Option<Entry> {
        let place = self.place(sequence)?;
        let entry = self.entries.get_mut(place).filter(|entry| !entry.is_settled())?;
        entry.word |= SETTLED;
        let settled = *entry;
        entry.ids = 0;
        self.live -= 1;
        self.bytes -= u64::from(settled.bytes);
        if let Some(set) = set_of(settled.ids) {
            self.sets.release(set);
        }
        while self.entries.front().is_some_and(Entry::is_settled) {
            self.entries.pop_front();
        }
        if self.entries.is_empty() && self.entries.capacity() > ROOM_KEPT {
            (self.entries, self.sets) = Default::default();
        }
        Some(settled)
    }

    /// Forgets settled deliveries, where no window of packet ids bounds their number.
    pub(crate) fn compact(&mut self) {
        if self.entries.len() > 2 * self.live + ROOM_KEPT {
            self.entries.retain(|entry| !entry.is_settled());
        }
    }

    /// Marks a delivery whose PUBREC came; `false` if nothing of that sequence is owed.
    pub(crate) fn release(&mut self, sequence: Sequence) -> bool {
        let Some(place) = self.place(sequence) else { return false };
        match self.entries.get_mut(place).filter(|entry| !entry.is_settled()) {
            Some(entry) => entry.word |= RELEASED,
            None => return false,
        }
        true
    }

    /// The subscription identifiers of an entry.
    pub(crate) fn ids(&self, entry: &Entry) -> Ids {
        match set_of(entry.ids) {
            None => NonZeroU32::new(entry.ids).map_or(Ids::None, Ids::One),
            Some(set) => match self.sets.ids(set) {
                None => Ids::None,
                Some(ids) => match **ids {
                    [] => Ids::None,
                    [one] => Ids::One(one),
                    _ => Ids::Many(Arc::clone(ids)),
                },
            },
        }
    }

    /// The share that an entry comes from.
    pub(crate) fn share(&self, entry: &Entry) -> Option<&Arc<str>> {
        self.sets.share(set_of(entry.ids)?)
    }

    /// The session has ended. Deliveries that come from a share and may go to another member stay, and
    /// all others are settled. A delivery of QoS 2 that may have begun, which is any below the ordinal
    /// `begun`, must not go to another member [MQTT-4.8.2-5]. Returns how many of those were lost.
    pub(crate) fn leave(&mut self, begun: u64) -> u64 {
        let all: Vec<Entry> =
            self.entries.iter().filter(|one| !one.is_settled()).copied().collect();
        let mut lost = 0;
        for entry in all {
            let shared = self.share(&entry).is_some();
            let begun = entry.qos() == 2 && (entry.ordinal < begun || entry.is_released());
            lost += u64::from(shared && begun);
            if !shared || begun {
                self.settle(entry.sequence());
            }
        }
        lost
    }

    /// The deliveries that no core has taken to pass them on.
    pub(crate) fn not_offered(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| !entry.is_settled() && !entry.is_offered())
    }

    /// A core has taken a delivery to pass it on, or could not after all.
    pub(crate) fn offer(&mut self, sequence: Sequence, taken: bool) {
        let Some(place) = self.place(sequence) else { return };
        if let Some(entry) = self.entries.get_mut(place) {
            entry.word = if taken { entry.word | OFFERED } else { entry.word & !OFFERED };
        }
    }

    /// How many deliveries cores have taken to pass them on. These are the first ones.
    pub(crate) fn offered(&self) -> usize {
        let done = |entry: &&Entry| entry.is_settled() || entry.is_offered();
        let first = self.entries.iter().take_while(done);
        first.filter(|entry| entry.is_offered() && !entry.is_settled()).count()
    }

    fn place(&self, sequence: Sequence) -> Option<usize> {
        self.entries.binary_search_by_key(&sequence, Entry::sequence).ok()
    }

    fn keep(&mut self, mut ids: impl Iterator<Item = NonZeroU32>, share: Option<&str>) -> u32 {
        let first = ids.next();
        let second = ids.next();
        if let (None, None) = (second, share) {
            return first.map_or(0, |id| id.get() & !SET);
        }
        let ids: Vec<NonZeroU32> = first.into_iter().chain(second).chain(ids).collect();
        self.sets.keep(&ids, share) | SET
    }
}

fn set_of(ids: u32) -> Option<u32> {
    (ids & SET != 0).then_some(ids & !SET)
}

#[cfg(test)]
mod tests;
