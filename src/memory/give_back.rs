//! How threads return memory to the system. The allocator keeps what a thread allocated for that
//! thread. What others free of it comes back only when the thread itself allocates or asks for it, so a
//! thread with nothing to do has to be told.
//!
//! [`Watch`](super::Watch) tells all that live long once a second while memory is short, and all but the
//! cores and the threads of log-ins after it has grown. Those two look at the broker's pressure
//! themselves. The followers with those who write and read for them, the threads of both logs and of
//! the catalog are woken; the threads of the hub's runtime and the main thread as well. Threads that
//! end leave what they had to all.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime::Handle;

#[expect(unsafe_code, reason = "the allocator has no safe binding of this")]
unsafe extern "C" {
    /// mimalloc is the allocator of this binary.
    safe fn mi_collect(force: bool);
}

/// How often the threads of the hub's runtime were asked. The allocator belongs to the whole process,
/// and so does this.
static ASKED: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// How often they were when this thread gave back last.
    static GIVEN: Cell<u64> = const { Cell::new(0) };
}

/// Has the allocator return to the system what the calling thread does not use.
pub(crate) fn give_back() {
    mi_collect(true);
}

/// The same, once for each time the threads of the hub's runtime were asked. They do it before they wait.
pub(crate) fn give_back_if_asked() {
    let asked = ASKED.load(Ordering::Relaxed);
    if GIVEN.replace(asked) != asked {
        give_back();
    }
}

/// Asks the threads of the hub's runtime, and wakes them by some work.
pub(super) fn ask(hub: &Handle) {
    ASKED.fetch_add(1, Ordering::Relaxed);
    for _ in 0..hub.metrics().num_workers() {
        drop(hub.spawn(async {}));
    }
}
