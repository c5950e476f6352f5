//! PUBLISH packets into the output of one client, now or later, as its window and the room there is
//! allow.

use std::collections::VecDeque;
use std::num::{NonZeroU16, NonZeroU32};
use std::rc::Rc;
use std::time::Duration;

use broker_codec::{Version, patch_packet_id, patch_topic_alias};

use super::aliases::Alias;
use super::client::{Outbound, Queued};
use super::delivery::Delivery;
use super::encoder::{Form, Naming};
use super::pace::Pace;
use super::shared_messages::SharedMessage;
use super::write_context::WriteContext;
use crate::message::Message;
use crate::stats::Drop;

/// What a client that takes what it is sent may have waiting when all have too much.
const AT_ONCE_BYTES: usize = 32 << 10;

impl Outbound {
    /// Delivers one message, now or later, or drops it: `false`.
    #[inline]
    pub(crate) fn send(
        &mut self,
        context: &mut WriteContext,
        now: Duration,
        message: &Message<'_>,
        delivery: &Delivery<'_>,
    ) -> bool {
        if delivery.qos == 0 {
            let limit = match self.pace {
                Pace::Slow => context.config.backlog_bytes_high,
                Pace::Fine | Pace::Behind { .. } => context.config.output_bytes_max,
            };
            let waiting = self.unwritten();
            // One that goes out alone may be as large as packets may be.
            let fits = waiting == 0 || waiting + message.bytes() <= limit;
            if !fits || !self.may_wait(context) {
                self.drop(Drop::OutputFull, &mut context.stats);
                return false;
            }
        } else if !self.queue.is_empty() || !self.can_send(context) {
            return self.enqueue(context, now, message, delivery);
        }
        let sent = self.put(context, message, delivery);
        if sent && let Some(share) = delivery.share.filter(|_| delivery.qos == 1) {
            let message = context.encoder.stored(message, now);
            self.keep_shared(context, SharedMessage::new(message, share, delivery));
        }
        sent
    }

    /// Keeps what a share gave it, as far as there is room, until it is acknowledged.
    fn keep_shared(&mut self, context: &WriteContext, one: SharedMessage) {
        if let Some(id) = self.last_id {
            self.shared.get_or_insert_default().keep(id, one, context.config.queue_bytes_max);
        }
    }

    /// Whether one more message may be put behind what waits here. Where too much waits for all
    /// together, who takes nothing gets one, and who takes what it gets a little.
    #[inline]
    fn may_wait(&self, context: &WriteContext) -> bool {
        let at_once = if self.blocked_since.is_some() { 0 } else { AT_ONCE_BYTES };
        context.has_room() || self.unwritten() <= at_once
    }

    fn can_send(&self, context: &WriteContext) -> bool {
        self.window.has_room() && self.can_feed(context)
    }

    pub(super) fn can_feed(&self, context: &WriteContext) -> bool {
        let fed = self.feed.as_ref().map_or(0, |feed| feed.in_flight());
        self.window.has_room_beside(fed)
            && self.unwritten() < context.config.backlog_bytes_high
            && self.may_wait(context)
    }

    /// Puts a packet into the output; the window has room. `false` if it can never be sent.
    #[inline]
    pub(super) fn put(
        &mut self,
        context: &mut WriteContext,
        message: &Message<'_>,
        delivery: &Delivery<'_>,
    ) -> bool {
        let ids = match self.version {
            Version::V5 => delivery.ids,
            Version::V31 | Version::V311 => &[],
        };
        let (naming, alias) = self.name(message, ids);
        let form = Form { version: self.version, qos: delivery.qos, ids, naming };
        self.buffer(context);
        let Some((packet, encoded)) = context.encoder.encode(message, form) else {
            self.drop(Drop::TooLarge, &mut context.stats);
            return false;
        };
        if encoded.len > self.packet_bytes_max {
            self.drop(Drop::TooLarge, &mut context.stats);
            return false;
        }
        let at = self.output.len();
        self.output.extend_from_slice(packet);
        context.waiting += encoded.len;
        let Some(packet) = self.output.get_mut(at..) else { return true };
        if let Some(first) = packet.first_mut() {
            *first = *first & 0xf0 | delivery.flags();
        }
        if let Some(at) = encoded.packet_id_at
            && let Some(id) =
                delivery.again.map(|again| again.id).or_else(|| self.window.take(delivery.qos))
        {
            patch_packet_id(packet, at, id);
            self.last_id = Some(id);
        }
        if let Some(alias) = alias {
            patch_topic_alias(packet, alias);
            if naming == Naming::Both
                && let Some(aliases) = &mut self.aliases
            {
                aliases.assign(message.topic, alias);
            }
        }
        self.messages += 1;
        context.stats.messages_out += 1;
        context.stats.payload_out += message.payload.len() as u64;
        true
    }

