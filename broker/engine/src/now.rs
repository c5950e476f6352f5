//! The time of an event, as the embedder reads its clocks.

use std::time::Duration;

use uns_model::Timestamp;

/// The time of an event.
#[derive(Clone, Copy, Debug, Default)]
pub struct Now {
    /// Monotonic, for timers and expiry.
    pub monotonic: Duration,
    /// Wall time, for ingest times.
    pub wall: Timestamp,
}
