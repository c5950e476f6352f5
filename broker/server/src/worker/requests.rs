//! Answers what operators ask of a core. A search is done in slices, and between two slices the
//! core's connections come first.

use std::rc::Rc;

use tokio::sync::mpsc;

use super::state::Worker;
use crate::operator_request::{EndSession, HeldBy, OperatorRequest};

/// Answers requests until nobody can ask any more. An answer that cannot be sent means that the
/// operator does not wait for it any more.
pub(super) async fn answer_requests(
    worker: Rc<Worker>,
    mut requests: mpsc::Receiver<OperatorRequest>,
) {
    while let Some(request) = requests.recv().await {
        match request {
            OperatorRequest::Clients(mut scan, reply) => {
                while !worker.engine.borrow().scan_clients(&mut scan) {
                    tokio::task::yield_now().await;
                }
                reply.send(scan).ok();
            }
            OperatorRequest::Topics(mut scan, reply) => {
                while !worker.engine.borrow().scan_topics(&mut scan) {
                    tokio::task::yield_now().await;
                }
                reply.send(scan).ok();
            }
            OperatorRequest::Info(keys, reply) => {
                let engine = worker.engine.borrow();
                reply.send(keys.iter().map(|key| engine.client(*key)).collect()).ok();
            }
            OperatorRequest::Trace(trace, reply) => {
                worker.engine.borrow_mut().trace(trace);
                reply.send(()).ok();
            }
            OperatorRequest::Kick(key, reply) => {
                let now = worker.now();
                reply.send(worker.engine.borrow_mut().kick(now, key)).ok();
                worker.flush_soon();
            }
            OperatorRequest::EndSession(session, reply) => {
                reply.send(end_session(&worker, &session)).ok();
                worker.flush_soon();
            }
        }
    }
}

/// Ends a session; `false` if its connection is not the holder any more.
fn end_session(worker: &Worker, session: &EndSession) -> bool {
    let EndSession { org, client_id, held_by } = session;
    let (now, mut engine) = (worker.now(), worker.engine.borrow_mut());
    match held_by {
        HeldBy::Connection(key) => engine.end_session(now, *key, *org, client_id),
        HeldBy::Nobody(session) => {
            engine.end_absent(now, *org, client_id, *session);
            true
        }
    }
}
