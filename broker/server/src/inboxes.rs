//! What cores hand to each other, and what log, ledger and verifiers hand to a core. Each pair of
//! cores has one slot for a batch of deliveries. A hand-over wakes its receiver once, and not at all
//! while it is awake.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use broker_codec::ReasonCode;
use broker_engine::{Batch, CoreNo, Identity, Key, LeftBehind, RetainedMessages, Signal, Ticket};
use broker_ledger::{Delivery, Expired};
use fabric::{Commit, DueWill, Rejection};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// What became of a batch of records.
#[derive(Debug)]
pub(crate) struct CommitOutcome {
    pub(crate) ticket: Ticket,
    pub(crate) result: Result<Commit, Rejection>,
}

/// What became of a log-in that a verifier checked.
#[derive(Debug)]
pub(crate) struct VerifiedLogin {
    pub(crate) key: Key,
    pub(crate) result: Result<Identity, ReasonCode>,
}

/// What the ledger asks a core to do.
#[derive(Debug)]
pub(crate) enum LedgerRequest {
    /// Publish a will whose delay is over.
    Will(Box<DueWill>),
    /// Give what an ended session was owed to another member of its share.
    PassOn(Box<LeftBehind>),
    /// End a session whose client did not come back.
    Expire(Expired),
}

/// The most batches of the ledger that wait for one core. The ledger keeps further ones.
const DELIVERIES_MAX: usize = 16;
/// The most requests of the ledger that wait for one core. The ledger makes further ones again.
const LEDGER_REQUESTS_MAX: usize = 1024;

/// The batch from one core to another.
#[derive(Debug, Default)]
struct BatchSlot {
    /// Handed over and not taken yet.
    full: Option<Batch>,
    /// Emptied by the receiver, to be filled again.
    spare: Option<Batch>,
    /// The sender found the slot full and has more to send.
    sender_waits: bool,
}

#[derive(Debug, Default)]
struct Inbox {
    /// By sender.
    batches: Vec<Mutex<BatchSlot>>,
    /// At most two for each connection, paused publisher and other core, and one for each dead letter
    /// under way.
    signals: Mutex<Vec<Signal>>,
    /// At most one for each ticket, whose bytes are bounded.
    commits: Mutex<Vec<CommitOutcome>>,
    /// At most one for each log-in that waits to be verified.
    verified: Mutex<Vec<VerifiedLogin>>,
    /// What the ledger owes to sessions connected here.
    deliveries: Mutex<Vec<Vec<Delivery>>>,
    ledger_requests: Mutex<Vec<LedgerRequest>>,
    /// Something has arrived since the core looked last.
    has_news: AtomicBool,
    wake: Notify,
}

/// The inboxes of all cores.
#[derive(Debug)]
pub(crate) struct Inboxes(Vec<Inbox>);

impl Inboxes {
    /// An inbox for each core. A core that waits for the fold of retained messages is told when that
    /// moves on.
    pub(crate) fn new(cores: u16, retained: &RetainedMessages) -> Arc<Self> {
        let inbox = || Inbox {
            batches: (0..cores).map(|_| Mutex::default()).collect(),
            ..Inbox::default()
        };
        let inboxes = Arc::new(Self((0..cores).map(|_| inbox()).collect()));
        inboxes.wake_with(retained);
        inboxes
    }

    fn wake_with(self: &Arc<Self>, retained: &RetainedMessages) {
        let inboxes = Arc::downgrade(self);
        retained.set_wake(move || {
            let Some(inboxes) = inboxes.upgrade() else { return };
            for core in (0..inboxes.0.len()).filter_map(|core| u16::try_from(core).ok()) {
                inboxes.signal(CoreNo(core), Signal::Folded);
            }
        });
    }

    /// The number of cores.
    pub(crate) fn cores(&self) -> usize {
        self.0.len()
    }

    fn inbox(&self, core: CoreNo) -> &Inbox {
        &self.0[core.index()]
    }

    fn wake(&self, core: CoreNo) {
        let inbox = self.inbox(core);
        if !inbox.has_news.swap(true, Ordering::AcqRel) {
            inbox.wake.notify_one();
        }
    }

