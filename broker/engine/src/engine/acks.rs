//! Acknowledgements follow the group commit: they wait in the order of their packets, and go out
//! together.

use std::collections::VecDeque;
use std::time::Duration;

use broker_codec::PacketId;
use fabric::Rejection;
use uns_model::SessionNo;

use super::answer::{Acknowledgement, Answer, Granted};
use super::pass_on::LeftBehind;
use super::publish::Held;
use super::{Engine, Now, Reply};
use crate::config::Config;
use crate::dead::LetterNo;
use crate::gate::{Gate, Placed, Ticket};
use crate::key::Key;
use crate::letters::Letters;

/// Somebody who waits for the fate of records.
#[derive(Debug)]
pub(super) struct Waiter<N> {
    who: Who<N>,
    /// Refused already; it only waits for its turn.
    refused: Option<Box<Rejection>>,
}

#[derive(Debug)]
pub(super) enum Who<N> {
    /// A client, for the answer to this packet.
    Client(Key, Acknowledgement),
    /// A durable session, for PUBREC to a publish it sent.
    Took(Key, Acknowledgement),
    /// A client, for SUBACK or UNSUBACK.
    Granted(Key, Box<Granted>),
    /// A client that said PUBREC, for PUBREL.
    Release(Key, PacketId),
    /// Receivers, for a message of QoS 2: before its commit a crash would have it sent again, and
    /// they would get it twice.
    Deliver(Box<Held<N>>),
    /// A client whose retained messages wait for what was published before it subscribed: up to
    /// this walk.
    Walk(Key, u64),
    /// This core, for how far the fold of the retained messages is.
    Unfolded,
    /// A logged session, whose connection is known to the log from here on.
    Attach(Key, SessionNo),
    /// What an ended session left to its share; whether it goes to a member without a lasting one.
    PassedOn(Box<LeftBehind>, bool),
    /// Somebody in this process, with what became of each item.
    Token(u64, Vec<Placed>),
    /// Nobody; but a failure must be heard of.
    Nobody,
}

/// What one ticket decides.
#[derive(Debug)]
struct Group<R, N> {
    /// `None` if it only waits for dead letters.
    ticket: Option<Ticket>,
    /// 0 for a barrier: the log decided about nothing of it.
    bytes: usize,
    /// The last dead letter it waits for.
    letters: LetterNo,
    waiters: Vec<Waiter<N>>,
    outcome: Option<Result<R, Rejection>>,
}

impl<R, N> Group<R, N> {
    fn is_decided(&self, letters: &Letters) -> bool {
        (self.ticket.is_none() || self.outcome.is_some()) && letters.are_decided(self.letters)
    }
}

/// All that wait on one core.
#[derive(Debug)]
pub(super) struct Acks<R, N> {
    open: Vec<Waiter<N>>,
    groups: VecDeque<Group<R, N>>,
    pub(super) next: u64,
    pub(super) letters: Letters,
    uncommitted: usize,
    /// Somebody waits for what other cores handed to the log, though there is nothing from here.
    pub(super) barrier: bool,
    /// Bytes handed to the log without a ticket since the last one.
    unticketed: usize,
    /// The last ticket that was committed, of those whose turn has come.
    pub(super) reached: u64,
    /// Something was not committed since.
    lost: bool,
    /// When the last ticket was given, and whether sessions have acknowledged something since.
    ticketed: Duration,
    pub(super) acknowledged: bool,
    /// Whether the last commit failed: who does not wait for commits must not be told success.
    pub(super) failing: bool,
    spares: Vec<Vec<Waiter<N>>>,
}

