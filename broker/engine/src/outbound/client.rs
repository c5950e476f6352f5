//! What is on its way to one client: its output bytes, its window and queue of QoS 1 and 2, what the
//! ledger feeds it, and the retained walks it asked for.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use broker_codec::{PacketId, Version};

use super::aliases::Aliases;
use super::delivery::Delivery;
use super::feed::Feed;
use super::live_topics::LiveTopics;
use super::owed_retained::OwedRetained;
use super::pace::Pace;
use super::shared_messages::{SharedMessage, SharedMessages};
use super::stored::Stored;
use super::window::{Awaits, Window};
use super::write_context::WriteContext;
use crate::key::Key;
use crate::owed_live::OwedLive;
use crate::routing::retained::Walk;
use crate::routing::tree::{Link, ShareName};
use crate::stats::{Drop, OutputStats};

/// A message of QoS 1 or 2 in the queue.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) message: Rc<Stored>,
    pub(super) qos: u8,
    pub(super) retain: bool,
    pub(super) ids: Option<Arc<[NonZeroU32]>>,
    pub(super) share: Option<Arc<ShareName>>,
    pub(super) owed_live: Option<Arc<OwedLive>>,
}

/// What is to be done after the socket took bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wrote {
    /// What the ledger fed waits for room.
    pub(crate) has_fed: bool,
    /// The client waits for a packet that is larger than it takes.
    pub(crate) unsaid: bool,
}

/// Everything on its way to one client.
#[derive(Debug)]
pub(crate) struct Outbound {
    pub(crate) version: Version,
    pub(crate) packet_bytes_max: usize,
    /// Messages are delivered to it: from CONNACK to the end of the connection.
    pub(crate) connected: bool,
    pub(crate) window: Window,
    /// Retained messages it is still to get.
    pub(crate) owed: VecDeque<OwedRetained>,
    /// What is newer than those; from when they are asked for until they are sent.
    pub(crate) live: Option<Box<LiveTopics>>,
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
    /// What the ledger owes a durable session.
    pub(crate) feed: Option<Box<Feed>>,
    /// Its client waits for a packet that is larger than it takes.
    pub(super) unsaid: bool,
    /// It is in the list of connections with something to write.
    pub(super) pending: bool,
    /// It is in the list of connections whose retained messages wait for their fold.
    pub(super) awaits_fold: bool,
    pub(super) output: Vec<u8>,
    written: usize,
    pub(super) queue: VecDeque<Queued>,
    pub(super) queue_bytes: usize,
    /// What shares gave to it.
    pub(super) shared: Option<Box<SharedMessages>>,
    /// The identifier taken last.
    pub(super) last_id: Option<PacketId>,
}

impl Outbound {
    pub(super) fn new(packet_bytes_max: usize) -> Self {
        Self {
            version: Version::V5,
            packet_bytes_max,
            connected: false,
            window: Window::new(0, 1),
            owed: VecDeque::new(),
            live: None,
            link: Arc::default(),
            pace: Pace::default(),
            dropped: [0; Drop::ALL.len()],
            messages: 0,
            bytes: 0,
            aliases: None,
            traced: 0,
            blocked_since: None,
            feed: None,
            unsaid: false,
            pending: false,
            awaits_fold: false,
            output: Vec::new(),
            written: 0,
            queue: VecDeque::new(),
            queue_bytes: 0,
            shared: None,
            last_id: None,
        }
    }

    /// Bytes to write to the socket.
    pub(crate) fn output(&self) -> &[u8] {
        self.output.get(self.written..).unwrap_or_default()
    }

    /// Notes that it has something to write.
    #[inline]
    pub(super) fn mark_pending(&mut self, key: Key, pending: &mut Vec<Key>) {
        if !self.pending {
            self.pending = true;
            pending.push(key);
        }
    }

    #[inline]
    pub(super) fn buffer(&mut self, context: &mut WriteContext) -> &mut Vec<u8> {
        if self.output.capacity() == 0 {
            self.output = context.spare();
        }
        &mut self.output
    }

