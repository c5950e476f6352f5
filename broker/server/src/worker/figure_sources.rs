//! Where the figures of `$SYS` come from.

use std::sync::Arc;
use std::time::Duration;

use broker_engine::Broker;
use broker_ledger::Ledger;

use crate::counters::Counters;
use crate::load_averages::LoadAverages;

/// Where figures come from, beside the cores.
#[derive(Clone, Debug)]
pub(crate) struct FigureSources {
    pub(crate) broker: Arc<Broker>,
    pub(crate) loads: Arc<LoadAverages>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) ledger: Option<Arc<Ledger>>,
}

impl FigureSources {
    pub(crate) fn new(
        broker: &Arc<Broker>,
        counters: &Arc<Counters>,
        ledger: Option<&Arc<Ledger>>,
        now: Duration,
    ) -> Self {
        let (broker, counters) = (Arc::clone(broker), Arc::clone(counters));
        Self { broker, loads: Arc::new(LoadAverages::new(now)), counters, ledger: ledger.cloned() }
    }
}
