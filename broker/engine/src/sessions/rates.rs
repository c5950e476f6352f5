//! What one client may publish in a second, of its own rate and of that of its organisation.

use std::time::Duration;

use super::connection::Connection;
use crate::limits::{Limits, Organisations};
use crate::stats::Limit;

/// A publish that comes too early.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TooFast {
    /// How long it has to wait.
    pub(crate) wait: Duration,
    /// Because of this.
    pub(crate) limit: Limit,
}

impl<N> Connection<N> {
    /// Takes a publish of this size out of both rates, or out of none.
    ///
    /// # Errors
    /// It has to wait.
    pub(crate) fn charge(
        &mut self,
        now: Duration,
        bytes: usize,
        limits: &Limits,
        orgs: &Organisations,
    ) -> Result<(), TooFast> {
        if let Some(wait) = self.bucket.wait(now) {
            return Err(TooFast { wait, limit: Limit::ClientRate });
        }
        let rate = limits.organisation.publish;
        if rate.is_set() {
            let org = self.organisation.get_or_insert_with(|| orgs.get(self.org));
            let taken = org.publish(now, rate, bytes);
            taken.map_err(|wait| TooFast { wait, limit: Limit::OrganisationRate })?;
        }
        self.bucket.take(now, limits.client, bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{OrganisationLimits, Rate};
    use crate::peer::Peer;

    const START: Duration = Duration::from_secs(1000);

    /// How many messages two clients may publish at once, and what the next one of each waits for.
    fn check(client: u32, organisation: u32) -> [(u32, Limit); 2] {
        let rate = |messages| Rate { messages, bytes: 0 };
        let publish = rate(organisation);
        let organisation = OrganisationLimits { publish, ..OrganisationLimits::default() };
        let limits = Limits { client: rate(client), organisation };
        let orgs = Organisations::default();
        std::array::from_fn(|_| {
            let mut connection = Connection::<()>::new(Peer::default(), START);
            for count in 0..1000 {
                if let Err(too_fast) = connection.charge(START, 1, &limits, &orgs) {
                    return (count, too_fast.limit);
                }
            }
            unreachable!("there is a limit")
        })
    }

    #[test]
    fn a_client_has_its_own_rate_and_its_organisation_one_for_all() {
        let (own, all) = (Limit::ClientRate, Limit::OrganisationRate);
        // The message that empties a bucket still passes.
        assert_eq!(check(10, 0), [(11, own), (11, own)]);
        assert_eq!(check(10, 15), [(11, own), (5, all)]);
        assert_eq!(check(0, 15), [(16, all), (0, all)]);
    }
}
