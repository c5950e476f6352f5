//! Retained messages owed to new subscriptions: every match, in slices that wait for the client.

use super::Engine;
use crate::access::Action;
use crate::access_guard;
use crate::gate::Gate;
use crate::key::Key;
use crate::message::{Message, seconds_left};
use crate::now::Now;
use crate::outbound::ClientWriter;
use crate::outbound::delivery::Delivery;

/// Messages in one slice: other connections come in between.
const SLICE_MESSAGES: usize = 512;

impl<G: Gate> Engine<G> {
    /// Sends the next slice. It goes on when the output is written or a delivery acknowledged.
    pub(super) fn pump_retained(&mut self, now: Now, key: Key) {
        let Some(client) = self.outbound.get_mut(key) else { return };
        if client.owed.is_empty() || !client.connected {
            return self.end_walks(now, key);
        }
        self.restart_walks(key);
        if !self.may_walk(now, key) {
            return;
        }
        let access = self.outbound.get(key).and_then(|client| client.link.access());
        let org = self.sessions.get(key).map(|connection| connection.org);
        let (Some(access), Some(org)) = (access, org) else { return };
        let retained = &self.broker.retained;
        let Some(ClientWriter { client, context }) = self.outbound.writer(key) else { return };
        let live = client.live.take();
        let mut left = SLICE_MESSAGES;
        while let Some(mut owed) = client.owed.pop_front() {
            let due = owed.is_due(retained, now.monotonic, live.as_deref());
            if left == 0 || !due || !client.takes_retained(context, owed.qos) {
                client.owed.push_front(owed);
                break;
            }
            let ids = owed.identifier;
            let ids = ids.as_slice();
            let qos = owed.qos;
            let number = owed.compared_by(retained);
            let over = retained.walk(org, &mut owed.walk, now.monotonic, &mut |held| {
                left -= 1;
                // What is left out takes time as well, so it counts in the slice.
                if live.as_ref().is_some_and(|live| live.has_newer(held.topic, number)) {
                    return left > 0;
                }
                if !access_guard::allows(&*access, Action::Receive, held.topic) {
                    return left > 0;
                }
                let expiry = seconds_left(held.expires, now.monotonic).unwrap_or(Some(0));
                let message = Message {
                    topic: held.topic,
                    qos: held.kept.qos(),
                    retain: true,
                    expiry,
                    properties: held.kept.properties(),
                    payload: held.kept.payload(),
                    publisher: None,
                };
                context.encoder.begin();
                let delivery = Delivery { ids, ..Delivery::new(message.qos.min(qos), true) };
                client.send(context, now.monotonic, &message, &delivery);
                left > 0 && client.takes_retained(context, qos)
            });
            if !over {
                owed.went_on(retained, now.monotonic);
                client.owed.push_front(owed);
                break;
            }
        }
        client.live = live;
        if client.owed.is_empty() && client.output().is_empty() {
            self.end_walks(now, key);
        } else if left < SLICE_MESSAGES {
            // Without progress there is nothing to write, and asking again at once would never end.
            self.outbound.mark_pending(key);
        }
    }

    /// Nothing that is retained is to be sent any more.
    fn end_walks(&mut self, now: Now, key: Key) {
        let Some(client) = self.outbound.get_mut(key) else { return };
        client.forget_live_topics();
        // Only what the ledger feeds has walks that the log knows of.
        if client.feed.is_some() {
            self.note_walks(now, key);
        }
    }
}
