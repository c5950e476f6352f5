//! Publishes from inside the process: every lane in its order, and none waits for another.

use std::collections::{HashSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use broker_engine::{Offer, Reply, Taken};
use fabric::{Commit, Place, Rejection};
use tokio::sync::{mpsc, oneshot};
use uns_model::{OrgId, Reason, Sequence};

use super::{Outcomes, Published, Request, Worker};

/// How soon a batch that could not be taken is offered again.
const RETRY: Duration = Duration::from_millis(2);

/// A batch that could not be taken yet.
#[derive(Debug)]
struct Waiting {
    offer: Offer,
    lane: u64,
    reply: oneshot::Sender<Outcomes>,
}

/// Takes batches as they come. One that may not be taken yet, because of its organisation's rate or
/// of receivers that are behind, waits beside the others.
pub(super) async fn publish_requests(
    worker: Rc<Worker>,
    mut requests: mpsc::Receiver<Request>,
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
        let Some(Request { batch, lane, reply }) = request else { return };
        let new = Waiting { offer: Offer::new(batch), lane, reply };
        if waiting.iter().any(|other: &Waiting| other.lane == lane) {
            wait(&mut waiting, new, waiting_max);
        } else if let Some(new) = offer(&worker, new) {
            wait(&mut waiting, new, waiting_max);
        }
    }
}

/// Offers a batch to the engine; gives it back if it has to wait.
fn offer(worker: &Worker, mut batch: Waiting) -> Option<Waiting> {
    if batch.reply.is_closed() {
        return None;
    }
    let token = worker.next_token.get();
    let now = worker.now();
    let taken = worker.engine.borrow_mut().publish_together(now, token, &mut batch.offer);
    worker.flush_soon();
    if !taken {
        return Some(batch);
    }
    worker.next_token.set(token + 1);
    worker.replies.borrow_mut().insert(token, batch.reply);
    None
}

/// Offers the first of every lane, and what follows it as long as it is taken.
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

/// Has a batch wait, unless as many wait as may: in all, or a quarter of them of its organisation.
fn wait(waiting: &mut VecDeque<Waiting>, batch: Waiting, waiting_max: usize) {
    let of = |org: OrgId| waiting.iter().filter(|other| other.offer.org() == org).count();
    if waiting.len() < waiting_max && of(batch.offer.org()) < waiting_max.div_ceil(4) {
        return waiting.push_back(batch);
    }
    let detail = "too many publishes of this process wait for the rate of their organisation or \
                  for subscribers that are behind: try again later";
    let refused = Rejection::new(Reason::QuotaExceeded, detail);
    let outcomes = (0..batch.offer.len()).map(|_| Err(refused.clone())).collect();
    // Whoever asked may have gone.
    batch.reply.send(outcomes).ok();
}

/// What became of every item: the sequence of a record is that of its batch's first and its place.
pub(super) fn outcomes(reply: Reply<Commit>) -> Outcomes {
    let Reply { taken, outcome, .. } = reply;
    let published = |Taken { place, refused }| {
        let sequence = match (place, &outcome) {
            (Some(Place(place)), Some(Ok(commit))) => {
                Some(Sequence(commit.first.0 + u64::from(place)))
            }
            (Some(_), Some(Err(rejection))) => return Err(rejection.clone()),
            (Some(_), None) | (None, _) => None,
        };
        Ok(Published { sequence, refused })
    };
    taken.into_iter().map(|item| published(item?)).collect()
}
