//! Publishes from inside the process. Each lane keeps its order, and lanes do not wait for each other.

use std::collections::{HashSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use broker_engine::Offer;
use fabric::Rejection;
use tokio::sync::{mpsc, oneshot};
use uns_model::{OrgId, Reason};

use super::state::Worker;
use crate::in_process::{PublishOutcomes, PublishRequest};

/// How soon a batch that the engine did not take is offered again.
const RETRY: Duration = Duration::from_millis(2);

/// A batch that the engine did not take yet.
#[derive(Debug)]
struct Waiting {
    offer: Offer,
    lane: u64,
    reply: oneshot::Sender<PublishOutcomes>,
}

/// Offers batches to the engine as they come. A batch that has to wait, for the rate of its
/// organisation or for receivers that are behind, does not hold up the others.
pub(super) async fn publish_requests(
    worker: Rc<Worker>,
    mut requests: mpsc::Receiver<PublishRequest>,
    waiting_max: usize,
) {
    let mut waiting = VecDeque::new();
    let mut retry = tokio::time::interval(RETRY);
    retry.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let request = tokio::select! {
            biased;
            _ = retry.tick(), if !waiting.is_empty() => {
                offer_again(&worker, &mut waiting);
                continue;
            }
            request = requests.recv() => request,
        };
        let Some(PublishRequest { batch, lane, reply }) = request else { return };
        let new = Waiting { offer: Offer::new(batch), lane, reply };
        if waiting.iter().any(|other: &Waiting| other.lane == lane) {
            wait(&mut waiting, new, waiting_max);
        } else if let Some(new) = offer(&worker, new) {
            wait(&mut waiting, new, waiting_max);
        }
    }
}

/// Offers a batch to the engine. Returns it if it has to wait.
fn offer(worker: &Worker, mut batch: Waiting) -> Option<Waiting> {
    if batch.reply.is_closed() {
        return None;
    }
    let token = worker.replies.next_token();
    let now = worker.now();
    let taken = worker.engine.borrow_mut().publish_together(now, token, &mut batch.offer);
    worker.flush_soon();
    if !taken {
        return Some(batch);
    }
    worker.replies.add(batch.reply);
    None
}

/// Offers the first batch of every lane, and those after it as long as the engine takes them.
fn offer_again(worker: &Worker, waiting: &mut VecDeque<Waiting>) {
    let mut held: HashSet<u64, ahash::RandomState> = HashSet::default();
    for _ in 0..waiting.len() {
        let Some(batch) = waiting.pop_front() else { break };
        let lane = batch.lane;
        let left = if held.contains(&lane) { Some(batch) } else { offer(worker, batch) };
        if let Some(batch) = left {
            held.insert(lane);
            waiting.push_back(batch);
        }
    }
}

/// Adds a batch to those that wait. Refuses it if that would be too many: `waiting_max` in all, or a
/// quarter of them of one organisation.
fn wait(waiting: &mut VecDeque<Waiting>, batch: Waiting, waiting_max: usize) {
    let of = |org: OrgId| waiting.iter().filter(|other| other.offer.org() == org).count();
    if waiting.len() < waiting_max && of(batch.offer.org()) < waiting_max.div_ceil(4) {
        return waiting.push_back(batch);
    }
    let detail = "too many publishes of this process wait for the rate of their organisation or \
                  for subscribers that are behind: try again later";
    let refused = Rejection::new(Reason::QuotaExceeded, detail);
    let outcomes = (0..batch.offer.len()).map(|_| Err(refused.clone())).collect();
    // An error means that the producer does not wait any more.
    batch.reply.send(outcomes).ok();
}
