//! Applies the changes of sessions.

use std::sync::Arc;

use fabric::{SessionChange, Will};
use uns_model::{OrgId, PublisherId, Sequence, SessionNo};

use super::{Fold, Observer};
use crate::Subscription;
use crate::owed::Entry;
use crate::session::{PendingWill, Session};

/// A session that is opened.
struct Opened<'a> {
    number: SessionNo,
    org: OrgId,
    client_id: &'a str,
    publisher: PublisherId,
    expiry: u32,
}

impl Fold {
    /// Applies one change. A change of an unknown session is counted and ignored.
    pub(super) fn change(
        &mut self,
        sequence: Sequence,
        number: SessionNo,
        change: &SessionChange<'_>,
        observer: &mut impl Observer,
    ) {
        self.seen = self.seen.max(number);
        match *change {
            SessionChange::Opened { org, client_id, publisher, expiry } => {
                let opened = Opened { number, org, client_id, publisher, expiry };
                self.open(&opened, observer);
            }
            SessionChange::Ended => self.end(number, observer),
            SessionChange::WillGone { will } => self.forget_will(number, will, observer),
            SessionChange::Settled { sequence } => self.settle(number, sequence, observer),
            _ => match self.sessions.change(number) {
                Some(session) => {
                    let more = change_session(session, change);
                    self.totals.subscriptions =
                        self.totals.subscriptions.saturating_add_signed(more);
                    self.tell(sequence, number, change, observer);
                }
                None => self.counts.contradictions += 1,
            },
        }
    }

    /// Applies what a change means beyond the session itself.
    fn tell(
        &mut self,
        sequence: Sequence,
        number: SessionNo,
        change: &SessionChange<'_>,
        observer: &mut impl Observer,
    ) {
        let Some(session) = self.sessions.change_unlogged(number) else { return };
        match change {
            SessionChange::Resumed { .. } => {
                observer.came(session, self.wills.get(number));
                // A client that is back within the delay withdraws its will [MQTT-3.1.3-9]. A will without
                // a delay is still to be published, since its connection broke with the process.
                if self.wills.get(number).is_some_and(|pending| pending.will.delay > 0) {
                    self.wills.remove(number);
                }
            }
            SessionChange::Left { .. } => observer.left(session, self.wills.get(number)),
            SessionChange::Will { .. } => {
                if let Some(will) = Will::of(change).map(Arc::new) {
                    let (org, publisher) = (session.org, session.publisher);
                    let pending = PendingWill {
                        org,
                        publisher,
                        client_id: Arc::clone(&session.client_id),
                        owner: session.owner.clone(),
                        will,
                        sequence: Some(sequence),
                        not_taken: 0,
                        taken: false,
                    };
                    let old = self.wills.insert(number, pending);
                    observer.will_replaced(number, old.as_ref());
                    self.keep_due(number, old);
                }
            }
            _ => {}
        }
    }

    fn open(&mut self, opened: &Opened<'_>, observer: &mut impl Observer) {
        let Opened { number, org, client_id, publisher, expiry } = *opened;
        if self.sessions.contains(number) {
            self.counts.contradictions += 1;
            self.end(number, observer);
        }
        if let Some(older) = self.sessions.find(org, client_id) {
            self.end(older, observer);
        }
        let mut session = Session::new(number, org, Arc::from(client_id));
        (session.publisher, session.expiry) = (publisher, expiry);
        observer.came(self.sessions.insert(session), None);
    }

    /// A will is withdrawn or published. The record names which one, since it may have been replaced.
    fn forget_will(
        &mut self,
        number: SessionNo,
        gone: Option<Sequence>,
        observer: &mut impl Observer,
    ) {
        let stands = self.wills.get(number).map(|pending| pending.sequence);
        if stands.is_some_and(|stands| gone.is_none() || stands == gone) {
            self.wills.remove(number);
            observer.will_gone(number);
        } else if gone.is_some()
            && let Some(due) = self.due_wills.change(number)
        {
            due.retain(|one| one.sequence != gone);
            if due.is_empty() {
                self.due_wills.remove(number);
            }
        }
    }

    /// A will without a delay that still stands when its client is back was due at once.
    fn keep_due(&mut self, number: SessionNo, old: Option<PendingWill>) {
        let Some(old) = old.filter(PendingWill::is_due_at_once) else { return };
        match self.due_wills.change(number) {
            Some(due) => due.push(old),
            None => drop(self.due_wills.insert(number, vec![old])),
        }
    }

    fn end(&mut self, number: SessionNo, observer: &mut impl Observer) {
        // It may have ended before, for example because its client has opened another session.
        let Some(mut session) = self.sessions.remove(number) else { return };
        let (owed, bytes) = (session.owed.len(), session.owed.bytes());
        let begun = session.begun();
        self.counts.dropped.shared += session.owed.leave(begun);
        self.totals.owed -= owed - session.owed.len();
        self.totals.owed_bytes -= bytes - session.owed.bytes();
        self.totals.subscriptions -= session.subscriptions.len();
        observer.ended(&mut session, self.wills.get(number));
        if session.owed.len() > 0 {
            // Numbers are never used twice. If one were, what it left before would be lost.
            if let Some(before) = self.remains.insert(number, session.owed) {
                self.totals.owed -= before.len();
                self.totals.owed_bytes -= before.bytes();
            }
        }
    }

    /// A message of an ended session is owed to another session now, or lost. One that is owed to a
    /// connection was acknowledged.
    pub(super) fn settle_remains(
        &mut self,
        number: SessionNo,
        sequence: Sequence,
    ) -> Option<Entry> {
        let owed = self.remains.change(number)?;
        let entry = owed.settle(sequence)?;
        owed.compact();
        if owed.len() == 0 {
            self.remains.remove(number);
        }
        Some(entry)
    }

    fn settle(&mut self, number: SessionNo, sequence: Sequence, observer: &mut impl Observer) {
        if let Some(session) = self.sessions.change(number)
            && let Some(entry) = session.owed.settle(sequence)
        {
            self.totals.settled(&entry);
            observer.settled(session, entry);
        } else if let Some(entry) = self.settle_remains(number, sequence) {
            self.totals.settled(&entry);
        } else {
            // There may have been no room for what is owed to a connection.
            self.counts.contradictions += u64::from(number != SessionNo::LIVE);
        }
    }
}

/// Applies a change to the session itself. Returns how many more subscriptions it has.
fn change_session(session: &mut Session, change: &SessionChange<'_>) -> isize {
    match *change {
        SessionChange::Resumed { expiry } => {
            session.expiry = expiry;
            session.online = true;
        }
        SessionChange::Owner { name } => session.owner = Some(Arc::from(name)),
        SessionChange::Left { expiry } => {
            session.expiry = expiry;
            session.leave();
        }
        SessionChange::Subscribed { filter, options, identifier, walk } => {
            let filter = Arc::from(filter);
            let more = session.subscribe(Subscription { filter, options, identifier, walk });
            return more.cast_signed();
        }
        SessionChange::Unsubscribed { filter } => {
            return -session.unsubscribe(filter).cast_signed();
        }
        SessionChange::Walked { filter } => session.walked(filter),
        SessionChange::Released { sequence } => {
            session.owed.release(sequence);
        }
        SessionChange::Took { packet_id } => session.took(packet_id),
        SessionChange::Forgot { packet_id } => session.forgot(packet_id),
        _ => {}
    }
    0
}
