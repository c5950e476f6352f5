//! Programs that do the work of one durable consumer.

use broker_engine::Offer;
use uns_model::Sequence;

/// The name of the consumer.
pub(crate) const CONSUMER: &str = "pipe";

/// Where what it makes is published.
pub(crate) const TOPIC: &str = "t/pipe/1";

/// One program.
pub(crate) struct Worker {
    pub(crate) epoch: u64,
    pub(crate) stage: Stage,
}

/// What it is doing.
pub(crate) enum Stage {
    /// A mark that takes over goes to every core.
    TakingOver { waiting: Vec<Batch>, last: Sequence },
    /// It waits until everything up to there is folded in.
    Reaching { last: Sequence },
    /// It is so far, and has perhaps published the next item.
    Working { position: u64, number: u32, batch: Option<Batch> },
}

/// A batch with a mark that is not answered.
pub(crate) struct Batch {
    pub(crate) core: usize,
    pub(crate) token: u64,
    /// What the core did not take yet.
    pub(crate) offer: Option<Box<Offer>>,
}

impl Worker {
    /// What is not answered.
    pub(crate) fn batches(&mut self) -> impl Iterator<Item = &mut Batch> {
        let (many, one) = match &mut self.stage {
            Stage::TakingOver { waiting, .. } => (waiting.as_mut_slice(), None),
            Stage::Working { batch, .. } => (Default::default(), batch.as_mut()),
            Stage::Reaching { .. } => (Default::default(), None),
        };
        many.iter_mut().chain(one)
    }
}
