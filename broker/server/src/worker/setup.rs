//! What a core needs to run.

use std::sync::Arc;
use std::time::Duration;

use broker_engine::{Broker, CoreNo};
use broker_ledger::Ledger;
use tokio::sync::{mpsc, watch};
use uns_model::Clock;
use uns_namespace::Namespace;

use super::figure_sources::FigureSources;
use crate::addresses::Addresses;
use crate::core_gauges::CoreGauges;
use crate::in_process::PublishRequest;
use crate::inboxes::Inboxes;
use crate::incoming::IncomingConnection;
use crate::operator_request::OperatorRequest;
use crate::tls::Certificates;
use crate::verify::Verifiers;

/// What a core is started with.
pub(crate) struct Setup {
    pub(crate) core: CoreNo,
    pub(crate) shared: SharedSetup,
    pub(crate) incoming: mpsc::Receiver<IncomingConnection>,
    pub(crate) publishes: mpsc::Receiver<PublishRequest>,
    pub(crate) requests: mpsc::Receiver<OperatorRequest>,
}

/// What all cores are started with.
#[derive(Clone)]
pub(crate) struct SharedSetup {
    pub(crate) broker: Arc<Broker>,
    pub(crate) namespace: Option<Arc<Namespace>>,
    pub(crate) ledger: Option<Arc<Ledger>>,
    pub(crate) inboxes: Arc<Inboxes>,
    pub(crate) verifiers: Arc<Verifiers>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) gauges: Arc<Vec<CoreGauges>>,
    /// The most batches of in-process publishes that wait for one core.
    pub(crate) in_process_max: usize,
    /// Holds the deadline once the cores are to stop.
    pub(crate) stop: watch::Receiver<Option<Duration>>,
    pub(crate) sources: FigureSources,
    pub(crate) upkeep: Upkeep,
    pub(crate) certificates: Option<Arc<Certificates>>,
    pub(crate) addresses: Arc<Addresses>,
}

/// What a core does from time to time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Upkeep {
    /// How often `$SYS` is published.
    pub(crate) figures_interval: Duration,
    /// Makes the allocator return the memory that this thread does not use.
    pub(crate) give_back: fn(),
    /// The most bytes of incomplete packets while memory is short.
    pub(crate) unread_bytes_max: usize,
}

impl Upkeep {
    /// The upkeep of one of the cores.
    pub(crate) fn new(config: &crate::Config, give_back: fn()) -> Self {
        Self {
            figures_interval: config.figures_interval,
            give_back,
            unread_bytes_max: config.unread_bytes_max / usize::from(config.resolved_cores()),
        }
    }
}
