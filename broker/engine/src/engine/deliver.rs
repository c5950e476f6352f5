//! Hands a message to its receivers: into the outputs of this core, into the batches for others.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use broker_codec::ReasonCode;

use super::{Engine, Now, Outbox};
use crate::batch::Batch;
use crate::connection::Connection;
use crate::gate::Gate;
use crate::key::{CoreNo, Key};
use crate::message::Message;
use crate::outbound::Delivery;
use crate::pace::Pace;
use crate::route::{Audience, Remote, Route, Share, To};
use crate::tree::ShareName;

impl<G: Gate> Engine<G> {
    #[inline]
    pub(super) fn deliver(&mut self, now: Now, message: &Message<'_>, route: &Route<G::Node>) {
        self.desk.encoder.begin();
        if !route.local.is_empty() {
            self.deliver_here(now, message, To { targets: &route.local, share: None });
        }
        for remote in route.remote.iter().filter(|remote| remote.gets(message.qos)) {
            self.hand_over(message, remote, None);
        }
        for share in &route.shares {
            let live = share.live(message.qos).is_some();
            // It may have left while the message waited for its commit.
            if live && !self.deliver_share(now, message, share) {
                self.pass_on(now, message, share.name());
            }
        }
    }

    /// Delivers to the chosen member of a share, unless it gets the message from the log. `false`
    /// if there is nobody.
    pub(super) fn deliver_share(&mut self, now: Now, message: &Message<'_>, share: &Share) -> bool {
        let Some(chosen) = share.live(message.qos) else { return false };
        if chosen.core == self.core {
            let to = To { targets: &chosen.targets, share: Some(share.name()) };
            return self.deliver_here(now, message, to);
        }
        self.hand_over(message, chosen, Some(share.name()));
        true
    }

    fn hand_over(
        &mut self,
        message: &Message<'_>,
        remote: &Remote,
        share: Option<&Arc<ShareName>>,
    ) {
        let Some(outbox) = self.outboxes.get_mut(remote.core.index()) else { return };
        let (number, mut targets) = remote.noted.get();
        if number != outbox.number {
            targets = outbox.batch.add_targets(&remote.targets, share);
            remote.noted.set((outbox.number, targets));
        }
        outbox.batch.push(message, targets);
    }

    /// Delivers to clients of this core, in encodings of this message that are known already.
    /// `false` if none of them is there.
    pub(super) fn deliver_here(&mut self, now: Now, message: &Message<'_>, to: To<'_>) -> bool {
        let own = message.publisher.filter(|publisher| publisher.core == self.core);
        let high = self.desk.config.backlog_bytes_high;
        let mut any = false;
        for target in to.targets {
            let is_own = own.is_some_and(|own| own.key == target.key);
            match target.audience {
                Audience::Everyone => {}
                Audience::Others if is_own => continue,
                Audience::Own if !is_own => continue,
                Audience::Others | Audience::Own => {}
            }
            let qos = target.qos.min(message.qos);
            if target.ledger && qos > 0 {
                continue;
            }
            let Some(connection) = self.connections.get_mut(target.key) else { continue };
            if !connection.is_up() {
                continue;
            }
            let delivery = Delivery {
                ids: target.ids.as_deref().unwrap_or_default(),
                share: to.share,
                ..Delivery::new(qos, message.retain && target.retain_as_published)
            };
            connection.outbound.send(&mut self.desk, now.monotonic, message, &delivery);
            Self::mark_dirty(connection, target.key, &mut self.effects.dirty);
            if connection.outbound.backlog() > high {
                self.update_pace(now.monotonic, target.key);
            }
            any = true;
        }
        any
    }

    /// The backlog of a connection changed: publishers may have to wait for it, or not any more.
    pub(super) fn update_pace(&mut self, now: Duration, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let backlog = connection.outbound.backlog();
        let high = self.desk.config.backlog_bytes_high;
        let outbound = &mut connection.outbound;
        let was = outbound.pace;
        if let Some(congested) = outbound.pace.update(now, backlog, high) {
            return self.congest(key, congested);
        }
        if was == Pace::Slow && outbound.pace == Pace::Fine {
            outbound.link.slow.store(false, Ordering::Relaxed);
        }
    }

    pub(super) fn congest(&mut self, key: Key, congested: bool) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        connection.outbound.link.congested.store(congested, Ordering::Relaxed);
        self.broker.set_congested(congested);
        if congested {
            self.stalled.push(key);
        } else {
            self.resume_all();
        }
    }

    /// The socket took bytes, and is blocked if it did not take all.
    pub fn wrote(&mut self, now: Now, key: Key, bytes: usize) {
        if self.tracer.is_on() {
            self.trace_out(now, key);
        }
        let Some(connection) = self.connections.get_mut(key) else { return };
        let unsaid = connection.outbound.unsaid && connection.is_up();
        let outbound = &mut connection.outbound;
        outbound.wrote(bytes, &mut self.desk);
        if outbound.output().is_empty() {
            outbound.blocked_since = None;
        } else if bytes > 0 || outbound.blocked_since.is_none() {
            outbound.blocked_since = Some(now.monotonic);
        }
        if outbound.queued() > 0 {
            outbound.pump(&mut self.desk, now.monotonic);
        }
        let fed = outbound.feed.as_ref().is_some_and(|feed| feed.waiting().0 > 0);
        if !outbound.output().is_empty() && outbound.blocked_since.is_none() {
            Self::mark_dirty(connection, key, &mut self.effects.dirty);
        }
        if fed {
            self.pump_feed(now, key);
        }
        self.update_pace(now.monotonic, key);
        self.pump_retained(now, key);
        if unsaid {
            // It waits for an answer that it cannot take.
            self.fail(now, key, ReasonCode::PacketTooLarge);
        }
    }

    /// Takes a connection off the list of those with something to write; to be called before its
    /// output is written.
    pub fn begin_write(&mut self, key: Key) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.dirty = false;
        }
    }

    /// How much waits for another core.
    pub fn outbox_bytes(&self, core: CoreNo) -> usize {
        self.outboxes.get(core.index()).map_or(0, |outbox| outbox.batch.bytes_len())
    }

    /// Takes what waits for another core, in exchange for an empty batch.
    pub fn take_batch(&mut self, core: CoreNo, empty: Batch) -> Batch {
        debug_assert!(empty.is_empty(), "a batch is cleared before it is reused");
        let Some(Outbox { batch, number }) = self.outboxes.get_mut(core.index()) else {
            return empty;
        };
        *number += 1;
        if batch.bytes_len() > self.desk.config.batch_bytes_high {
            self.resume = true;
        }
        std::mem::replace(batch, empty)
    }

    /// Whether a client is connected here under this key.
    pub fn is_up(&self, key: Key) -> bool {
        self.connections.get(key).is_some_and(Connection::is_up)
    }
}
