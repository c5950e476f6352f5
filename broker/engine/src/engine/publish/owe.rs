//! Whom a publish is owed to: durable sessions, which get it from the ledger.

use std::rc::Rc;
use std::sync::Arc;

use fabric::{Inbound, Place, Resolved};
use uns_model::Timestamp;

use super::origin::Origin;
use super::routed::Routed;
use crate::commits::waiter::Awaited;
use crate::engine::Engine;
use crate::gate::Gate;
use crate::message::Message;
use crate::now::Now;
use crate::owed_live::OwedLive;
use crate::routing::route::{Owed, Route};

impl<G: Gate> Engine<G> {
    /// The durable sessions that get the message from the ledger.
    #[inline]
    pub(super) fn owed(&self, message: &Message<'_>, route: &Route<G::Node>) -> Vec<Rc<Owed>> {
        if message.qos == 0 || !route.may_owe() {
            return Vec::new();
        }
        let own = message.publisher.filter(|publisher| publisher.core == self.core);
        let own = own.and_then(|own| self.sessions.get(own.key)?.durable_session());
        route.owed(message.qos, own).collect()
    }

    /// Notes whom a record is owed to. A session is owed a record once: of what it gets a second time
    /// the log has a copy.
    pub(super) fn owe_all(
        &mut self,
        now: Now,
        origin: Origin<'_>,
        Routed { message, route, place }: Routed<'_, G::Node>,
        owed: &[Rc<Owed>],
    ) {
        let Some(place) = place else { return };
        let second =
            |(nth, one): &(usize, &Rc<Owed>)| one.is_second(owed.get(..*nth).unwrap_or(&[]));
        // Copies come last: who reads the log finds what is owed right before it.
        for (_, once) in owed.iter().enumerate().filter(|one| !second(one)) {
            self.owe_member(now, route, place, once);
        }
        if owed.len() < 2 {
            return;
        }
        for (_, again) in owed.iter().enumerate().filter(second) {
            // What is retained on a node is that node's record alone.
            let retain = message.retain && !matches!(route.node, Resolved::Node(_));
            let copy = Inbound { retain, ..message.inbound(origin.publisher, now.wall) };
            let kept = self.gate.keep(origin.org, &route.topic, &copy).ok().flatten();
            match kept {
                Some(kept) => self.owe_member(now, route, kept, again),
                // It gets the message live all the same.
                None if again.live().is_some() => {}
                None => self.owe(now.wall, place, again),
            }
        }
    }

    /// Notes whom a record is owed to. If that is a connection, it is so until all who deliver the message
    /// have let go of it.
    fn owe_member(&mut self, now: Now, route: &Route<G::Node>, place: Place, owed: &Owed) {
        self.owe(now.wall, place, owed);
        let Some(name) = owed.live() else { return };
        if let Some(share) = route.shares.iter().find(|share| Arc::ptr_eq(share.name(), name)) {
            let owed_live = OwedLive::new(&self.broker.settled_live);
            share.set_owed_live(Arc::clone(&owed_live));
            self.commits.wait(Awaited::OwedLive(owed_live, place), None);
        }
    }

    /// Notes whom a record is owed to.
    pub(in crate::engine) fn owe(&mut self, now: Timestamp, place: Place, owed: &Owed) {
        let owed = self.routing.owe(place, owed);
        self.gate.owe(now, &owed);
    }
}
