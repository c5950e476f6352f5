//! Names of connections: a core, and a generational slot on it, so that an event for a connection
//! already gone hits nobody.

use std::fmt;

/// One core of the broker: a thread that owns its connections for life.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct CoreNo(pub u16);

impl CoreNo {
    /// As an index.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// One connection on its core. The generation makes a reused slot a different name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Key {
    /// Index into the core's table.
    pub slot: u32,
    /// How often the slot was used before.
    pub generation: u32,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.slot, self.generation)
    }
}

/// One connection of the whole broker.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Address {
    /// Where it lives.
    pub core: CoreNo,
    /// Which one it is there.
    pub key: Key,
}

/// A table of things named by generational keys.
#[derive(Debug)]
pub struct Slots<T> {
    entries: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slots<T> {
    /// Puts a value in; `None` when all 2^32 slots are taken.
    pub fn insert(&mut self, value: T) -> Option<Key> {
        if let Some(slot) = self.free.pop() {
            let entry = self.entries.get_mut(slot as usize)?;
            entry.1 = Some(value);
            return Some(Key { slot, generation: entry.0 });
        }
        let slot = u32::try_from(self.entries.len()).ok()?;
        self.entries.push((0, Some(value)));
        Some(Key { slot, generation: 0 })
    }

    /// The value of this key, unless it is gone.
    #[inline]
    pub fn get(&self, key: Key) -> Option<&T> {
        match self.entries.get(key.slot as usize) {
            Some((generation, value)) if *generation == key.generation => value.as_ref(),
            _ => None,
        }
    }

    /// The value of this key to change, unless it is gone.
    #[inline]
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        match self.entries.get_mut(key.slot as usize) {
            Some((generation, value)) if *generation == key.generation => value.as_mut(),
            _ => None,
        }
    }

    /// Takes the value out; its key never finds anything again.
    pub fn remove(&mut self, key: Key) -> Option<T> {
        let entry = self.entries.get_mut(key.slot as usize)?;
        if entry.0 != key.generation {
            return None;
        }
        let value = entry.1.take()?;
        entry.0 = entry.0.wrapping_add(1);
        self.free.push(key.slot);
        Some(value)
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every value to change, by slot.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.entries.iter_mut().filter_map(|(_, value)| value.as_mut())
    }

    /// The values in so many slots from this one on; the last is the slot to go on from, `None` at
    /// the end of the table.
    pub fn slice(&self, from: u32, count: u32) -> (impl Iterator<Item = (Key, &T)>, Option<u32>) {
        let end = from.saturating_add(count);
        let rest = self.entries.get(from as usize..).unwrap_or_default();
        let next = (rest.len() > count as usize).then_some(end);
        let some = (from..end).zip(rest).filter_map(|(slot, (generation, value))| {
            value.as_ref().map(|value| (Key { slot, generation: *generation }, value))
        });
        (some, next)
    }

    /// Every key and value, by slot.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        (0u32..).zip(&self.entries).filter_map(|(slot, (generation, value))| {
            value.as_ref().map(|value| (Key { slot, generation: *generation }, value))
        })
    }
}

/// A table of what belongs to things that another table names.
#[derive(Debug)]
pub(crate) struct KeyTable<T> {
    entries: Vec<(u32, Option<T>)>,
}

impl<T> Default for KeyTable<T> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<T> KeyTable<T> {
    /// Puts a value in, in place of that of any earlier generation.
    pub(crate) fn insert(&mut self, key: Key, value: T) {
        let place = key.slot as usize;
        if self.entries.len() <= place {
            self.entries.resize_with(place + 1, || (0, None));
        }
        if let Some(entry) = self.entries.get_mut(place) {
            *entry = (key.generation, Some(value));
        }
    }

    /// The value of this key, unless it is gone.
    #[inline]
    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        match self.entries.get(key.slot as usize) {
            Some((generation, value)) if *generation == key.generation => value.as_ref(),
            _ => None,
        }
    }

    /// The value of this key to change, unless it is gone.
    #[inline]
    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        match self.entries.get_mut(key.slot as usize) {
            Some((generation, value)) if *generation == key.generation => value.as_mut(),
            _ => None,
        }
    }

    /// Forgets the value of this key.
    pub(crate) fn remove(&mut self, key: Key) {
        if let Some((generation, value)) = self.entries.get_mut(key.slot as usize)
            && *generation == key.generation
        {
            *value = None;
        }
    }

    /// Every value to change, by slot.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.entries.iter_mut().filter_map(|(_, value)| value.as_mut())
    }

    /// Every key and value, by slot.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        (0u32..).zip(&self.entries).filter_map(|(slot, (generation, value))| {
            value.as_ref().map(|value| (Key { slot, generation: *generation }, value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reused_slot_has_another_name() {
        let mut slots = Slots::default();
        let first = slots.insert("a").unwrap();
        assert_eq!(slots.remove(first), Some("a"));
        let second = slots.insert("b").unwrap();
        assert_eq!(first.slot, second.slot);
        assert_eq!(slots.get(first), None);
        assert_eq!(slots.get_mut(first), None);
        assert_eq!(slots.remove(first), None);
        assert_eq!(slots.get(second), Some(&"b"));
        assert_eq!(slots.iter().collect::<Vec<_>>(), [(second, &"b")]);
        assert_eq!(slots.len(), 1);
        assert!(!slots.is_empty());
        slots.insert("c").unwrap();
        let (some, next) = slots.slice(0, 1);
        assert_eq!((some.count(), next), (1, Some(1)));
        let (some, next) = slots.slice(1, 1);
        assert_eq!((some.map(|(_, value)| *value).collect::<String>(), next), ("c".into(), None));
        assert_eq!(slots.slice(9, 1).0.count(), 0);
    }
}
