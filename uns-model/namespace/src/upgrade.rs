//! Reading the payloads of records that were written before the gate's reading was stored in them.

use fabric::{PointsBuilder, Publish, Upgrade};
use schemas::payload::{DecodeContext, FieldLimits};
use uns_model::Zone;

use crate::Config;
use crate::gate::fill;

/// Understands publishes of earlier log formats as the gate understands them today, for the log to
/// hand out.
#[derive(Debug)]
pub struct PayloadReader {
    zone: Zone,
    fields: FieldLimits,
}

impl PayloadReader {
    /// For payloads whose times without an offset are of the zone in `config`, and whose documents have
    /// as many fields as it says.
    pub fn new(config: &Config) -> Self {
        Self { zone: config.zone.clone(), fields: config.fields }
    }
}

impl Upgrade for PayloadReader {
    fn fill(&self, publish: &Publish<'_>, points: &mut PointsBuilder<'_>) {
        // The gate of then has written the rows of a batch behind it, as records of their own.
        let context = DecodeContext::new(&self.zone, publish.ingest).limited(self.fields);
        fill(points, publish.payload, publish.properties, &context);
    }
}
