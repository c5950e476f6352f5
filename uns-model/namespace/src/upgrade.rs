//! Reading the payloads of records that were written before the gate's reading was stored in them.

use fabric::{PointsBuilder, Publish, Upgrade};
use schemas::payload::DecodeContext;
use uns_model::Zone;

use crate::gate::fill;

/// Understands publishes of earlier log formats as the gate understands them today, for the log to
/// hand out.
#[derive(Debug)]
pub struct PayloadReader {
    zone: Zone,
}

impl PayloadReader {
    /// For payloads whose times without an offset are of `zone`.
    pub fn new(zone: Zone) -> Self {
        Self { zone }
    }
}

impl Upgrade for PayloadReader {
    fn fill(&self, publish: &Publish<'_>, points: &mut PointsBuilder<'_>) {
        let context = DecodeContext::new(&self.zone, publish.ingest);
        fill(points, publish.payload, publish.properties, &context);
    }
}
