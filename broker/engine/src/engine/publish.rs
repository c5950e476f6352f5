//! PUBLISH, wherever it comes from: a client, a will, this process. All pass the same gate.

mod author;
mod dead;
mod hand_on;
mod held;
mod in_process;
mod owe;
mod route;

use std::rc::Rc;

use broker_codec::{Publish, QoS, ReasonCode};
use fabric::{Admitted, Inbound, Rejection, Resolved};
use uns_model::{OrgId, PublisherId, Reason};

use super::answer::{Accepted, Answer};
use super::receive::{Fatal, Step};
use super::{Engine, Now};
use crate::access::Action;
use crate::asked;
use crate::connection::Connection;
use crate::connection::Excess;
use crate::gate::{Gate, Taken};
use crate::key::{Key, Slots};
use crate::message::Message;
use crate::route::Route;
use author::Author;
pub(super) use author::Rights;
pub(super) use dead::Culprit;
pub(super) use held::Held;
pub use in_process::{InProcess, Offer, Progress, Together};
use route::Asked;

/// Whose publish it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'a> {
    pub(super) org: OrgId,
    pub(super) publisher: PublisherId,
    /// Whose the refused rows of a batch are.
    pub(super) culprit: Culprit<'a>,
    pub(super) rights: Rights<'a>,
}

impl Origin<'_> {
    fn of<N>(connection: &Connection<N>, key: Key) -> Self {
        let Connection { org, publisher, .. } = *connection;
        Self { org, publisher, culprit: Culprit::Publisher(key), rights: Rights::Connection(key) }
    }
}

impl From<Taken> for Accepted {
    fn from(taken: Taken) -> Self {
        let refused_rows = taken.refused.map_or(0, |rows| rows.count);
        Self { logged: taken.place.is_some(), refused_rows }
    }
}

impl Rights<'_> {
    fn may<N>(self, connections: &Slots<Connection<N>>, action: Action, topic: &str) -> bool {
        let access = match self {
            Self::Connection(key) => {
                let identity = connections.get(key).and_then(|c| c.identity.as_ref());
                identity.map(|identity| &*identity.access)
            }
            Self::Of(access) => access,
        };
        access.is_some_and(|access| asked::allows(access, action, topic))
    }
}

impl<G: Gate> Engine<G> {
    pub(super) fn publish(
        &mut self,
        now: Now,
        key: Key,
        publish: &Publish<'_>,
    ) -> Result<Step, Fatal> {
        let me = self.address(key);
        let config = &self.desk.config;
        let Some(connection) = self.connections.get_mut(key) else { return Ok(Step::Next) };
        let noted = (&mut self.desk.stats, &mut self.effects.forgiven);
        if publish.qos != QoS::AtMostOnce
            && let Some(excess) = connection.excess(publish, config.receive_maximum, noted)
        {
            return match excess {
                Excess::Wait => Ok(self.pause(key)),
                Excess::Error => Err(Fatal(ReasonCode::ReceiveMaximumExceeded)),
            };
        }
        let aliased = match publish.properties.topic_alias {
            None => None,
            Some(_) => {
                let room = (!self.desk.pressure.is_short(), config.alias_bytes_max);
                let aliased = || connection.aliased(publish, config.topic_alias_maximum, room);
                self.alone.run(aliased).map_err(Fatal)?
            }
        };
        if connection.version == broker_codec::Version::V5
            && !publish.properties.subscription_ids.is_empty()
        {
            return Err(Fatal(ReasonCode::ProtocolError));
        }
        if publish.qos == QoS::ExactlyOnce
            && let Some(id) = publish.packet_id.filter(|id| connection.received.is_repeated(*id))
        {
            // It is taken already, and delivered once (TRAP-07).
            self.acknowledge(key, (id, Answer::PubrecAgain), Ok(Accepted::default()));
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
        let mut accepted = route.and_then(|route| self.take_in(now, origin, &message, &route));
        match &mut accepted {
            Ok(_) => {
                self.desk.stats.messages_in += 1;
                self.desk.stats.payload_in += publish.payload.len() as u64;
            }
            Err(rejection) => self.bury(now, Culprit::Publisher(key), &message, rejection),
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
            Some(id) if publish.qos == QoS::ExactlyOnce => self.take(now, key, id, accepted),
            Some(id) => self.acknowledge(key, (id, Answer::Puback), accepted),
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
        if let Ok(route) = self.route(org, topic, Author::Fabric) {
            self.retain(now, org, &message, &route);
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
        let route = self.route(origin.org, message.topic, Author::Client(origin.rights))?;
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
        let inbound = inbound(now, origin.publisher, message);
        let admitted = match &route.node {
            Resolved::Plain => Admitted::unchanged(&inbound),
            Resolved::Guarded => self.gate.check(message.topic, &inbound)?,
            Resolved::Node(node) => {
                let connections = &self.connections;
                let may = |action, topic: &str| origin.rights.may(connections, action, topic);
                self.gate.admit(node, &inbound, &may)?
            }
        };
        let Admitted { place, retain, expiry, outputs, .. } = admitted;
        let message = &Message { retain, expiry, ..*message };
        let place = self.hand_on(now, (origin.org, origin.publisher), message, (route, place))?;
        let refused =
            outputs.and_then(|outputs| self.hand_on_outputs(now, origin, message, *outputs));
        Ok(Taken { place, refused })
    }
}

fn inbound<'a>(now: Now, publisher: PublisherId, message: &Message<'a>) -> Inbound<'a> {
    Inbound {
        publisher,
        qos: message.qos,
        retain: message.retain,
        expiry: message.expiry,
        properties: message.properties,
        payload: message.payload,
        ingest: now.wall,
    }
}
