//! Wakes the flush task of a core.

use std::cell::{Cell, RefCell};
use std::task::{Context, Waker};

/// Remembers whether a flush is due, and who does it.
#[derive(Debug, Default)]
pub(super) struct FlushSignal {
    waker: RefCell<Option<Waker>>,
    due: Cell<bool>,
}

impl FlushSignal {
    /// Asks for a flush once the tasks that are ready now have run.
    pub(super) fn request(&self) {
        if !self.due.replace(true)
            && let Some(waker) = &*self.waker.borrow()
        {
            waker.wake_by_ref();
        }
    }

    /// The flush task is about to flush. Later requests wake it again.
    pub(super) fn begin(&self, cx: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        if !waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
        self.due.set(false);
    }
}
