//! Feeding: what connected sessions are owed goes to their cores, in order and within limits.
//!
//! A session that has everything is fed from the frame that is being folded. A session that lags,
//! because it has just connected or its window was full, is listed under the publish it waits for. A
//! reader reads frames from there, and all sessions that wait for something in them are served.

mod connection_feed;
mod lagging;
mod observe;
mod outbox;
mod pass_on;
mod ready;
mod timers;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use fabric::DueWill;
use uns_model::{Sequence, SessionNo};

use crate::fold::Fold;
use crate::owed::Entry;
use crate::session::{PendingWill, Session};
use crate::{Attach, Config, Delivery, LoggedPublish, PACKET_ID_MAX, PassOn, Place};
pub(crate) use connection_feed::Feed;
pub(crate) use outbox::Outboxes;
pub(crate) use pass_on::drop_remains;
use ready::Ready;
pub(crate) use timers::{Timer, Timers};

/// If the log could not take the record that a connection is gone, its session counts as left after
/// this time.
const ABSENT: Duration = Duration::from_secs(60);
/// How long nothing is passed on to members of shares after a core took nothing.
const PASS_AGAIN: Duration = Duration::from_secs(1);
/// The expiry interval of a session that never expires.
const NEVER: u32 = u32::MAX;

/// The state of feeding that does not belong to one session.
#[derive(Debug, Default)]
pub(crate) struct Feeder {
    pub(crate) outboxes: Outboxes,
    pub(crate) timers: Timers,
    /// Wills that were due before their client was back. There is at most one for each session that
    /// came back since the last turn, or more while no core takes them.
    pub(crate) overdue: Vec<DueWill>,
    /// They are not handed over before this time, since no core took one, or the log did not.
    pub(crate) overdue_at: Duration,
    /// The monotonic time of this turn.
    pub(crate) now: Duration,
    count_max: usize,
    bytes_max: u64,
    /// How many sessions are fed.
    fed: usize,
    /// Connections whose `Opened` or `Resumed` is not folded yet.
    pending: BTreeMap<SessionNo, Attach>,
    /// The sessions that wait, by the publish they wait for.
    ready: Ready,
    /// The sessions in `ready`, in the order in which they began to wait. Some have left it since.
    queue: VecDeque<SessionNo>,
    /// Messages of ended sessions that are to be passed on in this turn.
    pub(crate) passing: Vec<PassOn>,
    /// Nothing more is passed on before this time, since no core took it.
    pub(crate) pass_after: Duration,
    /// What is owed to connections up to here is of a process that is gone.
    left_until: Sequence,
    /// Deliveries that cannot be read, to be dropped after the frame.
    unreadable: Vec<(SessionNo, Sequence)>,
}

