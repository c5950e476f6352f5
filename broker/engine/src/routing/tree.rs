//! The subscription tree: read-copy-update over all cores, so that matching takes no lock. A reader
//! that remembers what it found takes a stamp first; a change that could match makes that stale.

mod list;
mod map;
mod node;
mod subscriber;
mod versions;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use broker_codec::shared;
use parking_lot::Mutex;
use uns_model::OrgId;

pub use list::List;
use map::Map;
use node::{Change, Node, Place};
use subscriber::Subscribers;
pub use subscriber::{Group, Holder, Link, Matched, ShareName, Subscriber, Visit, Wish};
pub(crate) use versions::Stamp;
use versions::Versions;

/// The subscriptions of one organisation.
#[derive(Clone, Debug, Default)]
struct Root {
    node: Arc<Node>,
    count: usize,
}

type Roots = Map<u32, Root>;

/// The subscriptions of all clients. Filters come as clients spell them: `$share/group/filter` is
/// the subscription of one member of a share.
#[derive(Debug, Default)]
pub struct Subscriptions {
    roots: ArcSwap<Roots>,
    writer: Mutex<()>,
    versions: Versions,
    count: AtomicUsize,
    shared: AtomicUsize,
}

impl Subscriptions {
    /// With room for the versions of so many sub-trees, of which a change looks at so many.
    #[cfg(test)]
    pub(crate) fn with_subtrees(max: usize, walk: usize) -> Self {
        Self { versions: Versions::new(max, walk), ..Self::default() }
    }

    /// To be taken before what is remembered of a topic is derived from the tree.
    pub(crate) fn stamp(&self, org: OrgId, topic: &str) -> Stamp {
        self.versions.stamp(org, topic)
    }

    /// A new stamp for the topic of another one.
    pub(crate) fn stamp_again(&self, stamp: &Stamp) -> Stamp {
        self.versions.again(stamp)
    }

    /// Whether what was derived under a stamp still holds.
    #[inline]
    pub(crate) fn is_current(&self, stamp: &Stamp) -> bool {
        self.versions.is_current(stamp)
    }

    /// Who may receive what has changed: whatever was derived before is stale.
    pub(crate) fn touch(&self) {
        self.versions.change_all();
    }

    /// What the holder of these filters may receive has changed: what they match is stale.
    pub(crate) fn touch_filters<'a>(&self, org: OrgId, filters: impl Iterator<Item = &'a str>) {
        for filter in filters {
            let (_, filter) = parts(filter);
            self.versions.change(org, filter);
        }
    }

    /// How many subscriptions there are. One of a durable session counts once, connected or not.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// How many of them are those of a share's member.
    pub fn count_shared(&self) -> usize {
        self.shared.load(Ordering::Relaxed)
    }

    /// How many subscriptions one organisation has.
    pub fn count_of(&self, org: OrgId) -> usize {
        self.roots.load().get(&org.0).map_or(0, |root| root.count)
    }

    /// Adds or replaces a subscription under all names its client has (see [`Holder`]), in one step
    /// and without a gap. Returns whether it existed.
    pub fn insert(
        &self,
        org: OrgId,
        filter: &str,
        who: &[Holder],
        subscriber: &Subscriber,
    ) -> bool {
        self.insert_all(org, std::iter::once((filter, subscriber.clone())), who) > 0
    }

    /// [`Subscriptions::insert`] of many in one step, as when a session is resumed or restored.
    /// Returns how many existed.
    pub fn insert_all<'a>(
        &self,
        org: OrgId,
        entries: impl Iterator<Item = (&'a str, Subscriber)>,
        who: &[Holder],
    ) -> usize {
        let mut old = 0;
        self.change(org, entries, &mut |list, subscriber| {
            let mut change = Change { touched: true, count: 0 };
            let mut replaced = false;
            for &holder in who {
                let second = subscriber.is_second(holder);
                let existed = list.insert(holder, subscriber.clone()).is_some();
                change.count += isize::from(!second && !existed);
                replaced |= existed;
            }
            old += usize::from(replaced);
            change
        });
        old
    }

    /// Removes subscriptions under all these names in one step. Returns how many filters had one.
    pub fn remove<'a>(
        &self,
        org: OrgId,
        filters: impl Iterator<Item = &'a str>,
        who: &[Holder],
    ) -> usize {
        let mut hits = 0;
        self.change(org, filters.map(|filter| (filter, ())), &mut |list, ()| {
            let mut change = Change::default();
            for holder in who {
                if let Some(old) = list.remove(holder) {
                    change.count -= isize::from(!old.is_second(*holder));
                    change.touched = true;
                }
            }
            hits += usize::from(change.touched);
            change
        });
        hits
    }

    fn change<'a, T>(
        &self,
        org: OrgId,
        filters: impl Iterator<Item = (&'a str, T)>,
        edit: &mut dyn FnMut(&mut Subscribers, &T) -> Change,
    ) {
        let mut filters = filters.peekable();
        if filters.peek().is_none() {
            return;
        }
        let writer = self.writer.lock();
        let mut roots = Roots::clone(&self.roots.load());
        let mut root = roots.get(&org.0).cloned().unwrap_or_default();
        let (mut count, mut shares) = (0isize, 0isize);
        let mut touched = Vec::new();
        for (filter, what) in filters {
            let (group, own) = parts(filter);
            let place = Place { group, org, whole: filter };
            let node = Arc::make_mut(&mut root.node);
            let one = node.change(Some(own), place, &mut |list| edit(list, &what));
            count += one.count;
            shares += if group.is_some() { one.count } else { 0 };
            touched.extend(one.touched.then_some(own));
        }
        if touched.is_empty() {
            return;
        }
        root.count = root.count.saturating_add_signed(count);
        self.count.fetch_add(count.cast_unsigned(), Ordering::Relaxed);
        self.shared.fetch_add(shares.cast_unsigned(), Ordering::Relaxed);
        if root.node.is_empty() {
            roots.remove(&org.0);
        } else {
            roots.insert(org.0, root);
        }
        self.roots.store(Arc::new(roots));
        drop(writer);
        // Not before: what is derived from here on comes from the new tree.
        touched.into_iter().for_each(|filter| self.versions.change(org, filter));
    }

    /// Visits everything that matches a topic. A leading wildcard never matches `$`.
    pub fn matches(&self, org: OrgId, topic: &str, visit: &mut Visit<'_>) {
        let roots = self.roots.load();
        if let Some(root) = roots.get(&org.0) {
            root.node.matches(Some(topic), topic.starts_with('$'), visit);
        }
    }
}

/// The group of a share, and the filter that topics are compared with.
fn parts(filter: &str) -> (Option<&str>, &str) {
    shared(filter).map_or((None, filter), |(group, filter)| (Some(group), filter))
}

#[cfg(test)]
pub(crate) mod tests;
