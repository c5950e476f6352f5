//! Places of open connections: how many there may be, who gives way to whom, and what is kept back
//! for health, metrics and the page.
//!
//! A connection that says nothing never keeps another one out: where all places are taken, the one
//! that is idle for longest is closed. Where none is idle, a few connections beyond the limit are
//! still answered: operations as usual, everything else with 503.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::metrics::{Exposition, MetricSource};

/// Connections answered beyond the limit, only for operations and refusals.
pub const RESERVE: usize = 32;

/// Somebody with places to spare, such as the broker, whose descriptors are of the same process.
pub trait Lender: Send + Sync {
    /// One place, until what is returned is dropped.
    fn lend(&self) -> Option<Loan>;
}

/// A borrowed place; dropping it gives it back.
pub type Loan = Box<dyn Send + Sync>;

/// How many connections may be open at once, for all listeners that share it.
#[derive(Clone)]
pub struct Places(Arc<Shared>);

struct Shared {
    /// Places of its own.
    own: usize,
    /// With borrowed ones.
    max: usize,
    lender: OnceLock<Arc<dyn Lender>>,
    taken: Mutex<Taken>,
    /// Orders connections by when they became idle; 0 is busy.
    ticks: AtomicU64,
    gave_way: AtomicU64,
    beyond: AtomicU64,
}

#[derive(Default)]
struct Taken {
    own: usize,
    borrowed: usize,
    reserve: usize,
    /// Those of its own that are kept by something that stays, such as a WebSocket.
    kept: usize,
    open: BTreeMap<u64, Arc<Open>>,
    next: u64,
}

/// What others may know of an open connection.
#[derive(Debug)]
pub(crate) struct Open {
    /// When it became idle; 0 while a request is under way, or it is no HTTP any more.
    idle_since: AtomicU64,
    reserve: AtomicBool,
    /// A request is being worked on or answered.
    answering: AtomicBool,
    /// It is no HTTP any more.
    upgraded: AtomicBool,
    /// Told when it has to make room.
    pub(crate) give_way: Notify,
}

impl Open {
    /// Whether a request is being worked on or answered.
    pub(crate) fn is_answering(&self) -> bool {
        self.answering.load(Ordering::Acquire)
    }

    /// The connection stops being HTTP: it is never idle again.
    pub(crate) fn upgraded(&self) {
        self.upgraded.store(true, Ordering::Release);
    }
}

/// What a connection holds.
enum Kind {
    Own,
    Borrowed(#[expect(dead_code, reason = "it is given back when dropped")] Loan),
    Reserve,
}

/// The place of one connection, an extension of its requests: who takes a connection over keeps it.
#[derive(Clone)]
pub struct Place(Arc<Held>);

struct Held {
    places: Places,
    id: u64,
    open: Arc<Open>,
    kind: Mutex<Kind>,
    kept: AtomicBool,
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Places").field("own", &self.0.own).finish_non_exhaustive()
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("id", &self.0.id).finish_non_exhaustive()
    }
}

impl Places {
    /// So many, and at least one for each of two listeners.
    pub fn new(connections_max: usize) -> Self {
        Self::with_borrowed(connections_max, connections_max)
    }

    /// So many of its own, and up to so many with what a [`Lender`] has to spare.
    pub fn with_borrowed(own: usize, max: usize) -> Self {
        let own = own.max(2);
        Self(Arc::new(Shared {
            own,
            max: max.max(own),
            lender: OnceLock::new(),
            taken: Mutex::default(),
            ticks: AtomicU64::new(1),
            gave_way: AtomicU64::new(0),
            beyond: AtomicU64::new(0),
        }))
    }

    /// Borrows from this lender from now on; the first one stays.
    pub fn borrow_from(&self, lender: Arc<dyn Lender>) {
        // A second lender is a mistake of the wiring that changes nothing.
        self.0.lender.set(lender).ok();
    }

