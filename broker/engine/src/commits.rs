//! Acknowledgements follow the group commit: who waits for which commit, in the order of their packets.
//! It says what became of what; what follows from it is for others to do.

pub(crate) mod awaited_dead_letters;
pub(crate) mod flush_rounds;
pub(crate) mod waiter;

use std::collections::VecDeque;
use std::time::Duration;

use broker_codec::PacketId;
use fabric::Rejection;

use crate::config::Config;
use crate::dead_letter::DeadLetterNo;
use crate::gate::Ticket;
use crate::key::Key;
use awaited_dead_letters::AwaitedDeadLetters;
use flush_rounds::FlushRounds;
use waiter::{Acknowledgement, Answer, Awaited, Pubacks, Waiter};

/// What one ticket decides.
#[derive(Debug)]
struct Group<R, N> {
    /// `None` if it only waits for dead letters, or for nothing.
    ticket: Option<Ticket>,
    /// 0 for a barrier: the log decided about nothing of it.
    bytes: usize,
    /// The last dead letter it waits for.
    dead_letter: DeadLetterNo,
    waiters: Vec<Waiter<N>>,
    outcome: Option<Result<R, Rejection>>,
}

/// What the log has decided about, and who waited for it.
#[derive(Debug)]
pub(crate) struct Decided<R, N> {
    pub(crate) waiters: Vec<Waiter<N>>,
    /// What the log said; `None` if nothing was for the log to decide.
    pub(crate) outcome: Option<Result<R, Rejection>>,
    /// The log works again, and has everything up to this ticket; what came after it may not be there.
    pub(crate) doubtful_after: Option<u64>,
    dead_letter: DeadLetterNo,
}

/// All that wait on one core.
#[derive(Debug)]
pub(crate) struct Commits<R, N> {
    open: Vec<Waiter<N>>,
    groups: VecDeque<Group<R, N>>,
    next: u64,
    pub(crate) dead_letters: AwaitedDeadLetters,
    pub(crate) flush_rounds: FlushRounds,
    uncommitted: usize,
    /// Somebody waits for what other cores handed to the log, though there is nothing from here.
    barrier: bool,
    /// Bytes handed to the log without a ticket since the last one.
    unticketed: usize,
    /// The last ticket that was committed, of those whose turn has come.
    reached: u64,
    /// Something was not committed since.
    lost: bool,
    /// When the last ticket was given.
    ticketed: Duration,
    /// Whether sessions have acknowledged something since.
    acknowledged: bool,
    /// Whether the last commit failed: who does not wait for commits must not be told success.
    failing: bool,
    spares: Vec<Vec<Waiter<N>>>,
}

impl<R, N> Default for Commits<R, N> {
    fn default() -> Self {
        Self {
            open: Vec::new(),
            groups: VecDeque::new(),
            next: 1,
            dead_letters: AwaitedDeadLetters::default(),
            flush_rounds: FlushRounds::default(),
            uncommitted: 0,
            barrier: false,
            unticketed: 0,
            reached: 0,
            lost: false,
            ticketed: Duration::ZERO,
            acknowledged: false,
            failing: false,
            spares: Vec::new(),
        }
    }
}

/// What clients acknowledge waits for no commit, but is followed at least this often: a full disk
/// drops what nobody follows.
const FOLLOWED: Duration = Duration::from_secs(1);
/// The gate's batch goes to the log within a tick once it has this size.
pub(crate) const BATCH_BYTES: usize = 256 << 10;

impl<R, N> Commits<R, N> {
    /// Whether the log is too far behind to take more.
    pub(crate) fn is_full(&self, config: &Config) -> bool {
        self.uncommitted > config.uncommitted_bytes_max
    }

