//! The handshakes that are under way: so many at once, and the oldest gives way.

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
    /// By arrival.
    tasks: BTreeMap<u64, (Transport, AbortHandle)>,
    next: u64,
    closed: bool,
}

impl PendingHandshakes {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.lock().tasks.len()
    }

    /// Ends the oldest where there are this many.
    pub(crate) fn shed(&self, most: usize, counters: &Counters) {
        let mut waiting = self.0.lock();
        let oldest = (waiting.tasks.len() >= most).then(|| waiting.tasks.pop_first()).flatten();
        drop(waiting);
        if let Some((_, (transport, oldest))) = oldest {
            oldest.abort();
            counters.failed(transport, Failure::Shed);
        }
    }

    /// Ends every one and lets no other begin.
    pub(super) fn close(&self) {
        let mut waiting = self.0.lock();
        waiting.closed = true;
        let tasks = std::mem::take(&mut waiting.tasks);
        drop(waiting);
        tasks.values().for_each(|(_, task)| task.abort());
    }

    /// Begins one, unless none begins any more.
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
        let task = tokio::spawn(handshake(HandshakeSlot(Arc::clone(self), id)));
        waiting.tasks.insert(id, (transport, task.abort_handle()));
    }
}

/// Frees the place of a handshake when it ends, however it ends.
pub(super) struct HandshakeSlot(Arc<PendingHandshakes>, u64);

impl Drop for HandshakeSlot {
    fn drop(&mut self) {
        self.0.0.lock().tasks.remove(&self.1);
    }
}
