//! How threads return memory to the system. The allocator keeps what a thread allocated for that
//! thread. What others free of it comes back only when the thread itself allocates or asks for it, so a
//! thread with nothing to do has to be told.
//!
//! [`Watch`](super::Watch) tells all that live long once a second while memory is short, and all but the
//! cores, the threads of log-ins and those of the logs after it has grown. The first two look at the
//! broker's pressure themselves. The followers with those who write and read for them, the threads of both logs and of
//! the catalog are woken; the threads of the hub's runtime and the main thread as well. Threads that
//! end leave what they had to all.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

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

/// Asks the threads of the hub's runtime, and wakes all of them: work wakes one thread more only while
/// no other is awake and looking for some, so each is kept busy for a moment.
pub(super) fn ask(hub: &Handle) {
    const BUSY: Duration = Duration::from_millis(1);
    ASKED.fetch_add(1, Ordering::Relaxed);
    for _ in 0..hub.metrics().num_workers() {
        drop(hub.spawn(async { std::thread::sleep(BUSY) }));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;
    use std::thread::ThreadId;

    use super::*;

    const WORKERS: usize = 8;
    /// What each thread had given back for when it began to wait last.
    static WAITING: Mutex<Option<HashMap<ThreadId, u64>>> = Mutex::new(None);

    #[test]
    fn all_threads_of_a_runtime_that_has_nothing_to_do_give_back() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .on_thread_park(|| {
                give_back_if_asked();
                let mut waiting = WAITING.lock().unwrap();
                let waiting = waiting.get_or_insert_default();
                waiting.insert(std::thread::current().id(), GIVEN.get());
            })
            .build()
            .unwrap();
        let have_given = |asked: u64| {
            let waiting = WAITING.lock().unwrap();
            let given = waiting.iter().flatten().filter(|(_, given)| **given >= asked);
            given.count()
        };
        while have_given(0) < WORKERS {
            std::thread::yield_now();
        }
        // As the watch does, it asks until there is enough memory again.
        for _ in 0..2_000 {
            ask(runtime.handle());
            std::thread::sleep(Duration::from_millis(10));
            if have_given(1) == WORKERS {
                return;
            }
        }
        assert_eq!(have_given(1), WORKERS, "of all threads");
    }
}
