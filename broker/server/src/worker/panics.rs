//! A panic that concerns one connection ends that connection. The engine says which panics of its
//! own code concern only one; outside of it those in the stream do. Every other panic goes on to the
//! guard of its task, which ends the process.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use broker_engine::{Panicked, Received};

use super::connection::{Closing, Connection};
use super::state::Worker;

/// Lets the engine handle bytes of a connection.
pub(super) fn receive(worker: &Worker, connection: &Connection, bytes: &[u8]) -> Received {
    let now = worker.now();
    let receive = || worker.engine.borrow_mut().receive(now, connection.key, bytes);
    catch_unwind(AssertUnwindSafe(receive)).unwrap_or_else(|panic| {
        match worker.engine.borrow_mut().contain(now, connection.key) {
            Some(ended) => log(&ended),
            None => resume_unwind(panic),
        }
        Received::Done
    })
}

/// Marks a connection as lost: its socket is gone, or its layers have panicked.
pub(super) fn lose(worker: &Worker, connection: &Connection) {
    if connection.stream.borrow().is_broken() && connection.closing.get() != Closing::Lost {
        log(&worker.engine.borrow_mut().carrier_panicked(worker.now(), connection.key));
    }
    connection.closing.set(Closing::Lost);
}

fn log(ended: &Panicked) {
    tracing::error!(
        client = %ended.client_id,
        peer = %ended.address,
        listener = %ended.listener,
        "a panic ended this connection and no other; the line of the panic says where it happened: \
         please report it"
    );
}
