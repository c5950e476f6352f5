//! What operators order of a core. A search is done in slices, between which the core's connections
//! come first; orders do not wait behind publishes, which may wait for room.

use std::rc::Rc;
use std::sync::Arc;

use broker_engine::{ClientInfo, ClientScan, Key, TopicScan, Trace};
use tokio::sync::{mpsc, oneshot};
use uns_model::{OrgId, SessionNo};

use super::Worker;

/// One order.
#[derive(Debug)]
pub(crate) enum Order {
    /// Look for clients.
    Clients(Box<ClientScan>, oneshot::Sender<Box<ClientScan>>),
    /// Look for topics.
    Topics(Box<TopicScan>, oneshot::Sender<Box<TopicScan>>),
    /// Say what is known of these connections.
    Info(Vec<Key>, oneshot::Sender<Vec<Option<ClientInfo>>>),
    /// Note packets for this trace.
    Trace(Arc<Trace>, oneshot::Sender<()>),
    /// End this connection.
    Kick(Key, oneshot::Sender<bool>),
    /// End the session of a client, connected here or away.
    EndSession(OrgId, Box<str>, HeldBy, oneshot::Sender<bool>),
}

/// Who has a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HeldBy {
    /// This connection.
    Connection(Key),
    /// Nobody at the moment.
    Nobody(SessionNo),
}

/// Orders waiting for one core.
pub(crate) const ORDERS_MAX: usize = 64;

pub(super) async fn take_orders(worker: Rc<Worker>, mut orders: mpsc::Receiver<Order>) {
    while let Some(order) = orders.recv().await {
        // Whoever asked may have gone: that is what a failed answer means.
        match order {
            Order::Clients(mut scan, reply) => {
                while !worker.engine.borrow().scan_clients(&mut scan) {
                    tokio::task::yield_now().await;
                }
                reply.send(scan).ok();
            }
            Order::Topics(mut scan, reply) => {
                while !worker.engine.borrow().scan_topics(&mut scan) {
                    tokio::task::yield_now().await;
                }
                reply.send(scan).ok();
            }
            Order::Info(keys, reply) => {
                let engine = worker.engine.borrow();
                reply.send(keys.iter().map(|key| engine.client(*key)).collect()).ok();
            }
            Order::Trace(trace, reply) => {
                worker.engine.borrow_mut().trace(trace);
                reply.send(()).ok();
            }
            Order::Kick(key, reply) => {
                let now = worker.now();
                reply.send(worker.engine.borrow_mut().kick(now, key)).ok();
                worker.flush_soon();
            }
            Order::EndSession(org, client_id, held_by, reply) => {
                let (now, mut engine) = (worker.now(), worker.engine.borrow_mut());
                let done = match held_by {
                    HeldBy::Connection(key) => engine.end_session(now, key, (org, &client_id)),
                    HeldBy::Nobody(session) => {
                        engine.end_absent(now, org, &client_id, session);
                        true
                    }
                };
                drop(engine);
                reply.send(done).ok();
                worker.flush_soon();
            }
        }
    }
}
