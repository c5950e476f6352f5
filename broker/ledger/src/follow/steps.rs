//! The ledger turn by turn, for simulations. There is no thread, so that a seed repeats everything.

use std::sync::Arc;

use fabric::follow::{Next, Phase};

use super::{Feeding, Turns};
use crate::reader::Reader;
use crate::{Ledger, Outlet};

/// The state that [`Ledger::run`] keeps on its stack.
pub struct Steps(Turns);

impl std::fmt::Debug for Steps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Steps").finish_non_exhaustive()
    }
}

impl Ledger {
    /// Replaces [`Ledger::run`] where the caller is the loop.
    pub fn steps(&self) -> Steps {
        Steps(Turns::new(Reader::without_thread(Arc::clone(&self.log))))
    }

    /// Takes one turn, and writes the checkpoint that was due in it. Returns whether there is more to do
    /// at once.
    pub fn step(self: &Arc<Self>, steps: &mut Steps, outlet: &dyn Outlet) -> bool {
        let feeding = &mut Feeding { ledger: self, outlet, turns: &mut steps.0 };
        let step = self.follower.lock().turn(feeding, Phase::Running);
        if let Some(job) = step.job {
            job.run();
        }
        step.next == Next::Again || !steps.0.reader.is_idle()
    }
}
