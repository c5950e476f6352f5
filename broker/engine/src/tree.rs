//! The subscription tree: read-copy-update over all cores, so that matching takes no lock. Readers
//! load the generation first; a route built from an older tree is rebuilt.

mod list;
mod map;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use parking_lot::{Mutex, RwLock};
use uns_model::OrgId;

use crate::access::Access;
use crate::key::Address;
pub use list::List;
use map::Map;

/// What a subscription asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Wish {
    /// The QoS granted.
    pub qos: u8,
    /// Do not send the client its own messages.
    pub no_local: bool,
    /// Keep the RETAIN flag of the publisher.
    pub retain_as_published: bool,
    /// The Subscription Identifier.
    pub identifier: Option<NonZeroU32>,
}

/// What other cores may see of a connection.
#[derive(Debug, Default)]
pub struct Link {
    /// Set while publishers should pause: the connection is behind, and draining.
    pub congested: AtomicBool,
    access: RwLock<Option<Arc<dyn Access>>>,
}

impl Link {
    /// What its client may receive; `None` where that is asked when a message is sent.
    pub(crate) fn access(&self) -> Option<Arc<dyn Access>> {
        self.access.read().clone()
    }

    pub(crate) fn set_access(&self, access: &Arc<dyn Access>) {
        *self.access.write() = Some(Arc::clone(access));
    }
}

/// One subscription as the tree holds it.
#[derive(Clone, Debug)]
pub struct Subscriber {
    /// What it asks for.
    pub wish: Wish,
    /// The connection's visible state.
    pub link: Arc<Link>,
}

type Subscribers = Map<Address, Subscriber>;

#[derive(Clone, Debug, Default)]
struct Node {
    children: Map<Arc<str>, Arc<Self>>,
    plus: Option<Arc<Self>>,
    here: Subscribers,
    below: Subscribers,
}

impl Node {
    fn is_empty(&self) -> bool {
        self.children.is_empty()
            && self.plus.is_none()
            && self.here.is_empty()
            && self.below.is_empty()
    }

    fn change(
        &mut self,
        filter: Option<&str>,
        edit: &mut dyn FnMut(&mut Subscribers) -> bool,
    ) -> bool {
        let Some(filter) = filter else { return edit(&mut self.here) };
        let (level, rest) = split(filter);
        match level {
            "#" => edit(&mut self.below),
            "+" => {
                let mut next = self.plus.take().unwrap_or_default();
                let replaced = Arc::make_mut(&mut next).change(rest, edit);
                self.plus = (!next.is_empty()).then_some(next);
                replaced
            }
            _ => {
                let mut next = self.children.remove(level).unwrap_or_default();
                let replaced = Arc::make_mut(&mut next).change(rest, edit);
                if !next.is_empty() {
                    self.children.insert(level.into(), next);
                }
                replaced
            }
        }
    }

    fn matches(&self, topic: Option<&str>, dollar: bool, visit: &mut Visit<'_>) {
        if !dollar {
            self.below.for_each(&mut |who, subscriber| visit(*who, subscriber));
        }
        let Some(topic) = topic else {
            self.here.for_each(&mut |who, subscriber| visit(*who, subscriber));
            return;
        };
        let (level, rest) = split(topic);
        if let Some(next) = self.children.get(level) {
            next.matches(rest, false, visit);
        }
        if let Some(next) = self.plus.as_ref().filter(|_| !dollar) {
            next.matches(rest, false, visit);
        }
    }
}

/// Called with every subscriber of a topic, once per matching filter.
pub type Visit<'a> = dyn FnMut(Address, &Subscriber) + 'a;

/// The first level, and what follows its slash.
pub(crate) fn split(path: &str) -> (&str, Option<&str>) {
    match path.split_once('/') {
        Some((level, rest)) => (level, Some(rest)),
        None => (path, None),
    }
}

type Roots = Map<u32, Arc<Node>>;

/// The subscriptions of all clients.
#[derive(Debug, Default)]
pub struct Subscriptions {
    roots: ArcSwap<Roots>,
    writer: Mutex<()>,
    generation: AtomicU64,
    count: AtomicUsize,
}

impl Subscriptions {
    /// Changes with every subscription; what was derived under another number is stale.
    #[inline]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Who may receive what has changed: whatever was derived before is stale.
    pub(crate) fn touch(&self) {
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// How many subscriptions there are.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Adds or replaces a subscription, without a gap. Returns whether it existed.
    pub fn insert(&self, org: OrgId, filter: &str, who: Address, subscriber: &Subscriber) -> bool {
        let replaced = self.change(org, std::iter::once(filter), &mut |list| {
            list.insert(who, subscriber.clone()).is_some()
        }) > 0;
        self.count.fetch_add(usize::from(!replaced), Ordering::Relaxed);
        replaced
    }

    /// Removes subscriptions in one step. Returns how many existed.
    pub fn remove<'a>(
        &self,
        org: OrgId,
        filters: impl Iterator<Item = &'a str>,
        who: Address,
    ) -> usize {
        let removed = self.change(org, filters, &mut |list| list.remove(&who).is_some());
        self.count.fetch_sub(removed, Ordering::Relaxed);
        removed
    }

    fn change<'a>(
        &self,
        org: OrgId,
        filters: impl Iterator<Item = &'a str>,
        edit: &mut dyn FnMut(&mut Subscribers) -> bool,
    ) -> usize {
        let mut filters = filters.peekable();
        if filters.peek().is_none() {
            return 0;
        }
        let _writer = self.writer.lock();
        let mut roots = Roots::clone(&self.roots.load());
        let mut root = roots.get(&org.0).cloned().unwrap_or_default();
        let mut hits = 0;
        for filter in filters {
            hits += usize::from(Arc::make_mut(&mut root).change(Some(filter), edit));
        }
        if root.is_empty() {
            roots.remove(&org.0);
        } else {
            roots.insert(org.0, root);
        }
        self.roots.store(Arc::new(roots));
        self.generation.fetch_add(1, Ordering::Release);
        hits
    }

    /// Visits every subscription matching a topic. A leading wildcard never matches `$`.
    pub fn matches(&self, org: OrgId, topic: &str, visit: &mut Visit<'_>) {
        let roots = self.roots.load();
        if let Some(root) = roots.get(&org.0) {
            root.matches(Some(topic), topic.starts_with('$'), visit);
        }
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::naive;
