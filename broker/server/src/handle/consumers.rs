//! Durable consumers in this process. A consumer that resumes learns its last position, and takes the
//! work over from the instance that had it before.

use broker_engine::{Progress, Together};
use broker_ledger::Consumer;
use fabric::{MarkDoes, Rejection};
use uns_model::{OrgId, Reason, Sequence};

use crate::{Error, Handle};

impl Handle {
    /// Takes over the work of a durable consumer. Returns the epoch that its marks carry from now on,
    /// and its last position and state, which are empty if it is new. The instance before cannot
    /// publish with its mark any more, and the position includes all that it has published.
    ///
    /// # Errors
    /// The broker is shutting down.
    pub async fn resume(
        &self,
        org: OrgId,
        consumer: &str,
    ) -> Result<Result<Consumer, Rejection>, Error> {
        let (Some(namespace), Some(ledger)) = (&self.namespace, &self.ledger) else {
            let detail = "there is no log that keeps marks";
            return Ok(Err(Rejection::new(Reason::StorageFull, detail)));
        };
        let epoch = match namespace.claim_consumer(org, consumer) {
            Ok(epoch) => epoch,
            Err(rejection) => return Ok(Err(rejection)),
        };
        // A batch of the epoch before may be open on any core. What a core takes later comes after it in
        // the log. So once every core has logged a mark of the new epoch, the log has all of the epoch
        // before.
        let mut last = Sequence::ZERO;
        for core in 0..self.publish_queues.len() as u64 {
            let does = MarkDoes::TakesOver;
            let progress =
                Progress { consumer: consumer.into(), epoch, does, ..Progress::default() };
            let client_id = format!("consumer:{consumer}");
            let batch = Together { org, client_id, mark: Some(progress), ..Together::default() };
            // No batch waits on these lanes.
            let lane = lane_of(core, self.publish_queues.len() as u64);
            match self.together(lane, batch).await?.pop() {
                Some(Ok(taken)) => last = last.max(taken.sequence.unwrap_or_default()),
                Some(Err(rejection)) => return Ok(Err(rejection)),
                None => return Err(Error::ShuttingDown),
            }
        }
        ledger.following().reached(last).await;
        let known = ledger.consumer(org, consumer);
        let fenced = || Rejection::new(Reason::Fenced, "it was taken over at the same time");
        Ok(known.filter(|known| known.epoch == epoch).ok_or_else(fenced))
    }
}

/// The highest lane that a core serves.
fn lane_of(core: u64, cores: u64) -> u64 {
    (u64::MAX / cores - 1) * cores + core
}

#[cfg(test)]
mod tests {
    use super::lane_of;

    #[test]
    fn every_core_has_a_lane_of_its_own() {
        for cores in [1, 2, 3, 64] {
            for core in 0..cores {
                assert_eq!(lane_of(core, cores) % cores, core);
            }
        }
    }
}
