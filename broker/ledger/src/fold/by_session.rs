//! Values by session number that a snapshot copies in pieces while the fold goes on: a value that
//! changes before its turn is copied as it was.

use std::collections::BTreeMap;

use ahash::AHashSet;
use uns_model::SessionNo;

/// A map from session numbers.
#[derive(Debug)]
pub(crate) struct BySession<V> {
    values: BTreeMap<SessionNo, V>,
    copying: Option<Copying<V>>,
}

/// How far a snapshot is.
#[derive(Debug)]
struct Copying<V> {
    /// Everything below was copied.
    next: u64,
    /// What has changed before its turn.
    changed: AHashSet<SessionNo>,
    /// Those of them that are part of the snapshot, as they were when it began.
    saved: Vec<(SessionNo, V)>,
}

impl<V> Default for BySession<V> {
    fn default() -> Self {
        Self { values: BTreeMap::new(), copying: None }
    }
}

impl<V: Clone> BySession<V> {
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn contains(&self, number: SessionNo) -> bool {
        self.values.contains_key(&number)
    }

    pub(crate) fn get(&self, number: SessionNo) -> Option<&V> {
        self.values.get(&number)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (SessionNo, &V)> {
        self.values.iter().map(|(number, value)| (*number, value))
    }

    /// A value, to change what the log says of it.
    pub(crate) fn change(&mut self, number: SessionNo) -> Option<&mut V> {
        let value = self.values.get_mut(&number)?;
        if let Some(copying) = &mut self.copying {
            copying.before_change(number, Some(value));
        }
        Some(value)
    }

    /// A value, to change only what is not of the log.
    pub(crate) fn change_unlogged(&mut self, number: SessionNo) -> Option<&mut V> {
        self.values.get_mut(&number)
    }

    /// Adds or replaces a value; returns the one before.
    pub(crate) fn insert(&mut self, number: SessionNo, value: V) -> Option<V> {
        let before = self.values.insert(number, value);
        if let Some(copying) = &mut self.copying {
            copying.before_change(number, before.as_ref());
        }
        before
    }

    pub(crate) fn remove(&mut self, number: SessionNo) -> Option<V> {
        let before = self.values.remove(&number)?;
        if let Some(copying) = &mut self.copying {
            copying.before_change(number, Some(&before));
        }
        Some(before)
    }

    pub(super) fn begin_copy(&mut self) {
        self.copying = Some(Copying { next: 0, changed: AHashSet::new(), saved: Vec::new() });
    }

    pub(super) fn cancel_copy(&mut self) {
        self.copying = None;
    }

    /// Copies values until that has cost `limit`. Returns whether the snapshot has all of them.
    pub(super) fn copy_piece(
        &mut self,
        limit: usize,
        cost_of: impl Fn(&V) -> usize,
        into: &mut Vec<(SessionNo, V)>,
    ) -> bool {
        let Some(copying) = &mut self.copying else { return true };
        let mut cost = 0;
        let next = u32::try_from(copying.next).map(SessionNo);
        for (number, value) in next.into_iter().flat_map(|next| self.values.range(next..)) {
            copying.next = u64::from(number.0) + 1;
            cost += 1;
            if !copying.changed.contains(number) {
                cost += cost_of(value);
                into.push((*number, value.clone()));
            }
            if cost >= limit {
                break;
            }
        }
        into.append(&mut copying.saved);
        let is_done = cost < limit;
        if is_done {
            self.copying = None;
        }
        is_done
    }
}

impl<V: Clone> Copying<V> {
    fn before_change(&mut self, number: SessionNo, before: Option<&V>) {
        if u64::from(number.0) >= self.next && self.changed.insert(number) {
            self.saved.extend(before.map(|value| (number, value.clone())));
        }
    }
}
