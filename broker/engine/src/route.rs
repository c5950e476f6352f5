//! Where publishes to a topic go: node and matched receivers, remembered per core for as long as the
//! subscription tree stays the same. UNS topics repeat, so a publish costs one hash look-up, or
//! none when a client publishes to its last topic again.

use std::cell::Cell;
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ahash::RandomState;
use uns_model::OrgId;

use crate::access::{Access, Action};
use crate::gate::Resolved;
use crate::key::{Address, CoreNo, Key};
use crate::policy::Grants;
use crate::tree::{Link, Subscriber, Subscriptions};

/// One receiver of a topic: all its overlapping subscriptions as one delivery.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) key: Key,
    pub(crate) qos: u8,
    pub(crate) retain_as_published: bool,
    pub(crate) audience: Audience,
    pub(crate) ids: Option<Arc<[NonZeroU32]>>,
}

/// For whose messages a target counts, after No Local.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Audience {
    Everyone,
    /// Not for the receiver's own messages.
    Others,
    /// Only for the receiver's own messages.
    Own,
}

/// Receivers on one other core.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(crate) core: CoreNo,
    pub(crate) targets: Arc<[Target]>,
    /// In which batch the targets were noted last, and under which number.
    pub(crate) noted: Cell<(u64, u32)>,
}

/// What is known of a topic.
#[derive(Debug)]
pub(crate) struct Route<N> {
    pub(crate) generation: u64,
    pub(crate) topic: Box<str>,
    pub(crate) node: Resolved<N>,
    /// Who may publish to it.
    pub(crate) grants: Grants,
    pub(crate) local: Box<[Target]>,
    pub(crate) remote: Box<[Remote]>,
    links: Box<[(Address, Arc<Link>)]>,
}

impl<N> Route<N> {
    pub(crate) fn build(
        (tree, here): (&Subscriptions, CoreNo),
        org: OrgId,
        topic: &str,
        node: Resolved<N>,
    ) -> Self {
        let generation = tree.generation();
        let mut matched: HashMap<Address, Vec<Subscriber>, RandomState> = HashMap::default();
        let mut rights = Rights::default();
        tree.matches(org, topic, &mut |who, subscriber| {
            if !rights.may_receive(subscriber, topic) {
                return;
            }
            matched.entry(who).or_default().push(subscriber.clone());
        });
        let mut all: Vec<_> = matched.into_iter().collect();
        all.sort_unstable_by_key(|(who, _)| *who);
        let mut local = Vec::new();
        let mut remote: Vec<(CoreNo, Vec<Target>)> = Vec::new();
        let mut links = Vec::with_capacity(all.len());
        for (who, subscriptions) in all {
            links.extend(subscriptions.first().map(|one| (who, Arc::clone(&one.link))));
            let targets = targets(who.key, &subscriptions);
            match remote.last_mut() {
                _ if who.core == here => local.extend(targets),
                Some((core, list)) if *core == who.core => list.extend(targets),
                _ => remote.push((who.core, targets.collect())),
            }
        }
        let remote = remote.into_iter().map(|(core, list)| Remote {
            core,
            targets: list.into(),
            noted: Cell::new((0, 0)),
        });
        Self {
            generation,
            topic: topic.into(),
            node,
            grants: Grants::new(0),
            local: local.into_boxed_slice(),
            remote: remote.collect(),
            links: links.into_boxed_slice(),
        }
    }

    /// Whether a receiver other than the publisher is behind and worth waiting for.
    pub(crate) fn is_congested(&self, publisher: Option<Address>) -> bool {
        self.links
            .iter()
            .any(|(who, link)| link.congested.load(Ordering::Relaxed) && Some(*who) != publisher)
    }
}

/// Asks the rights of subscribers, which many in a row often have in common.
#[derive(Debug, Default)]
struct Rights {
    last: Option<(Arc<dyn Access>, bool)>,
}

impl Rights {
    fn may_receive(&mut self, subscriber: &Subscriber, topic: &str) -> bool {
        let Some(access) = subscriber.link.access() else { return true };
        if let Some((last, may)) = &self.last
            && Arc::ptr_eq(last, &access)
        {
            return *may;
        }
        let may = access.allows(Action::Receive, topic);
        self.last = Some((access, may));
        may
    }
}

/// Merges the subscriptions of one client. Only where some of them have No Local and others not
/// does the client's own message go out differently.
fn targets(key: Key, subscriptions: &[Subscriber]) -> impl Iterator<Item = Target> {
    let merge = |audience, own: bool| {
        let chosen = subscriptions.iter().map(|s| &s.wish).filter(move |w| !own || !w.no_local);
        let mut ids: Vec<_> = chosen.clone().filter_map(|wish| wish.identifier).collect();
        ids.sort_unstable();
        ids.dedup();
        Target {
            key,
            qos: chosen.clone().map(|wish| wish.qos).max().unwrap_or(0),
            retain_as_published: chosen.clone().any(|wish| wish.retain_as_published),
            audience,
            ids: (!ids.is_empty()).then(|| ids.into()),
        }
    };
    let no_local = subscriptions.iter().filter(|s| s.wish.no_local).count();
    let (all, own) = match no_local {
        0 => (merge(Audience::Everyone, false), None),
        n if n == subscriptions.len() => (merge(Audience::Others, false), None),
        _ => (merge(Audience::Others, false), Some(merge(Audience::Own, true))),
    };
    std::iter::once(all).chain(own)
}

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
