//! The fold: every logged session as of one sequence. It is a pure function of the log up to there.

mod by_session;
mod changes;
mod marks;
mod retained;
mod sessions;
mod snapshot;
mod target;

use ahash::AHashMap;
use fabric::{Frame, GapReason, Kind, Member, Members, Raw, Record};
use uns_model::{Sequence, SessionNo};

use by_session::BySession;
pub use marks::Consumer;
pub(crate) use marks::Marks;
pub use retained::SharedRetained;
pub(crate) use retained::{Retained, RetainedCopy, Stored};
use sessions::Sessions;
pub(crate) use snapshot::{PIECE, Progress, Snapshot};
pub(crate) use target::Target;

use crate::owed::{Entry, Owed, Terms};
use crate::session::{PendingWill, Session};
use crate::{Config, Dropped, Topics};

/// All sessions.
#[derive(Debug, Default)]
pub(crate) struct Fold {
    pub(crate) sessions: Sessions,
    pub(crate) wills: BySession<PendingWill>,
    /// Wills that were due, since their connections broke with the process, when the client was back with
    /// another one. They are here until the log says that they are published.
    pub(crate) due_wills: BySession<Vec<PendingWill>>,
    /// What ended sessions were owed as members of shares, until it is owed to others. What is owed to
    /// connections ([`SessionNo::LIVE`]) comes from shares of all organisations.
    pub(crate) remains: BySession<Owed>,
    pub(crate) retained: Retained,
    pub(crate) marks: Marks,
    /// The largest session number in the log.
    pub(crate) seen: SessionNo,
    pub(crate) applied: Sequence,
    pub(crate) totals: Totals,
    pub(crate) counts: Counts,
    /// How many snapshots were begun.
    pub(crate) snapshots: u64,
}

/// Sums over the sessions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) owed: usize,
    pub(crate) owed_bytes: u64,
    pub(crate) subscriptions: usize,
}

impl Totals {
    /// One delivery is owed no more.
    fn settled(&mut self, entry: &Entry) {
        self.owed -= 1;
        self.owed_bytes -= u64::from(entry.bytes);
    }
}

/// Counters since the start.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) dropped: Dropped,
    pub(crate) contradictions: u64,
    /// Records that changed a session, or what it is owed.
    pub(crate) changes: u64,
}

/// Is told what the fold changes; nobody is during a replay.
pub(crate) trait Observer {
    /// The session is owed one more publish.
    fn owed(&mut self, _session: &mut Session, _target: &mut Target<'_>) {}
    /// A publish was dropped, since the session is owed too much.
    fn refused(&mut self, _session: &mut Session) {}
    /// One of its deliveries is settled.
    fn settled(&mut self, _session: &mut Session, _entry: Entry) {}
    /// A connection has the session now, and found this will.
    fn came(&mut self, _session: &mut Session, _will: Option<&PendingWill>) {}
    /// The connection of the session is gone.
    fn left(&mut self, _session: &mut Session, _will: Option<&PendingWill>) {}
    /// The session has ended.
    fn ended(&mut self, _session: &mut Session, _will: Option<&PendingWill>) {}
    /// The session has another will instead of this one.
    fn will_replaced(&mut self, _session: SessionNo, _old: Option<&PendingWill>) {}
    /// The session has no will any more.
    fn will_gone(&mut self, _session: SessionNo) {}
}

/// An observer for replays, which ignores everything.
#[derive(Debug)]
pub(crate) struct Replay;

impl Observer for Replay {}

/// What folding needs besides the records.
pub(crate) struct Context<'a> {
    pub(crate) config: &'a Config,
    pub(crate) topics: &'a dyn Topics,
}

impl Fold {
    /// Applies one frame.
    pub(crate) fn apply(
        &mut self,
        context: &Context<'_>,
        frame: &Frame,
        observer: &mut impl Observer,
    ) {
        let mut publish: Option<Raw<'_>> = None;
        let mut audiences: AHashMap<u32, Members<'_>> = AHashMap::new();
        for raw in frame.skim() {
            match raw.kind() {
                Kind::Publish => {
                    publish = Some(raw);
                    self.supersede(&raw, context.topics);
                }
                Kind::Message => {
                    publish = Some(raw);
                    if let Record::Message(message) = raw.record() {
                        self.retained.fold(raw.sequence(), &message);
                    }
                }
                Kind::Audience => {
                    if let Record::Audience { number, members, .. } = raw.record() {
                        audiences.insert(number, members);
                    }
                }
                Kind::Owed => {
                    let Record::Owed { audience, back, .. } = raw.record() else { continue };
                    let wanted = Sequence(raw.sequence().0.saturating_sub(u64::from(back)));
                    let target = publish
                        .filter(|one| one.sequence() == wanted)
                        .or_else(|| target::search(frame, wanted));
                    self.counts.changes += 1;
                    match (target, audiences.get(&audience)) {
                        (Some(raw), Some(members)) => {
                            let target = Target::new(frame, raw, context.topics);
                            self.owe(context.config, *members, target, observer);
                        }
                        _ => self.counts.contradictions += 1,
                    }
                }
                Kind::Mark => {
                    if let Record::Mark(mark) = raw.record()
                        && !self.marks.fold(&mark)
                    {
                        self.counts.contradictions += 1;
                    }
                }
                Kind::Session => {
                    if let Record::Session { session, change, .. } = raw.record() {
                        self.counts.changes += 1;
                        self.change(raw.sequence(), session, &change, observer);
                    }
                }
                _ => {}
            }
        }
        self.applied = frame.last();
    }

