//! The routes one core remembers.

use std::collections::HashMap;
use std::rc::Rc;

use ahash::RandomState;
use hashbrown::HashTable;
use uns_model::OrgId;

use super::Route;

/// Routes by the hash of their topics, which both tables share.
type Table<N> = HashTable<Rc<Route<N>>>;

/// The routes one core remembers: two tables, the younger of which becomes the older when it is
/// half of the limit, so that what is in use stays. Once one is full, a topic has to come twice
/// within a while to be remembered: where a million topics take turns, nothing is gained by
/// forgetting one for another, and much is lost.
#[derive(Debug)]
pub(crate) struct RouteCache<N> {
    orgs: HashMap<OrgId, (Table<N>, Table<N>), RandomState>,
    half: usize,
    hasher: RandomState,
    /// Topics that came lately and were not remembered, by a part of their hash.
    passing: Box<[u32]>,
    /// Rises with what it was asked for and did not remember, and falls with what it did.
    unfamiliar: u32,
}

/// How far that rises: so soon it is forgotten.
const UNFAMILIAR_MAX: u32 = 64;

impl<N> RouteCache<N> {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            orgs: HashMap::default(),
            half: (max / 2).max(1),
            hasher: RandomState::default(),
            passing: Box::default(),
            unfamiliar: 0,
        }
    }

    /// The route of a topic it remembers.
    pub(crate) fn get(&mut self, org: OrgId, topic: &str) -> Option<Rc<Route<N>>> {
        let known = self.find(org, topic);
        self.unfamiliar = match known {
            Some(_) => self.unfamiliar.saturating_sub(1),
            None => (self.unfamiliar + 4).min(UNFAMILIAR_MAX),
        };
        known
    }

    /// Whether much of what it was asked for lately was not remembered.
    pub(crate) fn is_unfamiliar(&self) -> bool {
        self.unfamiliar >= UNFAMILIAR_MAX / 2
    }

    fn find(&mut self, org: OrgId, topic: &str) -> Option<Rc<Route<N>>> {
        let (young, old) = self.orgs.get_mut(&org)?;
        let hash = self.hasher.hash_one(topic);
        let is_it = |route: &Rc<Route<N>>| *route.topic == *topic;
        if let Some(route) = young.find(hash, is_it) {
            return Some(Rc::clone(route));
        }
        let (route, _) = old.find_entry(hash, is_it).ok()?.remove();
        Self::keep(young, old, self.half, &self.hasher, Rc::clone(&route));
        Some(route)
    }

    /// Whether a topic that it does not remember is to be: where there is room, or if it comes
    /// again.
    pub(crate) fn wants(&mut self, org: OrgId, topic: &str) -> bool {
        let Some((young, old)) = self.orgs.get(&org) else { return true };
        if young.len() < self.half && old.is_empty() {
            return true;
        }
        if self.passing.is_empty() {
            self.passing = vec![0; self.half.next_power_of_two()].into();
        }
        let hash = self.hasher.hash_one(topic);
        let [low, high] = [hash & u64::from(u32::MAX), hash >> 32];
        let place = usize::try_from(low).unwrap_or_default() & (self.passing.len() - 1);
        let mark = u32::try_from(high).unwrap_or_default();
        self.passing.get_mut(place).is_none_or(|last| std::mem::replace(last, mark) == mark)
    }

    /// Remembers a route, in place of the topic's last one if there is one.
    pub(crate) fn insert(&mut self, org: OrgId, route: Rc<Route<N>>) {
        let (young, old) = self.orgs.entry(org).or_default();
        let hash = self.hasher.hash_one(&*route.topic);
        match young.find_mut(hash, |known| known.topic == route.topic) {
            Some(known) => *known = route,
            None => Self::keep(young, old, self.half, &self.hasher, route),
        }
    }

    /// The topics it remembers, in no order.
    pub(crate) fn topics(&self, org: OrgId) -> impl Iterator<Item = &str> {
        let tables = self.orgs.get(&org).map(|(young, old)| young.iter().chain(old.iter()));
        tables.into_iter().flatten().map(|route| &*route.topic)
    }

    fn keep(
        young: &mut Table<N>,
        old: &mut Table<N>,
        half: usize,
        hasher: &RandomState,
        route: Rc<Route<N>>,
    ) {
        if young.len() >= half {
            *old = std::mem::take(young);
        }
        let hash = hasher.hash_one(&*route.topic);
        young.insert_unique(hash, route, |route| hasher.hash_one(&*route.topic));
    }
}
