//! Passing an admitted publish on, and what it caused: to the receivers at once, or to all of them after
//! the commit.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use fabric::{Outputs, Place, RefusedRow, Rejection};
use uns_model::{Kept, OrgId, Plane, PublisherId};

use super::author::{Author, Rights};
use super::{Held, Origin, inbound};
use crate::access::Everything;
use crate::config::Durability;
use crate::engine::acks::Who;
use crate::engine::{Engine, Now};
use crate::gate::{Gate, RefusedRows, ToldRow};
use crate::message::Message;
use crate::route::Route;
use crate::stats::Limit;

impl<G: Gate> Engine<G> {
    /// Whether there is room for a message among those retained. Where there is none, it is counted.
    pub(super) fn has_retained_room(&mut self, org: OrgId, message: &Message<'_>) -> bool {
        let room = self.broker.retained.has_room(org, message.topic, message.bytes());
        if !room {
            self.desk.stats.limited(Limit::Retained);
        }
        room
    }

    /// Delivers an admitted message and notes whom it is owed to. Gives where its record stands: one
    /// without a node has one if it is retained or owed.
    #[inline]
    pub(super) fn hand_on(
        &mut self,
        now: Now,
        (org, publisher): (OrgId, PublisherId),
        message: &Message<'_>,
        (route, place): (&Rc<Route<G::Node>>, Option<Place>),
    ) -> Result<Option<Place>, Rejection> {
        route.choose(message.qos);
        let owed = self.owed(message, route);
        let place = match place {
            None if message.retain || !owed.is_empty() => {
                self.gate.keep(org, message.topic, &inbound(now, publisher, message))?
            }
            place => place,
        };
        let kept = if message.retain && place.is_some() { message.bytes() } else { 0 };
        self.note_unfolded(kept);
        if let Some(place) = place
            && !owed.is_empty()
        {
            let inbound = inbound(now, publisher, message);
            self.owe_all(now, (place, &owed), (org, route), &inbound);
        }
        self.deliver_or_hold(now, org, message, (route, place.is_some()));
        Ok(place)
    }

    /// Delivers at once, or after the commit where only that keeps QoS 2 exact.
    fn deliver_or_hold(
        &mut self,
        now: Now,
        org: OrgId,
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
            self.retain(now, org, message, route);
        }
        self.deliver(now, message, route);
    }

    /// A message of QoS 2 is committed.
    pub(in crate::engine) fn deliver_held(&mut self, now: Now, held: &Held<G::Node>) {
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

    /// Delivers what an admitted publish caused beside itself. Its records follow that of the publish in
    /// the same batch. Gives which rows of a batch were refused.
    #[cold]
    pub(super) fn hand_on_outputs(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        message: &Message<'_>,
        outputs: Outputs,
    ) -> Option<Box<RefusedRows>> {
        for output in &outputs.messages {
            let (rights, publisher, own) = match output.author {
                fabric::Author::Publisher => (origin.rights, origin.publisher, message.publisher),
                fabric::Author::Fabric => {
                    (Rights::Of(Some(&Everything)), PublisherId::default(), None)
                }
            };
            let author = match Plane::of(&output.topic) {
                Plane::Fabric => Author::Fabric,
                _ => Author::Client(rights),
            };
            let Ok(route) = self.route(origin.org, &output.topic, author) else { continue };
            let mut message = Message {
                topic: &output.topic,
                qos: output.qos,
                retain: output.retain,
                expiry: output.expiry,
                properties: &[],
                payload: &output.payload,
                publisher: own,
            };
            // It is said all the same; whoever subscribes later does not hear of it.
            message.retain = message.retain && self.has_retained_room(origin.org, &message);
            // One that cannot be kept is delivered to nobody: the next publish says so to its client.
            drop(self.hand_on(now, (origin.org, publisher), &message, (&route, output.place)));
        }
        if outputs.refused.is_empty() {
            return None;
        }
        let mut rows = Box::<RefusedRows>::default();
        for RefusedRow { index, topic, payload, mut rejection } in outputs.refused {
            let row = Message { topic: &topic, payload: &payload, retain: false, ..*message };
            self.bury(now, origin.culprit, &row, &mut rejection);
            rows.count = rows.count.saturating_add(1);
            if rows.told.len() < RefusedRows::TOLD_MAX {
                rows.told.push(ToldRow { index, topic, rejection });
            }
        }
        Some(rows)
    }

    pub(super) fn retain(
        &mut self,
        now: Now,
        org: OrgId,
        message: &Message<'_>,
        route: &Route<G::Node>,
    ) {
        if message.payload.is_empty() {
            return self.broker.retained.clear(org, message.topic);
        }
        let expires = message.expiry.map(|s| now.monotonic + Duration::from_secs(u64::from(s)));
        let Message { topic, qos, expiry, properties, payload, .. } = *message;
        let kept = Kept::new(qos, expiry, properties, payload);
        let name = || Arc::clone(&route.topic);
        self.broker.retained.keep(org, topic, name, (expires, kept));
    }
}
