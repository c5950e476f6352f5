//! What cores hand to each other: batches of deliveries, words, commits. One slot per pair of cores,
//! one wake-up per hand-over, none for a core that is awake.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use broker_codec::ReasonCode;
use broker_engine::{Batch, CoreNo, Identity, Key, Rejection, Signal, Ticket};
use fabric::Commit;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// A commit, or why there was none.
pub(crate) type Outcome = (Ticket, Result<Commit, Rejection>);

/// Who a connection turned out to be, or why it is refused.
pub(crate) type Known = (Key, Result<Identity, ReasonCode>);

/// Batches between one pair of cores.
#[derive(Debug, Default)]
struct Pair {
    /// Handed over and not yet taken.
    full: Option<Batch>,
    /// Emptied, to be filled again.
    spare: Option<Batch>,
    /// The sender has more and found the slot taken.
    waiting: bool,
}

#[derive(Debug, Default)]
struct Inbox {
    pairs: Vec<Mutex<Pair>>,
    /// At most two per connection and paused publisher.
    signals: Mutex<Vec<Signal>>,
    /// At most one per ticket, whose bytes are bounded.
    commits: Mutex<Vec<Outcome>>,
    /// At most one per log-in that waits to be verified.
    known: Mutex<Vec<Known>>,
    /// Something was posted since the core looked last.
    posted: AtomicBool,
    wake: Notify,
}

/// The inboxes of all cores.
#[derive(Debug)]
pub(crate) struct Post(Vec<Inbox>);

impl Post {
    pub(crate) fn new(cores: u16) -> Arc<Self> {
        let inbox =
            || Inbox { pairs: (0..cores).map(|_| Mutex::default()).collect(), ..Inbox::default() };
        Arc::new(Self((0..cores).map(|_| inbox()).collect()))
    }

    fn inbox(&self, core: CoreNo) -> &Inbox {
        &self.0[core.index()]
    }

    fn ring(&self, core: CoreNo) {
        let inbox = self.inbox(core);
        if !inbox.posted.swap(true, Ordering::AcqRel) {
            inbox.wake.notify_one();
        }
    }

    /// Hands a batch over with `take(empty)`, unless the last one still lies there.
    pub(crate) fn send(&self, from: CoreNo, to: CoreNo, take: impl FnOnce(Batch) -> Batch) -> bool {
        {
            let mut pair = self.inbox(to).pairs[from.index()].lock();
            if pair.full.is_some() {
                pair.waiting = true;
                return false;
            }
            let spare = pair.spare.take().unwrap_or_default();
            pair.full = Some(take(spare));
        }
        self.ring(to);
        true
    }

    /// Takes the batch from one core. Its sender is woken if it has more.
    pub(crate) fn receive(&self, from: CoreNo, to: CoreNo) -> Option<Batch> {
        let (batch, waiting) = {
            let mut pair = self.inbox(to).pairs[from.index()].lock();
            (pair.full.take(), std::mem::take(&mut pair.waiting))
        };
        if waiting {
            self.ring(from);
        }
        batch
    }

    /// Gives an emptied batch back to its sender.
    pub(crate) fn give_back(&self, from: CoreNo, to: CoreNo, batch: Batch) {
        self.inbox(to).pairs[from.index()].lock().spare = Some(batch);
    }

    pub(crate) fn signal(&self, to: CoreNo, signal: Signal) {
        let mut signals = self.inbox(to).signals.lock();
        if signal != Signal::Resume || signals.last() != Some(&Signal::Resume) {
            signals.push(signal);
        }
        drop(signals);
        self.ring(to);
    }

    pub(crate) fn take_signals(&self, core: CoreNo, into: &mut Vec<Signal>) {
        into.append(&mut self.inbox(core).signals.lock());
    }

    pub(crate) fn committed(
        &self,
        core: CoreNo,
        ticket: Ticket,
        outcome: Result<Commit, Rejection>,
    ) {
        self.inbox(core).commits.lock().push((ticket, outcome));
        self.ring(core);
    }

    pub(crate) fn take_commits(&self, core: CoreNo, into: &mut Vec<Outcome>) {
        into.append(&mut self.inbox(core).commits.lock());
    }

    pub(crate) fn verified(&self, core: CoreNo, key: Key, known: Result<Identity, ReasonCode>) {
        self.inbox(core).known.lock().push((key, known));
        self.ring(core);
    }

    pub(crate) fn take_verified(&self, core: CoreNo) -> Vec<Known> {
        std::mem::take(&mut *self.inbox(core).known.lock())
    }

    /// Whether something was posted since the last call; forgets it.
    pub(crate) fn take_posted(&self, core: CoreNo) -> bool {
        let inbox = self.inbox(core);
        inbox.posted.load(Ordering::Relaxed) && inbox.posted.swap(false, Ordering::AcqRel)
    }

    /// Sleeps until something may have been posted.
    pub(crate) async fn rung(&self, core: CoreNo) {
        self.inbox(core).wake.notified().await;
    }
}
