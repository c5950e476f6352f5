//! The routes one core remembers.

use std::collections::HashMap;
use std::rc::Rc;

use ahash::RandomState;
use uns_model::OrgId;

use super::Route;

type Table<N> = HashMap<Box<str>, Rc<Route<N>>, RandomState>;

/// The routes one core remembers: two tables, the younger of which becomes the older when it is
/// half of the limit, so that what is in use stays.
#[derive(Debug)]
pub(crate) struct Routes<N> {
    orgs: HashMap<OrgId, (Table<N>, Table<N>), RandomState>,
    half: usize,
}

impl<N> Routes<N> {
    pub(crate) fn new(max: usize) -> Self {
        Self { orgs: HashMap::default(), half: (max / 2).max(1) }
    }

    pub(crate) fn get(&mut self, org: OrgId, topic: &str) -> Option<Rc<Route<N>>> {
        let (young, old) = self.orgs.get_mut(&org)?;
        if let Some(route) = young.get(topic) {
            return Some(Rc::clone(route));
        }
        let (topic, route) = old.remove_entry(topic)?;
        Self::keep(young, old, self.half, (topic, Rc::clone(&route)));
        Some(route)
    }

    pub(crate) fn insert(&mut self, org: OrgId, route: Rc<Route<N>>) {
        let (young, old) = self.orgs.entry(org).or_default();
        Self::keep(young, old, self.half, (route.topic.clone(), route));
    }

    /// The topics it remembers, in no order.
    pub(crate) fn topics(&self, org: OrgId) -> impl Iterator<Item = &str> {
        let tables = self.orgs.get(&org).map(|(young, old)| young.keys().chain(old.keys()));
        tables.into_iter().flatten().map(|topic| &**topic)
    }

    fn keep(
        young: &mut Table<N>,
        old: &mut Table<N>,
        half: usize,
        (topic, route): (Box<str>, Rc<Route<N>>),
    ) {
        if young.len() >= half {
            *old = std::mem::take(young);
        }
        young.insert(topic, route);
    }
}
