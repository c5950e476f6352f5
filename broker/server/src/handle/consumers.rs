//! Durable consumers of this process: each has back how far it was, and takes its work over from whoever
//! had it before.

use broker_engine::{Progress, Together};
use broker_ledger::Consumer;
use fabric::{MarkDoes, Rejection};
use uns_model::{OrgId, Reason, Sequence};

use crate::{Error, Handle};

impl Handle {
    /// Takes over the work of a durable consumer: gives the epoch that its marks carry from now on, and
    /// how far it is, nothing if nobody has begun. Whoever had it before publishes nothing any more with
    /// its mark, and what it has published is counted in.
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
        // A batch of the epoch before may be open on any core. What a core takes later is behind it in
        // the log, so once each has the new epoch in the log, so is all of the one before.
        let mut last = Sequence::ZERO;
        for core in 0..self.cores.len() as u64 {
            let does = MarkDoes::TakesOver;
            let progress =
                Progress { consumer: consumer.into(), epoch, does, ..Progress::default() };
            let client_id = format!("consumer:{consumer}");
            let batch = Together { org, client_id, mark: Some(progress), ..Together::default() };
            // Lanes of which no batch waits.
            let lane = lane_of(core, self.cores.len() as u64);
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

/// The highest lane of a core.
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
