//! While memory is short, connections with the largest incomplete packets are ended.

use std::cmp::Reverse;

use broker_engine::{Now, Pressure};

use super::connection::{Closing, Connection};
use super::state::{READ_BYTES, Worker};

/// Whether memory is short enough for the allocator to return some.
pub(super) fn is_short(worker: &Worker) -> bool {
    worker.engine.borrow().pressure() > Pressure::None
}

/// Whether an incomplete packet of this size is too large to wait for the rest of it.
pub(super) fn is_too_large_now(worker: &Worker, unread: usize) -> bool {
    unread > READ_BYTES && worker.engine.borrow().pressure().is_short()
}

/// Ends connections with the largest incomplete packets, until the others are within bounds.
pub(super) fn shed_unread(worker: &Worker, now: Now) {
    if !worker.engine.borrow().pressure().is_short() {
        return;
    }
    let connections = worker.connections.all();
    let mut held: Vec<_> = connections
        .iter()
        .map(|connection| (connection.unread.borrow().capacity(), connection))
        .filter(|(bytes, _)| *bytes > 0)
        .collect();
    held.sort_unstable_by_key(|(bytes, _)| Reverse(*bytes));
    let mut sum: usize = held.iter().map(|(bytes, _)| bytes).sum();
    for (bytes, connection) in held {
        if sum <= worker.unread_bytes_max {
            break;
        }
        sum -= bytes;
        shed(worker, now, connection);
    }
}

/// Ends a connection and tells its client why.
pub(super) fn shed(worker: &Worker, now: Now, connection: &Connection) {
    *connection.unread.borrow_mut() = Vec::new();
    worker.engine.borrow_mut().end_for_memory(now, connection.key);
    connection.closing.set(Closing::Flushing);
    worker.flush_soon();
}
