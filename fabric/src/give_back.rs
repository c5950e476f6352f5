//! Memory that threads with nothing to do hold on to. An allocator keeps for each thread what that
//! thread allocated, and takes back what others have freed of it only on the thread itself.

use std::sync::{Mutex, MutexGuard};

/// What a thread is asked to do while memory is short: to have the allocator take back what the thread
/// does not use. The thread looks here whenever it is woken or has nothing to do. Only the binary knows
/// the allocator, so it says how.
#[derive(Debug, Default)]
pub struct GiveBack {
    how: Mutex<Option<fn()>>,
}

impl GiveBack {
    /// Asks the thread, which still has to be woken. Asked twice, it does it once.
    pub fn ask(&self, how: fn()) {
        *self.how() = Some(how);
    }

    /// Takes what was asked for, for the thread to do, or to hand on to threads of its own.
    pub fn take(&self) -> Option<fn()> {
        self.how().take()
    }

    /// Does what was asked for, on this thread.
    pub fn if_asked(&self) {
        if let Some(how) = self.take() {
            how();
        }
    }

    fn how(&self) -> MutexGuard<'_, Option<fn()>> {
        self.how.lock().expect("no holder of this lock panics")
    }
}
