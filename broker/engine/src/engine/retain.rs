//! Retained messages owed to new subscriptions: every match, in slices that wait for the client.

use super::{Engine, Now};
use crate::access::Action;
use crate::asked;
use crate::gate::Gate;
use crate::key::Key;
use crate::message::{Message, remaining};
use crate::outbound::Delivery;

/// Messages in one slice: other connections come in between.
const SLICE_MESSAGES: usize = 512;

impl<G: Gate> Engine<G> {
    /// Sends the next slice. It goes on when the output is written or a delivery acknowledged.
    pub(super) fn pump_retained(&mut self, now: Now, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        if connection.outbound.owed.is_empty() || !connection.is_up() {
            if !connection.walks.is_empty() {
                self.note_walks(now, key);
            }
            return;
        }
        if !self.may_walk(now, key) {
            return;
        }
        let Some(connection) = self.connections.get_mut(key) else { return };
        let Some(access) = connection.outbound.link.access() else { return };
        let (org, outbound, desk) = (connection.org, &mut connection.outbound, &mut self.desk);
        let mut left = SLICE_MESSAGES;
        while let Some(mut owed) = outbound.owed.pop_front() {
            let due = owed.start.is_due(&self.broker.retained, now.monotonic);
            if left == 0 || !due || !outbound.takes_retained(desk, owed.qos) {
                outbound.owed.push_front(owed);
                break;
            }
            let ids = owed.identifier;
            let ids = ids.as_slice();
            let qos = owed.qos;
            let over = self.broker.retained.walk(org, &mut owed.walk, now.monotonic, &mut |held| {
                left -= 1;
                // What is left out takes time as well, so it counts in the slice.
                if !asked::allows(&*access, Action::Receive, held.topic) {
                    return left > 0;
                }
                let expiry = remaining(held.expires, now.monotonic).unwrap_or(Some(0));
                let message = Message {
                    topic: held.topic,
                    qos: held.kept.qos(),
                    retain: true,
                    expiry,
                    properties: held.kept.properties(),
                    payload: held.kept.payload(),
                    publisher: None,
                };
                desk.encoder.begin();
                let delivery = Delivery { ids, ..Delivery::new(message.qos.min(qos), true) };
                outbound.send(desk, now.monotonic, &message, &delivery);
                left > 0 && outbound.takes_retained(desk, qos)
            });
            if !over {
                outbound.owed.push_front(owed);
                break;
            }
        }
        // Without progress there is nothing to write, and asking again at once would never end.
        if left < SLICE_MESSAGES {
            Self::mark_dirty(connection, key, &mut self.effects.dirty);
        }
    }
}
