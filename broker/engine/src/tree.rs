//! The subscription tree: read-copy-update over all cores, so that matching takes no lock. Readers
//! load the generation first; a route built from an older tree is rebuilt.

mod list;
mod map;
mod node;
mod subscriber;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use broker_codec::shared;
use parking_lot::Mutex;
use uns_model::OrgId;

pub use list::List;
use map::Map;
use node::{Change, Node, Place};
use subscriber::Subscribers;
pub use subscriber::{Group, Holder, Link, Matched, ShareName, Subscriber, Visit, Wish};

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
    generation: AtomicU64,
    count: AtomicUsize,
    shared: AtomicUsize,
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

    /// How many subscriptions there are. One of a logged session counts once, connected or not.
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
        let _writer = self.writer.lock();
        let mut roots = Roots::clone(&self.roots.load());
        let mut root = roots.get(&org.0).cloned().unwrap_or_default();
        let (mut all, mut shares) = (Change::default(), 0isize);
        for (filter, what) in filters {
            let (group, own) =
                shared(filter).map_or((None, filter), |(group, own)| (Some(group), own));
            let place = Place { group, org, whole: filter };
            let node = Arc::make_mut(&mut root.node);
            let one = node.change(Some(own), place, &mut |list| edit(list, &what));
            all.touched |= one.touched;
            all.count += one.count;
            shares += if group.is_some() { one.count } else { 0 };
        }
        if !all.touched {
            return;
        }
        root.count = root.count.saturating_add_signed(all.count);
        self.count.fetch_add(all.count.cast_unsigned(), Ordering::Relaxed);
        self.shared.fetch_add(shares.cast_unsigned(), Ordering::Relaxed);
        if root.node.is_empty() {
            roots.remove(&org.0);
        } else {
            roots.insert(org.0, root);
        }
        self.roots.store(Arc::new(roots));
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// Visits everything that matches a topic. A leading wildcard never matches `$`.
    pub fn matches(&self, org: OrgId, topic: &str, visit: &mut Visit<'_>) {
        let roots = self.roots.load();
        if let Some(root) = roots.get(&org.0) {
            root.node.matches(Some(topic), topic.starts_with('$'), visit);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
