//! Deliveries that come from another core.

use super::{Engine, Now};
use crate::batch::Batch;
use crate::gate::Gate;

impl<G: Gate> Engine<G> {
    /// Another core's publishes for clients of this one.
    pub fn remote(&mut self, now: Now, batch: &Batch) {
        for (message, targets) in batch.iter() {
            self.desk.encoder.begin();
            self.deliver_here(now, &message, targets);
        }
    }
}
