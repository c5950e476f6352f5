//! PUBLISH, wherever it comes from: a client, a will, this process. All pass the same gate.

mod dead;
mod in_process;
mod owe;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use broker_codec::{Publish, QoS, ReasonCode};
use uns_model::{Kept, OrgId, Plane, PublisherId};

use super::acks::Who;
use super::answer::{Accepted, Answer};
use super::receive::{Fatal, Step};
use super::{Engine, Now};
use crate::access::{Access, Action};
use crate::config::Durability;
use crate::connection::Connection;
use crate::connection::Excess;
use crate::gate::{Derived, Gate, Inbound, Place, RefusedRow, Rejection, Resolved};
use crate::key::{Address, Key, Slots};
use crate::login::may_publish;
use crate::message::Message;
use crate::policy::Grants;
use crate::route::Route;
use crate::stats::Limit;
pub(super) use dead::Culprit;
pub use in_process::{InProcess, Offer, Together};

/// Whose publish it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'a> {
    pub(super) org: OrgId,
    pub(super) publisher: PublisherId,
    /// Whose the refused rows of a batch are.
    pub(super) culprit: Culprit<'a>,
    pub(super) rights: Rights<'a>,
}

/// A publish that was admitted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Admitted {
    /// Its record in the open batch, if it has one: then its outcome follows a commit.
    pub(super) place: Option<Place>,
    /// The rows of a batch that were refused (NS-21).
    pub(super) refused_rows: u32,
}

/// Who decides whether the rows of a batch may be published: its topic was decided before.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rights<'a> {
    /// The log-in of a connection.
    Connection(Key),
    /// These, or whoever has none publishes no rows.
    Of(Option<&'a dyn Access>),
}

impl Origin<'_> {
    fn of<N>(connection: &Connection<N>, key: Key) -> Self {
        let Connection { org, publisher, .. } = *connection;
        Self { org, publisher, culprit: Culprit::Publisher(key), rights: Rights::Connection(key) }
    }
}

impl From<Admitted> for Accepted {
    fn from(admitted: Admitted) -> Self {
        Self { logged: admitted.place.is_some(), refused_rows: admitted.refused_rows }
    }
}

impl Rights<'_> {
    fn may_publish<N>(self, connections: &Slots<Connection<N>>, topic: &str) -> bool {
        match self {
            Self::Connection(key) => {
                let connection = connections.get(key);
                may_publish(connection.and_then(|connection| connection.identity.as_ref()), topic)
            }
            Self::Of(access) => access.is_some_and(|access| access.allows(Action::Publish, topic)),
        }
    }
}

/// A message of QoS 2 that waits for its commit, with the receivers it had when it was accepted.
#[derive(Debug)]
pub(super) struct Held<N> {
    route: Rc<Route<N>>,
    /// Whose turn it was in each share of the route.
    turns: Box<[Option<usize>]>,
    qos: u8,
    retain: bool,
    expiry: Option<u32>,
    properties: Box<[u8]>,
    payload: Box<[u8]>,
    publisher: Option<Address>,
    /// Its publisher was told that it is taken, whatever becomes of the commit.
    pub(super) promised: bool,
}