    /// Hands the batch that `fill` makes of an empty one to another core. Does nothing and returns
    /// `false` if the batch before was not taken yet.
    pub(crate) fn send_batch(
        &self,
        from: CoreNo,
        to: CoreNo,
        fill: impl FnOnce(Batch) -> Batch,
    ) -> bool {
        {
            let mut slot = self.inbox(to).batches[from.index()].lock();
            if slot.full.is_some() {
                slot.sender_waits = true;
                return false;
            }
            let spare = slot.spare.take().unwrap_or_default();
            slot.full = Some(fill(spare));
        }
        self.wake(to);
        true
    }

    /// Takes the batch of one sender, and wakes that sender if it has more.
    pub(crate) fn take_batch(&self, from: CoreNo, to: CoreNo) -> Option<Batch> {
        let (batch, sender_waits) = {
            let mut slot = self.inbox(to).batches[from.index()].lock();
            (slot.full.take(), std::mem::take(&mut slot.sender_waits))
        };
        if sender_waits {
            self.wake(from);
        }
        batch
    }

    /// Returns an emptied batch to its sender, which keeps its memory.
    pub(crate) fn return_batch(&self, from: CoreNo, to: CoreNo, batch: Batch) {
        self.inbox(to).batches[from.index()].lock().spare = Some(batch);
    }

    pub(crate) fn signal(&self, to: CoreNo, signal: Signal) {
        let mut signals = self.inbox(to).signals.lock();
        // A repeated signal of these kinds says nothing new.
        let repeatable = matches!(signal, Signal::Resume | Signal::Folded);
        if !repeatable || signals.last() != Some(&signal) {
            signals.push(signal);
        }
        drop(signals);
        self.wake(to);
    }

    pub(crate) fn take_signals(&self, core: CoreNo) -> Vec<Signal> {
        self.inbox(core).signals.lock().drain(..).collect()
    }

    pub(crate) fn commit(&self, core: CoreNo, outcome: CommitOutcome) {
        self.inbox(core).commits.lock().push(outcome);
        self.wake(core);
    }

    pub(crate) fn take_commits(&self, core: CoreNo) -> Vec<CommitOutcome> {
        self.inbox(core).commits.lock().drain(..).collect()
    }

    pub(crate) fn verified(&self, core: CoreNo, login: VerifiedLogin) {
        self.inbox(core).verified.lock().push(login);
        self.wake(core);
    }

    pub(crate) fn take_verified(&self, core: CoreNo) -> Vec<VerifiedLogin> {
        std::mem::take(&mut *self.inbox(core).verified.lock())
    }

    /// Hands deliveries of the ledger to a core. Returns them if too many batches wait there.
    pub(crate) fn deliver(&self, core: CoreNo, batch: Vec<Delivery>) -> Result<(), Vec<Delivery>> {
        let Some(inbox) = self.0.get(core.index()) else { return Ok(()) };
        let mut deliveries = inbox.deliveries.lock();
        if deliveries.len() >= DELIVERIES_MAX {
            return Err(batch);
        }
        deliveries.push(batch);
        drop(deliveries);
        self.wake(core);
        Ok(())
    }

    pub(crate) fn take_deliveries(&self, core: CoreNo) -> Vec<Vec<Delivery>> {
        std::mem::take(&mut *self.inbox(core).deliveries.lock())
    }

    /// Asks a core to do something for the ledger; `false` if too many requests wait there.
    pub(crate) fn request(&self, core: CoreNo, request: impl FnOnce() -> LedgerRequest) -> bool {
        let mut requests = self.inbox(core).ledger_requests.lock();
        if requests.len() >= LEDGER_REQUESTS_MAX {
            return false;
        }
        requests.push(request());
        drop(requests);
        self.wake(core);
        true
    }

    pub(crate) fn take_requests(&self, core: CoreNo) -> Vec<LedgerRequest> {
        std::mem::take(&mut *self.inbox(core).ledger_requests.lock())
    }

    /// Whether something has arrived since the last call.
    pub(crate) fn take_news(&self, core: CoreNo) -> bool {
        let inbox = self.inbox(core);
        inbox.has_news.load(Ordering::Relaxed) && inbox.has_news.swap(false, Ordering::AcqRel)
    }

    /// Sleeps until something may have arrived.
    pub(crate) async fn wait(&self, core: CoreNo) {
        self.inbox(core).wake.notified().await;
    }
}
