//! Wakes the keeper, or ends it.

use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

#[derive(Debug, Default)]
struct Signal {
    woken: bool,
    give_back: Option<fn()>,
    closing: bool,
}

/// Wakes the keeper.
#[derive(Debug, Default)]
pub(super) struct KeeperSignal {
    signal: Mutex<Signal>,
    changed: Condvar,
}

impl KeeperSignal {
    pub(super) fn wake(&self) {
        self.signal.lock().woken = true;
        self.changed.notify_one();
    }

    /// Has the keeper give back memory that it does not use.
    pub(super) fn give_back(&self, how: fn()) {
        let mut signal = self.signal.lock();
        (signal.woken, signal.give_back) = (true, Some(how));
        drop(signal);
        self.changed.notify_one();
    }

    pub(super) fn close(&self) {
        self.signal.lock().closing = true;
        self.changed.notify_one();
    }

    /// Waits to be woken; `false` when closing.
    pub(super) fn wait(&self, at_most: Duration) -> bool {
        let mut signal = self.signal.lock();
        if !signal.woken && !signal.closing {
            self.changed.wait_for(&mut signal, at_most);
        }
        signal.woken = false;
        if let Some(how) = signal.give_back.take() {
            MutexGuard::unlocked(&mut signal, how);
        }
        !signal.closing
    }
}
