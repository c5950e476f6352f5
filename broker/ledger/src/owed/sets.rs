//! The identifiers and shares that deliveries have in common. Each combination is kept once, however
//! the deliveries of several shares alternate.

use std::num::NonZeroU32;
use std::sync::Arc;

/// The combinations that deliveries have, by index.
#[derive(Clone, Debug, Default)]
pub(super) struct Sets {
    sets: Vec<Set>,
    /// Indices in `sets` that are free.
    free: Vec<u32>,
    /// The other indices, in the order of [`Set::key`].
    order: Vec<u32>,
}

/// The identifiers and the share that some deliveries have in common.
#[derive(Clone, Debug, Default)]
struct Set {
    ids: Arc<[NonZeroU32]>,
    share: Option<Arc<str>>,
    /// How many deliveries have it; 0 if its index is free.
    users: u32,
}

impl Set {
    fn key(&self) -> (Option<&str>, &[NonZeroU32]) {
        (self.share.as_deref(), &self.ids)
    }
}

impl Sets {
    /// One more delivery has these. Gives their index.
    pub(super) fn keep(&mut self, ids: &[NonZeroU32], share: Option<&str>) -> u32 {
        match self.search((share, ids)) {
            Ok(at) => {
                let place = self.order[at];
                self.sets[place as usize].users += 1;
                place
            }
            Err(at) => {
                let set = Set { ids: Arc::from(ids), share: share.map(Arc::from), users: 1 };
                let place = self.add(set);
                self.order.insert(at, place);
                place
            }
        }
    }

    /// One delivery fewer has the combination with this index.
    pub(super) fn release(&mut self, place: u32) {
        let Some(set) = self.sets.get_mut(place as usize) else { return };
        set.users -= 1;
        if set.users > 0 {
            return;
        }
        if let Ok(at) = self.search(self.sets[place as usize].key()) {
            self.order.remove(at);
        }
        self.sets[place as usize] = Set::default();
        self.free.push(place);
    }

    /// The identifiers with an index.
    pub(super) fn ids(&self, place: u32) -> Option<&Arc<[NonZeroU32]>> {
        self.sets.get(place as usize).map(|set| &set.ids)
    }

    /// The share with an index.
    pub(super) fn share(&self, place: u32) -> Option<&Arc<str>> {
        self.sets.get(place as usize)?.share.as_ref()
    }

    /// How many there is memory for.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.sets.len()
    }

    fn search(&self, key: (Option<&str>, &[NonZeroU32])) -> Result<usize, usize> {
        self.order.binary_search_by(|place| self.sets[*place as usize].key().cmp(&key))
    }

    fn add(&mut self, set: Set) -> u32 {
        if let Some(place) = self.free.pop() {
            self.sets[place as usize] = set;
            return place;
        }
        self.sets.push(set);
        u32::try_from(self.sets.len() - 1).expect("fewer than there are bytes of memory")
    }
}