impl Feeder {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            count_max: config.feed_count_max.max(1),
            bytes_max: u64::try_from(config.feed_bytes_max).unwrap_or(u64::MAX),
            ..Self::default()
        }
    }

    /// Starts the timers of all sessions and wills. Whole intervals begin anew, since nobody knows how
    /// long the process was away.
    pub(crate) fn start(&mut self, fold: &Fold, now: Duration) {
        self.now = now;
        self.left_until = fold.applied;
        for session in fold.sessions.values() {
            self.away(session, fold.wills.get(session.number));
        }
        for (number, wills) in fold.due_wills.iter() {
            self.overdue.extend(wills.iter().map(|will| will.due(number)));
        }
        let wills = fold.wills.iter().map(|(number, _)| number);
        for number in wills.filter(|number| !fold.sessions.contains(*number)) {
            self.timers.set(Timer::Will, number, now);
        }
    }

    /// A connection wants to be fed. The connection before is not fed any more.
    pub(crate) fn attach(&mut self, fold: &mut Fold, attach: Attach) {
        if let Some(session) = fold.sessions.change_unlogged(attach.session) {
            self.stop(session);
        }
        self.pending.insert(attach.session, attach);
    }

    /// A connection is gone; `None` stands for any connection.
    pub(crate) fn detach(&mut self, fold: &mut Fold, session: SessionNo, place: Option<Place>) {
        let gone = |one: Place| place.is_none_or(|place| place == one);
        if self.pending.get(&session).is_some_and(|attach| gone(attach.place)) {
            self.pending.remove(&session);
        }
        let pending = self.pending.contains_key(&session);
        let Some(session) = fold.sessions.change_unlogged(session) else { return };
        if session.feed.as_ref().is_some_and(|feed| gone(feed.place)) {
            self.stop(session);
        }
        if session.online && session.feed.is_none() && !pending {
            self.timers.set(Timer::Absent, session.number, self.now + ABSENT);
        }
    }

    /// A connection is gone for long, and the log has said nothing about its session since.
    pub(crate) fn absent(&mut self, fold: &mut Fold, number: SessionNo) {
        let Some(session) = fold.sessions.change_unlogged(number) else { return };
        if session.online && session.feed.is_none() && !self.pending.contains_key(&number) {
            session.abandoned = true;
            self.away(session, fold.wills.get(number));
        }
    }

    /// Whether no session waits for what is committed next.
    pub(crate) fn is_idle(&self) -> bool {
        self.fed == 0 && self.pending.is_empty()
    }

    /// Begins to feed the connections whose `Opened` or `Resumed` is folded.
    pub(crate) fn begin(&mut self, fold: &mut Fold) {
        let due: Vec<SessionNo> = self
            .pending
            .values()
            .filter(|attach| attach.at <= fold.applied)
            .map(|attach| attach.session)
            .collect();
        for number in due {
            let Some(attach) = self.pending.remove(&number) else { continue };
            match fold.sessions.change_unlogged(number) {
                Some(session) => self.begin_one(session, &attach),
                None => {
                    self.outboxes.push(Delivery::Gone { place: attach.place, session: number });
                }
            }
        }
    }

    fn begin_one(&mut self, session: &mut Session, attach: &Attach) {
        self.stop(session);
        self.fed += 1;
        let window = usize::from(attach.window).clamp(1, self.count_max);
        session.feed = Some(Box::new(Feed::new(attach.place, window, session.sent)));
        self.advance(session);
    }

    /// Stops feeding a session.
    fn stop(&mut self, session: &mut Session) {
        let Some(feed) = session.feed.take() else { return };
        self.fed -= 1;
        if let Some(sequence) = feed.waiting {
            self.ready.remove(sequence, session.number);
        }
    }

    /// Hands over releases, and lists the session as waiting for the next publish, which must be read.
    fn advance(&mut self, session: &mut Session) {
        loop {
            let Some(feed) = session.feed.as_deref_mut() else { return };
            if feed.stalled || feed.waiting.is_some() {
                return;
            }
            let Some(entry) = session.owed.first_from(feed.next) else { return };
            if !self.may_hand(session, &entry) {
                return;
            }
            let Some(feed) = session.feed.as_deref_mut() else { return };
            if !self.outboxes.has_room(feed.place.core) {
                feed.stalled = true;
                self.outboxes.stall(feed.place.core, session.number);
                return;
            }
            if !entry.is_released() {
                feed.waiting = Some(entry.sequence());
                self.ready.insert(entry.sequence(), session.number);
                if !std::mem::replace(&mut feed.queued, true) {
                    self.queue.push_back(session.number);
                }
                return;
            }
            let (place, sequence, packet_id) = (feed.place, entry.sequence(), entry.packet_id());
            feed.hand(&entry);
            session.sent = session.sent.max(entry.ordinal + 1);
            self.outboxes.push(Delivery::Release { place, sequence, packet_id });
        }
    }

    /// Whether window, bytes and packet ids allow one more delivery.
    fn may_hand(&self, session: &Session, entry: &Entry) -> bool {
        let Some(feed) = session.feed.as_deref() else { return false };
        let oldest = session.owed.oldest().map_or(entry.ordinal, |oldest| oldest.ordinal);
        feed.count < feed.window
            && (feed.count == 0 || feed.bytes + u64::from(entry.bytes) <= self.bytes_max)
            && entry.ordinal - oldest < u64::from(PACKET_ID_MAX)
    }

    /// Hands one publish over.
    fn hand(&mut self, session: &mut Session, entry: &Entry, message: Option<Arc<LoggedPublish>>) {
        let Some(feed) = session.feed.as_deref_mut() else { return };
        let Some(message) = message else {
            feed.next = entry.ordinal + 1;
            self.unreadable.push((session.number, entry.sequence()));
            return;
        };
        let dup = entry.ordinal < feed.sent_before;
        feed.hand(entry);
        session.sent = session.sent.max(entry.ordinal + 1);
        self.outboxes.push(Delivery::Publish {
            place: feed.place,
            sequence: entry.sequence(),
            packet_id: entry.packet_id(),
            qos: entry.qos(),
            retain: entry.retain(),
            dup,
            ids: session.owed.ids(entry),
            message,
        });
    }

    /// The wills that were due before their client was back, once it is time for them.
    pub(crate) fn take_overdue(&mut self) -> Vec<DueWill> {
        if self.now < self.overdue_at { Vec::new() } else { std::mem::take(&mut self.overdue) }
    }

    /// When the next timer is due, or the wills that wait are.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        let overdue = (!self.overdue.is_empty()).then_some(self.overdue_at);
        self.timers.next().into_iter().chain(overdue).min()
    }

    /// A will is replaced, or its client is back. If the will was due by then, it is published all the
    /// same. A will with a delay was due only if that was noticed.
    fn keep_overdue(&mut self, session: SessionNo, will: Option<&PendingWill>) {
        let due = |one: &&PendingWill| one.not_taken > 0 || one.is_due_at_once();
        let will = will.filter(due).filter(|pending| !pending.taken);
        self.overdue.extend(will.map(|pending| pending.due(session)));
        self.timers.clear(Timer::Will, session);
    }

    fn lost(&mut self, session: &Session, over_quota: bool) {
        if let Some(feed) = session.feed.as_deref() {
            self.outboxes.push(Delivery::Lost { place: feed.place, count: 1, over_quota });
        }
    }

    /// The session has no connection from now on. Its timers start.
    fn away(&mut self, session: &Session, will: Option<&PendingWill>) {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        if let Some(pending) = will.filter(|pending| !pending.taken) {
            let delay = seconds(pending.will.delay.min(session.expiry));
            self.timers.set(Timer::Will, session.number, self.now + delay);
        }
        if session.expiry != NEVER {
            let due = self.now + seconds(session.expiry);
            self.timers.set(Timer::Expiry, session.number, due);
        }
    }
}
