//! Publishes from inside the process, on their way to a core and back.

use broker_engine::{RefusedRows, Together};
use fabric::Rejection;
use tokio::sync::oneshot;
use uns_model::Sequence;

/// An in-process publish that was accepted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Published {
    /// Its place in the log; `None` if it is plain MQTT, which is not logged.
    pub sequence: Option<Sequence>,
    /// Which rows of a batch payload were refused (NS-21), and why.
    pub refused: Option<Box<RefusedRows>>,
}

/// How a batch of in-process publishes ended, item by item.
pub(crate) type PublishOutcomes = Vec<Result<Published, Rejection>>;

/// A batch of publishes from inside the process. Batches of one lane keep their order.
#[derive(Debug)]
pub(crate) struct PublishRequest {
    pub(crate) batch: Together,
    pub(crate) lane: u64,
    pub(crate) reply: oneshot::Sender<PublishOutcomes>,
}
