//! Replies to in-process publishes that wait for their commit.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use broker_engine::{Reply, Taken};
use fabric::Commit;
use tokio::sync::oneshot;

use crate::gate::sequence_of;
use crate::in_process::{PublishOutcomes, Published};

/// The replies of one core, by the token under which the engine knows the batch.
#[derive(Debug, Default)]
pub(super) struct Replies {
    waiting: RefCell<HashMap<u64, oneshot::Sender<PublishOutcomes>, ahash::RandomState>>,
    next_token: Cell<u64>,
}

impl Replies {
    /// The token of the next batch.
    pub(super) fn next_token(&self) -> u64 {
        self.next_token.get()
    }

    /// The engine took the batch with the next token.
    pub(super) fn add(&self, reply: oneshot::Sender<PublishOutcomes>) {
        let token = self.next_token.replace(self.next_token.get() + 1);
        self.waiting.borrow_mut().insert(token, reply);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.borrow().is_empty()
    }

    /// Sends the replies of batches that have ended.
    pub(super) fn send(&self, replies: Vec<Reply<Commit>>) {
        let mut waiting = self.waiting.borrow_mut();
        for reply in replies {
            if let Some(sender) = waiting.remove(&reply.token) {
                // An error means that the producer does not wait any more.
                sender.send(outcomes(reply)).ok();
            }
        }
    }
}

/// The outcome of every item.
fn outcomes(reply: Reply<Commit>) -> PublishOutcomes {
    let Reply { taken, outcome, .. } = reply;
    let published = |Taken { place, refused }| {
        let sequence = match (place, &outcome) {
            (Some(place), Some(Ok(commit))) => Some(sequence_of(commit, place)),
            (Some(_), Some(Err(rejection))) => return Err(rejection.clone()),
            (Some(_), None) | (None, _) => None,
        };
        Ok(Published { sequence, refused })
    };
    taken.into_iter().map(|item| published(item?)).collect()
}