impl<R, N> Default for Acks<R, N> {
    fn default() -> Self {
        Self {
            open: Vec::new(),
            groups: VecDeque::new(),
            next: 1,
            letters: Letters::default(),
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
const BATCH_BYTES: usize = 256 << 10;

impl<R, N> Acks<R, N> {
    /// Whether the log is too far behind to take more.
    pub(super) fn is_full(&self, config: &Config) -> bool {
        self.uncommitted > config.uncommitted_bytes_max
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty() && self.groups.is_empty()
    }

    /// Has somebody wait for the commit of everything admitted so far.
    pub(super) fn wait(&mut self, who: Who<N>, refused: Option<Rejection>) {
        if !(matches!(who, Who::Nobody)
            && matches!(self.open.last(), Some(Waiter { who: Who::Nobody, .. })))
        {
            self.open.push(Waiter { who, refused: refused.map(Box::new) });
        }
    }
}

impl<G: Gate> Engine<G> {
    pub(super) fn flush_if_large(&mut self, now: Now) {
        if self.gate.pending_bytes() >= BATCH_BYTES {
            self.flush_gate(now);
        }
    }

    /// Room for so many bytes more in one batch.
    pub(super) fn flush_before(&mut self, now: Now, bytes: usize) {
        if self.gate.pending_bytes() > 0 && bytes >= BATCH_BYTES {
            self.flush_gate(now);
        }
    }

    /// The end of a tick: what was admitted goes to the log.
    pub fn flush(&mut self, now: Now) {
        self.flush_gate(now);
    }

    /// After a tick's writes and hand-overs: paused publishers may try again if there is room now.
    pub fn resume(&mut self) {
        if self.resume {
            self.resume = false;
            for key in std::mem::take(&mut self.paused) {
                if let Some(connection) = self.connections.get_mut(key) {
                    connection.paused = false;
                    self.effects.resumed.push(key);
                }
            }
        }
    }

    fn flush_gate(&mut self, now: Now) {
        let bytes = self.gate.pending_bytes();
        if bytes == 0 && !std::mem::take(&mut self.acks.barrier) {
            return self.join_last_group(now);
        }
        self.acks.unticketed += bytes;
        // Bytes nobody waits for are followed too, or the log's queue could outgrow its bound.
        let late = now.monotonic.saturating_sub(self.acks.ticketed) >= FOLLOWED;
        let wanted = !self.acks.open.is_empty()
            || self.acks.unticketed >= BATCH_BYTES
            || (self.acks.acknowledged && late);
        let ticket = wanted.then_some(Ticket(self.acks.next));
        let flushed = self.gate.flush(ticket);
        self.acks.lost |= flushed.is_err() && bytes > 0;
        let Some(ticket) = ticket else { return };
        let spare = self.acks.spares.pop().unwrap_or_default();
        let waiters = std::mem::replace(&mut self.acks.open, spare);
        let bytes = std::mem::take(&mut self.acks.unticketed);
        self.acks.next += 1;
        (self.acks.ticketed, self.acks.acknowledged) = (now.monotonic, false);
        self.acks.uncommitted += bytes;
        let outcome = flushed.err().map(Err);
        let failed = outcome.is_some();
        self.acks.failing |= failed && bytes > 0;
        let letters = self.acks.letters.last();
        let group = Group { ticket: Some(ticket), bytes, letters, waiters, outcome };
        self.acks.groups.push_back(group);
        if failed {
            self.settle(now);
        }
    }

    /// Refusals that wait for their turn behind commits under way, or for their dead letters.
    fn join_last_group(&mut self, now: Now) {
        if self.acks.open.is_empty() {
            return;
        }
        let open = std::mem::take(&mut self.acks.open);
        let letters = self.acks.letters.last();
        if let Some(last) = self.acks.groups.back_mut() {
            last.letters = letters;
            last.waiters.extend(open);
            return;
        }
        if !self.acks.letters.are_decided(letters) {
            let group = Group { ticket: None, bytes: 0, letters, waiters: open, outcome: None };
            return self.acks.groups.push_back(group);
        }
        for waiter in open {
            self.answer(now, waiter, None);
        }
    }

    /// The log has decided about a ticket.
    pub fn committed(&mut self, now: Now, ticket: Ticket, outcome: Result<G::Receipt, Rejection>) {
        if let Some(group) = self.acks.groups.iter_mut().find(|group| group.ticket == Some(ticket))
        {
            // That nothing could be stored is no news of the disk.
            if group.bytes > 0 {
                self.acks.failing = outcome.is_err();
            }
            group.outcome = Some(outcome);
        }
        self.settle(now);
    }

    /// A dead letter is on disk, or will not be.
    pub(super) fn kept(&mut self, now: Now, letter: LetterNo, kept: bool) {
        self.acks.letters.decide(letter, kept);
        self.settle(now);
    }

    /// Answers everybody up to the first group still undecided.
    pub(super) fn settle(&mut self, now: Now) {
        while self.acks.groups.front().is_some_and(|group| group.is_decided(&self.acks.letters)) {
            let Some(mut group) = self.acks.groups.pop_front() else { return };
            self.acks.uncommitted -= group.bytes;
            match &group.outcome {
                _ if group.bytes == 0 => {}
                Some(Ok(_)) => {
                    if std::mem::take(&mut self.acks.lost) {
                        self.doubt(now, self.acks.reached);
                    }
                    self.acks.reached = group.ticket.map_or(self.acks.reached, |ticket| ticket.0);
                }
                Some(Err(_)) | None => self.acks.lost = true,
            }
            for waiter in group.waiters.drain(..) {
                self.answer(now, waiter, group.outcome.as_ref());
            }
            self.acks.letters.forget(group.letters);
            if self.acks.spares.len() < 8 && group.waiters.capacity() < 1 << 16 {
                self.acks.spares.push(group.waiters);
            }
            self.resume |= !self.paused.is_empty();
        }
    }

    fn answer_waiting(
        &mut self,
        key: Key,
        acknowledgement: Acknowledgement,
        refused: Option<&Rejection>,
    ) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        connection.unacknowledged -= 1;
        let puback = acknowledgement.answer == Answer::Puback;
        connection.unacknowledged_qos1 -= u32::from(puback);
        self.answer_client(key, acknowledgement, refused);
    }

    fn answer(
        &mut self,
        now: Now,
        waiter: Waiter<G::Node>,
        outcome: Option<&Result<G::Receipt, Rejection>>,
    ) {
        let lost = self.acks.letters.answered(waiter.refused.as_deref());
        let own = lost.as_ref().or(waiter.refused.as_deref());
        let failed = outcome.and_then(|outcome| outcome.as_ref().err());
        let refused = match waiter.who {
            // Whether the identifier is free is for the log to say, be it known or not.
            Who::Client(_, Acknowledgement { answer: Answer::Pubcomp, .. }) => failed.or(own),
            _ => own.or(failed),
        };
        match waiter.who {
            Who::Client(key, said) => self.answer_waiting(key, said, refused),
            Who::Took(key, said) => {
                self.decided(key, said.id, refused.is_none());
                self.answer_waiting(key, said, refused);
            }
            Who::Granted(key, granted) => {
                if let Some(connection) = self.connections.get_mut(key) {
                    connection.unacknowledged -= 1;
                }
                self.grant(now, key, *granted, refused);
            }
            Who::Release(key, id) if refused.is_none() => self.release(key, id),
            Who::Deliver(held) if refused.is_none() || held.promised => {
                self.deliver_held(now, &held);
            }
            Who::Attach(key, session) => {
                let receipt = outcome.and_then(|outcome| outcome.as_ref().ok()).cloned();
                let committed = if refused.is_some() { Err(()) } else { Ok(receipt) };
                self.attach(now, (key, session), committed);
            }
            Who::Unfolded => self.await_fold(now),
            Who::Walk(key, number) => self.begin_walks(now, key, number),
            Who::PassedOn(left, live) => self.passed_on(now, &left, refused.is_none(), live),
            Who::Token(token, taken) => {
                let outcome = outcome.cloned();
                self.effects.replies.push(Reply { token, taken, outcome });
            }
            // What was not committed is sent again, or was refused to its publisher.
            Who::Release(..) | Who::Deliver(_) | Who::Nobody => {}
        }
    }
}
