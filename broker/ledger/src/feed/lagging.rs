//! Serves sessions that lag. What they wait for is read from the log, each record once for all of them.

use std::ops::RangeInclusive;
use std::sync::Arc;

use fabric::{Frame, TailItem};
use uns_model::{Sequence, SessionNo};

use super::Feeder;
use crate::fold::{Cause, Fold};
use crate::owed::Entry;
use crate::reader::Request;
use crate::{LoggedPublish, Topics};

impl Feeder {
    /// What to read next: from what the session needs that has waited longest, up to the last publish that
    /// any session waits for.
    pub(crate) fn wanted(&mut self, fold: &mut Fold) -> Option<Request> {
        let until = self.ready.last()?;
        while let Some(number) = self.queue.pop_front() {
            let session = fold.sessions.change_unlogged(number);
            let Some(feed) = session.and_then(|session| session.feed.as_deref_mut()) else {
                continue;
            };
            feed.queued = false;
            if let Some(from) = feed.waiting {
                return Some(Request { from, until, session: number });
            }
        }
        None
    }

    /// Puts a session back into the queue if the answer for it did not serve it.
    pub(crate) fn requeue(&mut self, fold: &mut Fold, number: SessionNo) {
        let session = fold.sessions.change_unlogged(number);
        if let Some(feed) = session.and_then(|session| session.feed.as_deref_mut())
            && feed.waiting.is_some()
            && !std::mem::replace(&mut feed.queued, true)
        {
            self.queue.push_back(number);
        }
    }

    /// Serves all sessions that wait for something in what was read.
    pub(crate) fn serve(&mut self, fold: &mut Fold, item: &TailItem, topics: &dyn Topics) {
        match item {
            TailItem::Frame(frame) => self.serve_frame(fold, frame, topics),
            TailItem::Gap { after, until, reason } => {
                self.serve_gap(fold, after.next()..=*until, Cause::Gap(*reason));
            }
        }
    }

    fn serve_frame(&mut self, fold: &mut Fold, frame: &Frame, topics: &dyn Topics) {
        let mut wanted = self.ready.first_from(frame.first());
        for raw in frame.skim() {
            let sequence = raw.sequence();
            match wanted {
                Some(next) if next > sequence && next <= frame.last() => continue,
                Some(next) if next == sequence => {}
                _ => break,
            }
            let message = LoggedPublish::read(frame, &raw, topics).map(Arc::new);
            for number in self.ready.take(sequence) {
                let Some(session) = fold.sessions.change_unlogged(number) else { continue };
                if let Some(feed) = session.feed.as_deref_mut() {
                    feed.waiting = None;
                }
                let entry = session.owed.find(sequence).copied();
                if let Some(entry) = entry.filter(|entry| !entry.is_settled()) {
                    self.hand(session, &entry, message.clone());
                }
                self.advance(session);
            }
            wanted = self.ready.first_from(sequence.next());
        }
        self.drop_unreadable(fold);
    }

    /// Drops what sessions wait for in a range that cannot be read.
    pub(crate) fn serve_gap(
        &mut self,
        fold: &mut Fold,
        range: RangeInclusive<Sequence>,
        cause: Cause,
    ) {
        while let Some(sequence) =
            self.ready.first_from(*range.start()).filter(|one| range.contains(one))
        {
            for number in self.ready.take(sequence) {
                if let Some(session) = fold.sessions.change_unlogged(number)
                    && let Some(feed) = session.feed.as_deref_mut()
                {
                    feed.waiting = None;
                }
                self.drop_one(fold, number, sequence, cause);
            }
        }
    }

    /// Drops deliveries that could not be read. To be called after each frame.
    pub(crate) fn drop_unreadable(&mut self, fold: &mut Fold) {
        for (number, sequence) in std::mem::take(&mut self.unreadable) {
            self.drop_one(fold, number, sequence, Cause::Unreadable);
        }
    }

    /// Drops what retention has removed before it was read. What was handed to a client or to a core stays.
    pub(crate) fn drop_lost(&mut self, fold: &mut Fold, number: SessionNo, sequence: Sequence) {
        let cause = Cause::Gap(fabric::GapReason::Retention);
        if let Some(session) = fold.sessions.change_unlogged(number) {
            let next = session.feed.as_ref().map_or(0, |feed| feed.next);
            let is_open = |one: &&Entry| !one.is_settled() && !one.is_released();
            let entry = session.owed.find(sequence).filter(is_open);
            if entry.is_none_or(|entry| entry.ordinal < next) {
                return;
            }
            self.ready.remove(sequence, number);
            if let Some(feed) = session.feed.as_deref_mut() {
                feed.waiting = feed.waiting.filter(|waiting| *waiting != sequence);
            }
            self.drop_one(fold, number, sequence, cause);
        } else if !self.is_live(number, sequence) {
            super::drop_remains(fold, number, sequence..=sequence, cause);
        }
    }

    fn drop_one(&mut self, fold: &mut Fold, number: SessionNo, sequence: Sequence, cause: Cause) {
        if let Some(session) = fold.drop_owed(number, sequence, cause) {
            self.lost(session, false);
            self.advance(session);
        }
    }

    /// Feeds sessions again whose core has taken something.
    pub(crate) fn unstall(&mut self, fold: &mut Fold) {
        for number in self.outboxes.unstall() {
            let Some(session) = fold.sessions.change_unlogged(number) else { continue };
            if let Some(feed) = session.feed.as_deref_mut() {
                feed.stalled = false;
            }
            self.advance(session);
        }
    }
}
