//! What cores hand to each other: batches of deliveries, words, commits. One slot per pair of cores,
//! one wake-up per hand-over, none for a core that is awake.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use broker_codec::ReasonCode;
use broker_engine::{
    Batch, CoreNo, DueWill, Identity, Key, LeftBehind, RetainedMessages, Signal, Ticket,
};
use broker_ledger::Delivery;
use fabric::{Commit, Rejection};
use parking_lot::Mutex;
use tokio::sync::Notify;
use uns_model::{OrgId, SessionNo};

/// A commit, or why there was none.
pub(crate) type Outcome = (Ticket, Result<Commit, Rejection>);

/// Who a connection turned out to be, or why it is refused.
pub(crate) type Known = (Key, Result<Identity, ReasonCode>);
/// What the ledger asks a core to do for all.
#[derive(Debug)]
pub(crate) enum Duty {
    /// Publish a will whose delay is over.
    Will(Box<DueWill>),
    /// Give what an ended session left to another member of its share.
    PassOn(Box<LeftBehind>),
    /// End a session whose client did not come back.
    Expire(SessionNo, OrgId, Arc<str>),
}

/// Batches of the ledger that wait for one core; it keeps further ones.
const FEEDS_MAX: usize = 16;
/// Duties that wait for one core; it asks again for further ones.
const DUTIES_MAX: usize = 1024;

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
    /// At most two per connection and paused publisher, and one per dead letter that is waited for.
    signals: Mutex<Vec<Signal>>,
    /// At most one per ticket, whose bytes are bounded.
    commits: Mutex<Vec<Outcome>>,
    /// At most one per log-in that waits to be verified.
    known: Mutex<Vec<Known>>,
    /// What the ledger owes to sessions connected here.
    feeds: Mutex<Vec<Vec<Delivery>>>,
    duties: Mutex<Vec<Duty>>,
    /// Something was posted since the core looked last.
    posted: AtomicBool,
    wake: Notify,
}

/// The inboxes of all cores.
#[derive(Debug)]
pub(crate) struct Post(Vec<Inbox>);

impl Post {
    /// Of so many cores; they hear when the fold that keeps the retained messages moves.
    pub(crate) fn new(cores: u16, retained: &RetainedMessages) -> Arc<Self> {
        let inbox =
            || Inbox { pairs: (0..cores).map(|_| Mutex::default()).collect(), ..Inbox::default() };
        let post = Arc::new(Self((0..cores).map(|_| inbox()).collect()));
        post.wake_with(retained);
        post
    }

    /// Cores hear when the fold that keeps the retained messages moves, if one waits for it.
    fn wake_with(self: &Arc<Self>, retained: &RetainedMessages) {
        let post = Arc::downgrade(self);
        retained.set_wake(move || {
            let Some(post) = post.upgrade() else { return };
            for core in (0..post.0.len()).filter_map(|core| u16::try_from(core).ok()) {
                post.signal(CoreNo(core), Signal::Folded);
            }
        });
    }

    /// How many cores there are.
    pub(crate) fn cores(&self) -> usize {
        self.0.len()
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
        let again = matches!(signal, Signal::Resume | Signal::Folded);
        if !again || signals.last() != Some(&signal) {
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

    /// Hands deliveries of the ledger to a core; gives them back if too much waits there.
    pub(crate) fn feed(&self, core: CoreNo, batch: Vec<Delivery>) -> Result<(), Vec<Delivery>> {
        let Some(inbox) = self.0.get(core.index()) else { return Ok(()) };
        let mut feeds = inbox.feeds.lock();
        if feeds.len() >= FEEDS_MAX {
            return Err(batch);
        }
        feeds.push(batch);
        drop(feeds);
        self.ring(core);
        Ok(())
    }

    pub(crate) fn take_feeds(&self, core: CoreNo) -> Vec<Vec<Delivery>> {
        std::mem::take(&mut *self.inbox(core).feeds.lock())
    }

    /// Asks a core to do something; `false` if too much waits there.
    pub(crate) fn duty(&self, core: CoreNo, duty: impl FnOnce() -> Duty) -> bool {
        let mut duties = self.inbox(core).duties.lock();
        if duties.len() >= DUTIES_MAX {
            return false;
        }
        duties.push(duty());
        drop(duties);
        self.ring(core);
        true
    }

    pub(crate) fn take_duties(&self, core: CoreNo) -> Vec<Duty> {
        std::mem::take(&mut *self.inbox(core).duties.lock())
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
