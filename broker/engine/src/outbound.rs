//! What is on its way to the clients of one core: for each connection its output, its window and queue
//! of QoS 1 and 2, what the ledger feeds it and the retained walks it is owed; and what all of them
//! share when they write. All of it is bounded; what does not fit is dropped and counted.
//!
//! A delivery touches this part alone. It knows connections by their keys, and nothing of sessions,
//! rights or the log.

pub(crate) mod acknowledged;
mod acknowledgement;
pub(crate) mod aliases;
mod backlog;
pub(crate) mod client;
pub(crate) mod congestion;
pub(crate) mod control;
pub(crate) mod delivery;
pub(crate) mod encoder;
mod fed;
pub(crate) mod feed;
mod live_topics;
pub(crate) mod owed_retained;
pub(crate) mod pace;
pub(crate) mod receiver_limits;
pub(crate) mod retained_walks;
mod send;
pub(crate) mod shared_messages;
pub(crate) mod stored;
pub(crate) mod window;
mod write_context;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use broker_codec::PacketId;
use uns_model::{Sequence, Timestamp};

use crate::config::Config;
use crate::key::{Key, KeyTable};
use crate::message::Message;
use crate::routing::route::{Audience, Receivers};
use crate::stats::{Drop, OutputStats};
use client::{Outbound, Wrote};
use congestion::Congestion;
use delivery::Delivery;
use pace::Pace;
use shared_messages::SharedMessage;
use window::Awaits;
pub(crate) use write_context::WriteContext;

/// The outbound state of all connections of one core.
#[derive(Debug)]
pub(crate) struct Outbounds {
    clients: KeyTable<Outbound>,
    context: WriteContext,
    /// Connections with something to write, or that are to be closed after that.
    pending: Vec<Key>,
    /// Connections that are behind: whether they drain is looked at now and then.
    behind: Vec<Key>,
    /// Connections whose retained messages wait for the fold that keeps them.
    awaiting_fold: Vec<Key>,
    /// Of all cores.
    congestion: Arc<Congestion>,
}

/// One client, and what it writes with.
#[derive(Debug)]
pub(crate) struct ClientWriter<'a> {
    pub(crate) client: &'a mut Outbound,
    pub(crate) context: &'a mut WriteContext,
}

/// What a connection leaves when it ends.
#[derive(Debug, Default)]
pub(crate) struct Remains {
    /// What shares gave to it and it did not acknowledge, sent or not.
    pub(crate) shared: Vec<SharedMessage>,
    /// Publishers waited for it, and wait no more.
    pub(crate) relieved: bool,
    /// Identifiers of QoS 2 that are not finished with.
    pub(crate) held: Vec<(PacketId, Awaits)>,
}

impl Outbounds {
    pub(crate) fn new(config: Arc<Config>, congestion: Arc<Congestion>) -> Self {
        Self {
            clients: KeyTable::default(),
            context: WriteContext::new(config),
            pending: Vec::new(),
            behind: Vec::new(),
            awaiting_fold: Vec::new(),
            congestion,
        }
    }

    /// A connection was opened. Nothing is delivered to it before it is connected.
    pub(crate) fn open(&mut self, key: Key) {
        let packet_bytes_max = self.context.config.packet_bytes_max;
        self.clients.insert(key, Outbound::new(packet_bytes_max));
    }

    /// The socket of a connection is gone.
    pub(crate) fn close(&mut self, key: Key) {
        self.clients.remove(key);
    }

