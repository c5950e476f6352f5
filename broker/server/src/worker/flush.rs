//! The end of a tick: the gate's batch goes to the log, batches to other cores, and each connection
//! with output gets one write.

use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use broker_engine::Key;

use super::report::report;
use super::state::Worker;
use super::write::write;
use crate::exchange;
use crate::verify::VerifyRequest;

/// The body of the flush task. It runs when the engine has handled something, after the tasks that
/// were ready before.
pub(super) fn poll_flush(worker: &Worker, cx: &Context<'_>) -> Poll<()> {
    worker.flush_signal.begin(cx);
    flush(worker);
    let again = {
        let mut engine = worker.engine.borrow_mut();
        !engine.pending_output().is_empty() || !engine.effects().signals.is_empty()
    };
    if again {
        worker.flush_soon();
    }
    Poll::Pending
}

fn flush(worker: &Worker) {
    let (inboxes, core) = (&worker.inboxes, worker.core);
    if inboxes.take_news(core) {
        exchange::take(&mut worker.engine.borrow_mut(), inboxes, core, worker.now());
    }
    report(worker.engine.borrow_mut().effects(), &worker.addresses);
    verify_log_ins(worker);
    let now = worker.now();
    worker.engine.borrow_mut().flush(now);
    let ledger = worker.ledger.as_deref();
    exchange::hand_over(&mut worker.engine.borrow_mut(), inboxes, core, ledger);
    // This comes before the writes: when a client learns that it is connected, it is not counted
    // among those that give way any more.
    let giving_way = worker.engine.borrow_mut().awaiting_connect() + worker.draining.count();
    worker.own_gauges().giving_way.store(giving_way, Ordering::Relaxed);
    let pending = std::mem::take(worker.engine.borrow_mut().pending_output());
    for key in &pending {
        worker.engine.borrow_mut().begin_write(*key);
        if let Some(connection) = worker.connections.get(*key) {
            write(worker, &connection);
        }
    }
    recycle(worker, pending);
    resume(worker);
    worker.replies.send(std::mem::take(&mut worker.engine.borrow_mut().effects().replies));
    let engine = worker.engine.borrow();
    worker.own_gauges().publish(&engine.stats());
    if engine.is_stalled() {
        worker.stalled.notify_one();
    }
}

/// Keeps the list's memory for the next tick.
fn recycle(worker: &Worker, mut list: Vec<Key>) {
    list.clear();
    let mut engine = worker.engine.borrow_mut();
    let pending = engine.pending_output();
    list.append(pending);
    *pending = list;
}

/// Has log-ins verified that take too long for a core.
fn verify_log_ins(worker: &Worker) {
    let mut engine = worker.engine.borrow_mut();
    if engine.effects().asked.is_empty() {
        return;
    }
    let now = worker.now();
    for (key, login) in std::mem::take(&mut engine.effects().asked) {
        let request = VerifyRequest { core: worker.core, key, login, asked: now.monotonic };
        if let Err(busy) = worker.verifiers.verify(request) {
            engine.verified(now, key, Err(busy));
        }
    }
}

/// Wakes the connections that the engine takes bytes from again.
fn resume(worker: &Worker) {
    let mut engine = worker.engine.borrow_mut();
    engine.resume();
    let resumed = std::mem::take(&mut engine.effects().resumed);
    drop(engine);
    for key in resumed {
        if let Some(connection) = worker.connections.get(key) {
            connection.paused.set(false);
            connection.retry.set(true);
            connection.wake();
        }
    }
}
