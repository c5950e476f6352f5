//! Publishes from inside the process: batches, of which each is one append.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use fabric::Rejection;
use uns_model::{OrgId, Reason};

use super::author::{Author, Rights};
use super::{Asked, Culprit, Origin};
use crate::access::{Access, Action, Everything};
use crate::asked;
use crate::engine::{Engine, Now};
use crate::gate::Gate;
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

    /// How many items it has.
    pub fn len(&self) -> usize {
        self.batch.items.len()
    }

    /// It has no items.
    pub fn is_empty(&self) -> bool {
        self.batch.items.is_empty()
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
        self.flush_before(now, bytes);
        let client_id = offer.batch.client_id.clone();
        let publisher = self.gate.publisher(offer.batch.org, &client_id);
        let access = offer.batch.access.clone();
        let origin = Origin {
            org: offer.batch.org,
            publisher,
            culprit: Culprit::Gone(offer.batch.org, &client_id),
            rights: Rights::Of(Some(access.as_deref().unwrap_or(&Everything))),
        };
        let mut results = Vec::with_capacity(routes.len());
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
        self.reply(token, results);
        self.flush_if_large(now);
        true
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
