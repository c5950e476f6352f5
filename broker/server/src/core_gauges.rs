//! The figures of one core, as all threads see them.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use broker_engine::Stats;

/// What a core publishes about itself after each tick.
#[derive(Debug)]
pub(crate) struct CoreGauges {
    /// Sockets handed to the core and not closed yet.
    pub(crate) sockets: AtomicUsize,
    /// About how many of these give way to a new connection where there is no room: their clients
    /// have not sent CONNECT yet, or are only reading why they were disconnected.
    pub(crate) giving_way: AtomicUsize,
    counters: [AtomicU64; Stats::LEN],
}

impl Default for CoreGauges {
    fn default() -> Self {
        let counters = std::array::from_fn(|_| AtomicU64::new(0));
        Self { sockets: AtomicUsize::new(0), giving_way: AtomicUsize::new(0), counters }
    }
}

impl CoreGauges {
    pub(crate) fn stats(&self) -> Stats {
        Stats::from_array(&self.counters.each_ref().map(|counter| counter.load(Ordering::Relaxed)))
    }

    pub(crate) fn publish(&self, stats: &Stats) {
        for (counter, value) in self.counters.iter().zip(stats.to_array()) {
            counter.store(value, Ordering::Relaxed);
        }
    }

    /// The sum over all cores.
    pub(crate) fn sum(cores: &[Self]) -> Stats {
        cores.iter().fold(Stats::default(), |sum, core| sum.plus(&core.stats()))
    }
}
