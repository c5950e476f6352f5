//! The session of a connection, as far as the log knows it.

use std::collections::{HashSet, VecDeque};

use ahash::RandomState;
use broker_codec::PacketId;
use uns_model::{Sequence, SessionNo};

use super::unconfirmed::Unconfirmed;

/// The session of a connection.
#[derive(Debug, Default)]
pub(crate) struct SessionState {
    /// Its number, if the log knows it: it has a will, or is durable.
    pub(crate) number: Option<SessionNo>,
    /// Whether it outlives this connection, or the one before: then what it is owed comes from the ledger.
    pub(crate) durable: bool,
    /// Whether it began with this connection, and the log has not confirmed it.
    pub(crate) is_new: bool,
    /// Seconds it outlives the connection, `u32::MAX` for ever.
    pub(crate) expiry: u32,
    /// Whether CONNECT asked for a session that outlives the connection.
    pub(crate) wanted: bool,
    /// Filters of a durable session whose retained messages are still being sent.
    pub(crate) walks: HashSet<Box<str>, RandomState>,
    /// What its client acknowledged and the log may not have yet, oldest first. No more than a window of
    /// the ledger, which waits for it.
    pub(crate) unconfirmed: VecDeque<Unconfirmed>,
    /// The ticket that tells whether the log works again, if it took nothing when this connection began
    /// and so does not know of it.
    pub(crate) unknown: u64,
}

/// How a connection that is new to the log is noted there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NewSession {
    /// By a session that outlives it.
    Durable,
    /// By one that ends with it, since it has a will.
    ForWill,
    /// Not at all.
    Unlogged,
}

/// What becomes of a session when its connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Leaving {
    /// It waits for its client, for so many seconds.
    Waits(SessionNo, u32),
    /// It ends before its time, or its client wants it to. The log may never have had it.
    Ends { session: SessionNo, was_logged: bool },
    /// It was there for a will, and ends.
    HadWill(SessionNo),
    /// The log knows of none.
    Unlogged,
}

/// What the log made of the connection of a durable session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Attachment {
    /// The ledger may feed it.
    Attached,
    /// A session that began with it has not begun.
    Refused,
}

impl SessionState {
    /// How a connection without a session from before is noted in the log, where there is one.
    pub(crate) fn new_session(&self, has_will: bool, has_log: bool) -> NewSession {
        match self.expiry {
            0 if has_will && has_log => NewSession::ForWill,
            0 => NewSession::Unlogged,
            _ => NewSession::Durable,
        }
    }

    /// It goes on with this connection.
    pub(crate) fn resume(&mut self, session: SessionNo) {
        (self.number, self.durable) = (Some(session), true);
    }

    /// It begins with this connection.
    pub(crate) fn begin(&mut self, session: SessionNo, durable: bool) {
        (self.number, self.durable, self.is_new) = (Some(session), durable, true);
    }

    /// The log has decided about this connection of a durable session, or took nothing; then `ticket` tells
    /// when the log works again.
    pub(crate) fn attach(&mut self, is_logged: bool, ticket: impl FnOnce() -> u64) -> Attachment {
        if self.is_new && !is_logged {
            self.expiry = 0;
            return Attachment::Refused;
        }
        self.is_new = false;
        if !is_logged {
            self.unknown = ticket();
        }
        Attachment::Attached
    }

    /// What becomes of it when this connection ends.
    pub(crate) fn leaving(&self) -> Leaving {
        match self.number {
            None => Leaving::Unlogged,
            Some(session) if !self.durable => Leaving::HadWill(session),
            Some(session) if self.expiry > 0 => Leaving::Waits(session, self.expiry),
            Some(session) => Leaving::Ends { session, was_logged: !self.is_new },
        }
    }

    /// Its number, if it is durable.
    pub(crate) fn number_if_durable(&self) -> Option<SessionNo> {
        self.number.filter(|_| self.durable)
    }

    /// Its client acknowledged something, which is kept until the log has it: once `ticket` is among
    /// those that are reached.
    pub(crate) fn note_unconfirmed(
        &mut self,
        sequence: Sequence,
        released: Option<PacketId>,
        ticket: u64,
        reached: u64,
    ) {
        let kept = &mut self.unconfirmed;
        while kept.front().is_some_and(|one| one.ticket <= reached) {
            kept.pop_front();
        }
        kept.push_back(Unconfirmed { ticket, sequence, released });
    }

    /// What its client acknowledged after a ticket, which the log may lack: it is written again under
    /// another ticket.
    pub(crate) fn doubtful(
        &mut self,
        reached: u64,
        ticket: u64,
    ) -> impl Iterator<Item = Unconfirmed> {
        self.unconfirmed.iter_mut().filter(move |one| one.ticket > reached).map(move |one| {
            one.ticket = ticket;
            *one
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: SessionNo = SessionNo(7);

    #[test]
    fn the_log_knows_sessions_that_last_and_those_with_a_will() {
        let check = |expiry, has_will, has_log| {
            SessionState { expiry, ..SessionState::default() }.new_session(has_will, has_log)
        };
        assert_eq!(check(9, false, true), NewSession::Durable);
        assert_eq!(check(0, true, true), NewSession::ForWill);
        assert_eq!(check(0, true, false), NewSession::Unlogged);
        assert_eq!(check(0, false, true), NewSession::Unlogged);
    }

    #[test]
    fn a_session_waits_only_if_it_is_to_and_the_log_has_it() {
        let mut session = SessionState { expiry: 9, ..SessionState::default() };
        assert_eq!(session.leaving(), Leaving::Unlogged);
        session.begin(SESSION, true);
        assert_eq!(session.leaving(), Leaving::Waits(SESSION, 9));
        assert_eq!(session.attach(false, || 1), Attachment::Refused);
        assert_eq!(session.leaving(), Leaving::Ends { session: SESSION, was_logged: false });
        session.begin(SESSION, false);
        assert_eq!(session.leaving(), Leaving::HadWill(SESSION));
    }

    /// Its connection is not ended: what the session is owed is known from before.
    #[test]
    fn a_resumed_session_goes_on_although_the_log_takes_nothing() {
        let mut session = SessionState { expiry: 9, ..SessionState::default() };
        session.resume(SESSION);
        assert_eq!(session.attach(true, || 3), Attachment::Attached);
        assert_eq!(session.unknown, 0);
        assert_eq!(session.attach(false, || 3), Attachment::Attached);
        assert_eq!((session.unknown, session.leaving()), (3, Leaving::Waits(SESSION, 9)));
        session.expiry = 0;
        assert_eq!(session.leaving(), Leaving::Ends { session: SESSION, was_logged: true });
    }

    #[test]
    fn what_the_log_may_lack_is_repeated_under_its_new_ticket() {
        let mut session = SessionState::default();
        for (sequence, ticket) in [(1, 1), (2, 2), (3, 3)] {
            session.note_unconfirmed(Sequence(sequence), None, ticket, 0);
        }
        let again = |reached, ticket, session: &mut SessionState| -> Vec<_> {
            session.doubtful(reached, ticket).map(|one| one.sequence.0).collect()
        };
        assert_eq!(again(1, 9, &mut session), [2, 3]);
        assert_eq!(again(8, 10, &mut session), [2, 3], "it may fail again");
        session.note_unconfirmed(Sequence(4), None, 11, 10);
        assert_eq!(again(0, 12, &mut session), [4], "the log has the others");
    }
}
