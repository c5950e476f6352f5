//! Deliveries that come from another core.

use super::{Engine, Now};
use crate::batch::Batch;
use crate::gate::Gate;

impl<G: Gate> Engine<G> {
    /// Another core's publishes for clients of this one.
    pub fn remote(&mut self, now: Now, batch: &Batch) {
        for (message, to) in batch.iter() {
            self.desk.encoder.begin();
            let there = self.deliver_here(now, &message, to);
            // A member that left meanwhile is replaced.
            if let Some(share) = to.share.filter(|_| !there) {
                self.pass_on(now, &message, share);
            }
        }
    }
}
