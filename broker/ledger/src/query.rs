//! Answers for the start of the broker, for operators and for metrics.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::MutexGuard;
use uns_model::{OrgId, Sequence, SessionNo};

use crate::feed::{Feeder, Timer};
use crate::fold::{Fold, PIECE, Stored};
use crate::ledger::State;
use crate::owed::{Entry, Owed};
use crate::session::Session;
use crate::{Consumer, Ledger, PlainRetained, Restored, SessionInfo, SharedRetained, Stats};

impl Ledger {
    /// Calls `each` with every session in the order of numbers, to restore the broker at start.
    pub fn restored(&self, each: &mut dyn FnMut(Restored<'_>)) {
        let state = self.state.lock();
        let mut sessions: Vec<&Session> = state.fold.sessions.values().collect();
        sessions.sort_unstable_by_key(|session| session.number);
        for session in sessions {
            each(Restored {
                session: session.number,
                org: session.org,
                client_id: &session.client_id,
                owner: session.owner.as_ref(),
                expiry: session.expiry,
                subscriptions: &session.subscriptions,
                took: &session.took,
            });
        }
    }

    /// Calls `each` with every retained message of a topic without a node that has not expired, to
    /// restore the broker at start.
    pub fn retained(&self, each: &mut dyn FnMut(PlainRetained<'_>)) {
        let now = self.clock.now();
        let state = self.state.lock();
        for (org, topic, stored) in state.fold.retained.iter() {
            if stored.is_expired(now) {
                continue;
            }
            let Stored { kept, ingest, .. } = stored;
            each(PlainRetained { org, topic, ingest: *ingest, kept });
        }
    }

    /// The state of a durable consumer.
    pub fn consumer(&self, org: OrgId, consumer: &str) -> Option<Consumer> {
        self.state.lock().fold.marks.get(org, consumer).cloned()
    }

    /// Calls `each` with every durable consumer, to restore the gate at start.
    pub fn consumers(&self, each: &mut dyn FnMut(OrgId, &str, &Consumer)) {
        let state = self.state.lock();
        state.fold.marks.iter().for_each(|((org, name), known)| each(*org, name, known));
    }

    /// Calls `each` with the highest epoch that ended in each organisation, to restore the gate at start.
    pub fn ended_consumers(&self, each: &mut dyn FnMut(OrgId, u64)) {
        let state = self.state.lock();
        state.fold.marks.ended().for_each(|(org, epoch)| each(org, epoch));
    }

    /// Shares retained messages and their topics with the broker from now on.
    pub fn share_retained(&self, shared: Arc<dyn SharedRetained>) {
        self.state.lock().fold.retained.shared = Some(shared);
    }

    /// The sessions of an organisation after a client id, in the order of client ids.
    pub fn sessions(&self, org: OrgId, after: &str, limit: usize) -> Vec<SessionInfo> {
        let now = self.clock.monotonic();
        let state = self.state.lock();
        // An empty `after` is before all, since no session has an empty client id.
        let sessions = state.fold.sessions.after(org, after).take(limit);
        sessions.map(|session| state.info(session, now)).collect()
    }

    /// The session of a client.
    pub fn find(&self, org: OrgId, client_id: &str) -> Option<SessionInfo> {
        let now = self.clock.monotonic();
        let state = self.state.lock();
        let number = state.fold.sessions.find(org, client_id)?;
        state.fold.sessions.get(number).map(|session| state.info(session, now))
    }

    /// Whether all sessions together are owed so much that publishes may soon be dropped.
    pub fn is_nearly_full(&self) -> bool {
        self.owed.load(Ordering::Relaxed) >= self.config.owed_total_max / 4 * 3
    }

    /// Figures for metrics and people. What sessions have is added up piece by piece, while the fold goes on.
    pub fn stats(&self) -> Stats {
        let mut sums = Sums::default();
        loop {
            let state = self.state.lock();
            if sums.add_piece(&state.fold) {
                return self.stats_of(&state, &sums);
            }
            MutexGuard::unlock_fair(state);
        }
    }

    fn stats_of(&self, state: &State, sums: &Sums) -> Stats {
        let fold = &state.fold;
        Stats {
            sessions: fold.sessions.len(),
            attached: sums.attached,
            subscriptions: fold.totals.subscriptions,
            owed: fold.totals.owed,
            owed_bytes: fold.totals.owed_bytes,
            owed_oldest: sums.owed_oldest,
            inflight: sums.inflight,
            dropped: fold.counts.dropped,
            retained: fold.retained.len(),
            wills: fold.wills.len()
                + fold.due_wills.iter().map(|(_, due)| due.len()).sum::<usize>(),
            contradictions: fold.counts.contradictions,
            folded: fold.applied,
            damaged_checkpoints: self.damaged_checkpoints,
        }
    }
}

/// What is added up over all sessions.
#[derive(Default)]
struct Sums {
    attached: usize,
    inflight: usize,
    owed_oldest: Option<Sequence>,
    /// The last session that is in it.
    after: Option<(OrgId, Arc<str>)>,
}

impl Sums {
    /// Adds some more sessions; `true` once it has all of them, and what ended ones left.
    fn add_piece(&mut self, fold: &Fold) -> bool {
        let after = self.after.take();
        let mut count = 0;
        for session in fold.sessions.behind(after.as_ref()).take(PIECE) {
            count += 1;
            if let Some(feed) = session.feed.as_deref() {
                self.attached += 1;
                self.inflight += feed.count;
            }
            self.note_oldest(&session.owed);
            if count == PIECE {
                self.after = Some((session.org, Arc::clone(&session.client_id)));
                return false;
            }
        }
        fold.remains.iter().for_each(|(_, owed)| self.note_oldest(owed));
        true
    }

    fn note_oldest(&mut self, owed: &Owed) {
        let oldest = owed.oldest().map(Entry::sequence);
        self.owed_oldest = oldest.into_iter().chain(self.owed_oldest).min();
    }
}

impl State {
    fn info(&self, session: &Session, now: Duration) -> SessionInfo {
        let feed = session.feed.as_deref();
        SessionInfo {
            session: session.number,
            client_id: session.client_id.clone(),
            online: session.online && !session.abandoned,
            connected: feed.map(|feed| feed.place),
            expiry: session.expiry,
            expires_in: expires_in(&self.feeder, session.number, now),
            subscriptions: session.subscriptions.len(),
            owed: session.owed.len(),
            owed_bytes: session.owed.bytes(),
            inflight: feed.map_or(0, |feed| feed.count),
            dropped: session.dropped,
            will: self.fold.wills.contains(session.number),
        }
    }
}

fn expires_in(feeder: &Feeder, session: SessionNo, now: Duration) -> Option<Duration> {
    feeder.timers.at(Timer::Expiry, session).map(|at| at.saturating_sub(now))
}
