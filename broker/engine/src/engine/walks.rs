//! When the retained messages of a new subscription are sent: not before what was published ahead of
//! it is committed, and in the store.

use std::time::Duration;

use super::acks::Who;
use super::{Engine, Now};
use crate::gate::Gate;
use crate::key::Key;
use crate::outbound::{OwedRetained, Start};
use crate::retained::RetainedMessages;

/// Longest that somebody who subscribed waits for a log that is stuck; then it gets what is retained
/// by then. One that is full decides at once, so nobody waits for space.
const WAIT_MAX: Duration = Duration::from_secs(10);

impl Start {
    pub(super) fn is_due(self, retained: &RetainedMessages, now: Duration) -> bool {
        match self {
            Self::Decided(_, since) => now.saturating_sub(since) >= WAIT_MAX,
            Self::Folded(sequence, since) => {
                retained.has_applied(sequence) || now.saturating_sub(since) >= WAIT_MAX
            }
        }
    }
}

impl<G: Gate> Engine<G> {
    /// When a walk that is asked for now may start. Whoever asks for it calls
    /// [`Engine::await_walks`] too.
    pub(super) fn walk_start(&mut self, now: Now) -> Start {
        if !self.gate.is_folded() {
            return Start::Folded(uns_model::Sequence::ZERO, now.monotonic);
        }
        self.walks += 1;
        Start::Decided(self.walks, now.monotonic)
    }

    /// Has the log decide about everything handed to it so far, before the walks of this connection
    /// start.
    pub(super) fn await_walks(&mut self, key: Key) {
        if self.gate.is_folded() {
            self.acks.barrier = true;
            self.acks.wait(Who::Walk(key, self.walks), None);
        }
    }

    /// The log has decided; what is committed by now is to be folded.
    pub(super) fn begin_walks(&mut self, now: Now, key: Key, number: u64) {
        let committed = self.gate.committed();
        let Some(connection) = self.connections.get_mut(key) else { return };
        for owed in &mut connection.outbound.owed {
            if let Start::Decided(one, since) = owed.start
                && one <= number
            {
                owed.start = Start::Folded(committed, since);
            }
        }
        self.pump_retained(now, key);
    }

    /// Whether the next walk of a connection may start; if not, it is looked at again.
    pub(super) fn may_walk(&mut self, now: Now, key: Key) -> bool {
        let Some(connection) = self.connections.get_mut(key) else { return true };
        let due = connection.outbound.owed.front().is_none_or(|OwedRetained { start, .. }| {
            start.is_due(&self.broker.retained, now.monotonic)
        });
        if !due && !std::mem::replace(&mut connection.walking, true) {
            self.walking.push(key);
        }
        due
    }

    /// So many bytes that are retained, and what the gate says beside them, are on their way to the
    /// log, and from there to where they take memory.
    #[inline]
    pub(super) fn note_unfolded(&mut self, kept: usize) {
        let bytes = kept + self.gate.take_grown();
        if bytes > 0 && self.gate.is_folded() && self.unfolded.add(bytes) {
            self.ask_log();
        }
    }

    fn ask_log(&mut self) {
        self.acks.barrier = true;
        self.acks.wait(Who::Unfolded, None);
    }

    /// The log has decided about what was on its way.
    pub(super) fn await_fold(&mut self, now: Now) {
        let committed = self.gate.committed();
        self.unfolded.decided(committed);
        self.walk_on(now);
    }

    /// The fold has moved, or time has.
    pub(super) fn walk_on(&mut self, now: Now) {
        let retained = &self.broker.retained;
        if self.unfolded.take(|sequence| retained.has_applied(sequence)) {
            self.resume |= !self.paused.is_empty();
            if self.unfolded.ask() {
                self.ask_log();
            }
        }
        for key in std::mem::take(&mut self.walking) {
            if let Some(connection) = self.connections.get_mut(key) {
                connection.walking = false;
            }
            self.pump_retained(now, key);
        }
    }
}
