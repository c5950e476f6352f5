//! Hands a message to its receivers: into the outputs of this core, into the batches for others.

use std::sync::Arc;

use broker_codec::ReasonCode;

use super::Engine;
use crate::gate::Gate;
use crate::key::{CoreNo, Key};
use crate::message::Message;
use crate::now::Now;
use crate::owed_live::OwedLive;
use crate::routing::Chosen;
use crate::routing::batch::Batch;
use crate::routing::route::{Receivers, Route, Share};

impl<G: Gate> Engine<G> {
    /// Delivers to everybody a route leads to, those aside who get the message from the ledger.
    #[inline]
    pub(super) fn deliver(&mut self, now: Now, message: &Message<'_>, route: &Route<G::Node>) {
        if route.is_silent() {
            return;
        }
        self.outbound.begin_message();
        if !route.local.is_empty() {
            let to = Receivers { targets: &route.local, ..Receivers::default() };
            self.deliver_here(now, message, to);
        }
        for remote in route.remote.iter().filter(|remote| remote.gets(message.qos)) {
            self.routing.hand_over(message, remote, None);
        }
        for share in &route.shares {
            let live = share.live(message.qos).is_some();
            let owed_live = share.take_owed_live();
            // It may have left while the message waited for its commit.
            if live && !self.deliver_share(now, message, share, owed_live.as_ref()) {
                self.pass_on(now, message, share.name(), owed_live);
            }
        }
    }

    /// Delivers to the chosen member of a share, unless it gets the message from the ledger. `false`
    /// if there is nobody.
    pub(super) fn deliver_share(
        &mut self,
        now: Now,
        message: &Message<'_>,
        share: &Share,
        owed_live: Option<&Arc<OwedLive>>,
    ) -> bool {
        let Some(chosen) = share.live(message.qos) else { return false };
        if chosen.core == self.core {
            let share = Some(share.name());
            let to = Receivers { targets: &chosen.targets, share, owed_live };
            return self.deliver_here(now, message, to);
        }
        let member = Chosen { share: share.name(), owed_live };
        self.routing.hand_over(message, chosen, Some(member));
        true
    }

    fn deliver_here(&mut self, now: Now, message: &Message<'_>, to: Receivers<'_>) -> bool {
        let own = message.publisher.filter(|publisher| publisher.core == self.core);
        self.outbound.deliver(now.monotonic, message, to, own.map(|own| own.key))
    }

    /// Another core's publishes for clients of this one.
    pub fn remote(&mut self, now: Now, batch: &Batch) {
        for (message, to) in batch.iter() {
            self.outbound.begin_message();
            let there = self.deliver_here(now, &message, to);
            // A member that left meanwhile is replaced.
            if let Some(share) = to.share.filter(|_| !there) {
                self.pass_on(now, &message, share, to.owed_live.cloned());
            }
        }
    }

    /// The socket took bytes, and is blocked if it did not take all.
    pub fn wrote(&mut self, now: Now, key: Key, bytes: usize) {
        if self.tracer.is_on() {
            self.trace_out(now, key);
        }
        let Some(wrote) = self.outbound.wrote(now.monotonic, key, bytes) else { return };
        if wrote.has_fed {
            self.pump_feed(now, key);
        }
        let relieved = self.outbound.update_pace(now.monotonic, key);
        self.resume_all_if(relieved);
        self.pump_retained(now, key);
        if wrote.unsaid {
            // It waits for an answer that it cannot take.
            self.fail(now, key, ReasonCode::PacketTooLarge);
        }
    }

    /// How much waits for another core.
    pub fn outbox_bytes(&self, core: CoreNo) -> usize {
        self.routing.outbox_bytes(core)
    }

    /// Takes what waits for another core, in exchange for an empty batch.
    pub fn take_batch(&mut self, core: CoreNo, empty: Batch) -> Batch {
        if self.routing.outbox_bytes(core) > self.broker.config.batch_bytes_high {
            self.sessions.allow_resume();
        }
        self.routing.take_batch(core, empty)
    }
}