    pub(crate) fn get(&self, key: Key) -> Option<&Outbound> {
        self.clients.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut Outbound> {
        self.clients.get_mut(key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &Outbound)> {
        self.clients.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Outbound> {
        self.clients.iter_mut()
    }

    pub(crate) fn writer(&mut self, key: Key) -> Option<ClientWriter<'_>> {
        let Self { clients, context, .. } = self;
        clients.get_mut(key).map(|client| ClientWriter { client, context })
    }

    pub(crate) fn stats(&self) -> &OutputStats {
        &self.context.stats
    }

    pub(crate) fn stats_mut(&mut self) -> &mut OutputStats {
        &mut self.context.stats
    }

    /// The bytes to write to a socket.
    pub(crate) fn output(&self, key: Key) -> &[u8] {
        self.clients.get(key).map_or(&[], Outbound::output)
    }

    /// Connections with something to write, or that are to be closed after that.
    pub(crate) fn pending(&mut self) -> &mut Vec<Key> {
        &mut self.pending
    }

    /// Notes that a connection has something to write.
    pub(crate) fn mark_pending(&mut self, key: Key) {
        if let Some(client) = self.clients.get_mut(key) {
            client.mark_pending(key, &mut self.pending);
        }
    }

    /// Takes a connection off the list of those with something to write.
    pub(crate) fn begin_write(&mut self, key: Key) {
        if let Some(client) = self.clients.get_mut(key) {
            client.pending = false;
        }
    }

    /// The next deliveries are of another message.
    #[inline]
    pub(crate) fn begin_message(&mut self) {
        self.context.encoder.begin();
    }

    /// Delivers to clients of this core, in encodings of this message that are known already. `own` is
    /// the publisher where it is of this core. `false` if none of the receivers is there.
    pub(crate) fn deliver(
        &mut self,
        now: Duration,
        message: &Message<'_>,
        to: Receivers<'_>,
        own: Option<Key>,
    ) -> bool {
        let high = self.context.config.backlog_bytes_high;
        let mut any = false;
        for target in to.targets {
            match target.audience {
                Audience::Everyone => {}
                Audience::Others if own == Some(target.key) => continue,
                Audience::Own if own != Some(target.key) => continue,
                Audience::Others | Audience::Own => {}
            }
            let qos = target.qos.min(message.qos);
            if target.ledger && qos > 0 {
                continue;
            }
            let Some(client) = self.clients.get_mut(target.key) else { continue };
            if !client.connected {
                continue;
            }
            let delivery = Delivery {
                ids: target.ids.as_deref().unwrap_or_default(),
                share: to.share,
                owed_live: to.owed_live,
                ..Delivery::new(qos, message.retain && target.retain_as_published)
            };
            if client.send(&mut self.context, now, message, &delivery) && message.retain {
                client.note_live(&mut self.context, message.topic, target.walk);
            }
            client.mark_pending(target.key, &mut self.pending);
            if client.backlog() > high {
                // A backlog that is above the mark relieves nobody.
                self.update_pace(now, target.key);
            }
            any = true;
        }
        any
    }

    /// The socket took bytes, and is blocked if it did not take all.
    pub(crate) fn wrote(&mut self, now: Duration, key: Key, bytes: usize) -> Option<Wrote> {
        let client = self.clients.get_mut(key)?;
        let unsaid = client.unsaid && client.connected;
        client.wrote(bytes, &mut self.context);
        if client.output().is_empty() {
            client.blocked_since = None;
        } else if bytes > 0 || client.blocked_since.is_none() {
            client.blocked_since = Some(now);
        }
        if client.queued() > 0 {
            client.pump(&mut self.context, now);
        }
        if !client.output().is_empty() && client.blocked_since.is_none() {
            client.mark_pending(key, &mut self.pending);
        }
        let has_fed = client.feed.as_ref().is_some_and(|feed| feed.waiting().0 > 0);
        Some(Wrote { has_fed, unsaid })
    }

    /// Drops the output of a connection that takes nothing.
    pub(crate) fn discard_output(&mut self, key: Key) {
        if let Some(client) = self.clients.get_mut(key) {
            let left = client.output().len();
            client.wrote(left, &mut self.context);
            self.context.stats.bytes_out -= left as u64;
            client.mark_pending(key, &mut self.pending);
        }
    }

    /// A delivery is over, so what is queued behind it may go out. Returns whether that relieves
    /// publishers.
    pub(crate) fn pump(&mut self, now: Duration, key: Key) -> bool {
        let Some(client) = self.clients.get_mut(key) else { return false };
        if client.queued() == 0 {
            return false;
        }
        client.pump(&mut self.context, now);
        client.mark_pending(key, &mut self.pending);
        self.update_pace(now, key)
    }

    /// Sends what was fed while the client takes it; gives what it has, to be settled in the log.
    pub(crate) fn pump_feed(
        &mut self,
        now: Timestamp,
        key: Key,
        may_receive: &dyn Fn(&str) -> bool,
    ) -> Vec<Sequence> {
        let Some(client) = self.clients.get_mut(key) else { return Vec::new() };
        if client.pump_feed(&mut self.context, now, may_receive) {
            client.mark_pending(key, &mut self.pending);
        }
        client.feed.as_mut().map(|feed| feed.take_settled()).unwrap_or_default()
    }

    /// Messages are delivered to a client from here on. PUBREL is said again for what an earlier
    /// connection of its session had not finished with [MQTT-4.4.0-1].
    pub(crate) fn connected(&mut self, key: Key) {
        let Some(client) = self.clients.get_mut(key) else { return };
        client.connected = true;
        for id in client.window.released_before() {
            client.say_pubrel(&mut self.context, id);
        }
        client.mark_pending(key, &mut self.pending);
    }

    /// What shares gave to clients is lost, and counted, unless the log has it as owed.
    pub(crate) fn drop_entrusted(&mut self) {
        for client in self.clients.iter_mut() {
            for _ in client.take_shared().iter().filter(|one| one.owed_live.is_none()) {
                self.context.stats.drop(Drop::ClientGone);
            }
        }
    }

    /// The connection of a client ends: what waits for it is lost, and its output stays until it is
    /// written.
    pub(crate) fn end(&mut self, key: Key) -> Remains {
        let Some(client) = self.clients.get_mut(key) else { return Remains::default() };
        client.connected = false;
        client.mark_pending(key, &mut self.pending);
        let shared = client.take_shared();
        client.abandon(&mut self.context.stats);
        let relieved = matches!(client.pace, Pace::Behind { .. });
        if relieved {
            client.pace = Pace::Slow;
            client.link.congested.store(false, Ordering::Relaxed);
            self.congestion.set(false);
        }
        Remains { shared, relieved, held: client.window.unfinished() }
    }
}
