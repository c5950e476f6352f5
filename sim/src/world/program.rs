//! A program inside the hub that publishes batches, as HTTP and later connectors do.

use broker_codec::QoS;
use broker_engine::{InProcess, Offer, Reply, Together};
use fabric::Commit;
use uns_model::OrgId;

use super::consumer::{Answered, Refused};
use super::publisher::MUCH_PADDING;
use super::{Actor, World};

/// The core it is served by.
const CORE: usize = 0;
/// Most items of one batch.
const ITEMS_MAX: usize = 3;

impl World {
    pub(super) fn program_turn(&mut self) -> Result<(), String> {
        if self.program.waiting.is_none() {
            self.begin_batch();
        }
        self.offer_batch()
    }

    fn begin_batch(&mut self) {
        let mut numbers = Vec::new();
        let mut batch = Together {
            org: OrgId::DEFAULT,
            client_id: "program".to_owned(),
            ..Together::default()
        };
        for _ in 0..1 + self.choices.below(ITEMS_MAX) {
            let retain = self.choices.one_in(5);
            let qos = self.choices.pick(&[QoS::AtLeastOnce, QoS::ExactlyOnce]);
            let qos = if retain { QoS::AtLeastOnce } else { qos };
            let last = if retain { "kept" } else { self.choices.pick(&["1", "2"]) };
            let topic = format!("t/program/{last}");
            let number = self.promises.published(&topic, qos, &self.clients);
            self.journal.begins(number);
            let padding = if self.is_heavy { MUCH_PADDING } else { 0 };
            let payload = format!("{number}{}", " ".repeat(padding)).into();
            let qos = qos.level();
            batch.items.push(InProcess { topic, payload, qos, retain, ..InProcess::default() });
            numbers.push(number);
        }
        let token = self.program.next_token;
        self.program.next_token += 1;
        self.note(Actor::Program, format_args!("publishes {numbers:?} as batch {token}"));
        self.program.open.insert(token, numbers);
        self.program.waiting = Some((token, Offer::new(batch)));
    }

    /// The core is offered the batch that waits.
    pub(super) fn offer_batch(&mut self) -> Result<(), String> {
        let Some((token, mut offer)) = self.program.waiting.take() else { return Ok(()) };
        let server = &mut self.machine.hub().server;
        let now = server.now();
        if !server.engine(CORE).publish_together(now, token, &mut offer) {
            self.program.waiting = Some((token, offer));
        }
        self.take_replies(CORE)
    }

    /// Answers to batches: each item that was taken is durable.
    pub(super) fn take_replies(&mut self, core: usize) -> Result<(), String> {
        let engine = self.machine.hub().server.engine(core);
        for reply in std::mem::take(&mut engine.effects().replies) {
            let Some(numbers) = self.program.open.remove(&reply.token) else {
                self.answered(&to_worker(&reply))?;
                continue;
            };
            let committed = reply.outcome.is_some_and(|outcome| outcome.is_ok());
            for (number, taken) in numbers.into_iter().zip(&reply.taken) {
                let is_logged = taken.as_ref().is_ok_and(|taken| taken.place.is_some());
                if is_logged && committed {
                    self.judge_durable(number)?;
                    let topic = self.promises.topic_of(number).to_owned();
                    self.promises.acknowledged(&topic, number);
                } else {
                    self.promises.given_up(number);
                }
            }
            self.note(Actor::Program, format_args!("batch {} is answered", reply.token));
        }
        Ok(())
    }

    /// Whether an answer is still to come.
    pub(super) fn program_waits(&self) -> bool {
        !self.program.open.is_empty()
    }

    /// The program died with the hub, and nobody says again what it said.
    pub(super) fn program_is_gone(&mut self) {
        let open = std::mem::take(&mut self.program.open);
        open.into_values().flatten().for_each(|number| self.promises.given_up(number));
        self.program.waiting = None;
    }
}

/// What became of a batch with a mark: it is answered behind the items.
fn to_worker(reply: &Reply<Commit>) -> Answered {
    let mark = reply.taken.last().expect("every batch of a worker has a mark");
    let fate = match (mark, &reply.outcome) {
        (Ok(_), Some(Ok(commit))) => Ok(commit.last),
        (Err(rejection), _) => Err(Refused::by(rejection.reason)),
        (Ok(_), _) => Err(Refused::Otherwise),
    };
    let item = reply.taken.first().expect("it has at least that");
    let is_logged = item.as_ref().is_ok_and(|taken| taken.place.is_some());
    Answered { token: reply.token, fate, is_logged }
}