    /// Whether nobody waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty() && self.groups.is_empty()
    }

    /// Whether the last commit failed.
    pub(crate) fn is_failing(&self) -> bool {
        self.failing
    }

    /// The last ticket whose records are in the log, of those whose turn has come.
    pub(crate) fn reached(&self) -> u64 {
        self.reached
    }

    /// The ticket of what is handed to the log next.
    pub(crate) fn next_ticket(&self) -> u64 {
        self.next
    }

    /// A session's client acknowledged something, or something else happened that the log is to be
    /// followed for. Gives the ticket that tells whether the log has it.
    pub(crate) fn follow(&mut self) -> u64 {
        self.acknowledged = true;
        self.next
    }

    /// The next flush has a ticket, though there may be nothing from here: it is decided after
    /// everything that other cores handed to the log.
    pub(crate) fn set_barrier(&mut self) {
        self.barrier = true;
    }

    /// Has somebody wait for the commit of everything admitted so far.
    pub(crate) fn wait(&mut self, awaited: Awaited<N>, refused: Option<Rejection>) {
        if !(matches!(awaited, Awaited::Nothing)
            && matches!(self.open.last(), Some(Waiter { awaited: Awaited::Nothing, .. })))
        {
            self.open.push(Waiter { awaited, refused: refused.map(Box::new) });
        }
    }

    /// The same for the PUBACK of a client, together with those before it where it can be.
    #[inline]
    pub(crate) fn wait_for_puback(&mut self, key: Key, id: PacketId) {
        if let Some(Waiter { awaited: Awaited::Pubacks(of, run), .. }) = self.open.last_mut()
            && *of == key
            && run.extend(id)
        {
            return;
        }
        self.wait(Awaited::Pubacks(key, Pubacks::of(id)), None);
    }

    /// Whether this many bytes, maybe none, are to be handed to the log now.
    pub(crate) fn wants_flush(&mut self, bytes: usize) -> bool {
        bytes > 0 || std::mem::take(&mut self.barrier)
    }

    /// The ticket with which these bytes are handed to the log; `None` if nobody has to hear of them.
    pub(crate) fn ticket_for(&mut self, now: Duration, bytes: usize) -> Option<Ticket> {
        self.unticketed += bytes;
        // Bytes nobody waits for are followed too, or the log's queue could outgrow its bound.
        let late = now.saturating_sub(self.ticketed) >= FOLLOWED;
        let wanted =
            !self.open.is_empty() || self.unticketed >= BATCH_BYTES || (self.acknowledged && late);
        wanted.then_some(Ticket(self.next))
    }

    /// These bytes were handed to the log, or the log refused them at once.
    pub(crate) fn flushed(
        &mut self,
        now: Duration,
        bytes: usize,
        ticket: Option<Ticket>,
        refused: Option<Rejection>,
    ) {
        self.lost |= refused.is_some() && bytes > 0;
        if ticket.is_none() {
            return;
        }
        let spare = self.spares.pop().unwrap_or_default();
        let waiters = std::mem::replace(&mut self.open, spare);
        let bytes = std::mem::take(&mut self.unticketed);
        self.failing |= refused.is_some() && bytes > 0;
        self.next += 1;
        (self.ticketed, self.acknowledged) = (now, false);
        self.uncommitted += bytes;
        let (dead_letter, outcome) = (self.dead_letters.last(), refused.map(Err));
        self.groups.push_back(Group { ticket, bytes, dead_letter, waiters, outcome });
    }

    /// Nothing is handed to the log: who waits now waits behind the commits under way, or for dead
    /// letters only.
    pub(crate) fn join_last_group(&mut self) {
        if self.open.is_empty() {
            return;
        }
        let dead_letter = self.dead_letters.last();
        match self.groups.back_mut() {
            Some(last) => {
                last.dead_letter = dead_letter;
                last.waiters.append(&mut self.open);
            }
            None => {
                let waiters = std::mem::take(&mut self.open);
                let group = Group { ticket: None, bytes: 0, dead_letter, waiters, outcome: None };
                self.groups.push_back(group);
            }
        }
    }

    /// The log has decided about a ticket.
    pub(crate) fn committed(&mut self, ticket: Ticket, outcome: Result<R, Rejection>) {
        if let Some(group) = self.groups.iter_mut().find(|group| group.ticket == Some(ticket)) {
            // That nothing could be stored is no news of the disk.
            if group.bytes > 0 {
                self.failing = outcome.is_err();
            }
            group.outcome = Some(outcome);
        }
    }

    /// The next group whose fate is known, with its waiters in order; to be given back with
    /// [`Commits::answered`].
    pub(crate) fn next_decided(&mut self) -> Option<Decided<R, N>> {
        let first = self.groups.front()?;
        let committed = first.ticket.is_none() || first.outcome.is_some();
        if !committed || !self.dead_letters.are_decided(first.dead_letter) {
            return None;
        }
        let group = self.groups.pop_front()?;
        self.uncommitted -= group.bytes;
        let mut doubtful_after = None;
        match &group.outcome {
            _ if group.bytes == 0 => {}
            Some(Ok(_)) => {
                doubtful_after = std::mem::take(&mut self.lost).then_some(self.reached);
                self.reached = group.ticket.map_or(self.reached, |ticket| ticket.0);
            }
            Some(Err(_)) | None => self.lost = true,
        }
        let Group { waiters, outcome, dead_letter, .. } = group;
        Some(Decided { waiters, outcome, doubtful_after, dead_letter })
    }

    /// All waiters of a group were answered.
    pub(crate) fn answered(&mut self, decided: Decided<R, N>) {
        self.dead_letters.forget(decided.dead_letter);
        let waiters = decided.waiters;
        if self.spares.len() < 8 && waiters.capacity() < 1 << 16 {
            self.spares.push(waiters);
        }
    }

    /// Why a waiter is refused, if it is.
    pub(crate) fn refusal(
        &mut self,
        waiter: &Waiter<N>,
        outcome: Option<&Result<R, Rejection>>,
    ) -> Option<Rejection> {
        let lost = self.dead_letters.answered(waiter.refused.as_deref());
        let own = lost.as_ref().or(waiter.refused.as_deref());
        let failed = outcome.and_then(|outcome| outcome.as_ref().err());
        match waiter.awaited {
            // Whether the identifier is free is for the log to say, be it known or not.
            Awaited::Answer(_, Acknowledgement { answer: Answer::Pubcomp, .. }) => failed.or(own),
            _ => own.or(failed),
        }
        .cloned()
    }
}

#[cfg(test)]
mod tests {
    use uns_model::Reason;

    use super::*;

    /// Bytes for which nobody waited belong to the ticket of the next flush, even if that one has none of
    /// its own: clients that wait for no commit must not be told success once it is refused.
    #[test]
    fn a_refused_ticket_fails_for_the_bytes_before_it_too() {
        let now = Duration::from_secs(1);
        let refused = || Some(Rejection::new(Reason::StorageFull, "the disk is full"));
        for (bytes, failing) in [(10, true), (0, false)] {
            let mut commits = Commits::<(), ()> { ticketed: now, ..Commits::default() };
            assert_eq!(commits.ticket_for(now, bytes), None);
            commits.flushed(now, bytes, None, None);
            commits.wait(Awaited::Nothing, None);
            let ticket = commits.ticket_for(now, 0);
            assert!(ticket.is_some());
            commits.flushed(now, 0, ticket, refused());
            assert_eq!(commits.is_failing(), failing, "{bytes} bytes");
        }
    }
}
