//! What waits for one client: its output bytes, its window and queue of QoS 1 and 2, what the ledger
//! feeds it, and the retained walks it asked for. All of it bounded; what does not fit is dropped
//! and counted.

mod desk;
mod say;

use std::collections::VecDeque;
use std::num::{NonZeroU16, NonZeroU32};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use broker_codec::{PacketId, Version, patch_packet_id, patch_topic_alias};
use uns_model::{Sequence, Timestamp};

use crate::aliases::{Alias, Aliases};
use crate::entrusted::{Entrusted, Trust};
use crate::feed::{Due, FedPublish, Feed};
use crate::message::{Form, Message, Naming, Stored};
use crate::pace::Pace;
use crate::retained::Walk;
use crate::stats::{Drop, Stats};
use crate::tree::{Link, ShareName};
use crate::window::{Awaits, Window};
pub(crate) use desk::Desk;

/// What a client that takes what it is sent may have waiting when all have too much.
const AT_ONCE_BYTES: usize = 32 << 10;

/// A message of QoS 1 or 2 in the queue.
#[derive(Debug)]
struct Queued {
    message: Rc<Stored>,
    qos: u8,
    retain: bool,
    ids: Option<Arc<[NonZeroU32]>>,
    share: Option<Arc<ShareName>>,
}

/// Retained messages still owed for one subscription.
#[derive(Debug)]
pub(crate) struct OwedRetained {
    pub(crate) walk: Walk,
    pub(crate) qos: u8,
    pub(crate) identifier: Option<NonZeroU32>,
    pub(crate) start: Start,
}

/// When a walk over retained messages may start: what was published before somebody subscribed is
/// retained at its commit, and belongs to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Start {
    /// When the log has decided about that; its number, and since when.
    Decided(u64, Duration),
    /// When the fold is there; since when it waits.
    Folded(Sequence, Duration),
}

/// Everything on its way to one client.
#[derive(Debug)]
pub(crate) struct Outbound {
    pub(crate) version: Version,
    pub(crate) packet_bytes_max: usize,
    pub(crate) window: Window,
    pub(crate) owed: VecDeque<OwedRetained>,
    pub(crate) link: Arc<Link>,
    pub(crate) pace: Pace,
    pub(crate) dropped: [u64; Drop::ALL.len()],
    /// PUBLISH packets put into the output.
    pub(crate) messages: u64,
    /// Bytes the socket took.
    pub(crate) bytes: u64,
    /// What the client takes topic aliases for.
    pub(crate) aliases: Option<Box<Aliases>>,
    /// Up to which of all its bytes packets were noted by a trace.
    pub(crate) traced: u64,
    /// Since when the socket has taken nothing.
    pub(crate) blocked_since: Option<Duration>,
    output: Vec<u8>,
    written: usize,
    queue: VecDeque<Queued>,
    queue_bytes: usize,
    /// What shares gave to it.
    trust: Option<Box<Trust>>,
    /// The identifier taken last.
    last_id: Option<PacketId>,
    /// What the ledger owes a logged session.
    pub(crate) feed: Option<Box<Feed>>,
    /// Its client waits for a packet that is larger than it takes.
    pub(crate) unsaid: bool,
}

impl Outbound {
    pub(crate) fn new(version: Version, packet_bytes_max: usize, window: Window) -> Self {
        Self {
            version,
            packet_bytes_max,
            window,
            owed: VecDeque::new(),
            link: Arc::default(),
            pace: Pace::default(),
            dropped: [0; Drop::ALL.len()],
            messages: 0,
            bytes: 0,
            aliases: None,
            traced: 0,
            blocked_since: None,
            output: Vec::new(),
            written: 0,
            queue: VecDeque::new(),
            queue_bytes: 0,
            trust: None,
            last_id: None,
            feed: None,
            unsaid: false,
        }
    }

    /// Bytes to write to the socket.
    pub(crate) fn output(&self) -> &[u8] {
        self.output.get(self.written..).unwrap_or_default()
    }

    #[inline]
    fn buffer(&mut self, desk: &mut Desk) -> &mut Vec<u8> {
        if self.output.capacity() == 0 {
            self.output = desk.spare();
        }
        &mut self.output
    }

    /// The socket took this many bytes.
    pub(crate) fn wrote(&mut self, bytes: usize, desk: &mut Desk) {
        self.written += bytes;
        self.bytes += bytes as u64;
        desk.stats.bytes_out += bytes as u64;
        desk.waiting = desk.waiting.saturating_sub(bytes);
        self.pace.drained(bytes);
        if self.written >= self.output.len() {
            let spare = std::mem::take(&mut self.output);
            self.written = 0;
            desk.keep(spare);
        } else if self.written > self.output.len() / 2 && self.written > 64 << 10 {
            self.output.drain(..self.written);
            self.written = 0;
        }
    }

    /// Bytes in output and queue.
    pub(crate) fn backlog(&self) -> usize {
        self.output.len() - self.written + self.queue_bytes
    }

