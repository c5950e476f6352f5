//! Wakes the keeper, or ends it.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

#[derive(Debug, Default)]
struct Signal {
    woken: bool,
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
        !signal.closing
    }
}