impl<N> Held<N> {
    fn new(message: &Message<'_>, route: &Rc<Route<N>>) -> Self {
        Self {
            route: Rc::clone(route),
            turns: route.shares.iter().map(|share| share.turn()).collect(),
            qos: message.qos,
            retain: message.retain,
            expiry: message.expiry,
            properties: message.properties.into(),
            payload: message.payload.into(),
            publisher: message.publisher,
            promised: false,
        }
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
        let generation = self.broker.subscriptions.generation();
        let route = match &connection.last_route {
            Some(last) if last.generation == generation && *last.topic == *topic => {
                Ok(Rc::clone(last))
            }
            _ => self.permitted_route(key, topic),
        };
        if let Ok(route) = &route
            && self.must_wait(route, Some(key), (publish.qos.level(), publish.retain))
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
        if let Ok(route) = self.route(org, topic, Author::Broker) {
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
    ) -> Result<Admitted, Rejection> {
        let route = self.route(origin.org, message.topic, Author::Client)?;
        self.admit(now, origin, message, &route)
    }

    pub(super) fn admit(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        message: &Message<'_>,
        route: &Rc<Route<G::Node>>,
    ) -> Result<Admitted, Rejection> {
        let keep = message.retain && !message.payload.is_empty();
        if keep && !self.broker.retained.has_room(origin.org, message.topic, message.bytes()) {
            self.desk.stats.limited(Limit::Retained);
            let detail = "the store of retained messages is full";
            return Err(Rejection::new(ReasonCode::QuotaExceeded, "quota_exceeded", detail));
        }
        let inbound = inbound(now, origin, message);
        let place = match &route.node {
            Resolved::Plain => None,
            Resolved::Guarded => self.gate.check(message.topic, &inbound).map(|()| None)?,
            Resolved::Node(node) => {
                let connections = &self.connections;
                let may_publish = |topic: &str| origin.rights.may_publish(connections, topic);
                Some(self.gate.admit(node, &inbound, &may_publish)?)
            }
        };
        route.choose(message.qos);
        let owed = self.owed(message, route);
        let place = match place {
            None if message.retain || !owed.is_empty() => {
                self.gate.keep(origin.org, message.topic, &inbound)?
            }
            place => place,
        };
        if message.retain && place.is_some() {
            self.note_unfolded(now, message.bytes());
        }
        if let Some(place) = place {
            self.owe_all(now, (place, &owed), (origin.org, route), &inbound);
        }
        self.deliver_or_hold(now, origin, message, (route, place.is_some()));
        let refused_rows = match (place, self.gate.derived()) {
            (Some(place), Some(derived)) => {
                self.deliver_derived(now, origin, message, (place, *derived))
            }
            _ => 0,
        };
        Ok(Admitted { place, refused_rows })
    }

    /// Delivers at once, or after the commit where only that keeps QoS 2 exact.
    fn deliver_or_hold(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        message: &Message<'_>,
        (route, logged): (&Rc<Route<G::Node>>, bool),
    ) {
        if logged && message.qos == 2 {
            let connection = message.publisher.and_then(|own| self.connections.get(own.key));
            let promised = connection.is_some_and(|c| c.durability == Durability::Memory);
            let held = Held { promised, ..Held::new(message, route) };
            return self.acks.wait(Who::Deliver(Box::new(held)), None);
        }
        // What is logged is retained at its commit, by whoever folds the log.
        if message.retain && !logged {
            self.retain(now, origin.org, message, route);
        }
        self.deliver(now, message, route);
    }

    /// A message of QoS 2 is committed.
    pub(super) fn deliver_held(&mut self, now: Now, held: &Held<G::Node>) {
        let message = Message {
            topic: &held.route.topic,
            qos: held.qos,
            retain: held.retain,
            expiry: held.expiry,
            properties: &held.properties,
            payload: &held.payload,
            publisher: held.publisher,
        };
        for (share, turn) in held.route.shares.iter().zip(&held.turns) {
            share.set_turn(*turn);
        }
        self.deliver(now, &message, &held.route);
    }

    /// What else the admitted publish stands for; the records follow the publish's own. Gives how
    /// many rows of it were refused.
    #[cold]
    fn deliver_derived(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        message: &Message<'_>,
        (place, derived): (Place, Derived),
    ) -> u32 {
        for (nth, (topic, payload)) in (1..).zip(&derived.messages) {
            let derived = Message { topic, payload, retain: false, ..*message };
            if let Ok(route) = self.route(origin.org, topic, Author::Client) {
                route.choose(derived.qos);
                let owed = self.owed(&derived, &route);
                let inbound = inbound(now, origin, &derived);
                self.owe_all(now, (place.after(nth), &owed), (origin.org, &route), &inbound);
                self.deliver_or_hold(now, origin, &derived, (&route, true));
            }
        }
        let rows = u32::try_from(derived.refused.len()).unwrap_or(u32::MAX);
        for RefusedRow { topic, payload, mut rejection } in derived.refused {
            let row = Message { topic: &topic, payload: &payload, retain: false, ..*message };
            self.bury(now, origin.culprit, &row, &mut rejection);
        }
        rows
    }

    fn retain(&mut self, now: Now, org: OrgId, message: &Message<'_>, route: &Route<G::Node>) {
        if message.payload.is_empty() {
            return self.broker.retained.clear(org, message.topic);
        }
        let expires = message.expiry.map(|s| now.monotonic + Duration::from_secs(u64::from(s)));
        let Message { topic, qos, expiry, properties, payload, .. } = *message;
        let kept = Kept::new(qos, expiry, properties, payload);
        let name = || Arc::clone(&route.topic);
        self.broker.retained.keep(org, topic, name, (expires, kept));
    }

    /// Where a client's topic leads. Whether this client may publish there is another question.
    pub(super) fn client_route(
        &mut self,
        org: OrgId,
        topic: &str,
    ) -> Result<Rc<Route<G::Node>>, Rejection> {
        self.route(org, topic, Author::Client)
    }

    /// Where a topic leads whoever publishes.
    pub(super) fn broker_route(
        &mut self,
        org: OrgId,
        topic: &str,
    ) -> Result<Rc<Route<G::Node>>, Rejection> {
        self.route(org, topic, Author::Broker)
    }

    /// Where a topic leads under the present subscriptions.
    fn route(
        &mut self,
        org: OrgId,
        topic: &str,
        author: Author,
    ) -> Result<Rc<Route<G::Node>>, Rejection> {
        let generation = self.broker.subscriptions.generation();
        let epoch = self.broker.policy_epoch();
        let known = self.routes.get(org, topic);
        if let Some(route) = &known
            && route.generation == generation
        {
            return Ok(Rc::clone(route));
        }
        let grants = known.map(|route| route.grants.clone()).filter(|grants| grants.is_of(epoch));
        let node = match author {
            Author::Broker => Resolved::Plain,
            Author::Client => {
                let max = self.broker.config.levels_max;
                if topic.split('/').take(max + 1).count() > max {
                    let detail = format!("the topic has more than {max} levels");
                    let code = ReasonCode::TopicNameInvalid;
                    return Err(Rejection::new(code, "topic_invalid", detail));
                }
                // Asked first, as it counts what it refuses.
                let resolved = self.gate.resolve(org, topic)?;
                if Plane::of(topic) == Plane::Fabric {
                    let detail = "topics below `$SYS`, `$uns` and their like are the broker's own";
                    return Err(Rejection::new(
                        ReasonCode::NotAuthorized,
                        "not_authorized",
                        detail,
                    ));
                }
                resolved
            }
        };
        let tree = &self.broker.subscriptions;
        let name = match &node {
            Resolved::Node(node) => G::name(node),
            Resolved::Guarded | Resolved::Plain => None,
        };
        let name = name.unwrap_or_else(|| topic.into());
        let mut route = Route::build((tree, &mut self.shares, self.core), org, name, node);
        route.grants = grants.unwrap_or_else(|| Grants::new(epoch));
        let route = Rc::new(route);
        if author == Author::Client && !self.desk.pressure.is_short() {
            self.routes.insert(org, Rc::clone(&route));
        }
        Ok(route)
    }

    /// Whether a publish has to wait: for the log, for another core, or for a receiver that is
    /// behind.
    #[inline]
    fn must_wait(
        &self,
        route: &Route<G::Node>,
        publisher: Option<Key>,
        (qos, retain): (u8, bool),
    ) -> bool {
        let logged = || {
            let node = matches!(route.node, Resolved::Node(_));
            node || retain || (qos > 0 && route.may_owe())
        };
        if self.acks.is_full(&self.desk.config) && logged() {
            return true;
        }
        if retain && self.unfolded.is_full() {
            return true;
        }
        let high = self.desk.config.batch_bytes_high;
        let full =
            |core: usize| self.outboxes.get(core).is_some_and(|o| o.batch.bytes_len() > high);
        if route.cores(self.core).any(|core| full(core.index())) {
            return true;
        }
        let publisher = publisher.map(|key| self.address(key));
        self.broker.is_congested() && route.is_congested(publisher)
    }

    pub(super) fn pause(&mut self, key: Key) -> Step {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.paused = true;
            self.paused.push(key);
            self.desk.stats.stalls += 1;
        }
        Step::Wait
    }
}

fn inbound<'a>(now: Now, origin: Origin<'_>, message: &Message<'a>) -> Inbound<'a> {
    Inbound {
        publisher: origin.publisher,
        qos: message.qos,
        retain: message.retain,
        expiry: message.expiry,
        properties: message.properties,
        payload: message.payload,
        ingest: now.wall,
    }
}

/// Who writes to a topic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Author {
    Client,
    /// The broker itself, which alone writes to `$…`.
    Broker,
}
