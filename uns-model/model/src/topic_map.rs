//! A map from topics to values, for millions of them: a topic's string lies in one place, and finding
//! it costs two numbers of four bytes. Nothing moves when it grows but those numbers.

use std::fmt;
use std::sync::Arc;

use ahash::RandomState;
use hashbrown::HashTable;

/// Slots in one block.
const BLOCK: usize = 1024;

type Slot<V> = Option<(Arc<str>, V)>;

/// Values by topic. A topic keeps its slot, a number below the most there ever were, until it is
/// removed.
pub struct TopicMap<V> {
    blocks: Vec<Box<[Slot<V>]>>,
    /// Slots that were never used begin here.
    end: u32,
    free: Vec<u32>,
    hasher: RandomState,
    table: HashTable<u32>,
}

impl<V> Default for TopicMap<V> {
    fn default() -> Self {
        Self {
            blocks: Vec::new(),
            end: 0,
            free: Vec::new(),
            hasher: RandomState::new(),
            table: HashTable::new(),
        }
    }
}

impl<V> fmt::Debug for TopicMap<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TopicMap({} topics)", self.len())
    }
}

impl<V> TopicMap<V> {
    /// How many topics.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Makes room for so many more topics. To grow step by step is to hash every topic again each time.
    pub fn reserve(&mut self, more: usize) {
        let Self { blocks, hasher, table, .. } = self;
        table.reserve(more, |slot| hasher.hash_one(name_in(blocks, *slot)));
    }

    /// How many slots were ever in use. The slot of every topic is below.
    pub fn slots(&self) -> u32 {
        self.end
    }

    /// Where a topic is.
    pub fn find(&self, topic: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(topic);
        self.table.find(hash, |slot| name_in(&self.blocks, *slot) == topic).copied()
    }

    /// What is in a slot.
    #[inline]
    pub fn get(&self, slot: u32) -> Option<(&Arc<str>, &V)> {
        let (name, value) = slot_in(&self.blocks, slot)?;
        Some((name, value))
    }

    /// The value in a slot, to change.
    pub fn get_mut(&mut self, slot: u32) -> Option<&mut V> {
        let slot = slot as usize;
        let (_, value) = self.blocks.get_mut(slot / BLOCK)?.get_mut(slot % BLOCK)?.as_mut()?;
        Some(value)
    }

    /// The topic in a slot; empty where there is none.
    #[inline]
    pub fn name(&self, slot: u32) -> &str {
        name_in(&self.blocks, slot)
    }

    /// Adds a topic that is not there; gives its slot.
    pub fn insert(&mut self, name: Arc<str>, value: V) -> u32 {
        let hash = self.hasher.hash_one(&*name);
        let slot = self.free.pop().unwrap_or_else(|| {
            let slot = self.end;
            self.end = slot.checked_add(1).expect("memory ends before 2^32 topics do");
            slot
        });
        let place = slot as usize;
        if place / BLOCK == self.blocks.len() {
            self.blocks.push(std::iter::repeat_with(|| None).take(BLOCK).collect());
        }
        if let Some(empty) =
            self.blocks.get_mut(place / BLOCK).and_then(|b| b.get_mut(place % BLOCK))
        {
            *empty = Some((name, value));
        }
        let Self { blocks, hasher, table, .. } = self;
        table.insert_unique(hash, slot, |slot| hasher.hash_one(name_in(blocks, *slot)));
        slot
    }

    /// Takes a topic out; its slot is free for another one.
    pub fn remove(&mut self, slot: u32) -> Option<(Arc<str>, V)> {
        let place = slot as usize;
        let taken = self.blocks.get_mut(place / BLOCK)?.get_mut(place % BLOCK)?.take()?;
        let hash = self.hasher.hash_one(&*taken.0);
        if let Ok(entry) = self.table.find_entry(hash, |other| *other == slot) {
            entry.remove();
        }
        self.free.push(slot);
        Some(taken)
    }

    /// Every topic and its value, by slot.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &V)> {
        self.blocks.iter().flatten().flatten().map(|(name, value)| (name, value))
    }
}

#[inline]
fn slot_in<V>(blocks: &[Box<[Slot<V>]>], slot: u32) -> Option<&(Arc<str>, V)> {
    let slot = slot as usize;
    blocks.get(slot / BLOCK)?.get(slot % BLOCK)?.as_ref()
}

#[inline]
fn name_in<V>(blocks: &[Box<[Slot<V>]>], slot: u32) -> &str {
    slot_in(blocks, slot).map_or("", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_says_what_a_plain_map_says(
            steps in prop::collection::vec((0u8..3, 0u32..2500), 0..4000),
        ) {
            let (mut map, mut model) = (TopicMap::default(), BTreeMap::new());
            for (number, (kind, topic)) in steps.into_iter().enumerate() {
                let name = format!("t/{topic}");
                match (map.find(&name), kind) {
                    (Some(slot), 0) => {
                        let (gone, value) = map.remove(slot).unwrap();
                        prop_assert_eq!((&*gone, Some(value)), (&*name, model.remove(&name)));
                        prop_assert!(map.remove(slot).is_none());
                    }
                    (Some(slot), _) => {
                        prop_assert_eq!(map.name(slot), &name);
                        *map.get_mut(slot).unwrap() = number;
                        model.insert(name, number);
                    }
                    (None, 0) => prop_assert!(!model.contains_key(&name)),
                    (None, _) => {
                        let slot = map.insert(name.as_str().into(), number);
                        prop_assert_eq!(map.get(slot).unwrap().1, &number);
                        prop_assert_eq!(model.insert(name, number), None);
                    }
                }
                prop_assert_eq!(map.len(), model.len());
            }
            let all: BTreeMap<_, _> = map.iter().map(|(n, v)| (n.to_string(), *v)).collect();
            prop_assert_eq!(all, model);
        }
    }

    #[test]
    fn slots_are_used_again() {
        let mut map = TopicMap::default();
        for round in 0..3 {
            let slots: Vec<_> = (0..3000).map(|n| map.insert(format!("{n}").into(), n)).collect();
            assert!(slots.iter().all(|slot| *slot < 3000), "round {round}");
            slots.iter().for_each(|slot| drop(map.remove(*slot)));
            assert!(map.is_empty());
        }
        assert_eq!(map.name(0), "");
        assert!(map.get(1 << 30).is_none());
    }
}
