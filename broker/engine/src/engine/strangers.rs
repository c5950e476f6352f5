//! Connections whose CONNECT has not come yet: the oldest gives way where there is no room for one
//! more, so that silent ones keep nobody out, whatever carries them.

use super::{Engine, Now};
use crate::connection::Phase;
use crate::gate::Gate;
use crate::key::Key;
use crate::stats::End;

impl<G: Gate> Engine<G> {
    /// Ends the connection that has waited longest without saying who it is; `false` if there is
    /// none.
    pub fn shed_stranger(&mut self, now: Now) -> bool {
        self.forget_known();
        let Some(oldest) = self.strangers.pop_front() else { return false };
        self.count_end(oldest, End::Timeout);
        self.end(now, oldest);
        self.discard_output(oldest);
        true
    }

    /// About how many there are; none where it says so.
    pub fn strangers(&mut self) -> usize {
        self.forget_known();
        self.strangers.len()
    }

    /// Forgets those at the front that are strangers no more. What lies behind them is no older than
    /// what a CONNECT may take, so the list is bounded by what comes in that time.
    pub(super) fn forget_known(&mut self) {
        while self.strangers.front().is_some_and(|key| !self.is_stranger(*key)) {
            self.strangers.pop_front();
        }
    }

    fn is_stranger(&self, key: Key) -> bool {
        self.connections.get(key).is_some_and(|known| matches!(known.phase, Phase::New))
    }
}
