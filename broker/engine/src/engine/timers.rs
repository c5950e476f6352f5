//! What time does: handshakes, keep alive, stuck writes, slow clients, expired messages.

use std::sync::atomic::Ordering;
use std::time::Duration;

use broker_codec::ReasonCode;

use super::{Engine, Now};
use crate::config::Config;
use crate::connection::{Connection, Conversation, Phase};
use crate::gate::Gate;
use crate::key::{CoreNo, Key};
use crate::pace::Pace;
use crate::stats::End;

/// How a connection ran out of time.
#[derive(Clone, Copy, Debug)]
enum Overdue {
    /// Its CONNECT or its good-bye takes too long, or it takes nothing: cut off without a word.
    Cut,
    /// Its log-in failed a while ago, and now it may know.
    Refused(ReasonCode),
    /// It does not prove again who it is.
    Unproven,
    /// It was silent for longer than its keep alive allows.
    Silent,
}

impl<G: Gate> Engine<G> {
    /// Looks after all connections; to be called a few times a second.
    pub fn tick(&mut self, now: Now) {
        let config = &self.desk.config;
        let overdue: Vec<(Key, Overdue)> = self
            .connections
            .iter()
            .filter_map(|(key, c)| overdue(c, config, now.monotonic).map(|how| (key, how)))
            .collect();
        for (key, how) in overdue {
            self.desk.stats.timeouts += u64::from(!matches!(how, Overdue::Refused(_)));
            match how {
                Overdue::Refused(reason) => self.fail(now, key, reason),
                Overdue::Unproven => self.refuse_again(now, key),
                Overdue::Silent => self.fail(now, key, ReasonCode::KeepAliveTimeout),
                Overdue::Cut => {
                    self.count_end(key, End::Timeout);
                    self.end(now, key);
                    self.discard_output(key);
                }
            }
        }
        for key in std::mem::take(&mut self.unanswered) {
            self.fail(now, key, ReasonCode::QuotaExceeded);
        }
        self.gauge();
        self.tell_of_full_queues(now);
        self.feel();
        self.cut_slow(now);
        self.tracer.sweep(now.monotonic);
        self.forget_known();
        self.end_revoked(now);
        self.end_orphans(now);
        if self.core == CoreNo(0) {
            self.broker.retained.expire(now.monotonic, 10_000);
            self.effects.refused.extend(self.broker.failed_logins.due(now.monotonic));
        }
        self.walk_on(now);
        // A lost wake-up would be a fault; it shall not stop a publisher for ever.
        self.resume |= !self.paused.is_empty();
        self.judge(now);
    }

    /// Whether [`Engine::judge`] wants to be called soon.
    pub fn is_stalled(&self) -> bool {
        !self.stalled.is_empty() || !self.throttled.is_empty()
    }

    /// Looks at clients that are behind: those that do not drain are slow, and nobody waits for
    /// them any longer.
    pub fn judge(&mut self, now: Now) {
        self.release_throttled(now);
        let stall = self.desk.config.stall;
        let mut stalled = std::mem::take(&mut self.stalled);
        let mut slow = Vec::new();
        stalled.retain(|key| {
            let Some(connection) = self.connections.get_mut(*key) else { return false };
            if connection.outbound.pace.judge(now.monotonic, &stall) {
                connection.outbound.link.slow.store(true, Ordering::Relaxed);
                slow.push(*key);
            }
            matches!(connection.outbound.pace, Pace::Behind { .. })
        });
        self.stalled = stalled;
        for key in slow {
            self.congest(key, false);
        }
    }

    pub(super) fn discard_output(&mut self, key: Key) {
        if let Some(connection) = self.connections.get_mut(key) {
            let left = connection.outbound.output().len();
            connection.outbound.wrote(left, &mut self.desk);
            self.desk.stats.bytes_out -= left as u64;
            Self::mark_dirty(connection, key, &mut self.effects.dirty);
        }
    }
}

fn overdue<N>(connection: &Connection<N>, config: &Config, now: Duration) -> Option<Overdue> {
    if connection.is_closing() && connection.outbound.output().is_empty() {
        return None;
    }
    let stuck = |since: Duration| now.saturating_sub(since) >= config.write_timeout;
    if connection.outbound.blocked_since.is_some_and(stuck) {
        return Some(Overdue::Cut);
    }
    let silent = now.saturating_sub(connection.heard);
    let unproven =
        |again: &Conversation| now.saturating_sub(again.since) >= config.handshake_timeout;
    match &connection.phase {
        Phase::Up if connection.again.as_deref().is_some_and(unproven) => Some(Overdue::Unproven),
        Phase::New | Phase::Asking(_) => {
            (silent >= config.handshake_timeout).then_some(Overdue::Cut)
        }
        Phase::Exchanging(under_way) => (now.saturating_sub(under_way.1.since)
            >= config.handshake_timeout)
            .then_some(Overdue::Cut),
        Phase::Refused(reason, at) => (now >= *at).then_some(Overdue::Refused(*reason)),
        Phase::Closing { .. } => {
            let limit = config.handshake_timeout.max(config.write_timeout);
            (silent >= limit && connection.outbound.blocked_since.is_some()).then_some(Overdue::Cut)
        }
        Phase::Up if connection.paused => None,
        Phase::Up => {
            connection.silence_max.is_some_and(|max| silent >= max).then_some(Overdue::Silent)
        }
        Phase::Claiming(_) => None,
    }
}
