//! What the connections of one core share when they write: the encoder, counters, buffers.

use std::sync::Arc;

use crate::config::Config;
use crate::message::Encoder;
use crate::pressure::Pressure;
use crate::stats::Stats;

/// What the connections of one core use in turn.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) encoder: Encoder,
    pub(crate) stats: Stats,
    pub(crate) config: Arc<Config>,
    /// What is short, as [`crate::Broker`] said last.
    pub(crate) shortage: u8,
    /// How short memory is.
    pub(crate) pressure: Pressure,
    /// Bytes in all outputs and queues, set right at every tick.
    pub(crate) waiting: usize,
    /// Output buffers nobody uses: an idle connection has none.
    spares: Vec<Vec<u8>>,
}

const SPARES_MAX: usize = 32;
const SPARE_BYTES_MAX: usize = 1 << 20;

impl Desk {
    pub(crate) fn new(config: Arc<Config>) -> Self {
        Self {
            encoder: Encoder::default(),
            stats: Stats::default(),
            config,
            shortage: 0,
            pressure: Pressure::default(),
            waiting: 0,
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

    /// Lets go of buffers nobody uses.
    pub(crate) fn give_back(&mut self) {
        self.spares = Vec::new();
    }

    /// An empty buffer.
    pub(super) fn spare(&mut self) -> Vec<u8> {
        self.spares.pop().unwrap_or_default()
    }

    /// Keeps a buffer for the next one who needs one.
    pub(super) fn keep(&mut self, mut spare: Vec<u8>) {
        if spare.capacity() <= SPARE_BYTES_MAX
            && self.spares.len() < SPARES_MAX
            && self.pressure == Pressure::None
        {
            spare.clear();
            self.spares.push(spare);
        }
    }
}
