//! Reading the payloads of records that were written before the gate's reading was stored in them.

use fabric::{PointsBuilder, Publish, Upgrade};
use schemas::payload::{DecodeContext, decode};
use uns_model::{Finding, Zone};

use crate::properties::content_type;

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
        let mut read = Vec::new();
        let context = DecodeContext::new(&self.zone, publish.ingest);
        let content_type = content_type(publish.properties);
        let decoded = decode(publish.payload, content_type, &context, &mut read);
        read.iter().for_each(|point| points.push(&point.as_ref()));
        if decoded.fields_left_out > 0 {
            points.finding(Finding::FieldsLeftOut(decoded.fields_left_out));
        }
        if decoded.windows_1252 {
            points.finding(Finding::Windows1252);
        }
        if decoded.malformed {
            points.finding(Finding::Malformed);
        }
    }
}
