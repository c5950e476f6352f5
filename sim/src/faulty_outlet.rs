//! What the ledger hands to the cores, with a mistake in between. Without a fault it changes nothing.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use broker_ledger::{Delivery, Expired, Outlet, PassOn};

use crate::Fault;
use fabric::DueWill;

/// An outlet with a mistake.
pub(crate) struct FaultyOutlet<O> {
    pub(crate) outlet: O,
    pub(crate) fault: Option<Fault>,
    /// Whether a will was due.
    pub(crate) had_will: AtomicBool,
}

impl<O: Outlet> Outlet for FaultyOutlet<O> {
    fn deliver(&self, core: u16, mut batch: Vec<Delivery>) -> Result<(), Vec<Delivery>> {
        if self.fault == Some(Fault::LosesReleases) {
            batch.retain(|delivery| !matches!(delivery, Delivery::Release { .. }));
        }
        self.outlet.deliver(core, batch)
    }

    fn will(&self, will: &DueWill) -> bool {
        let is_first = !self.had_will.swap(true, Relaxed);
        (is_first && self.fault == Some(Fault::LosesWillsDueAtStart)) || self.outlet.will(will)
    }

    fn pass_on(&self, one: &PassOn) -> bool {
        self.fault == Some(Fault::LosesWhatIsLeft) || self.outlet.pass_on(one)
    }

    fn expired(&self, expired: &Expired) {
        self.outlet.expired(expired);
    }
}
