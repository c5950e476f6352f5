//! What the ledger fed, into the output of its client.

use broker_codec::PacketId;
use uns_model::{Sequence, Timestamp};

use super::client::Outbound;
use super::feed::{Due, FedPublish};
use super::owed_retained::OwedRetained;
use super::window::Awaits;
use super::write_context::WriteContext;
use crate::stats::Drop;

impl Outbound {
    /// Sends what the ledger fed while window and output have room, in its order. What the client has
    /// no right to is left out: it may have subscribed with other rights. Returns whether there is
    /// more to write. After each write this is called again, so that without progress it would never end.
    pub(super) fn pump_feed(
        &mut self,
        context: &mut WriteContext,
        now: Timestamp,
        may_receive: &dyn Fn(&str) -> bool,
    ) -> bool {
        let before = self.unwritten();
        while self.can_feed(context)
            && let Some(fed) = self.feed.as_mut().and_then(|feed| feed.next())
        {
            let awaits = match &fed.what {
                Due::Release => {
                    self.say_pubrel(context, fed.packet_id);
                    Awaits::Pubcomp
                }
                Due::Publish(publish) if may_receive(&publish.topic) => {
                    if publish.retained {
                        self.note_fed(context, &publish.topic, fed.sequence);
                    }
                    self.send_fed(context, now, fed.packet_id, publish)
                }
                Due::Publish(_) => {
                    self.drop(Drop::NotAuthorized, &mut context.stats);
                    Awaits::Nothing
                }
            };
            if let Some(feed) = &mut self.feed {
                feed.sent(&fed, awaits);
            }
        }
        self.unwritten() > before
    }

    /// A message that is to be retained comes from the log. Walks that wait for a place before its own
    /// may not see it in the store, those that are still to have one will.
    fn note_fed(&mut self, context: &mut WriteContext, topic: &str, sequence: Sequence) {
        let is_before = |owed: &&OwedRetained| owed.is_before(sequence);
        // They are in the order of their numbers and places.
        if self.live.is_some()
            && self.owed.front().filter(is_before).is_some()
            && let Some(last) = self.owed.iter().rev().find(is_before)
        {
            let walk = last.number;
            self.note_live(context, topic, walk);
        }
    }

    fn send_fed(
        &mut self,
        context: &mut WriteContext,
        now: Timestamp,
        id: PacketId,
        publish: &FedPublish,
    ) -> Awaits {
        let Some(message) = publish.message(now) else {
            self.drop(Drop::Expired, &mut context.stats);
            return Awaits::Nothing;
        };
        context.encoder.begin();
        let sent = self.put(context, &message, &publish.delivery(id));
        if sent { Awaits::after(publish.qos) } else { Awaits::Nothing }
    }
}
