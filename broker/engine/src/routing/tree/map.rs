//! A persistent hash map: a clone shares everything, a change copies only the path to it. It keeps
//! the cost of one subscription logarithmic however wide a level of the tree is.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::{Arc, OnceLock};

use ahash::RandomState;

const BITS: u32 = 5;
const LAST_SHIFT: u32 = 60;

/// A map whose clones are cheap and independent.
#[derive(Debug)]
pub(crate) struct Map<K, V> {
    root: Branch<K, V>,
    len: usize,
}

#[derive(Debug)]
struct Branch<K, V> {
    bitmap: u32,
    entries: Arc<Vec<Entry<K, V>>>,
}

#[derive(Debug, Clone)]
enum Entry<K, V> {
    Leaf(K, V),
    Branch(Branch<K, V>),
    /// Keys whose 64 hash bits are equal.
    Bucket(Arc<Vec<(K, V)>>),
}

impl<K, V> Clone for Map<K, V> {
    fn clone(&self) -> Self {
        Self { root: self.root.clone(), len: self.len }
    }
}

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self { root: Branch::default(), len: 0 }
    }
}

impl<K, V> Clone for Branch<K, V> {
    fn clone(&self) -> Self {
        Self { bitmap: self.bitmap, entries: Arc::clone(&self.entries) }
    }
}

impl<K, V> Default for Branch<K, V> {
    fn default() -> Self {
        Self { bitmap: 0, entries: Arc::new(Vec::new()) }
    }
}

fn hash_of<Q: Hash + ?Sized>(key: &Q) -> u64 {
    static STATE: OnceLock<RandomState> = OnceLock::new();
    STATE.get_or_init(RandomState::new).hash_one(key)
}

fn bit(hash: u64, shift: u32) -> u32 {
    1 << ((hash >> shift) & 31)
}

impl<K: Hash + Eq + Clone, V: Clone> Map<K, V> {
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        if self.len == 0 {
            return None;
        }
        let hash = hash_of(key);
        let mut branch = &self.root;
        let mut shift = 0;
        loop {
            match branch.entries.get(branch.position(bit(hash, shift))?)? {
                Entry::Leaf(k, v) => return (k.borrow() == key).then_some(v),
                Entry::Branch(next) => branch = next,
                Entry::Bucket(list) => {
                    return list.iter().find(|(k, _)| k.borrow() == key).map(|(_, v)| v);
                }
            }
            shift += BITS;
        }
    }

    /// Puts the value in and returns the one it replaces.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let hash = hash_of(&key);
        let old = self.root.insert(hash, 0, key, value);
        self.len += usize::from(old.is_none());
        old
    }

    pub(crate) fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let old = self.root.remove(hash_of(key), 0, key);
        self.len -= usize::from(old.is_some());
        old
    }

    /// Visits every entry, in no order.
    pub(crate) fn for_each(&self, visit: &mut dyn FnMut(&K, &V)) {
        self.root.for_each(visit);
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Branch<K, V> {
    fn position(&self, bit: u32) -> Option<usize> {
        (self.bitmap & bit != 0).then(|| self.rank(bit))
    }

    fn rank(&self, bit: u32) -> usize {
        (self.bitmap & (bit - 1)).count_ones() as usize
    }

    fn insert(&mut self, hash: u64, shift: u32, key: K, value: V) -> Option<V> {
        let bit = bit(hash, shift);
        let at = self.rank(bit);
        let entries = Arc::make_mut(&mut self.entries);
        if self.bitmap & bit == 0 {
            self.bitmap |= bit;
            entries.insert(at, Entry::Leaf(key, value));
            return None;
        }
        match &mut entries[at] {
            Entry::Leaf(k, v) if *k == key => Some(std::mem::replace(v, value)),
            Entry::Branch(next) => next.insert(hash, shift + BITS, key, value),
            Entry::Bucket(list) => {
                let list = Arc::make_mut(list);
                if let Some((_, v)) = list.iter_mut().find(|(k, _)| *k == key) {
                    return Some(std::mem::replace(v, value));
                }
                list.push((key, value));
                None
            }
            Entry::Leaf(k, v) => {
                let (k, v) = (k.clone(), v.clone());
                entries[at] = if shift >= LAST_SHIFT {
                    Entry::Bucket(Arc::new(vec![(k, v), (key, value)]))
                } else {
                    let mut next = Self::default();
                    next.insert(hash_of(&k), shift + BITS, k, v);
                    next.insert(hash, shift + BITS, key, value);
                    Entry::Branch(next)
                };
                None
            }
        }
    }

    fn remove<Q: Hash + Eq + ?Sized>(&mut self, hash: u64, shift: u32, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let bit = bit(hash, shift);
        let at = self.position(bit)?;
        match self.entries.get(at)? {
            Entry::Leaf(k, _) if k.borrow() != key => return None,
            Entry::Leaf(..) | Entry::Branch(_) | Entry::Bucket(_) => {}
        }
        let entries = Arc::make_mut(&mut self.entries);
        let (old, empty) = match &mut entries[at] {
            Entry::Leaf(_, v) => (v.clone(), true),
            Entry::Branch(next) => {
                let old = next.remove(hash, shift + BITS, key)?;
                (old, next.bitmap == 0)
            }
            Entry::Bucket(list) => {
                let list = Arc::make_mut(list);
                let index = list.iter().position(|(k, _)| k.borrow() == key)?;
                (list.swap_remove(index).1, list.is_empty())
            }
        };
        if empty {
            entries.remove(at);
            self.bitmap &= !bit;
        }
        Some(old)
    }

    fn for_each(&self, visit: &mut dyn FnMut(&K, &V)) {
        for entry in self.entries.iter() {
            match entry {
                Entry::Leaf(k, v) => visit(k, v),
                Entry::Branch(next) => next.for_each(visit),
                Entry::Bucket(list) => list.iter().for_each(|(k, v)| visit(k, v)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    /// A key with chosen hash collisions.
    #[derive(Clone, PartialEq, Eq, Debug)]
    struct Clash(u16);

    impl Hash for Clash {
        fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
            (self.0 % 8).hash(state);
        }
    }

    proptest! {
        #[test]
        fn behaves_like_a_hash_map(steps in prop::collection::vec((any::<bool>(), 0u16..300, any::<u8>()), 0..600)) {
            let mut model = HashMap::new();
            let mut map = Map::default();
            let mut clashing = Map::default();
            for (insert, key, value) in steps {
                let snapshot = map.clone();
                let before = snapshot.len();
                if insert {
                    let old = model.insert(key, value);
                    prop_assert_eq!(map.insert(key, value), old);
                    prop_assert_eq!(clashing.insert(Clash(key), value), old);
                } else {
                    let old = model.remove(&key);
                    prop_assert_eq!(map.remove(&key), old);
                    prop_assert_eq!(clashing.remove(&Clash(key)), old);
                }
                prop_assert_eq!(snapshot.len(), before);
                prop_assert_eq!(map.len(), model.len());
                prop_assert_eq!(map.get(&key), model.get(&key));
                prop_assert_eq!(clashing.get(&Clash(key)), model.get(&key));
            }
            let mut seen = HashMap::new();
            map.for_each(&mut |k, v| { seen.insert(*k, *v); });
            prop_assert_eq!(&seen, &model);
            prop_assert_eq!(map.is_empty(), model.is_empty());
        }
    }
}
