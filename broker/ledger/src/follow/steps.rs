//! The loop turn by turn, for simulations: no thread, so a seed repeats everything.

use std::sync::Arc;

use super::Turns;
use super::save::Saving;
use crate::reader::Reader;
use crate::{Error, Ledger, Outlet};

/// What [`Ledger::run`] would keep on its stack.
pub struct Steps(Turns);

impl std::fmt::Debug for Steps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Steps").finish_non_exhaustive()
    }
}

impl Ledger {
    /// In place of [`Ledger::run`]: the caller is the loop.
    pub fn steps(&self) -> Steps {
        Steps(Turns {
            reader: Reader::without_thread(Arc::clone(&self.log)),
            read_after: std::time::Duration::ZERO,
            saving: Saving::new(self.clock.monotonic(), self.folded()),
        })
    }

    /// One turn; whether there is more to do at once.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn step(&self, steps: &mut Steps, outlet: &dyn Outlet) -> Result<bool, Error> {
        let pause = self.turn(&mut steps.0, outlet)?;
        Ok(pause.is_zero() || !steps.0.reader.is_idle())
    }
}
