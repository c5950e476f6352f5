//! The sockets of a core that are still being drained after their connection has ended. Their number
//! is bounded.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::sync::oneshot;

/// The most sockets that are drained for long.
const DRAINING_MAX: usize = 64;

/// The draining sockets. The oldest is closed where there are too many, or where a new connection
/// needs its room.
#[derive(Debug, Default)]
pub(super) struct DrainingSockets {
    /// By age. Dropping a sender closes its socket.
    sockets: RefCell<BTreeMap<u64, oneshot::Sender<()>>>,
    next: Cell<u64>,
}

impl DrainingSockets {
    /// The number of draining sockets.
    pub(super) fn count(&self) -> usize {
        self.sockets.borrow().len()
    }

    /// Closes the oldest; `false` if there is none.
    pub(super) fn shed(&self) -> bool {
        self.sockets.borrow_mut().pop_first().is_some()
    }

    /// Adds a socket. The receiver resolves when the socket must be closed.
    pub(super) fn add(self: &Rc<Self>) -> (DrainingSlot, oneshot::Receiver<()>) {
        if self.count() >= DRAINING_MAX {
            self.shed();
        }
        let (sender, closed) = oneshot::channel();
        let id = self.next.replace(self.next.get() + 1);
        self.sockets.borrow_mut().insert(id, sender);
        (DrainingSlot(Rc::clone(self), id), closed)
    }
}

/// Removes a socket from the list when it is dropped.
#[derive(Debug)]
pub(super) struct DrainingSlot(Rc<DrainingSockets>, u64);

impl Drop for DrainingSlot {
    fn drop(&mut self) {
        self.0.sockets.borrow_mut().remove(&self.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_draining_socket_is_closed_where_there_are_too_many() {
        let draining = Rc::new(DrainingSockets::default());
        assert!(!draining.shed(), "there is none");
        let mut held: Vec<_> = (0..=DRAINING_MAX).map(|_| draining.add()).collect();
        assert_eq!(draining.count(), DRAINING_MAX);
        let is_closed = |(_, closed): &mut (DrainingSlot, oneshot::Receiver<()>)| {
            closed.try_recv() == Err(oneshot::error::TryRecvError::Closed)
        };
        assert!(is_closed(&mut held[0]) && !is_closed(&mut held[1]));
        assert!(draining.shed());
        assert!(is_closed(&mut held[1]) && !is_closed(&mut held[2]));
        drop(held);
        assert_eq!(draining.count(), 0);
    }
}
