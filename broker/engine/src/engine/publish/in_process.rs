//! Publishes from inside the process: batches, of which each is one append.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use fabric::{Mark, MarkDoes, Rejection};
use uns_model::{OrgId, Reason};

use super::author::{Author, Rights};
use super::{Asked, Culprit, Origin};
use crate::access::{Access, Action, Everything};
use crate::asked;
use crate::engine::{Engine, Now};
use crate::gate::{Gate, Placed, Taken};
use crate::message::Message;
use crate::route::Route;
use crate::stats::Limit;

/// A publish from inside the process.
#[derive(Clone, Debug, Default)]
pub struct InProcess {
    /// Where to.
    pub topic: String,
    /// What.
    pub payload: Bytes,
    /// 0 to 2. The outcome follows the commit, whatever it is.
    pub qos: u8,
    /// Whether it is retained.
    pub retain: bool,
    /// Message Expiry Interval.
    pub expiry: Option<u32>,
    /// MQTT 5 properties that pass unchanged, in wire form.
    pub properties: Bytes,
}

impl InProcess {
    fn message(&self) -> Message<'_> {
        Message {
            topic: &self.topic,
            qos: self.qos.min(2),
            retain: self.retain,
            expiry: self.expiry,
            properties: &self.properties,
            payload: &self.payload,
            publisher: None,
        }
    }
}

/// How far a durable consumer is with what it publishes, as [`Mark`] says it in the log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// Its name.
    pub consumer: String,
    /// Rises whenever its work is taken over. One below the highest there was is refused.
    pub epoch: u64,
    /// Where it goes on, in its own words, at most [`Mark::POSITION_BYTES_MAX`].
    pub position: Bytes,
    /// What it has to remember, in its own words, at most [`Mark::STATE_BYTES_MAX`].
    pub state: Bytes,
    /// What is said: how far it is, that it is taken over, or that it ends.
    pub does: MarkDoes,
}

impl Progress {
    fn mark(&self, org: OrgId, now: Now) -> Mark<'_> {
        let Self { consumer, epoch, position, state, does } = self;
        Mark { org, consumer, epoch: *epoch, position, state, does: *does, ingest: now.wall }
    }

    fn bytes(&self) -> usize {
        self.consumer.len() + self.position.len() + self.state.len()
    }
}

/// What one producer in this process publishes together: in this order, as one append.
#[derive(Clone, Debug, Default)]
pub struct Together {
    /// Whose topics.
    pub org: OrgId,
    /// Who publishes.
    pub client_id: String,
    /// What they may publish, asked for the topic of each item and of each row of a batch (NS-21),
    /// and what a refusal may tell them of. Without it, everything.
    pub access: Option<Arc<dyn Access>>,
    /// What, in order.
    pub items: Vec<InProcess>,
    /// How far the producer is once this is in the log. It is answered behind the items, and where it
    /// is refused, nothing of the batch is taken.
    pub mark: Option<Progress>,
}

/// A batch that is offered until it is taken.
#[derive(Debug)]
pub struct Offer {
    batch: Together,
    /// So many of its items have passed the rate.
    charged: usize,
    /// It had to wait for the rate, which is counted once.
    limited: bool,
    /// What was refused while it was looked at, by position: a refusal is counted once.
    refused: Vec<Option<Rejection>>,
}

impl Offer {
    /// Nothing of it was looked at yet.
    pub fn new(batch: Together) -> Self {
        Self { batch, charged: 0, limited: false, refused: Vec::new() }
    }

    /// Whose topics it is for.
    pub fn org(&self) -> OrgId {
        self.batch.org
    }

    /// How many answers it gets: one for each item, and one for its mark.
    pub fn len(&self) -> usize {
        self.batch.items.len() + usize::from(self.batch.mark.is_some())
    }

    /// It has neither items nor a mark.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn refused(&mut self, at: usize) -> Option<Rejection> {
        self.refused.get_mut(at).and_then(Option::take)
    }
}

type Routes<N> = Vec<Option<Rc<Route<N>>>>;

impl<G: Gate> Engine<G> {
    /// Publishes from inside the process, with the checks that a client's pass; their outcome comes
    /// in [`crate::Effects::replies`] under the token. `false` if the batch has to be offered again
    /// later: it is taken as a whole or not yet.
    pub fn publish_together(&mut self, now: Now, token: u64, offer: &mut Offer) -> bool {
        self.feel();
        if self.acks.is_full(&self.desk.config) || !self.charge_offer(now, offer) {
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
            culprit: Culprit::Gone(offer.batch.org, &client_id),
            rights: Rights::Of(Some(access.as_deref().unwrap_or(&Everything))),
        };
        let mut results = Vec::with_capacity(offer.len());
        for (at, route) in routes.into_iter().enumerate() {
            let refused = offer.refused(at);
            let Some(item) = offer.batch.items.get(at) else { break };
            let message = item.message();
            let mut taken = match (route, refused) {
                (Some(route), None) => self.take_in(now, origin, &message, &route),
                (_, refused) => Err(refused.expect("what has no route was refused")),
            };
            match &mut taken {
                Ok(_) => {
                    self.desk.stats.messages_in += 1;
                    self.desk.stats.payload_in += item.payload.len() as u64;
                }
                Err(rejection) => {
                    self.bury(now, origin.culprit, &message, rejection);
                }
            }
            if self.tracer.is_on() {
                self.trace_in_process(now, (origin.org, &offer.batch.client_id), item);
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
                    self.desk.stats.limited(Limit::OrganisationRate);
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
        let access = offer.batch.access.as_deref().unwrap_or(&Everything);
        let mut routes = Vec::with_capacity(offer.batch.items.len());
        for (item, refused) in offer.batch.items.iter().zip(&mut offer.refused) {
            if refused.is_some() {
                routes.push(None);
                continue;
            }
            match self.route_in_process(access, (org, &item.topic)) {
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
        access: &dyn Access,
        (org, topic): (OrgId, &str),
    ) -> Result<Rc<Route<G::Node>>, Rejection> {
        if !asked::allows(access, Action::Publish, topic) {
            return Err(self.deny_publish());
        }
        if let Err(error) = broker_codec::check_topic(topic) {
            let may = |action, topic: &str| asked::allows(access, action, topic);
            return Err(self
                .gate
                .resolve(org, topic, &may)
                .err()
                .unwrap_or_else(|| Rejection::new(Reason::TopicInvalid, error)));
        }
        self.route(org, topic, Author::Client(Rights::Of(Some(access))))
    }
}
