//! PUBLISH, wherever it comes from: a client, a will, this process. All pass the same gate.

mod hand_on;
mod origin;
mod owe;
mod reject;
mod route;
mod routed;

use std::rc::Rc;

use broker_codec::{Publish, QoS, ReasonCode, Version};
use fabric::Rejection;
use uns_model::{OrgId, Reason};

use super::Engine;
use super::acknowledge::Accepted;
use super::step::{Fatal, Step};
use crate::commits::waiter::Answer;
use crate::gate::{Gate, PublishOutcome, PublishRequest, Taken};
use crate::key::Key;
use crate::message::Message;
use crate::now::Now;
use crate::routing::TopicRef;
use crate::routing::route::Route;
use crate::sessions::inflight::Excess;
pub(super) use origin::{Author, Origin, Publisher, RightsOf};
pub(super) use route::Asked;
use routed::Routed;

impl<G: Gate> Engine<G> {
    pub(super) fn publish(
        &mut self,
        now: Now,
        key: Key,
        publish: &Publish<'_>,
    ) -> Result<Step, Fatal> {
        let me = self.address(key);
        let config = &self.broker.config;
        let Some(connection) = self.sessions.get_mut(key) else { return Ok(Step::Next) };
        let (stats, forgiven) = (&mut self.stats, &mut self.effects.forgiven);
        if publish.qos != QoS::AtMostOnce
            && let Some(excess) =
                connection.excess(publish, config.receive_maximum, stats, forgiven)
        {
            return match excess {
                Excess::Wait => Ok(self.pause(key)),
                Excess::Error => Err(Fatal(ReasonCode::ReceiveMaximumExceeded)),
            };
        }
        let aliased = match publish.properties.topic_alias {
            None => None,
            Some(_) => {
                let learns = !self.pressure.is_short();
                let aliased = || connection.aliases.resolve(publish, config, learns);
                self.panic_scope.run(aliased).map_err(Fatal)?
            }
        };
        if connection.version == Version::V5 && !publish.properties.subscription_ids.is_empty() {
            return Err(Fatal(ReasonCode::ProtocolError));
        }
        if publish.qos == QoS::ExactlyOnce
            && let Some(id) =
                publish.packet_id.filter(|id| connection.inflight.exchanges.is_repeated(*id))
        {
            // It is taken already, and delivered once (TRAP-07).
            self.acknowledge(key, id, Answer::PubrecAgain, Ok(Accepted::default()));
            return Ok(Step::Next);
        }
        let topic = aliased.as_deref().unwrap_or(publish.topic);
        let origin = Origin::of(connection, key);
        let last = connection.last_route.as_ref().filter(|last| *last.topic == *topic).cloned();
        let route = match last {
            Some(last) if self.is_current(&last) => Ok(last),
            _ => self.permitted_route(key, topic),
        };
        if let Ok(route) = &route
            && self.must_wait(route, Some(key), &Asked::of(publish))
        {
            return Ok(self.pause(key));
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        let message = Message {
            topic,
            qos: publish.qos.level(),
            retain: publish.retain,
            expiry: publish.properties.message_expiry,
            properties: publish.properties.pass_through.bytes(&mut scratch),
            payload: publish.payload,
            publisher: Some(me),
        };
        if let Err(wait) = self.charge(now, key, message.bytes()) {
            self.scratch = scratch;
            return Ok(wait);
        }
        let mut accepted =
            route.and_then(|route| self.admit_within_memory(now, origin, &message, &route));
        match &mut accepted {
            Ok(_) => {
                self.stats.messages_in += 1;
                self.stats.payload_in += publish.payload.len() as u64;
            }
            Err(rejection) => self.reject(now, Publisher::Connection(key), &message, rejection),
        }
        self.scratch = scratch;
        self.answer_publish(now, key, publish, accepted.map(Accepted::from));
        Ok(Step::Next)
    }

    fn answer_publish(
        &mut self,
        now: Now,
        key: Key,
        publish: &Publish<'_>,
        accepted: Result<Accepted, Rejection>,
    ) {
        match publish.packet_id {
            None => {}
            Some(id) if publish.qos == QoS::ExactlyOnce => {
                self.pubrec_publish(now, key, id, accepted)
            }
            Some(id) => self.acknowledge(key, id, Answer::Puback, accepted),
        }
        // Not before: what is said of a publish is committed with it, or after a crash it would be
        // taken a second time.
        self.flush_if_large(now);
    }

    /// A retained figure of the broker itself, which no gate has to allow.
    pub fn publish_figure(&mut self, now: Now, org: OrgId, topic: &str, payload: &[u8]) {
        let message = Message {
            topic,
            qos: 0,
            retain: true,
            expiry: None,
            properties: &[],
            payload,
            publisher: None,
        };
        if let Ok(route) = self.route(TopicRef { org, topic }, Author::Fabric) {
            self.routing.retain(now.monotonic, org, &message, &route);
            route.choose(message.qos);
            self.deliver(now, &message, &route);
        }
    }

    /// Routes, admits and delivers. With a place the outcome follows a commit.
    pub(super) fn accept(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        message: &Message<'_>,
    ) -> Result<Taken, Rejection> {
        let of = TopicRef { org: origin.org, topic: message.topic };
        let route = self.route(of, Author::Client(origin.rights))?;
        self.admit(now, origin, message, &route)
    }

    pub(super) fn admit(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        message: &Message<'_>,
        route: &Rc<Route<G::Node>>,
    ) -> Result<Taken, Rejection> {
        let keep = Self::retains(route, message.retain) && !message.payload.is_empty();
        if keep && !self.has_retained_room(origin.org, message) {
            let detail = "the store of retained messages is full";
            return Err(Rejection::new(Reason::QuotaExceeded, detail));
        }
        route.choose(message.qos);
        let owed = self.owed(message, route);
        let request = PublishRequest {
            org: origin.org,
            rights: origin.rights.resolve(&self.sessions),
            topic: message.topic,
            node: &route.node,
            inbound: &message.inbound(origin.publisher, now.wall),
            owed: !owed.is_empty(),
        };
        let outcome = match self.gate.publish(&request) {
            Ok(outcome) => outcome,
            Err(rejection) => {
                route.return_turns();
                return Err(self.say_refusal(now, origin, message, rejection));
            }
        };
        let PublishOutcome { place, retain, expiry, points, findings, outputs } = outcome;
        if self.tracer.is_on() && place.is_some() {
            self.tracer.note_read(points, findings);
        }
        let message = &Message { retain, expiry, ..*message };
        self.hand_on(now, origin, Routed { message, route, place }, &owed);
        let refused =
            outputs.and_then(|outputs| self.hand_on_outputs(now, origin, message, *outputs));
        Ok(Taken { place, refused })
    }
}
