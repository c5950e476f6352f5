//! What the ledger hands to the cores, with a mistake in between. Without a fault it changes nothing.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use broker_ledger::{Delivery, Expired, Outlet, PassOn};
use fabric::{DueWill, Log, Record, SessionChange, TailItem};
use uns_model::{Sequence, SessionNo};

use crate::Fault;

/// An outlet with a mistake.
pub(crate) struct FaultyOutlet<O> {
    outlet: O,
    fault: Option<Fault>,
    /// Whether a will was due.
    had_will: AtomicBool,
    /// The newest will of each session in the log, where that matters.
    newest: BTreeMap<SessionNo, Sequence>,
}

impl<O> FaultyOutlet<O> {
    /// An outlet of a hub that starts with this log.
    pub(crate) fn new(outlet: O, fault: Option<Fault>, log: &dyn Log) -> Self {
        let newest = match fault {
            Some(Fault::LosesWillsBesideNewerOnes) => newest_wills(log),
            _ => BTreeMap::new(),
        };
        Self { outlet, fault, had_will: AtomicBool::new(false), newest }
    }

    fn loses(&self, will: &DueWill) -> bool {
        let is_first = !self.had_will.swap(true, Relaxed);
        match self.fault {
            Some(Fault::LosesWillsDueAtStart) => is_first,
            Some(Fault::LosesWillsBesideNewerOnes) => {
                self.newest.get(&will.session).copied() > will.sequence
            }
            _ => false,
        }
    }
}

fn newest_wills(log: &dyn Log) -> BTreeMap<SessionNo, Sequence> {
    let (mut newest, mut tail) = (BTreeMap::new(), log.tail(Sequence::ZERO));
    while let Ok(Some(item)) = tail.next() {
        let TailItem::Frame(frame) = item else { continue };
        for (sequence, record) in frame.records() {
            if let Record::Session { session, change: SessionChange::Will { .. }, .. } = record {
                newest.insert(session, sequence);
            }
        }
    }
    newest
}

impl<O: Outlet> Outlet for FaultyOutlet<O> {
    fn deliver(&self, core: u16, mut batch: Vec<Delivery>) -> Result<(), Vec<Delivery>> {
        if self.fault == Some(Fault::LosesReleases) {
            batch.retain(|delivery| !matches!(delivery, Delivery::Release { .. }));
        }
        self.outlet.deliver(core, batch)
    }

    fn will(&self, will: &DueWill) -> bool {
        self.loses(will) || self.outlet.will(will)
    }

    fn pass_on(&self, one: &PassOn) -> bool {
        self.fault == Some(Fault::LosesWhatIsLeft) || self.outlet.pass_on(one)
    }

    fn expired(&self, expired: &Expired) {
        self.outlet.expired(expired);
    }
}
