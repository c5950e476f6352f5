//! What the live channel counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use hub_kit::metrics::{Exposition, MetricSource};

/// Counters of all connections.
#[derive(Debug, Default)]
pub(crate) struct Statistics {
    pub(crate) connections: AtomicU64,
    pub(crate) subscriptions: AtomicU64,
    pub(crate) decoded: AtomicU64,
    pub(crate) samples: AtomicU64,
    pub(crate) skipped: AtomicU64,
    pub(crate) gaps: AtomicU64,
    pub(crate) malformed: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) stuck: AtomicU64,
}

/// Counts one more for as long as it lives.
#[derive(Debug)]
pub(crate) struct Counted {
    all: Arc<Statistics>,
    which: fn(&Statistics) -> &AtomicU64,
}

impl Counted {
    pub(crate) fn new(all: &Arc<Statistics>, which: fn(&Statistics) -> &AtomicU64) -> Self {
        which(all).fetch_add(1, Relaxed);
        Self { all: all.clone(), which }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.which)(&self.all).fetch_sub(1, Relaxed);
    }
}

impl MetricSource for Statistics {
    fn write(&self, out: &mut Exposition) {
        let mut gauge = |name, help, value: &AtomicU64| {
            out.single_gauge(name, help, value.load(Relaxed));
        };
        gauge("uns_websocket_connections", "Open live connections.", &self.connections);
        gauge("uns_websocket_subscriptions", "Open live subscriptions.", &self.subscriptions);
        let mut counter = |name, help, value: &AtomicU64| {
            out.single_counter(name, help, value.load(Relaxed));
        };
        let samples = &self.samples;
        counter("uns_websocket_samples_total", "Samples sent to live clients.", samples);
        let decoded = "Records decoded for live clients, each once for all of them.";
        counter("uns_websocket_decoded_total", decoded, &self.decoded);
        let skipped = "Samples a `latest` subscription replaced by newer ones.";
        counter("uns_websocket_skipped_total", skipped, &self.skipped);
        counter("uns_websocket_gaps_total", "Gaps reported to live clients.", &self.gaps);
        let malformed = "Payloads of broken JSON, sent to a live client as text.";
        counter("uns_websocket_malformed_total", malformed, &self.malformed);
        let refused = "Live connections and messages refused by a limit or as malformed.";
        counter("uns_websocket_refused_total", refused, &self.refused);
        counter("uns_websocket_stuck_total", "Live clients closed with 4008.", &self.stuck);
    }
}