    /// A place for a new connection: a full one, or one of the reserve while another gives way.
    /// Nothing if even the reserve is taken.
    pub(crate) fn enter(&self) -> Option<Place> {
        let kind = match self.take() {
            Some(kind) => kind,
            None => {
                self.one_gives_way(false);
                self.0.beyond.fetch_add(1, Ordering::Relaxed);
                let mut taken = self.0.taken.lock();
                if taken.reserve >= RESERVE {
                    drop(taken);
                    self.one_gives_way(true);
                    return None;
                }
                taken.reserve += 1;
                Kind::Reserve
            }
        };
        let open = Arc::new(Open {
            idle_since: AtomicU64::new(self.0.ticks.fetch_add(1, Ordering::Relaxed)),
            reserve: matches!(kind, Kind::Reserve).into(),
            answering: false.into(),
            upgraded: false.into(),
            give_way: Notify::new(),
        });
        let mut taken = self.0.taken.lock();
        let id = taken.next;
        taken.next += 1;
        taken.open.insert(id, Arc::clone(&open));
        drop(taken);
        let (places, kind) = (self.clone(), Mutex::new(kind));
        Some(Place(Arc::new(Held { places, id, open, kind, kept: false.into() })))
    }

    fn take(&self) -> Option<Kind> {
        let mut taken = self.0.taken.lock();
        if taken.own < self.0.own {
            taken.own += 1;
            return Some(Kind::Own);
        }
        if self.0.own + taken.borrowed >= self.0.max {
            return None;
        }
        let loan = self.0.lender.get()?.lend()?;
        taken.borrowed += 1;
        Some(Kind::Borrowed(loan))
    }

    /// The connection that is idle for longest is closed; of the reserve, busy or not, the oldest.
    fn one_gives_way(&self, of_reserve: bool) {
        let taken = self.0.taken.lock();
        let candidates = taken.open.values().filter_map(|open| {
            let idle = open.idle_since.load(Ordering::Acquire);
            let reserve = open.reserve.load(Ordering::Relaxed);
            (reserve == of_reserve && (of_reserve || idle != 0)).then_some((idle, open))
        });
        let chosen = match of_reserve {
            true => candidates.map(|(_, open)| open).next(),
            false => candidates.min_by_key(|(idle, _)| *idle).map(|(_, open)| open),
        };
        if let Some(open) = chosen {
            // Nobody chooses it again.
            open.idle_since.store(0, Ordering::Release);
            self.0.gave_way.fetch_add(1, Ordering::Relaxed);
            open.give_way.notify_one();
        }
    }
}

impl Place {
    pub(crate) fn open(&self) -> Arc<Open> {
        Arc::clone(&self.0.open)
    }

    /// Whether everything may be asked on this connection. One of the reserve becomes a full one as
    /// soon as there is room.
    pub(crate) fn is_full(&self) -> bool {
        let mut kind = self.0.kind.lock();
        if !matches!(*kind, Kind::Reserve) {
            return true;
        }
        let Some(full) = self.0.places.take() else { return false };
        *kind = full;
        self.0.open.reserve.store(false, Ordering::Relaxed);
        self.0.places.0.taken.lock().reserve -= 1;
        true
    }

    /// Keeps the place for something that stays, such as a WebSocket. A quarter of the hub's own
    /// places is for requests: beyond the others a place has to be borrowed.
    pub fn keep(&self) -> bool {
        let mut kind = self.0.kind.lock();
        let shared = &self.0.places.0;
        match *kind {
            Kind::Borrowed(_) => return true,
            Kind::Reserve => return false,
            Kind::Own => {}
        }
        let mut taken = shared.taken.lock();
        if taken.kept < shared.own - shared.own.div_ceil(4) {
            taken.kept += 1;
            self.0.kept.store(true, Ordering::Relaxed);
            return true;
        }
        if shared.own + taken.borrowed >= shared.max {
            return false;
        }
        let Some(loan) = shared.lender.get().and_then(|lender| lender.lend()) else { return false };
        taken.borrowed += 1;
        taken.own -= 1;
        *kind = Kind::Borrowed(loan);
        true
    }

