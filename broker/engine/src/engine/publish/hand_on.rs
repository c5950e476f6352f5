//! Passing an admitted publish on: to its receivers at once, or to all of them after its commit.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use uns_model::{Kept, OrgId};

use super::author::Author;
use super::{Held, Origin, inbound};
use crate::config::Durability;
use crate::engine::acks::Who;
use crate::engine::{Engine, Now};
use crate::gate::{Derived, Gate, Place, RefusedRow, RefusedRows, ToldRow};
use crate::message::Message;
use crate::route::Route;

impl<G: Gate> Engine<G> {
    /// Delivers at once, or after the commit where only that keeps QoS 2 exact.
    pub(super) fn deliver_or_hold(
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

    /// What else the admitted publish stands for; the records follow the publish's own. Gives which
    /// rows of it were refused.
    #[cold]
    pub(super) fn deliver_derived(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        message: &Message<'_>,
        (place, derived): (Place, Derived),
    ) -> Option<Box<RefusedRows>> {
        for (nth, (topic, payload)) in (1..).zip(&derived.messages) {
            let derived = Message { topic, payload, retain: false, ..*message };
            if let Ok(route) = self.route(origin.org, topic, Author::Client(origin.rights)) {
                route.choose(derived.qos);
                let owed = self.owed(&derived, &route);
                let inbound = inbound(now, origin, &derived);
                self.owe_all(now, (place.after(nth), &owed), (origin.org, &route), &inbound);
                self.deliver_or_hold(now, origin, &derived, (&route, true));
            }
        }
        if derived.refused.is_empty() {
            return None;
        }
        let mut rows = Box::<RefusedRows>::default();
        for RefusedRow { index, topic, payload, mut rejection } in derived.refused {
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
