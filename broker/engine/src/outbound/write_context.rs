//! What the connections of one core share when they write: the encoder, counters, spare buffers and
//! how much waits for all of them.

use std::sync::Arc;

use super::encoder::Encoder;
use crate::config::Config;
use crate::pressure::Pressure;
use crate::stats::OutputStats;

/// What the connections of one core share when they write.
#[derive(Debug)]
pub(crate) struct WriteContext {
    pub(crate) encoder: Encoder,
    pub(crate) stats: OutputStats,
    pub(crate) config: Arc<Config>,
    /// How short memory is on this core.
    pub(crate) pressure: Pressure,
    /// Bytes in all outputs and queues, set right at every tick.
    pub(crate) waiting: usize,
    /// Topics that are noted for pending walks, set right at every tick.
    pub(super) live_topics: usize,
    /// Output buffers nobody uses: an idle connection has none.
    spares: Vec<Vec<u8>>,
}

const SPARES_MAX: usize = 32;
const SPARE_BYTES_MAX: usize = 1 << 20;

impl WriteContext {
    pub(crate) fn new(config: Arc<Config>) -> Self {
        Self {
            encoder: Encoder::default(),
            stats: OutputStats::default(),
            config,
            pressure: Pressure::default(),
            waiting: 0,
            live_topics: 0,
            spares: Vec::new(),
        }
    }

    /// Bytes that may wait for all clients; a quarter of it while memory is short.
    pub(crate) fn waiting_max(&self) -> usize {
        let max = self.config.waiting_bytes_max;
        if self.pressure.is_short() { max / 4 } else { max }
    }

    /// Whether more may wait for clients of this core that do not take it at once.
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        self.waiting < self.waiting_max()
    }

    /// Frees the buffers that no connection uses.
    pub(crate) fn release_spares(&mut self) {
        self.spares = Vec::new();
    }

    /// An empty buffer.
    pub(super) fn spare(&mut self) -> Vec<u8> {
        self.spares.pop().unwrap_or_default()
    }

    /// Keeps a buffer for the next connection that needs one.
    pub(super) fn keep_spare(&mut self, mut spare: Vec<u8>) {
        if spare.capacity() <= SPARE_BYTES_MAX
            && self.spares.len() < SPARES_MAX
            && self.pressure == Pressure::None
        {
            spare.clear();
            self.spares.push(spare);
        }
    }
}
