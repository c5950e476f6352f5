//! Back-pressure: which clients are behind, whether they drain, and what is waiting for all of them.

use std::cmp::Reverse;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Outbounds;
use super::pace::Pace;
use crate::config::Stall;
use crate::key::Key;
use crate::pressure::Pressure;

impl Outbounds {
    /// The backlog of a connection changed: publishers may have to wait for it. Returns whether they
    /// do not any more.
    pub(crate) fn update_pace(&mut self, now: Duration, key: Key) -> bool {
        let Some(client) = self.clients.get_mut(key) else { return false };
        let high = self.context.config.backlog_bytes_high;
        let was = client.pace;
        if let Some(congested) = client.pace.update(now, client.backlog(), high) {
            return self.congest(key, congested);
        }
        if was == Pace::Slow && client.pace == Pace::Fine {
            client.link.slow.store(false, Ordering::Relaxed);
        }
        false
    }

    /// Returns whether publishers wait no more.
    fn congest(&mut self, key: Key, congested: bool) -> bool {
        let Some(client) = self.clients.get_mut(key) else { return false };
        client.link.congested.store(congested, Ordering::Relaxed);
        self.congestion.set(congested);
        if congested {
            self.behind.push(key);
        }
        !congested
    }

    /// Whether somebody is behind, so that [`Outbounds::check_behind`] wants to be called soon.
    pub(crate) fn is_any_behind(&self) -> bool {
        !self.behind.is_empty()
    }

    /// Looks at clients that are behind: those that do not drain are slow, and nobody waits for them
    /// any longer. Returns whether publishers waited for one of those.
    pub(crate) fn check_behind(&mut self, now: Duration, stall: &Stall) -> bool {
        let mut behind = std::mem::take(&mut self.behind);
        let mut slow = Vec::new();
        behind.retain(|key| {
            let Some(client) = self.clients.get_mut(*key) else { return false };
            if client.pace.check_progress(now, stall) {
                client.link.slow.store(true, Ordering::Relaxed);
                slow.push(*key);
            }
            matches!(client.pace, Pace::Behind { .. })
        });
        self.behind = behind;
        let mut relieved = false;
        for key in slow {
            relieved |= self.congest(key, false);
        }
        relieved
    }

    /// How short memory is from now on. Where it is shorter than before, spare buffers are given back.
    pub(crate) fn set_memory_pressure(&mut self, pressure: Pressure) {
        if pressure > self.context.pressure {
            self.context.release_spares();
        }
        self.context.pressure = pressure;
    }

    /// How many bytes wait for all clients.
    pub(crate) fn waiting(&self) -> usize {
        self.context.waiting
    }

    /// How many may.
    pub(crate) fn waiting_max(&self) -> usize {
        self.context.waiting_max()
    }

    /// Clients that take nothing, with what waits for each, those with the most first.
    pub(crate) fn blocked(&self) -> Vec<(usize, Key)> {
        let blocked = self.clients.iter().filter(|(_, client)| client.blocked_since.is_some());
        let mut blocked: Vec<_> = blocked.map(|(key, client)| (client.backlog(), key)).collect();
        blocked.sort_unstable_by_key(|(backlog, _)| Reverse(*backlog));
        blocked
    }

    /// A connection that took nothing has ended: what was waiting for it waits no more.
    pub(crate) fn forget_backlog(&mut self, key: Key, backlog: usize) {
        let left = self.context.waiting.saturating_sub(backlog);
        self.discard_output(key);
        self.context.waiting = left;
    }

    /// Adds up what waits for the clients of this core.
    pub(crate) fn gauge(&mut self) {
        let stats = &mut self.context.stats;
        stats.reset_gauges();
        self.context.live_topics = 0;
        for (_, client) in self.clients.iter() {
            self.context.live_topics += client.live.as_ref().map_or(0, |live| live.len());
            stats.slow += u64::from(client.pace == Pace::Slow);
            stats.in_flight += u64::from(client.window.in_use());
            stats.queued += client.queued() as u64;
            stats.queued_bytes += client.queued_bytes() as u64;
            stats.output_bytes += client.output().len() as u64;
        }
        let waiting = stats.queued_bytes + stats.output_bytes;
        self.context.waiting = usize::try_from(waiting).unwrap_or(usize::MAX);
    }

    /// The retained messages of a connection wait for the fold that keeps them.
    pub(crate) fn await_fold(&mut self, key: Key) {
        if let Some(client) = self.clients.get_mut(key)
            && !std::mem::replace(&mut client.awaits_fold, true)
        {
            self.awaiting_fold.push(key);
        }
    }

    /// The fold has moved: those that wait for it, who have to be looked at again.
    pub(crate) fn take_awaiting_fold(&mut self) -> Vec<Key> {
        let keys = std::mem::take(&mut self.awaiting_fold);
        for key in &keys {
            if let Some(client) = self.clients.get_mut(*key) {
                client.awaits_fold = false;
            }
        }
        keys
    }
}
