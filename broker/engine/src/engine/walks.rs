//! Retained messages owed to new subscriptions: every match, in slices that wait for the client, once everything
//! published before it is committed and in the store.

use super::Engine;
use crate::access::Action;
use crate::access_guard;
use crate::commits::waiter::Awaited;
use crate::gate::Gate;
use crate::key::Key;
use crate::now::Now;
use crate::outbound::owed_retained::Start;
use crate::outbound::retained_walks::RetainedSource;
use crate::signal::Signal;

impl<G: Gate> Engine<G> {
    /// When a walk that is asked for now may start. The caller has to call [`Engine::await_walks`] as well.
    pub(super) fn walk_start(&mut self, now: Now) -> Start {
        if !self.gate.is_folded() {
            return Start::Folded(uns_model::Sequence::ZERO, now.monotonic);
        }
        Start::Decided(self.routing.next_walk(), now.monotonic)
    }

    /// Has the log decide about everything that any core has admitted so far, before the walks of this
    /// connection start.
    pub(super) fn await_walks(&mut self, key: Key) {
        if self.gate.is_folded() {
            let number = self.routing.last_walk();
            self.outbound.expect_walks(key, number);
            self.commits.flush_rounds.ask(key, number);
        }
    }

    /// Asks the other cores to hand over what they have admitted. Walks for which all have done so wait
    /// for the log.
    pub(super) fn ask_for_flushes(&mut self) {
        let others = usize::from(self.broker.cores()).saturating_sub(1);
        if let Some(round) = self.commits.flush_rounds.begin(others) {
            self.tell_others(Signal::FlushAsked { by: self.core, round });
        }
        for (key, number) in self.commits.flush_rounds.take_over() {
            self.commits.set_barrier();
            self.commits.wait(Awaited::RetainedWalks(key, number), None);
        }
    }

    /// The log has decided; what is committed by now is to be folded.
    pub(super) fn begin_walks(&mut self, now: Now, key: Key, number: u64) {
        if self.outbound.begin_walks(key, number, self.gate.committed()) {
            self.pump_retained(now, key);
        }
    }

    /// Sends the next slice of what a connection is owed. It goes on when the output is written or a
    /// delivery acknowledged.
    pub(super) fn pump_retained(&mut self, now: Now, key: Key) {
        let Some(client) = self.outbound.get(key) else { return };
        if client.owed.is_empty() || !client.connected {
            return self.end_walks(now, key);
        }
        if self.outbound.must_restart_walks(key) {
            self.restart_walks(key);
        }
        if !self.outbound.may_walk(now.monotonic, key, self.routing.retained()) {
            return;
        }
        let access = self.outbound.get(key).and_then(|client| client.link.access());
        let org = self.sessions.get(key).map(|connection| connection.org);
        let (Some(access), Some(org)) = (access, org) else { return };
        let may_receive = |topic: &str| access_guard::allows(&*access, Action::Receive, topic);
        let retained = self.routing.retained();
        let source = RetainedSource { org, retained, may_receive: &may_receive };
        if self.outbound.send_retained(now.monotonic, key, source) {
            self.end_walks(now, key);
        }
    }

    fn restart_walks(&mut self, key: Key) {
        self.stats.walks_restarted += 1;
        let number = self.routing.next_walk();
        self.outbound.restart_walks(key, number);
        self.await_walks(key);
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

    /// So many bytes that are retained, and what the gate says beside them, are on their way to the
    /// log, and from there to where they take memory.
    #[inline]
    pub(super) fn note_unfolded(&mut self, kept: usize) {
        let bytes = kept + self.gate.take_grown();
        if bytes > 0 && self.gate.is_folded() && self.routing.add_unfolded(bytes) {
            self.ask_log();
        }
    }

    fn ask_log(&mut self) {
        self.commits.set_barrier();
        self.commits.wait(Awaited::Unfolded, None);
    }

    /// The log has decided about what was on its way.
    pub(super) fn await_fold(&mut self, now: Now) {
        let committed = self.gate.committed();
        self.routing.decide_unfolded(committed);
        self.fold_moved(now);
    }

    /// The fold has moved, or time has.
    pub(super) fn fold_moved(&mut self, now: Now) {
        if let Some(asks_again) = self.routing.take_folded() {
            self.sessions.allow_resume_if_paused();
            if asks_again {
                self.ask_log();
            }
        }
        for key in self.outbound.take_awaiting_fold() {
            self.pump_retained(now, key);
        }
    }
}
