//! What becomes of those who wait for the log, once it has decided.

use broker_codec::PacketId;
use fabric::Rejection;

use super::Engine;
use crate::commits::BATCH_BYTES;
use crate::commits::waiter::{Acknowledgement, Answer, Awaited, Pubacks, Waiter};
use crate::dead_letter::DeadLetterNo;
use crate::effects::Reply;
use crate::gate::{Gate, Ticket};
use crate::key::{Address, Key};
use crate::now::Now;
use crate::sessions::undecided::{BeginningDecided, UndoneSession};
use crate::signal::Signal;

impl<G: Gate> Engine<G> {
    pub(super) fn flush_if_large(&mut self, now: Now) {
        if self.gate.pending_bytes() >= BATCH_BYTES {
            self.flush(now);
        }
    }

    /// Room for so many bytes more in one batch.
    pub(super) fn flush_before(&mut self, now: Now, bytes: usize) {
        if self.gate.pending_bytes() > 0 && bytes >= BATCH_BYTES {
            self.flush(now);
        }
    }

    /// The end of a tick: what was admitted goes to the log.
    pub fn flush(&mut self, now: Now) {
        self.ask_for_flushes();
        self.hand_to_log(now);
        for (core, round) in self.commits.flush_rounds.take_questions() {
            self.effects.signals.push((core, Signal::Flushed { round }));
        }
    }

    fn hand_to_log(&mut self, now: Now) {
        self.settle_live(now);
        let bytes = self.gate.pending_bytes();
        if !self.commits.wants_flush(bytes) {
            self.commits.join_last_group();
            return self.settle(now);
        }
        let ticket = self.commits.ticket_for(now.monotonic, bytes);
        let refused = self.gate.flush(ticket).err();
        self.routing.begin_batch();
        let failed = refused.is_some() && ticket.is_some();
        self.commits.flushed(now.monotonic, bytes, ticket, refused);
        if failed {
            self.settle(now);
        }
    }

    /// After a tick's writes and hand-overs: paused publishers may try again if there is room now.
    pub fn resume(&mut self) {
        self.sessions.resume(&mut self.effects.resumed);
    }

    /// The log has decided about a ticket.
    pub fn committed(&mut self, now: Now, ticket: Ticket, outcome: Result<G::Receipt, Rejection>) {
        self.commits.committed(ticket, outcome);
        self.settle(now);
    }

    /// A dead letter is on disk, or will not be.
    pub(super) fn dead_letter_stored(&mut self, now: Now, letter: DeadLetterNo, stored: bool) {
        self.commits.dead_letters.decide(letter, stored);
        self.settle(now);
    }

    /// Answers everybody up to the first group still undecided.
    fn settle(&mut self, now: Now) {
        while let Some(mut decided) = self.commits.next_decided() {
            if let Some(reached) = decided.doubtful_after {
                self.repeat_unconfirmed(now, reached);
            }
            let outcome = decided.outcome.as_ref();
            for waiter in decided.waiters.drain(..) {
                let refused = self.commits.refusal(&waiter, outcome);
                self.answer(now, waiter, refused.as_ref(), outcome);
            }
            self.commits.answered(decided);
            // There is more room: for bytes that are not committed, or for packets of a client that are
            // not answered.
            self.sessions.allow_resume_if_paused();
        }
    }

