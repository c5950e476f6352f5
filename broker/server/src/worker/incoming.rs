//! Takes the connections that the listeners hand to this core, and starts a task for each.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use broker_codec::ReasonCode;
use broker_engine::Now;
use tokio::sync::mpsc;

use super::connection::Connection;
use super::read::serve;
use super::state::Worker;
use super::stream::Stream;
use crate::abort::spawn_guarded;
use crate::incoming::IncomingConnection;

/// Serves connections until the listeners are gone.
pub(super) async fn serve_incoming(
    worker: Rc<Worker>,
    mut incoming: mpsc::Receiver<IncomingConnection>,
) {
    while let Some(connection) = incoming.recv().await {
        let Some(connection) = open(&worker, connection) else {
            worker.own_gauges().sockets.fetch_sub(1, Ordering::Relaxed);
            continue;
        };
        let task = serve(Rc::clone(&worker), connection);
        let (gauges, core) = (Arc::clone(&worker.gauges), worker.core);
        spawn_guarded(core.0, async move {
            task.await;
            gauges[core.index()].sockets.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

/// Moves a socket to this thread and tells the engine of the connection.
fn open(worker: &Worker, incoming: IncomingConnection) -> Option<Rc<Connection>> {
    let IncomingConnection { socket, peer, waited, address_slot, over_limit } = incoming;
    let stream = Stream::new(socket)
        .inspect_err(|error| tracing::warn!(%error, "a socket was not taken over"))
        .ok()?;
    let mut engine = worker.engine.borrow_mut();
    let now = worker.now();
    // The time for its CONNECT began when it was accepted.
    let accepted = Now { monotonic: now.monotonic.saturating_sub(waited), ..now };
    // A socket whose connection has ended gives way first, then a client that has not sent CONNECT.
    let refused = over_limit && !worker.draining.shed() && !engine.end_oldest_awaiting_connect(now);
    let key = engine.open(accepted, *peer)?;
    if refused {
        engine.refuse(key, ReasonCode::QuotaExceeded);
    }
    let connection = Rc::new(Connection::new(key, stream, address_slot));
    worker.connections.insert(&connection);
    // The flush publishes the new number of sockets that give way.
    drop(engine);
    worker.flush_soon();
    Some(connection)
}