    /// A topic may become a node, for example by another setting. Then a message retained here is
    /// older than what the namespace retains or has cleared, so it is removed.
    fn supersede(&mut self, raw: &Raw<'_>, topics: &dyn Topics) {
        if self.retained.len() > 0
            && raw.is_retained()
            && let Record::Publish(publish) = raw.record()
            && let Some(topic) = topics.topic(publish.topic)
        {
            self.retained.remove(publish.org, &topic);
        }
    }

    /// Lists a publish with the sessions of an audience.
    fn owe(
        &mut self,
        config: &Config,
        members: Members<'_>,
        mut target: Target<'_>,
        observer: &mut impl Observer,
    ) {
        let (sequence, bytes) = (target.sequence(), target.bytes());
        for member in members.iter() {
            self.seen = self.seen.max(member.session);
            let Some(session) = self.sessions.change(member.session) else {
                self.owe_ended(config, member, &target);
                continue;
            };
            if sequence <= session.owed.last() {
                self.counts.contradictions += 1;
                continue;
            }
            let full = session.owed.len() >= config.owed_count_max
                || session.owed.bytes() + u64::from(bytes) > config.owed_bytes_max
                || self.totals.owed >= config.owed_total_max;
            if full {
                session.owed.refuse(sequence);
                session.dropped += 1;
                self.counts.dropped.quota += 1;
                observer.refused(session);
                continue;
            }
            let Member { qos, retain, ids, share, .. } = member;
            session.owed.push(Terms { sequence, qos, retain, bytes }, ids.iter(), share);
            self.totals.owed += 1;
            self.totals.owed_bytes += u64::from(bytes);
            observer.owed(session, &mut target);
        }
    }

    /// A publish may be owed to a session that has just ended. What that would have got as the member of
    /// a share is for another member. So is, later, what is owed to connections, which is bounded by
    /// what they have on their way.
    fn owe_ended(&mut self, config: &Config, member: Member<'_>, target: &Target<'_>) {
        let Member { session, qos, retain, ids, share } = member;
        let Some(share) = share else { return };
        let (sequence, bytes) = (target.sequence(), target.bytes());
        if !self.remains.contains(session) {
            self.remains.insert(session, Owed::default());
        }
        let Some(owed) = self.remains.change(session) else { return };
        if sequence <= owed.last() {
            self.counts.contradictions += 1;
        } else if (owed.len() >= config.owed_count_max && session != SessionNo::LIVE)
            || self.totals.owed >= config.owed_total_max
        {
            owed.refuse(sequence);
            self.counts.dropped.quota += u64::from(session != SessionNo::LIVE);
        } else {
            owed.push(Terms { sequence, qos, retain, bytes }, ids.iter(), Some(share));
            self.totals.owed += 1;
            self.totals.owed_bytes += u64::from(bytes);
        }
        if owed.len() == 0 {
            self.remains.remove(session);
        }
    }

    /// Records are missing. What they said about sessions is lost.
    pub(crate) fn gap(&mut self, until: Sequence) {
        self.applied = self.applied.max(until);
    }

    /// Drops a delivery that cannot be read any more; `None` if it is settled or was never owed.
    pub(crate) fn drop_owed(
        &mut self,
        session: SessionNo,
        sequence: Sequence,
        cause: Cause,
    ) -> Option<&mut Session> {
        let own = self.sessions.change(session).and_then(|one| one.owed.settle(sequence));
        let of_session = own.is_some();
        let entry = own.or_else(|| self.settle_remains(session, sequence))?;
        self.totals.settled(&entry);
        match cause {
            Cause::Gap(GapReason::Retention) => self.counts.dropped.retention += 1,
            Cause::Gap(GapReason::Damage | GapReason::Lost) | Cause::Unreadable => {
                self.counts.dropped.damage += 1;
            }
        }
        let session = self.sessions.change(session).filter(|_| of_session)?;
        session.dropped += 1;
        Some(session)
    }

    /// The oldest publish that is owed.
    pub(crate) fn oldest_owed(&self) -> Option<Sequence> {
        let sessions = self.sessions.values().map(|session| &session.owed);
        let remains = self.remains.iter().map(|(_, owed)| owed);
        sessions.chain(remains).filter_map(|owed| owed.oldest().map(Entry::sequence)).min()
    }

    /// Prepares for a new run of the process: what may have been sent is what the log says, and counters
    /// begin at zero.
    pub(crate) fn forget_run(&mut self) {
        self.sessions.values_unlogged().for_each(Session::forget_run);
        self.counts = Counts::default();
    }
}

/// Why a delivery is dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cause {
    /// Its record is gone.
    Gap(GapReason),
    /// Its record is there but cannot be used.
    Unreadable,
}

#[cfg(test)]
pub(crate) mod tests;
