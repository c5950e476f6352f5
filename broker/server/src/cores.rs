//! Starts the threads of the cores.

use std::thread::JoinHandle;

use broker_engine::CoreNo;
use tokio::sync::mpsc;

use crate::Error;
use crate::in_process::PublishRequest;
use crate::incoming::IncomingConnection;
use crate::operator_request::OperatorRequest;
use crate::worker::{Setup, SharedSetup, run};

/// The most connections on their way to one core.
const INCOMING_MAX: usize = 256;

/// The cores of a broker, and the queues that lead to them.
pub(crate) struct Cores {
    pub(crate) incoming: Vec<mpsc::Sender<IncomingConnection>>,
    pub(crate) publishes: Vec<mpsc::Sender<PublishRequest>>,
    pub(crate) threads: Vec<JoinHandle<()>>,
}

impl Cores {
    /// Starts one core for each queue of operators' requests.
    pub(crate) fn start(
        shared: &SharedSetup,
        requests: Vec<mpsc::Receiver<OperatorRequest>>,
    ) -> Result<Self, Error> {
        let mut cores = Self { incoming: vec![], publishes: vec![], threads: vec![] };
        for (core, requests) in (0..).zip(requests) {
            let (incoming_queue, incoming) = mpsc::channel(INCOMING_MAX);
            let (publish_queue, publishes) = mpsc::channel(shared.in_process_max);
            cores.incoming.push(incoming_queue);
            cores.publishes.push(publish_queue);
            let (core, shared) = (CoreNo(core), shared.clone());
            let setup = Setup { core, shared, incoming, publishes, requests };
            cores.threads.push(start_core(setup)?);
        }
        Ok(cores)
    }
}

fn start_core(setup: Setup) -> Result<JoinHandle<()>, Error> {
    let core = setup.core.0;
    let thread = |source| Error::Thread { thread: format!("mqtt-{core}"), source };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(thread)?;
    std::thread::Builder::new()
        .name(format!("mqtt-{core}"))
        .spawn(move || run(setup, &runtime))
        .map_err(thread)
}