    pub(crate) fn queued(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn queued_bytes(&self) -> usize {
        self.queue_bytes
    }

    pub(crate) fn drop(&mut self, cause: Drop, stats: &mut Stats) {
        self.dropped[cause as usize] += 1;
        stats.drop(cause);
    }

    /// Delivers one message, now or later, or drops it.
    #[inline]
    pub(crate) fn send(
        &mut self,
        desk: &mut Desk,
        now: Duration,
        message: &Message<'_>,
        delivery: &Delivery<'_>,
    ) {
        if delivery.qos == 0 {
            let limit = match self.pace {
                Pace::Slow => desk.config.backlog_bytes_high,
                Pace::Fine | Pace::Behind { .. } => desk.config.output_bytes_max,
            };
            let waiting = self.output.len() - self.written;
            // One that goes out alone may be as large as packets may be.
            let fits = waiting == 0 || waiting + message.bytes() <= limit;
            if !fits || !self.may_wait(desk) {
                return self.drop(Drop::OutputFull, &mut desk.stats);
            }
        } else if !self.queue.is_empty() || !self.can_send(desk) {
            return self.enqueue(desk, now, message, delivery);
        }
        if self.put(desk, message, delivery)
            && let Some(share) = delivery.share.filter(|_| delivery.qos == 1)
        {
            let message = desk.encoder.stored(message, now);
            self.entrust(desk, Entrusted::new(message, share, delivery));
        }
    }

    /// Keeps what a share gave it, as far as there is room, until it is acknowledged.
    fn entrust(&mut self, desk: &Desk, one: Entrusted) {
        if let Some(id) = self.last_id {
            self.trust.get_or_insert_default().keep(id, one, desk.config.queue_bytes_max);
        }
    }

    /// Whether its client says of a delivery of one QoS what only one of the other needs. What is
    /// early, late, or of no delivery at all, is nobody's fault (TRAP-28).
    pub(crate) fn is_of_wrong_kind(&self, id: PacketId, said: Awaits) -> bool {
        let awaited = match &self.feed {
            Some(feed) if feed.knows(id) => feed.awaits(id),
            _ => self.window.awaits(id),
        };
        match awaited {
            Awaits::Nothing => false,
            Awaits::Puback => said != Awaits::Puback,
            Awaits::Pubrec | Awaits::Pubcomp => said == Awaits::Puback,
        }
    }

    /// A delivery arrived.
    pub(crate) fn settle(&mut self, id: PacketId) {
        if let Some(trust) = &mut self.trust {
            trust.settle(id);
        }
    }

    /// Takes what shares gave it and what it did not acknowledge, sent or not.
    pub(crate) fn take_entrusted(&mut self) -> Vec<Entrusted> {
        let sent = self.trust.take().map(|trust| trust.left());
        let mut all: Vec<_> = sent.into_iter().flatten().collect();
        let mut kept = VecDeque::new();
        for queued in std::mem::take(&mut self.queue) {
            match &queued.share {
                Some(share) => {
                    self.queue_bytes -= queued.message.bytes();
                    let delivery = Delivery::new(queued.qos, queued.retain);
                    all.push(Entrusted::new(Rc::clone(&queued.message), share, &delivery));
                }
                None => kept.push_back(queued),
            }
        }
        self.queue = kept;
        all
    }

    /// Whether one more message may be put behind what waits here. Where too much waits for all
    /// together, who takes nothing gets one, and who takes what it gets a little.
    #[inline]
    fn may_wait(&self, desk: &Desk) -> bool {
        let waiting = self.output.len() - self.written;
        let at_once = if self.blocked_since.is_some() { 0 } else { AT_ONCE_BYTES };
        desk.has_room() || waiting <= at_once
    }

    fn can_send(&self, desk: &Desk) -> bool {
        self.window.has_room() && self.can_feed(desk)
    }

    fn can_feed(&self, desk: &Desk) -> bool {
        let fed = self.feed.as_ref().map_or(0, |feed| feed.in_flight());
        self.window.has_room_beside(fed)
            && self.output.len() - self.written < desk.config.backlog_bytes_high
            && self.may_wait(desk)
    }

    /// Puts a packet into the output; the window has room. `false` if it can never be sent.
    #[inline]
    fn put(&mut self, desk: &mut Desk, message: &Message<'_>, delivery: &Delivery<'_>) -> bool {
        let ids = match self.version {
            Version::V5 => delivery.ids,
            Version::V31 | Version::V311 => &[],
        };
        let (naming, alias) = self.name(message, ids);
        let form = Form { version: self.version, qos: delivery.qos, ids, naming };
        self.buffer(desk);
        let Some((packet, encoded)) = desk.encoder.encode(message, form) else {
            self.drop(Drop::TooLarge, &mut desk.stats);
            return false;
        };
        if encoded.len > self.packet_bytes_max {
            self.drop(Drop::TooLarge, &mut desk.stats);
            return false;
        }
        let at = self.output.len();
        self.output.extend_from_slice(packet);
        desk.waiting += encoded.len;
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
                aliases.told(message.topic, alias);
            }
        }
        self.messages += 1;
        desk.stats.messages_out += 1;
        desk.stats.payload_out += message.payload.len() as u64;
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
        desk: &mut Desk,
        now: Duration,
        message: &Message<'_>,
        delivery: &Delivery<'_>,
    ) {
        let stored = desk.encoder.stored(message, now);
        let bytes = stored.bytes();
        if self.queue.len() >= desk.config.queue_count_max
            || self.queue_bytes + bytes > desk.config.queue_bytes_max
            || !desk.has_room()
        {
            return self.drop(Drop::QueueFull, &mut desk.stats);
        }
        self.queue_bytes += bytes;
        desk.waiting += bytes;
        let ids = (!delivery.ids.is_empty()).then(|| delivery.ids.into());
        self.queue.push_back(Queued {
            message: stored,
            qos: delivery.qos,
            retain: delivery.retain,
            ids,
            share: delivery.share.cloned(),
        });
    }

    /// Moves queued messages into the output while window and output have room.
    pub(crate) fn pump(&mut self, desk: &mut Desk, now: Duration) {
        while self.can_send(desk)
            && let Some(queued) = self.queue.pop_front()
        {
            self.queue_bytes -= queued.message.bytes();
            desk.waiting = desk.waiting.saturating_sub(queued.message.bytes());
            self.pace.drained(queued.message.bytes());
            let Some(message) = queued.message.message(now, queued.qos) else {
                self.drop(Drop::Expired, &mut desk.stats);
                continue;
            };
            desk.encoder.begin();
            let ids = queued.ids.as_deref().unwrap_or_default();
            let delivery = Delivery { ids, ..Delivery::new(queued.qos, queued.retain) };
            if self.put(desk, &message, &delivery)
                && let Some(share) = queued.share.as_ref().filter(|_| queued.qos == 1)
            {
                let message = Rc::clone(&queued.message);
                self.entrust(desk, Entrusted::new(message, share, &delivery));
            }
        }
        if self.queue.is_empty() && self.queue.capacity() > 1024 {
            self.queue = VecDeque::new();
        }
    }

    /// Sends what the ledger fed while window and output have room, in its order. What the client
    /// has no right to is left out: it may have subscribed with other rights.
    pub(crate) fn pump_feed(
        &mut self,
        desk: &mut Desk,
        now: Timestamp,
        may_receive: &dyn Fn(&str) -> bool,
    ) {
        while self.can_feed(desk)
            && let Some(fed) = self.feed.as_mut().and_then(|feed| feed.next())
        {
            let awaits = match &fed.what {
                Due::Release => {
                    self.say_pubrel(desk, fed.packet_id);
                    Awaits::Pubcomp
                }
                Due::Publish(publish) if may_receive(&publish.topic) => {
                    self.send_fed(desk, now, (fed.packet_id, publish))
                }
                Due::Publish(_) => {
                    self.drop(Drop::NotAuthorized, &mut desk.stats);
                    Awaits::Nothing
                }
            };
            if let Some(feed) = &mut self.feed {
                feed.sent(&fed, awaits);
            }
        }
    }

    fn send_fed(
        &mut self,
        desk: &mut Desk,
        now: Timestamp,
        (id, publish): (PacketId, &FedPublish),
    ) -> Awaits {
        let Some(message) = publish.message(now) else {
            self.drop(Drop::Expired, &mut desk.stats);
            return Awaits::Nothing;
        };
        desk.encoder.begin();
        let sent = self.put(desk, &message, &publish.delivery(id));
        if sent { Awaits::after(publish.qos) } else { Awaits::Nothing }
    }

    /// Whether the next retained message may be sent: it waits for output and window, and for
    /// what was queued before.
    pub(crate) fn takes_retained(&self, desk: &Desk, qos: u8) -> bool {
        const SLICE: usize = 128 << 10;
        self.output.len() - self.written < SLICE
            && self.may_wait(desk)
            && (qos == 0 || (self.queue.is_empty() && self.window.has_room()))
    }

    /// The client is gone: everything that waits is lost, and counted.
    pub(crate) fn abandon(&mut self, stats: &mut Stats) {
        for _ in 0..self.queue.len() {
            self.drop(Drop::ClientGone, stats);
        }
        self.queue = VecDeque::new();
        self.queue_bytes = 0;
        self.owed.clear();
    }
}

/// How one client gets a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delivery<'a> {
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    pub(crate) ids: &'a [NonZeroU32],
    /// The identifier it has from the ledger; `None` for the next free one.
    pub(crate) again: Option<Again>,
    /// The share it is a member of.
    pub(crate) share: Option<&'a Arc<ShareName>>,
}

/// A packet that may have been sent before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Again {
    pub(crate) id: PacketId,
    pub(crate) dup: bool,
}

impl Delivery<'_> {
    pub(crate) fn new(qos: u8, retain: bool) -> Self {
        Self { qos, retain, ids: &[], again: None, share: None }
    }

    /// The flags of the first byte of PUBLISH.
    fn flags(&self) -> u8 {
        let dup = self.again.is_some_and(|again| again.dup);
        u8::from(dup) << 3 | self.qos << 1 | u8::from(self.retain)
    }
}
