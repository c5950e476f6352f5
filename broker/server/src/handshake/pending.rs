//! The handshakes under way. Their number is bounded, and the oldest gives way to a new one.

use std::collections::BTreeMap;
use std::sync::Arc;

use broker_engine::Transport;
use parking_lot::Mutex;
use tokio::task::AbortHandle;

use crate::counters::{Counters, Failure};

/// Handshakes under way.
#[derive(Debug, Default)]
pub(crate) struct PendingHandshakes(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    /// In the order of arrival. A handshake has no handle until its task is spawned.
    tasks: BTreeMap<u64, (Transport, Option<AbortHandle>)>,
    next: u64,
    closed: bool,
}

impl PendingHandshakes {
    /// How many handshakes are under way.
    pub(crate) fn count(&self) -> usize {
        self.0.lock().tasks.len()
    }

    /// Ends the oldest handshake if there are `most` or more.
    pub(crate) fn shed(&self, most: usize, counters: &Counters) {
        let mut waiting = self.0.lock();
        let oldest = (waiting.tasks.len() >= most).then(|| waiting.tasks.pop_first()).flatten();
        drop(waiting);
        if let Some((_, (transport, oldest))) = oldest {
            oldest.inspect(AbortHandle::abort);
            counters.failed(transport, Failure::Shed);
        }
    }

    /// Ends every handshake and starts no other.
    pub(super) fn close(&self) {
        let mut waiting = self.0.lock();
        waiting.closed = true;
        let tasks = std::mem::take(&mut waiting.tasks);
        drop(waiting);
        tasks.values().flat_map(|(_, task)| task).for_each(AbortHandle::abort);
    }

    /// Starts a handshake, unless this is closed.
    pub(super) fn begin<F: Future<Output = ()> + Send + 'static>(
        self: &Arc<Self>,
        transport: Transport,
        handshake: impl FnOnce(HandshakeSlot) -> F,
    ) {
        let mut waiting = self.0.lock();
        if waiting.closed {
            return;
        }
        let id = waiting.next;
        waiting.next += 1;
        waiting.tasks.insert(id, (transport, None));
        drop(waiting);
        // The lock is not held here: a runtime that is shutting down drops the task at once, and the
        // slot takes the lock when it is dropped.
        let task = tokio::spawn(handshake(HandshakeSlot(Arc::clone(self), id)));
        let mut waiting = self.0.lock();
        match waiting.tasks.get_mut(&id) {
            Some((_, handle)) => *handle = Some(task.abort_handle()),
            // It has finished, or was ended by `shed` or `close` while it had no handle.
            None => {
                drop(waiting);
                task.abort();
            }
        }
    }
}

/// Removes a handshake from the list when it ends, however it ends.
pub(super) struct HandshakeSlot(Arc<PendingHandshakes>, u64);

impl Drop for HandshakeSlot {
    fn drop(&mut self) {
        self.0.0.lock().tasks.remove(&self.1);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Runs `work` on a thread of its own and fails if that hangs.
    fn within_a_minute(work: impl FnOnce() + Send + 'static) {
        let (sender, done) = std::sync::mpsc::sync_channel(1);
        std::thread::spawn(move || {
            work();
            sender.send(()).ok();
        });
        done.recv_timeout(Duration::from_secs(60)).expect("it does not hang");
    }

    #[test]
    fn a_handshake_that_begins_while_its_runtime_shuts_down_is_dropped() {
        let pending = Arc::new(PendingHandshakes::default());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let handle = runtime.handle().clone();
        drop(runtime);
        let shared = Arc::clone(&pending);
        within_a_minute(move || {
            let _entered = handle.enter();
            shared.begin(Transport::Tls, |slot| async move {
                std::future::pending::<()>().await;
                drop(slot);
            });
        });
        assert_eq!(pending.count(), 0);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn the_oldest_handshake_gives_way() {
        let (pending, counters) = (Arc::new(PendingHandshakes::default()), Counters::default());
        let (ended, mut seen) = tokio::sync::mpsc::channel(2);
        for number in 0..2 {
            let ended = OnDrop(number, ended.clone());
            pending.begin(Transport::Tls, |slot| async move {
                std::future::pending::<()>().await;
                drop((slot, ended));
            });
        }
        pending.shed(3, &counters);
        assert_eq!(pending.count(), 2);
        pending.shed(2, &counters);
        assert_eq!((seen.recv().await, pending.count()), (Some(0), 1));
        pending.close();
        assert_eq!((seen.recv().await, pending.count()), (Some(1), 0));
        pending.begin(Transport::Tls, |_| std::future::pending());
        assert_eq!(pending.count(), 0, "it is closed");
    }

    struct OnDrop(usize, tokio::sync::mpsc::Sender<usize>);

    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.1.try_send(self.0).ok();
        }
    }
}