    /// How the next packet names its topic. A new alias makes it longer, so that needs room.
    #[inline]
    fn name(&mut self, message: &Message<'_>, ids: &[NonZeroU32]) -> (Naming, Option<NonZeroU16>) {
        const OVERHEAD: usize = 64;
        let Some(aliases) = &mut self.aliases else { return (Naming::Topic, None) };
        match aliases.of(message.topic) {
            Alias::Known(alias) => (Naming::Alias, Some(alias)),
            Alias::New(alias)
                if message.bytes() + 5 * ids.len() + OVERHEAD <= self.packet_bytes_max =>
            {
                (Naming::Both, Some(alias))
            }
            Alias::New(_) | Alias::None => (Naming::Topic, None),
        }
    }

    #[cold]
    fn enqueue(
        &mut self,
        context: &mut WriteContext,
        now: Duration,
        message: &Message<'_>,
        delivery: &Delivery<'_>,
    ) -> bool {
        let stored = context.encoder.stored(message, now);
        let bytes = stored.bytes();
        if self.queue.len() >= context.config.queue_count_max
            || self.queue_bytes + bytes > context.config.queue_bytes_max
            || !context.has_room()
        {
            self.drop(Drop::QueueFull, &mut context.stats);
            return false;
        }
        self.queue_bytes += bytes;
        context.waiting += bytes;
        let ids = (!delivery.ids.is_empty()).then(|| delivery.ids.into());
        self.queue.push_back(Queued {
            message: stored,
            qos: delivery.qos,
            retain: delivery.retain,
            ids,
            share: delivery.share.cloned(),
            owed_live: delivery.owed_live.cloned(),
        });
        true
    }

    /// Moves queued messages into the output while window and output have room.
    pub(super) fn pump(&mut self, context: &mut WriteContext, now: Duration) {
        while self.can_send(context)
            && let Some(queued) = self.queue.pop_front()
        {
            self.queue_bytes -= queued.message.bytes();
            context.waiting = context.waiting.saturating_sub(queued.message.bytes());
            self.pace.drained(queued.message.bytes());
            let Some(message) = queued.message.message(now, queued.qos) else {
                self.drop(Drop::Expired, &mut context.stats);
                continue;
            };
            context.encoder.begin();
            let ids = queued.ids.as_deref().unwrap_or_default();
            let owed_live = queued.owed_live.as_ref();
            let delivery = Delivery { ids, owed_live, ..Delivery::new(queued.qos, queued.retain) };
            if self.put(context, &message, &delivery)
                && let Some(share) = queued.share.as_ref().filter(|_| queued.qos == 1)
            {
                let message = Rc::clone(&queued.message);
                self.keep_shared(context, SharedMessage::new(message, share, &delivery));
            }
        }
        if self.queue.is_empty() && self.queue.capacity() > 1024 {
            self.queue = VecDeque::new();
        }
    }

    /// Whether the next retained message may be sent: it waits for output and window, and for what was
    /// queued before. It is never queued itself: what the ledger feeds meanwhile would pass it by, and
    /// may be newer.
    pub(crate) fn takes_retained(&self, context: &WriteContext, qos: u8) -> bool {
        const SLICE: usize = 128 << 10;
        self.unwritten() < SLICE
            && self.may_wait(context)
            && (qos == 0 || (self.queue.is_empty() && self.can_send(context)))
    }
}
