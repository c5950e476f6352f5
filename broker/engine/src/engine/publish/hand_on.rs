//! Delivers an admitted publish and the messages it caused, at once or after the commit.

use fabric::{Outputs, RefusedRow, Rejection};
use uns_model::{OrgId, Plane, PublisherId};

use std::rc::Rc;

use super::origin::{Author, Origin, RightsOf};
use super::routed::Routed;
use crate::access::Everything;
use crate::commits::waiter::{Awaited, HeldMessage};
use crate::config::Durability;
use crate::engine::Engine;
use crate::gate::{Gate, RefusedRows, ToldRow};
use crate::message::Message;
use crate::now::Now;
use crate::routing::TopicRef;
use crate::routing::route::Owed;
use crate::stats::Limit;

impl<G: Gate> Engine<G> {
    /// Whether there is room for a message among those retained. Where there is none, it is counted.
    pub(super) fn has_retained_room(&mut self, org: OrgId, message: &Message<'_>) -> bool {
        let room = self.routing.retained().has_room(org, message.topic, message.bytes());
        if !room {
            self.stats.limited(Limit::Retained);
        }
        room
    }

    /// Delivers a message that was taken, and notes whom it is owed to.
    #[inline]
    pub(super) fn hand_on(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        routed: Routed<'_, G::Node>,
        owed: &[Rc<Owed>],
    ) {
        let Routed { message, place, .. } = routed;
        let kept = if message.retain && place.is_some() { message.bytes() } else { 0 };
        self.note_unfolded(kept);
        if !owed.is_empty() {
            self.owe_all(now, origin, routed, owed);
        }
        self.deliver_or_hold(now, origin, routed);
    }

    /// Delivers what the fabric says about a publish that is refused (NS-17).
    #[cold]
    pub(super) fn say_refusal(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        message: &Message<'_>,
        mut rejection: Rejection,
    ) -> Rejection {
        if let Some(said) = rejection.said.take() {
            let outputs = Outputs { messages: *said, refused: Vec::new() };
            self.hand_on_outputs(now, origin, message, outputs);
        }
        rejection
    }

    /// Delivers at once, or after the commit: where only that keeps QoS 2 exact, or its origin says so.
    fn deliver_or_hold(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        Routed { message, route, place }: Routed<'_, G::Node>,
    ) {
        let logged = place.is_some();
        // A logged message is retained at its commit, by the fold over the log.
        if message.retain && !logged {
            self.routing.retain(now.monotonic, origin.org, message, route);
        }
        if (logged && message.qos == 2) || origin.awaits_commit {
            let connection = message.publisher.and_then(|own| self.sessions.get(own.key));
            let promised = connection.is_some_and(|c| c.durability == Durability::Memory);
            let held = HeldMessage::new(message, route, promised);
            return self.commits.wait(Awaited::Delivery(Box::new(held)), None);
        }
        self.deliver(now, message, route);
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
            let (origin, own) = match output.author {
                fabric::Author::Publisher => (origin, message.publisher),
                fabric::Author::Fabric => {
                    let rights = RightsOf::Absent(Some(Everything::shared_ref()));
                    (Origin { rights, publisher: PublisherId::default(), ..origin }, None)
                }
            };
            let author = match Plane::of(&output.topic) {
                Plane::Fabric => Author::Fabric,
                _ => Author::Client(origin.rights),
            };
            let of = TopicRef { org: origin.org, topic: &output.topic };
            let Ok(route) = self.route(of, author) else { continue };
            let mut message = Message {
                topic: &output.topic,
                qos: output.qos,
                retain: output.retain,
                expiry: output.expiry,
                properties: &[],
                payload: &output.payload,
                publisher: own,
            };
            // It is delivered even if it cannot be retained; later subscribers do not get it then.
            message.retain = message.retain && self.has_retained_room(origin.org, &message);
            route.choose(message.qos);
            let owed = self.owed(&message, &route);
            let place = match output.place {
                None if message.retain || !owed.is_empty() => {
                    let inbound = message.inbound(origin.publisher, now.wall);
                    // One that cannot be kept is delivered to nobody: the next publish says so to its
                    // client.
                    let kept = self.gate.keep(origin.org, message.topic, &inbound);
                    let Ok(place) = kept else { continue };
                    place
                }
                place => place,
            };
            let routed = Routed { message: &message, route: &route, place };
            self.hand_on(now, origin, routed, &owed);
        }
        if outputs.refused.is_empty() {
            return None;
        }
        let mut rows = Box::<RefusedRows>::default();
        for RefusedRow { index, topic, payload, mut rejection } in outputs.refused {
            let row = Message { topic: &topic, payload: &payload, retain: false, ..*message };
            self.reject(now, origin.from, &row, &mut rejection);
            rows.count = rows.count.saturating_add(1);
            if rows.told.len() < RefusedRows::TOLD_MAX {
                rows.told.push(ToldRow { index, topic, rejection });
            }
        }
        Some(rows)
    }
}