    fn answer(
        &mut self,
        now: Now,
        waiter: Waiter<G::Node>,
        refused: Option<&Rejection>,
        outcome: Option<&Result<G::Receipt, Rejection>>,
    ) {
        match waiter.awaited {
            Awaited::Answer(key, said) => self.answer_in_turn(key, said, refused),
            Awaited::Pubacks(key, run) => self.answer_run(key, run, refused),
            Awaited::SessionPubrec(key, said) => {
                self.publish_decided(key, said.id, refused.is_none());
                self.answer_in_turn(key, said, refused);
            }
            Awaited::Granted(key, granted) => {
                if let Some(connection) = self.sessions.get_mut(key) {
                    connection.inflight.unanswered -= 1;
                }
                self.grant(now, key, *granted, refused);
            }
            Awaited::Pubrel(key, id) if refused.is_none() => self.outbound.release(key, id),
            Awaited::Delivery(held) if refused.is_none() || held.promised => {
                held.restore_turns();
                self.deliver(now, &held.message(), &held.route);
            }
            Awaited::SessionEnded(ended) => self.session_ended(&ended, refused.is_none()),
            Awaited::Connack(key) => self.confirm(now, key, refused.is_none()),
            Awaited::Attached(key, session) => {
                let receipt = outcome.and_then(|outcome| outcome.as_ref().ok()).cloned();
                let committed = if refused.is_some() { Err(()) } else { Ok(receipt) };
                self.beginning_decided(key, committed.is_ok());
                self.attach(now, key, session, committed);
            }
            Awaited::WillNoted(key) if refused.is_some() => self.sessions.unlogged_wills.push(key),
            Awaited::Unfolded => self.await_fold(now),
            Awaited::RetainedWalks(key, number) => self.begin_walks(now, key, number),
            Awaited::OwedLive(owed, place) => {
                if let Some(Ok(receipt)) = outcome.filter(|_| refused.is_none()) {
                    owed.committed(G::sequence(receipt, place));
                }
            }
            Awaited::TakenOver(owed) if refused.is_some() => owed.keep(),
            Awaited::SettledLive(settled) if refused.is_some() => {
                self.broker.settled_live.add(&settled);
            }
            Awaited::PassedOn(left, live) => self.passed_on(now, &left, refused.is_none(), live),
            Awaited::Will(due) if refused.is_some() => self.effects.wills_not_taken.push(*due),
            Awaited::WillsWithdrawn(wills) if refused.is_some() => {
                self.broker.clients.note_withdrawn(*wills);
            }
            Awaited::Reply(token, taken) => {
                let outcome = outcome.cloned();
                self.effects.replies.push(Reply { token, taken, outcome });
            }
            // What was not committed is sent again, or was refused to its publisher.
            Awaited::Pubrel(..) | Awaited::Delivery(_) | Awaited::Will(_) | Awaited::Nothing => {}
            Awaited::TakenOver(_) | Awaited::SettledLive(_) => {}
            Awaited::WillsWithdrawn(_) | Awaited::WillNoted(_) => {}
        }
    }

    /// It is the turn of an answer that had to wait.
    fn answer_in_turn(
        &mut self,
        key: Key,
        acknowledgement: Acknowledgement,
        refused: Option<&Rejection>,
    ) {
        let Some(connection) = self.sessions.get_mut(key) else { return };
        connection.inflight.answered(acknowledgement.answer);
        self.answer_client(key, acknowledgement, refused);
    }

    /// The same for PUBACKs that say nothing but success, unless the log refuses what they answer.
    fn answer_run(&mut self, key: Key, run: Pubacks, refused: Option<&Rejection>) {
        if refused.is_some() {
            for id in run.ids() {
                let said = Acknowledgement { id, answer: Answer::Puback, refused_rows: 0 };
                self.answer_in_turn(key, said, refused);
            }
            return;
        }
        let Some(connection) = self.sessions.get_mut(key) else { return };
        connection.inflight.answered_run(run.len());
        if connection.is_up() {
            self.outbound.say_pubacks(key, run.ids());
        }
    }

    /// The log has decided about a publish of a durable session.
    fn publish_decided(&mut self, key: Key, id: PacketId, taken: bool) {
        let waiting = self.sessions.decided(&self.broker.clients, key, id, taken);
        self.hand_over(waiting);
    }

    /// The log has decided whether a durable session begins.
    fn beginning_decided(&mut self, key: Key, begins: bool) {
        let clients = &self.broker.clients;
        let BeginningDecided { undone, waiting } =
            self.sessions.beginning_decided(clients, key, begins);
        if let Some(UndoneSession { org, session, filters }) = undone {
            self.forget_subscriptions(org, session, &filters);
        }
        self.hand_over(waiting);
    }

    fn hand_over(&mut self, waiting: Vec<Address>) {
        for new in waiting {
            self.effects.signals.push((new.core, Signal::TakenOver { new: new.key }));
        }
    }
}
