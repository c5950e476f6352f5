//! Publishers beyond their rate: nothing is read from them for a while, so that TCP slows them down
//! and nothing is lost. No core waits.

use uns_model::OrgId;

use super::Engine;
use super::step::Step;
use crate::broker::Broker;
use crate::gate::Gate;
use crate::key::Key;
use crate::now::Now;
use crate::pressure::Pressure;
use crate::sessions::clients::ClientRef;
use crate::sessions::rates::TooFast;
use crate::stats::Limit;

impl<G: Gate> Engine<G> {
    /// Takes a publish of this size out of the rates of its client and organisation; or pauses the
    /// client until it may come again.
    #[inline]
    pub(super) fn charge(&mut self, now: Now, key: Key, bytes: usize) -> Result<(), Step> {
        let limits = &self.broker.config.limits;
        if !limits.client.is_set() && !limits.organisation.publish.is_set() {
            return Ok(());
        }
        self.charge_rates(now, key, bytes)
    }

    fn charge_rates(&mut self, now: Now, key: Key, bytes: usize) -> Result<(), Step> {
        let Some(connection) = self.sessions.get_mut(key) else { return Ok(()) };
        let (limits, orgs) = (&self.broker.config.limits, &self.broker.orgs);
        connection.charge(now.monotonic, bytes, limits, orgs).map_err(|TooFast { wait, limit }| {
            self.stats.limited(limit);
            self.sessions.throttle(key, now.monotonic + wait);
            Step::Wait
        })
    }

    /// The same for a publish from inside the process: `false` if it has to wait.
    pub(super) fn charge_in_process(&mut self, now: Now, org: OrgId, bytes: usize) -> bool {
        let rate = self.broker.config.limits.organisation.publish;
        if !rate.is_set() {
            return true;
        }
        self.broker.orgs.get(org).publish(now.monotonic, rate, bytes).is_ok()
    }
}

/// Whether an organisation may have one more subscription.
pub(super) fn may_subscribe(broker: &Broker, org: OrgId) -> bool {
    let max = broker.config.limits.organisation.subscriptions;
    max == 0 || broker.subscriptions.count_of(org) < max
}

/// Whether one more client may connect, or this is one that is known; else what it is beyond. A client that
/// comes back to its session is let in while memory is short: it takes what it is owed, which frees some.
pub(super) fn may_connect(
    broker: &Broker,
    pressure: Pressure,
    ClientRef { org, client_id }: ClientRef<'_>,
) -> Result<(), Limit> {
    let max = broker.config.limits.organisation.sessions;
    if pressure.is_short() && !broker.clients.has_room(org, client_id, 0) {
        return Err(Limit::Memory);
    }
    if max > 0 && !broker.clients.has_room(org, client_id, max) {
        return Err(Limit::Sessions);
    }
    Ok(())
}