    /// The socket took this many bytes.
    pub(super) fn wrote(&mut self, bytes: usize, context: &mut WriteContext) {
        self.written += bytes;
        self.bytes += bytes as u64;
        context.stats.bytes_out += bytes as u64;
        context.waiting = context.waiting.saturating_sub(bytes);
        self.pace.drained(bytes);
        if self.written >= self.output.len() {
            let spare = std::mem::take(&mut self.output);
            self.written = 0;
            context.keep_spare(spare);
        } else if self.written > self.output.len() / 2 && self.written > 64 << 10 {
            self.output.drain(..self.written);
            self.written = 0;
        }
    }

    /// Bytes of the output that the socket has not taken.
    #[inline]
    pub(super) fn unwritten(&self) -> usize {
        self.output.len() - self.written
    }

    /// Bytes in output and queue.
    pub(crate) fn backlog(&self) -> usize {
        self.unwritten() + self.queue_bytes
    }

    pub(crate) fn queued(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn queued_bytes(&self) -> usize {
        self.queue_bytes
    }

    pub(super) fn drop(&mut self, cause: Drop, stats: &mut OutputStats) {
        self.dropped[cause as usize] += 1;
        stats.drop(cause);
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

    /// A delivery that is not the ledger's arrived, or is refused. `false` if it was not awaited.
    pub(crate) fn settle(&mut self, id: PacketId, said: Awaits) -> bool {
        let settled = self.window.release(id, said);
        if settled && let Some(shared) = &mut self.shared {
            shared.settle(id);
        }
        settled
    }

    /// Whether something that is not the ledger's is on its way: retained messages, or deliveries that
    /// are queued or not acknowledged.
    pub(crate) fn is_under_way(&self) -> bool {
        !self.owed.is_empty() || self.queued() > 0 || self.window.in_use() > 0
    }

    /// It is still to get these retained messages. A walk that waits is asked for anew by the same
    /// filter: it is not owed twice.
    pub(crate) fn owe_retained(&mut self, walks: impl Iterator<Item = OwedRetained>) {
        for owed in walks {
            self.forget_retained(&owed.walk);
            self.owed.push_back(owed);
        }
    }

    /// A message that is to be retained was sent to it live, by subscriptions of which the last came
    /// with this walk.
    #[inline]
    pub(super) fn note_live(&mut self, context: &mut WriteContext, topic: &str, walk: u64) {
        if let Some(live) = &mut self.live {
            live.note(topic, walk, &mut context.live_topics);
        }
    }

    /// Where no retained messages are left to be sent to it, nothing has to be noted.
    pub(crate) fn forget_live_topics(&mut self) {
        if self.owed.is_empty() && self.live.as_ref().is_some_and(|live| live.all_begun()) {
            self.live = None;
        }
    }

    /// It gets no more retained messages by this filter.
    pub(crate) fn forget_retained(&mut self, walk: &Walk) {
        self.owed.retain(|other| !other.walk.same_filter(walk));
    }

    /// Takes what shares gave it and what it did not acknowledge, sent or not.
    pub(crate) fn take_shared(&mut self) -> Vec<SharedMessage> {
        let sent = self.shared.take().map(|shared| shared.left());
        let mut all: Vec<_> = sent.into_iter().flatten().collect();
        let mut kept = VecDeque::new();
        for queued in std::mem::take(&mut self.queue) {
            match &queued.share {
                Some(share) => {
                    self.queue_bytes -= queued.message.bytes();
                    let owed_live = queued.owed_live.as_ref();
                    let delivery =
                        Delivery { owed_live, ..Delivery::new(queued.qos, queued.retain) };
                    all.push(SharedMessage::new(Rc::clone(&queued.message), share, &delivery));
                }
                None => kept.push_back(queued),
            }
        }
        self.queue = kept;
        all
    }

    /// The client is gone: everything that waits is lost, and counted.
    pub(super) fn abandon(&mut self, stats: &mut OutputStats) {
        for _ in 0..self.queue.len() {
            self.drop(Drop::ClientGone, stats);
        }
        self.queue = VecDeque::new();
        self.queue_bytes = 0;
        self.owed.clear();
        self.live = None;
    }
}