    /// A request is under way until what is returned is dropped.
    pub(crate) fn busy(&self) -> Busy {
        self.0.open.idle_since.store(0, Ordering::Release);
        self.0.open.answering.store(true, Ordering::Release);
        Busy(self.clone())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut taken = self.places.0.taken.lock();
        taken.open.remove(&self.id);
        match *self.kind.lock() {
            Kind::Own => taken.own -= 1,
            Kind::Borrowed(_) => taken.borrowed -= 1,
            Kind::Reserve => taken.reserve -= 1,
        }
        taken.kept -= usize::from(self.kept.load(Ordering::Relaxed));
    }
}

/// A request under way.
pub(crate) struct Busy(Place);

impl Drop for Busy {
    fn drop(&mut self) {
        let open = &self.0.0.open;
        open.answering.store(false, Ordering::Release);
        if open.upgraded.load(Ordering::Acquire) {
            return;
        }
        let tick = self.0.0.places.0.ticks.fetch_add(1, Ordering::Relaxed);
        open.idle_since.store(tick, Ordering::Release);
    }
}

impl MetricSource for Places {
    fn write(&self, out: &mut Exposition) {
        let open = self.0.taken.lock().open.len();
        out.single_gauge("uns_http_connections", "Open HTTP connections and WebSockets.", open);
        let gave_way = self.0.gave_way.load(Ordering::Relaxed);
        let help = "Idle HTTP connections closed to make room for others.";
        out.single_counter("uns_http_gave_way_total", help, gave_way);
        let beyond = self.0.beyond.load(Ordering::Relaxed);
        let help = "HTTP connections that came when all places were taken.";
        out.single_counter("uns_http_beyond_limit_total", help, beyond);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lends so many.
    struct Few(Arc<Mutex<usize>>);

    struct One(Arc<Mutex<usize>>);

    impl Drop for One {
        fn drop(&mut self) {
            *self.0.lock() += 1;
        }
    }

    impl Lender for Few {
        fn lend(&self) -> Option<Loan> {
            let mut left = self.0.lock();
            *left = left.checked_sub(1)?;
            Some(Box::new(One(Arc::clone(&self.0))))
        }
    }

    #[test]
    fn who_is_idle_for_longest_gives_way() {
        let places = Places::new(2);
        let (first, second) = (places.enter().unwrap(), places.enter().unwrap());
        drop(first.busy());
        let third = places.enter().expect("one of the reserve");
        assert!(!third.is_full(), "nobody is gone yet");
        drop(second);
        assert!(third.is_full(), "its place is free now");
        assert_eq!(places.0.taken.lock().reserve, 0);
    }

    #[test]
    fn the_reserve_is_bounded_and_comes_back() {
        let places = Places::new(2);
        let both: Vec<_> = (0..2).map(|_| places.enter().unwrap()).collect();
        let _busy: Vec<_> = both.iter().map(Place::busy).collect();
        let reserve: Vec<_> = (0..RESERVE).map(|_| places.enter().unwrap()).collect();
        assert!(places.enter().is_none());
        assert!(reserve.iter().all(|place| !place.is_full() && !place.keep()));
        drop(reserve);
        assert!(places.enter().is_some());
    }

    #[test]
    fn what_stays_leaves_a_quarter_and_borrows_the_rest() {
        let places = Places::with_borrowed(8, 10);
        let left = Arc::new(Mutex::new(5));
        places.borrow_from(Arc::new(Few(Arc::clone(&left))));
        let mut all: Vec<_> = (0..8).map(|_| places.enter().unwrap()).collect();
        let kept = all.iter().filter(|place| place.keep()).count();
        assert_eq!((kept, *left.lock()), (8, 3), "six of its own and two borrowed");
        all.extend((0..2).map(|_| places.enter().unwrap()));
        assert!(all[8..].iter().all(|place| place.is_full() && !place.keep()));
        drop(all);
        let taken = places.0.taken.lock();
        assert_eq!((taken.own, taken.borrowed, taken.kept, *left.lock()), (0, 0, 0, 5));
    }
}
