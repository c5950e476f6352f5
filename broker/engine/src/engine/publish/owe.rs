//! Whom a publish is owed to: logged sessions, which get it from the ledger.

use std::rc::Rc;

use fabric::{Inbound, Place, Resolved};
use uns_model::OrgId;

use crate::engine::{Engine, Now};
use crate::gate::Gate;
use crate::message::Message;
use crate::route::{Owed, Route};

impl<G: Gate> Engine<G> {
    /// The logged sessions that get the message from the ledger.
    #[inline]
    pub(super) fn owed(&self, message: &Message<'_>, route: &Route<G::Node>) -> Vec<Rc<Owed>> {
        if message.qos == 0 || !route.may_owe() {
            return Vec::new();
        }
        let own = message.publisher.filter(|publisher| publisher.core == self.core);
        let own = own.and_then(|own| self.connections.get(own.key)?.durable_session());
        route.owed(message.qos, own).collect()
    }

    /// Notes whom a record is owed to. A session is owed a record once: of what it gets a second
    /// time the log has a copy.
    pub(super) fn owe_all(
        &mut self,
        now: Now,
        (place, owed): (Place, &[Rc<Owed>]),
        (org, route): (OrgId, &Route<G::Node>),
        inbound: &Inbound<'_>,
    ) {
        let second =
            |(nth, one): &(usize, &Rc<Owed>)| one.is_second(owed.get(..*nth).unwrap_or(&[]));
        // Copies come last: who reads the log finds what is owed right before it.
        for (_, once) in owed.iter().enumerate().filter(|one| !second(one)) {
            self.owe(now, place, once);
        }
        if owed.len() < 2 {
            return;
        }
        for (_, again) in owed.iter().enumerate().filter(second) {
            // What is retained on a node is that node's record alone.
            let retain = inbound.retain && !matches!(route.node, Resolved::Node(_));
            let copy = Inbound { retain, ..*inbound };
            let kept = self.gate.keep(org, &route.topic, &copy).ok().flatten();
            self.owe(now, kept.unwrap_or(place), again);
        }
    }

    /// Notes whom a record is owed to.
    pub(in crate::engine) fn owe(&mut self, now: Now, place: Place, owed: &Owed) {
        let batch = self.gate.batch();
        let (noted, mut audience) = owed.noted.get();
        if noted != batch {
            audience = self.gate.audience(now.wall, &owed.members);
            owed.noted.set((batch, audience));
        }
        self.gate.owe(now.wall, place, audience);
    }
}
