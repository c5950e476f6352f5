//! Handing a batch over although nodes may have been deleted since its publishes were admitted.

use fabric::{Batch, OnCommit, Publish, Record, Rejection, Resolved};
use uns_model::Reason;

use super::{AllRights, Gate, mint};

impl Gate {
    /// Appends the batch. No deletion comes between the look at them and the append, so no publish
    /// follows the deletion of its own node in the log, where nobody would see it.
    pub(super) fn hand_over(&mut self, on_commit: Option<OnCommit>) -> Result<(), Rejection> {
        self.introduce_unnamed();
        let space = self.space.clone();
        let mut deletions = space.deletions.read();
        while *deletions != self.deletions {
            self.deletions = *deletions;
            // Minting takes the lock that a deletion holds while it waits for this one.
            drop(deletions);
            // Half a batch is none.
            self.renew().inspect_err(|_| self.batch.clear())?;
            deletions = space.deletions.read();
        }
        let room = self.batch.bytes_len();
        let batch = std::mem::replace(&mut self.batch, Batch::with_capacity(room));
        let alone = batch.len() == 1;
        space.log.append(batch, on_commit).map_err(|error| match error {
            // Trying again would never help.
            fabric::Error::TooLarge { .. } if alone => {
                Rejection::new(Reason::PayloadTooLarge, error.to_string())
            }
            _ => mint::storage_full(&error),
        })
    }

    /// Gives the publishes of deleted nodes the nodes that live on their topics now. One that can
    /// have none stays as it is: it counts as published before the deletion.
    ///
    /// # Errors
    /// `storage_full`: nothing of the batch is kept.
    fn renew(&mut self) -> Result<(), Rejection> {
        let old = std::mem::take(&mut self.batch);
        for record in old.records() {
            match record {
                Record::Publish(publish) => {
                    let node = self.living(&publish)?.unwrap_or(publish.node);
                    self.batch.push(&Record::Publish(Publish { node, ..publish }));
                }
                other => self.batch.push(&other),
            }
        }
        Ok(())
    }

    /// The node that lives on the topic of a publish, minted if need be.
    fn living(&self, publish: &Publish<'_>) -> Result<Option<uns_model::NodeNo>, Rejection> {
        let Some(name) = self.space.registry.topic(publish.topic) else { return Ok(None) };
        if let Some(node) = self.space.registry.find(publish.org, &name)
            && !node.is_deleted()
        {
            return Ok(Some(node.number));
        }
        // Why a topic is refused here is told to nobody.
        match self.space.resolve_unknown(publish.org, &name, &AllRights) {
            Ok(Resolved::Node(node)) => Ok(Some(node.number)),
            Err(reject) if reject.reason == Reason::StorageFull => Err(reject),
            Ok(Resolved::Guarded | Resolved::Plain) | Err(_) => Ok(None),
        }
    }
}
