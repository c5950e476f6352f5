//! The sockets of a core that are kept for long after their connection ended, within a bound.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::sync::oneshot;

/// Most of them.
const LINGERING_MAX: usize = 64;

/// The sockets of a core that are kept for long; the oldest is closed where there are too many,
/// or where a new connection needs its place.
#[derive(Debug, Default)]
pub(super) struct Lingering {
    /// By age. Whoever drops one has its socket closed.
    sockets: RefCell<BTreeMap<u64, oneshot::Sender<()>>>,
    next: Cell<u64>,
}

impl Lingering {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.sockets.borrow().len()
    }

    /// Has the oldest closed; `false` if there is none.
    pub(super) fn shed(&self) -> bool {
        self.sockets.borrow_mut().pop_first().is_some()
    }

    /// Adds one. The receiver hears when its socket is to be closed.
    pub(super) fn enter(self: &Rc<Self>) -> (LingeringSlot, oneshot::Receiver<()>) {
        if self.count() >= LINGERING_MAX {
            self.shed();
        }
        let (sender, closed) = oneshot::channel();
        let id = self.next.replace(self.next.get() + 1);
        self.sockets.borrow_mut().insert(id, sender);
        (LingeringSlot(Rc::clone(self), id), closed)
    }
}

/// Gives the place among them back.
#[derive(Debug)]
pub(super) struct LingeringSlot(Rc<Lingering>, u64);

impl Drop for LingeringSlot {
    fn drop(&mut self) {
        self.0.sockets.borrow_mut().remove(&self.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_where_too_many_sockets_linger() {
        let lingering = Rc::new(Lingering::default());
        assert!(!lingering.shed(), "there is none");
        let mut held: Vec<_> = (0..=LINGERING_MAX).map(|_| lingering.enter()).collect();
        assert_eq!(lingering.count(), LINGERING_MAX);
        let goes = |(_, closed): &mut (LingeringSlot, oneshot::Receiver<()>)| {
            closed.try_recv() == Err(oneshot::error::TryRecvError::Closed)
        };
        assert!(goes(&mut held[0]) && !goes(&mut held[1]));
        assert!(lingering.shed());
        assert!(goes(&mut held[1]) && !goes(&mut held[2]));
        drop(held);
        assert_eq!(lingering.count(), 0);
    }
}
