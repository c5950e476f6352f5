//! The log works again after a failure. It may lack what clients of durable sessions acknowledged
//! meanwhile, and wills of clients that came meanwhile. Nobody waits for these, so they are written once more.

use fabric::SessionChange;

use super::Engine;
use crate::commits::waiter::Awaited;
use crate::gate::Gate;
use crate::now::Now;

impl<G: Gate> Engine<G> {
    /// Writes again what sessions acknowledged after a ticket, since the ledger would wait for it. A
    /// connection that the log does not know of ends at the next tick; its client comes back to what the log
    /// knows.
    pub(super) fn repeat_unconfirmed(&mut self, now: Now, reached: u64) {
        let ticket = self.commits.next_ticket();
        for key in self.sessions.keys() {
            let Some(connection) = self.sessions.get_mut(key) else { continue };
            let Some(session) = connection.durable_session().filter(|_| connection.is_up()) else {
                continue;
            };
            if connection.session.unknown > reached {
                self.sessions.end_unanswered(key);
                continue;
            }
            for id in &connection.inflight.unforgotten {
                let forgot = SessionChange::Forgot { packet_id: id.get() };
                self.gate.session(now.wall, session, &forgot);
            }
            for one in connection.session.doubtful(reached, ticket) {
                self.commits.follow();
                self.gate.session(now.wall, session, &one.change());
                if let Some(id) = one.released {
                    self.commits.wait(Awaited::Pubrel(key, id), None);
                }
            }
        }
    }

    /// Tells the log again of sessions that are there for their wills, and that it did not take.
    pub(super) fn note_wills_again(&mut self, now: Now) {
        let is_failing = self.commits.is_failing();
        for key in self.sessions.unlogged_wills.take_due(now.monotonic, is_failing) {
            // Whoever is gone has left its will, or withdrawn it.
            if self.sessions.is_up(key) {
                self.note_opened(now, key);
                self.note_owner(now, key);
                self.begin_session(now, key);
                self.flush_if_large(now);
            }
        }
    }
}
