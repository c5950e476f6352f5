//! What every connection shares.

use std::sync::Arc;

use hub_kit::Hub;
use hub_kit::metrics::MetricSource;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Config;
use crate::dispatch::Dispatcher;
use crate::statistics::Statistics;

/// What every connection shares.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) config: Config,
    pub(crate) hub: Arc<Hub>,
    pub(crate) statistics: Arc<Statistics>,
    pub(crate) dispatcher: Arc<Dispatcher>,
    slots: Arc<Semaphore>,
}

impl Service {
    pub(crate) fn new(config: Config, hub: Hub) -> Self {
        let slots = config.connections_max.min(Semaphore::MAX_PERMITS);
        let hub = Arc::new(hub);
        Self {
            config,
            dispatcher: Dispatcher::new(Arc::clone(&hub)),
            hub,
            statistics: Arc::default(),
            slots: Arc::new(Semaphore::new(slots)),
        }
    }

    /// Room for one more connection, until it is dropped; `None` where all of it is taken.
    pub(crate) fn slot(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.slots).try_acquire_owned().ok()
    }

    pub(crate) fn statistics(&self) -> Arc<dyn MetricSource> {
        self.statistics.clone()
    }
}
