//! What is due as time passes: handshakes, keep alive, stuck writes, slow clients, expired messages.

use broker_codec::ReasonCode;

use super::Engine;
use crate::gate::Gate;
use crate::key::{CoreNo, Key};
use crate::now::Now;
use crate::sessions::overdue::Overdue;
use crate::stats::End;

impl<G: Gate> Engine<G> {
    /// Looks after all connections; to be called a few times a second.
    pub fn tick(&mut self, now: Now) {
        for (key, how) in self.overdue(now) {
            self.stats.timeouts += u64::from(!matches!(how, Overdue::Refused(_)));
            match how {
                Overdue::Refused(reason) => self.fail(now, key, reason),
                Overdue::Unproven => self.refuse_again(now, key),
                Overdue::Silent => self.fail(now, key, ReasonCode::KeepAliveTimeout),
                Overdue::Cut => self.cut(now, key, End::Timeout),
            }
        }
        for key in self.sessions.take_unanswered() {
            self.fail(now, key, ReasonCode::QuotaExceeded);
        }
        self.note_wills_again(now);
        self.gauge();
        self.report_full_queues(now);
        self.update_memory_pressure();
        self.cut_slow(now);
        self.tracer.sweep(now.monotonic);
        self.sessions.forget_identified();
        self.end_revoked(now);
        self.end_orphans(now);
        if self.core == CoreNo(0) {
            self.broker.retained.expire(now.monotonic, 10_000);
            self.effects.refused.extend(self.broker.failed_logins.due(now.monotonic));
        }
        self.fold_moved(now);
        // A lost wake-up would be a bug. This keeps it from stopping a publisher for ever.
        self.sessions.allow_resume_if_paused();
        self.check_slow(now);
    }

    /// Whether [`Engine::check_slow`] wants to be called soon.
    pub fn is_stalled(&self) -> bool {
        self.outbound.is_any_behind() || self.sessions.is_any_throttled()
    }

    /// Looks at clients that are behind: those that do not drain are slow, and nobody waits for them
    /// any longer. Reads again from publishers whose rate allows more.
    pub fn check_slow(&mut self, now: Now) {
        self.sessions.release_throttled(now.monotonic, &mut self.effects.resumed);
        let relieved = self.outbound.check_behind(now.monotonic, &self.broker.config.stall);
        self.resume_all_if(relieved);
    }

    fn overdue(&self, now: Now) -> Vec<(Key, Overdue)> {
        let config = &self.broker.config;
        let overdue = self.sessions.iter().filter_map(|(key, connection)| {
            let client = self.outbound.get(key)?;
            connection.overdue(client, config, now.monotonic).map(|how| (key, how))
        });
        overdue.collect()
    }

    /// Ends the connection that has waited longest without a CONNECT; `false` if there is none.
    pub fn end_oldest_awaiting_connect(&mut self, now: Now) -> bool {
        let Some(oldest) = self.sessions.take_oldest_awaiting_connect() else { return false };
        self.cut(now, oldest, End::Timeout);
        true
    }

    /// About how many connections have sent no CONNECT yet; none where it says so.
    pub fn awaiting_connect(&mut self) -> usize {
        self.sessions.awaiting_connect()
    }

    /// Ends a connection without a word.
    pub(super) fn cut(&mut self, now: Now, key: Key, cause: End) {
        self.count_end(key, cause);
        self.end(now, key);
        self.outbound.discard_output(key);
    }
}
