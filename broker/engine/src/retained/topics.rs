//! The retained messages of one organisation: by topic through a table, in topic order beside it.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ahash::RandomState;
use hashbrown::HashTable;
use uns_model::Kept;

use super::Held;
use super::order::{Order, Place, compare};

/// Retained messages. A topic has a slot of 32 bytes and two numbers of four.
#[derive(Debug, Default)]
pub(super) struct Topics {
    slots: Vec<Option<(Arc<str>, Kept)>>,
    free: Vec<u32>,
    hasher: RandomState,
    table: HashTable<u32>,
    order: Order,
    /// When those that expire do.
    expires: HashMap<u32, Duration, RandomState>,
}

impl Topics {
    pub(super) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    pub(super) fn get(&self, topic: &str) -> Option<Held<'_>> {
        self.held(self.slot(topic)?)
    }

    /// The topic's string.
    pub(super) fn name(&self, topic: &str) -> Option<Arc<str>> {
        let (name, _) = self.slots.get(self.slot(topic)? as usize)?.as_ref()?;
        Some(Arc::clone(name))
    }

    /// Keeps a message; gives the bytes of the one before.
    pub(super) fn set(
        &mut self,
        topic: &str,
        name: impl FnOnce() -> Arc<str>,
        (expires, kept): (Option<Duration>, Kept),
    ) -> Option<usize> {
        let known = self.slot(topic);
        let before = known.and_then(|slot| self.held(slot)).map(|held| held.bytes());
        let slot = match known {
            Some(slot) => {
                if let Some(Some((_, message))) = self.slots.get_mut(slot as usize) {
                    *message = kept;
                }
                slot
            }
            None => self.add(name(), kept),
        };
        match expires {
            Some(at) => drop(self.expires.insert(slot, at)),
            None if self.expires.is_empty() => {}
            None => drop(self.expires.remove(&slot)),
        }
        before
    }

    fn add(&mut self, name: Arc<str>, kept: Kept) -> u32 {
        let place = self.seek(|topic| compare(topic, &name) == Ordering::Less);
        let hash = self.hasher.hash_one(&*name);
        let value = Some((name, kept));
        let slot = match self.free.pop() {
            Some(slot) => {
                if let Some(empty) = self.slots.get_mut(slot as usize) {
                    *empty = value;
                }
                slot
            }
            None => {
                self.slots.push(value);
                u32::try_from(self.slots.len() - 1).expect("the quota is below 2^32 messages")
            }
        };
        self.order.insert(place, slot);
        let Self { slots, hasher, table, .. } = self;
        table.insert_unique(hash, slot, |slot| hasher.hash_one(name_in(slots, *slot)));
        slot
    }

    /// Forgets a message; gives its bytes.
    pub(super) fn remove(&mut self, topic: &str) -> Option<usize> {
        let slot = self.slot(topic)?;
        let bytes = self.held(slot)?.bytes();
        let place = self.seek(|other| compare(other, topic) == Ordering::Less);
        self.order.remove(place);
        let hash = self.hasher.hash_one(topic);
        if let Ok(entry) = self.table.find_entry(hash, |other| *other == slot) {
            entry.remove();
        }
        self.expires.remove(&slot);
        *self.slots.get_mut(slot as usize)? = None;
        self.free.push(slot);
        Some(bytes)
    }

    /// The first place whose topic does not lie `before`.
    pub(super) fn seek(&self, before: impl Fn(&str) -> bool) -> Place {
        self.order.seek(|slot| before(name_in(&self.slots, slot)))
    }

    /// The message at a place, and the place behind.
    pub(super) fn at(&self, place: Place) -> Option<(Held<'_>, Place)> {
        let held = self.held(self.order.get(place)?)?;
        Some((held, self.order.next(place)))
    }

    fn held(&self, slot: u32) -> Option<Held<'_>> {
        let (topic, kept) = self.slots.get(slot as usize)?.as_ref()?;
        let expires = if self.expires.is_empty() { None } else { self.expires.get(&slot).copied() };
        Some(Held { topic, expires, kept })
    }

    fn slot(&self, topic: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(topic);
        self.table.find(hash, |slot| name_in(&self.slots, *slot) == topic).copied()
    }
}

fn name_in(slots: &[Option<(Arc<str>, Kept)>], slot: u32) -> &str {
    let value = slots.get(slot as usize).and_then(Option::as_ref);
    value.map_or("", |(name, _)| name)
}
