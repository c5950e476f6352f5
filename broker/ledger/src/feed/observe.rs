//! What the feeder does when the fold changes something.

use uns_model::SessionNo;

use super::{Feeder, Timer};
use crate::fold::{Observer, Target};
use crate::owed::Entry;
use crate::session::{PendingWill, Session};

impl Observer for Feeder {
    fn owed(&mut self, session: &mut Session, target: &mut Target<'_>) {
        let Some(feed) = session.feed.as_deref() else { return };
        if feed.count >= feed.window {
            return;
        }
        let (Some(newest), before) = session.owed.newest_two() else { return };
        let newest = *newest;
        let caught_up = before.is_none_or(|before| before.ordinal < feed.next);
        if caught_up
            && !feed.stalled
            && self.outboxes.has_room(feed.place.core)
            && self.may_hand(session, &newest)
        {
            self.hand(session, &newest, target.message());
        } else {
            self.advance(session);
        }
    }

    fn refused(&mut self, session: &mut Session) {
        self.lost(session, true);
    }

    fn settled(&mut self, session: &mut Session, entry: Entry) {
        let Some(feed) = session.feed.as_deref_mut() else { return };
        if entry.ordinal < feed.next {
            feed.count = feed.count.saturating_sub(1);
            feed.bytes = feed.bytes.saturating_sub(entry.bytes.into());
        } else if feed.waiting == Some(entry.sequence()) {
            feed.waiting = None;
            self.ready.remove(entry.sequence(), session.number);
        }
        self.advance(session);
    }

    fn came(&mut self, session: &mut Session, will: Option<&PendingWill>) {
        self.stop(session);
        session.abandoned = false;
        self.timers.clear(Timer::Expiry, session.number);
        self.timers.clear(Timer::Absent, session.number);
        if will.is_some_and(|pending| pending.will.delay == 0 && !pending.taken) {
            self.timers.set(Timer::Will, session.number, self.now);
        } else {
            self.keep_overdue(session.number, will);
        }
    }

    fn left(&mut self, session: &mut Session, will: Option<&PendingWill>) {
        self.stop(session);
        session.abandoned = false;
        self.timers.clear(Timer::Absent, session.number);
        self.away(session, will);
    }

    fn ended(&mut self, session: &mut Session, will: Option<&PendingWill>) {
        self.stop(session);
        self.timers.clear(Timer::Expiry, session.number);
        self.timers.clear(Timer::Absent, session.number);
        self.timers.clear(Timer::Will, session.number);
        if will.is_some_and(|pending| !pending.taken) {
            self.timers.set(Timer::Will, session.number, self.now);
        }
    }

    fn will_replaced(&mut self, session: SessionNo, old: Option<&PendingWill>) {
        self.keep_overdue(session, old);
    }

    fn will_gone(&mut self, session: SessionNo) {
        self.timers.clear(Timer::Will, session);
    }
}
