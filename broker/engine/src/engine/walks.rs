//! Decides when the retained messages of a new subscription are sent: once everything published before it is
//! committed and in the store.

use super::Engine;
use crate::commits::waiter::Awaited;
use crate::gate::Gate;
use crate::key::Key;
use crate::now::Now;
use crate::outbound::owed_retained::Start;
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
    /// connection start. What it is sent live from here on is noted for them.
    pub(super) fn await_walks(&mut self, key: Key) {
        if self.gate.is_folded() {
            let number = self.routing.last_walk();
            if let Some(client) = self.outbound.get_mut(key) {
                client.live.get_or_insert_default().expect(number);
            }
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
        let committed = self.gate.committed();
        let Some(client) = self.outbound.get_mut(key) else { return };
        if client.live.as_mut().is_some_and(|live| !live.begin(number)) {
            return;
        }
        for owed in &mut client.owed {
            if let Start::Decided(one, since) = owed.start
                && one <= number
            {
                owed.start = Start::Folded(committed, since);
            }
        }
        self.pump_retained(now, key);
    }

    /// Where a connection was sent more live than could be noted, its walks wait until all of that is in
    /// the store.
    pub(super) fn restart_walks(&mut self, key: Key) {
        let Some(client) = self.outbound.get_mut(key) else { return };
        let Some(live) = client.live.as_mut().filter(|live| live.is_incomplete()) else { return };
        self.stats.walks_restarted += 1;
        let number = self.routing.next_walk();
        live.begin_anew(number);
        client.owed.iter_mut().for_each(|owed| owed.start_again(number));
        self.await_walks(key);
    }

    /// Whether the next walk of a connection may start; if not, it is looked at again.
    pub(super) fn may_walk(&mut self, now: Now, key: Key) -> bool {
        let Some(client) = self.outbound.get(key) else { return true };
        let (retained, live) = (self.routing.retained(), client.live.as_deref());
        let due = client.owed.front().is_none_or(|o| o.is_due(retained, now.monotonic, live));
        if !due {
            self.outbound.await_fold(key);
        }
        due
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
