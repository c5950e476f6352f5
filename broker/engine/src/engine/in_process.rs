//! Publishes from inside the process: batches, of which each is one append.

use std::rc::Rc;
use std::sync::Arc;

use fabric::{Mark, Rejection};
use uns_model::Reason;

use super::Engine;
use super::publish::{Asked, Author, Origin, Publisher, RightsOf};
use crate::access::{Access, Action, Everything};
use crate::access_guard;
use crate::gate::{Gate, Placed, Rights, Taken};
use crate::in_process::{InProcess, Offer, Progress};
use crate::now::Now;
use crate::routing::TopicRef;
use crate::routing::route::Route;
use crate::stats::Limit;

type Routes<N> = Vec<Option<Rc<Route<N>>>>;

impl<G: Gate> Engine<G> {
    /// Publishes from inside the process, with the checks that a client's pass; their outcome comes
    /// in [`crate::Effects::replies`] under the token. `false` if the batch has to be offered again
    /// later: it is taken as a whole or not yet.
    pub fn publish_together(&mut self, now: Now, token: u64, offer: &mut Offer) -> bool {
        self.update_memory_pressure();
        if self.commits.is_full(&self.broker.config) || !self.charge_offer(now, offer) {
            return false;
        }
        let Some(routes) = self.routes_of(offer) else { return false };
        let bytes: usize = offer.batch.items.iter().map(|item| item.message().bytes()).sum();
        let mark = offer.batch.mark.as_ref();
        self.flush_before(now, bytes + mark.map_or(0, Progress::bytes));
        let marked = mark.map(|progress| self.take_mark(&progress.mark(offer.batch.org, now)));
        if let Some(Err(rejection)) = marked {
            self.reply(token, vec![Err(rejection); offer.len()]);
            return true;
        }
        let client_id = offer.batch.client_id.clone();
        let publisher = self.gate.publisher(offer.batch.org, &client_id);
        let access = offer.batch.access.clone();
        let origin = Origin {
            org: offer.batch.org,
            publisher,
            from: Publisher::Absent { org: offer.batch.org, client_id: &client_id },
            rights: RightsOf::Absent(Some(access.as_ref().unwrap_or(Everything::shared_ref()))),
            awaits_commit: false,
        };
        let mut results = Vec::with_capacity(offer.len());
        for (at, route) in routes.into_iter().enumerate() {
            let refused = offer.take_refused(at);
            let Some(item) = offer.batch.items.get(at) else { break };
            let message = item.message();
            let mut taken = match (route, refused) {
                (Some(route), None) => self.admit_within_memory(now, origin, &message, &route),
                (_, refused) => Err(refused.expect("what has no route was refused")),
            };
            match &mut taken {
                Ok(_) => {
                    self.stats.messages_in += 1;
                    self.stats.payload_in += item.payload.len() as u64;
                }
                Err(rejection) => {
                    self.reject(now, origin.from, &message, rejection);
                }
            }
            if self.tracer.is_on() {
                self.trace_in_process(now, origin.org, &offer.batch.client_id, item);
            }
            results.push(taken);
        }
        results.extend(marked);
        self.reply(token, results);
        self.flush_if_large(now);
        true
    }

    /// Takes a mark into the batch. It comes first, so that what is refused with it leaves nothing.
    fn take_mark(&mut self, mark: &Mark<'_>) -> Placed {
        if !mark.fits() {
            let detail = format!(
                "a mark has a name of at most {} bytes, a position of {} and a state of {}",
                Mark::CONSUMER_BYTES_MAX,
                Mark::POSITION_BYTES_MAX,
                Mark::STATE_BYTES_MAX
            );
            return Err(Rejection::new(Reason::PayloadTooLarge, detail));
        }
        self.gate.mark(mark).map(|place| Taken { place: Some(place), refused: None })
    }

    /// Takes the items out of the rate of their organisation, as many as may pass now.
    fn charge_offer(&mut self, now: Now, offer: &mut Offer) -> bool {
        while let Some(item) = offer.batch.items.get(offer.charged) {
            if !self.charge_in_process(now, offer.batch.org, item.message().bytes()) {
                if !std::mem::replace(&mut offer.limited, true) {
                    self.stats.limited(Limit::OrganisationRate);
                }
                return false;
            }
            offer.charged += 1;
        }
        true
    }

    /// Where every item leads; nothing if one of them has to wait for its receivers.
    fn routes_of(&mut self, offer: &mut Offer) -> Option<Routes<G::Node>> {
        offer.refused.resize(offer.batch.items.len(), None);
        let org = offer.batch.org;
        let access = offer.batch.access.as_ref().unwrap_or(Everything::shared_ref());
        let mut routes = Vec::with_capacity(offer.batch.items.len());
        for (item, refused) in offer.batch.items.iter().zip(&mut offer.refused) {
            if refused.is_some() {
                routes.push(None);
                continue;
            }
            match self.route_in_process(access, TopicRef { org, topic: &item.topic }) {
                Ok(route) => {
                    let InProcess { qos, retain, payload, .. } = item;
                    let asked = Asked { qos: (*qos).min(2), retain: *retain, payload };
                    if self.must_wait(&route, None, &asked) {
                        return None;
                    }
                    routes.push(Some(route));
                }
                Err(rejection) => {
                    *refused = Some(rejection);
                    routes.push(None);
                }
            }
        }
        Some(routes)
    }

    fn route_in_process(
        &mut self,
        access: &Arc<dyn Access>,
        of: TopicRef<'_>,
    ) -> Result<Rc<Route<G::Node>>, Rejection> {
        let TopicRef { org, topic } = of;
        if !access_guard::allows(&**access, Action::Publish, topic) {
            return Err(self.deny_publish());
        }
        if let Err(error) = broker_codec::check_topic(topic) {
            return Err(self
                .gate
                .resolve(org, topic, Rights::of(Some(access)))
                .err()
                .unwrap_or_else(|| Rejection::new(Reason::TopicInvalid, error)));
        }
        self.route(of, Author::Client(RightsOf::Absent(Some(access))))
    }
}
