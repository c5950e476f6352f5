//! Wills and sessions that are due.

use std::sync::Arc;
use std::time::Duration;

use crate::feed::Timer;
use crate::ledger::State;
use crate::session::PendingWill;
use crate::{Expired, Ledger, Outlet, PassOn};
use fabric::DueWill;

/// How long before a will that nobody took is offered again. It doubles each time, as far as that goes.
/// Where its client is back it does not, since what was published by then is the newer.
const WILL_AGAIN: Duration = Duration::from_secs(1);
const WILL_AGAIN_MAX: Duration = Duration::from_secs(30);
/// How long before a core is asked again to end a session that has expired.
const EXPIRED_AGAIN: Duration = Duration::from_secs(30);

/// What is due now.
pub(super) struct Due {
    wills: Vec<DueWill>,
    expired: Vec<Expired>,
    passing: Vec<PassOn>,
}

/// Takes what is due by now. A session stays due until the log says that it has ended. A will counts as
/// taken before a core has it, since the core may give it back at once.
pub(super) fn due(state: &mut State) -> Due {
    let State { fold, feeder } = state;
    let mut due = Due {
        wills: feeder.take_overdue(),
        expired: Vec::new(),
        passing: std::mem::take(&mut feeder.passing),
    };
    while let Some((timer, session)) = feeder.timers.pop(feeder.now) {
        match timer {
            Timer::Will => {
                let pending = fold.wills.change_unlogged(session);
                if let Some(pending) = pending.filter(|pending| !pending.taken) {
                    pending.taken = true;
                    due.wills.push(pending.due(session));
                }
            }
            Timer::Absent => feeder.absent(fold, session),
            Timer::Expiry => {
                let Some(one) = fold.sessions.get(session) else { continue };
                let (org, client_id) = (one.org, Arc::clone(&one.client_id));
                due.expired.push(Expired { session, org, client_id });
                feeder.timers.set(Timer::Expiry, session, feeder.now + EXPIRED_AGAIN);
            }
        }
    }
    due
}

impl Ledger {
    /// Hands over due wills, expired sessions, and messages to pass on. Wills come first: a core that ends
    /// a session tells the log which of its wills are withdrawn, and forgets that.
    pub(super) fn hand_over_due(&self, outlet: &dyn Outlet, due: Due) {
        for will in due.wills {
            if !outlet.will(&will) {
                self.state.lock().keep_due(will);
            }
        }
        for expired in due.expired {
            outlet.expired(&expired);
        }
        for one in due.passing.iter().filter(|one| !outlet.pass_on(one)) {
            self.offer_again(one.session, one.sequence);
        }
    }

    /// A core has taken a will that was due, and the log did not.
    pub fn offer_will_again(&self, will: DueWill) {
        self.state.lock().keep_due(will);
        self.following.wake();
    }
}

impl State {
    /// A will that was due is not published, so it is due again after a while.
    fn keep_due(&mut self, will: DueWill) {
        let not_taken = will.not_taken.saturating_add(1);
        match self.standing(&will) {
            Some(pending) => {
                (pending.taken, pending.not_taken) = (false, not_taken);
                let wait = WILL_AGAIN * (1 << will.not_taken.min(5));
                let again = self.feeder.now + wait.min(WILL_AGAIN_MAX);
                self.feeder.timers.set(Timer::Will, will.session, again);
            }
            None => {
                self.feeder.overdue.push(DueWill { not_taken, ..will });
                self.feeder.overdue_at = self.feeder.now + WILL_AGAIN;
            }
        }
    }

    /// The same will in the fold, if its session has no other one and its client is not back.
    fn standing(&mut self, will: &DueWill) -> Option<&mut PendingWill> {
        let stands = self.fold.wills.change_unlogged(will.session);
        stands.filter(|pending| pending.sequence == will.sequence)
    }
}
