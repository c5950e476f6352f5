//! What reading a payload depends on beside the payload.

use uns_model::{Timestamp, Zone};

use super::units::Units;

/// What the decoder has to know beside the payload.
#[derive(Clone, Copy, Debug)]
pub struct DecodeContext<'a> {
    /// The zone of times that name no offset (NS-23).
    pub zone: &'a Zone,
    /// When the payload came in: of the two instants that a clock shows when it was set back, the
    /// one nearer to this is meant.
    pub ingest: Timestamp,
    /// Where a unit is taken from that was named lately.
    pub(super) units: Option<&'a Units>,
}

impl<'a> DecodeContext<'a> {
    /// For one payload that came in at `ingest`, whose times without an offset are of `zone`.
    #[must_use]
    pub const fn new(zone: &'a Zone, ingest: Timestamp) -> Self {
        Self { zone, ingest, units: None }
    }

    /// The same for one of many payloads, which share their units.
    #[must_use]
    pub const fn sharing(self, units: &'a Units) -> Self {
        Self { units: Some(units), ..self }
    }
}
