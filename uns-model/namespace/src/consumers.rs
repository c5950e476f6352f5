//! Durable consumers: whose mark may enter the log. One that was taken over learns so before anything
//! of it gets there (PL-3).

use ahash::AHashMap;
use fabric::{Mark, MarkDoes, Rejection};
use parking_lot::Mutex;
use uns_model::{OrgId, Reason};

/// Consumers of one organisation, of which each may have 64 KiB of state.
const CONSUMERS_MAX: usize = 1_000;

/// The epochs that were admitted, which run ahead of the log.
#[derive(Debug, Default)]
pub(crate) struct Consumers(Mutex<AHashMap<OrgId, Epochs>>);

/// Those of one organisation.
#[derive(Debug, Default)]
struct Epochs {
    /// The highest of each consumer.
    known: AHashMap<Box<str>, u64>,
    /// The highest of all that ended. A consumer that begins anew begins above it, so that nobody who
    /// had the name before comes back.
    floor: u64,
}

impl Consumers {
    /// Admits a mark, unless its epoch is over.
    pub(crate) fn admit(&self, mark: &Mark<'_>) -> Result<(), Rejection> {
        let Mark { org, consumer, epoch, does, .. } = *mark;
        let mut all = self.0.lock();
        let own = all.entry(org).or_default();
        let over = match own.known.get(consumer) {
            Some(known) => epoch < *known,
            None => epoch <= own.floor,
        };
        if over {
            let detail = format!("epoch {epoch} of consumer {consumer:?} is over: resume it first");
            return Err(Rejection::new(Reason::Fenced, detail));
        }
        if does == MarkDoes::Ends {
            own.floor = own.floor.max(epoch);
            own.known.remove(consumer);
        } else {
            *own.of(consumer)? = epoch;
        }
        Ok(())
    }

    /// Begins the next epoch of a consumer.
    pub(crate) fn claim(&self, org: OrgId, consumer: &str) -> Result<u64, Rejection> {
        let mut all = self.0.lock();
        let own = all.entry(org).or_default();
        let floor = own.floor;
        let known = own.of(consumer)?;
        *known = floor.max(*known).saturating_add(1);
        Ok(*known)
    }

    /// Learns the epoch of a consumer that is in the log.
    pub(crate) fn restore(&self, org: OrgId, consumer: &str, epoch: u64) {
        self.0.lock().entry(org).or_default().known.insert(consumer.into(), epoch);
    }

    /// Learns the highest epoch of those that ended.
    pub(crate) fn restore_floor(&self, org: OrgId, epoch: u64) {
        self.0.lock().entry(org).or_default().floor = epoch;
    }
}

impl Epochs {
    /// The epoch of a consumer, which is noted if there is room for one more.
    fn of(&mut self, consumer: &str) -> Result<&mut u64, Rejection> {
        if self.known.len() >= CONSUMERS_MAX && !self.known.contains_key(consumer) {
            let detail = format!("an organisation has at most {CONSUMERS_MAX} durable consumers");
            return Err(Rejection::new(Reason::QuotaExceeded, detail));
        }
        Ok(self.known.entry(consumer.into()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uns_model::Timestamp;

    fn mark(org: u32, consumer: &str, epoch: u64) -> Mark<'_> {
        let (org, does, ingest) = (OrgId(org), MarkDoes::Says, Timestamp(0));
        Mark { org, consumer, epoch, position: b"", state: b"", does, ingest }
    }

    #[test]
    fn an_epoch_that_is_over_is_refused_whoever_else_has_the_name() {
        let consumers = Consumers::default();
        assert_eq!(consumers.admit(&mark(1, "a", 7)), Ok(()));
        assert_eq!(consumers.admit(&mark(1, "a", 7)), Ok(()));
        assert_eq!(consumers.claim(OrgId(1), "a"), Ok(8));
        let refused = consumers.admit(&mark(1, "a", 7)).expect_err("it was taken over");
        assert_eq!(refused.reason, Reason::Fenced);
        assert_eq!(consumers.admit(&mark(1, "a", 8)), Ok(()));
        assert_eq!(consumers.admit(&mark(2, "a", 1)), Ok(()), "of another organisation");
        assert!(consumers.admit(&mark(1, "b", 0)).is_err(), "nobody resumed it");
    }

    #[test]
    fn nobody_comes_back_under_the_name_of_a_consumer_that_ended() {
        let consumers = Consumers::default();
        assert_eq!(consumers.admit(&mark(1, "a", 5)), Ok(()));
        assert_eq!(consumers.claim(OrgId(1), "a"), Ok(6));
        assert_eq!(consumers.admit(&Mark { does: MarkDoes::Ends, ..mark(1, "a", 6) }), Ok(()));
        assert!(consumers.admit(&mark(1, "a", 5)).is_err());
        assert!(consumers.admit(&mark(1, "a", 6)).is_err());
        assert_eq!(consumers.claim(OrgId(1), "a"), Ok(7));
        assert!(consumers.admit(&mark(1, "a", 5)).is_err());
        let started = Consumers::default();
        started.restore_floor(OrgId(1), 6);
        started.restore(OrgId(1), "b", 3);
        assert!(started.admit(&mark(1, "a", 6)).is_err(), "nor after a start");
        assert_eq!(started.admit(&mark(1, "b", 3)), Ok(()));
        assert_eq!(started.claim(OrgId(1), "b"), Ok(7));
    }

    #[test]
    fn an_organisation_has_so_many_and_others_have_theirs() {
        let consumers = Consumers::default();
        for n in 0..CONSUMERS_MAX {
            consumers.admit(&mark(1, &format!("c{n}"), 1)).expect("there is room");
        }
        let refused = consumers.admit(&mark(1, "more", 1)).expect_err("there is none");
        assert_eq!(refused.reason, Reason::QuotaExceeded);
        assert!(consumers.claim(OrgId(1), "more").is_err());
        assert_eq!(consumers.claim(OrgId(1), "c3"), Ok(2));
        assert_eq!(consumers.claim(OrgId(2), "more"), Ok(1));
    }
}
