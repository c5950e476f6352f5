//! A durable consumer: programs that take its work over from each other, also while the one before still
//! runs. Each item and the mark that says so are one batch, so every position is in the log once.

use std::sync::Arc;

use broker_codec::QoS;
use broker_engine::{InProcess, Offer, Progress, Together};
use fabric::MarkDoes;
use uns_model::{OrgId, Reason, Sequence};

use super::{Actor, World};
use crate::Fault;
use crate::audit::state_at;
use crate::machine::CORES;
use crate::worker::{Batch, CONSUMER, Stage, TOPIC, Worker};

/// The core a worker publishes on.
const CORE: usize = 1;

/// What became of a batch.
pub(super) struct Answered {
    pub(super) token: u64,
    /// Whether the mark was taken, and where the batch is in the log.
    pub(super) fate: Result<Sequence, Refused>,
    /// Whether the item beside it is in the log too.
    pub(super) is_logged: bool,
}

/// Why a batch is not in the log, or may not be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refused {
    /// Its epoch is over.
    Fenced,
    /// Something else.
    Otherwise,
}

impl Refused {
    pub(super) fn by(reason: Reason) -> Self {
        if reason == Reason::Fenced { Self::Fenced } else { Self::Otherwise }
    }
}

impl World {
    pub(super) fn consumer_turn(&mut self) -> Result<(), String> {
        if self.workers.is_empty() || self.choices.one_in(12) {
            self.take_over();
        }
        // The one before goes on until it hears that its epoch is over.
        let nth = self.choices.below(self.workers.len().max(1));
        self.worker_turn(nth)
    }

    /// Somebody begins to work, whoever works already.
    fn take_over(&mut self) {
        let namespace = &self.machine.hub().namespace;
        let Ok(epoch) = namespace.claim_consumer(OrgId::DEFAULT, CONSUMER) else { return };
        let mut waiting = Vec::new();
        for core in 0..CORES {
            let does = MarkDoes::TakesOver;
            let progress =
                Progress { consumer: CONSUMER.to_owned(), epoch, does, ..Progress::default() };
            waiting.push(self.batch(core, Vec::new(), progress));
        }
        self.claimed = epoch;
        let stage = Stage::TakingOver { waiting, last: Sequence::ZERO };
        self.workers.push(Worker { epoch, stage });
        self.note(Actor::Consumer, format_args!("takes over with epoch {epoch}"));
    }

    fn batch(&mut self, core: usize, items: Vec<InProcess>, mark: Progress) -> Batch {
        let token = self.program.next_token;
        self.program.next_token += 1;
        let batch = Together {
            org: OrgId::DEFAULT,
            client_id: "worker".to_owned(),
            items,
            mark: Some(mark),
            ..Together::default()
        };
        Batch { core, token, offer: Some(Box::new(Offer::new(batch))) }
    }

    /// A worker does the next thing it can do without waiting.
    pub(super) fn worker_turn(&mut self, nth: usize) -> Result<(), String> {
        let Some(worker) = self.workers.get(nth) else { return Ok(()) };
        match worker.stage {
            Stage::Working { position, batch: None, .. } => self.begin_work(nth, position + 1),
            Stage::Reaching { last } => self.look_how_far(nth, last)?,
            _ => {}
        }
        for core in 0..CORES {
            self.offer_of_worker(nth, core)?;
        }
        Ok(())
    }

    /// Publishes one item and says that it is done.
    fn begin_work(&mut self, nth: usize, position: u64) {
        let number = self.promises.published(TOPIC, QoS::AtLeastOnce, &self.clients);
        let item = InProcess {
            topic: TOPIC.to_owned(),
            payload: number.to_string().into(),
            qos: 1,
            ..InProcess::default()
        };
        let newest = self.workers.last().map_or(0, |worker| worker.epoch);
        let epoch = match self.machine.fault() {
            Some(Fault::OlderEpochsPass) => newest,
            _ => self.workers[nth].epoch,
        };
        let progress = Progress {
            consumer: CONSUMER.to_owned(),
            epoch,
            position: position.to_string().into(),
            state: state_at(position).into(),
            ..Progress::default()
        };
        let batch = self.batch(CORE, vec![item], progress);
        self.note(Actor::Consumer, format_args!("epoch {epoch} publishes {number} for {position}"));
        self.journal.begins(number);
        self.journal.made(number, position);
        self.workers[nth].stage =
            Stage::Working { position: position - 1, number, batch: Some(batch) };
    }

    /// Everything of the epochs before is in the log; once it is folded in, the work goes on from there.
    fn look_how_far(&mut self, nth: usize, last: Sequence) -> Result<(), String> {
        let ledger = Arc::clone(&self.machine.hub().ledger);
        if ledger.following().applied() < last {
            return Ok(());
        }
        let known = ledger.consumer(OrgId::DEFAULT, CONSUMER).unwrap_or_default();
        if known.epoch != self.workers[nth].epoch {
            self.workers.remove(nth);
            return Ok(());
        }
        let text = String::from_utf8_lossy(&known.position).into_owned();
        let position = if text.is_empty() { 0 } else { text.parse().unwrap_or(u64::MAX) };
        self.journal.judge_resumed(position, &known.state)?;
        self.note(Actor::Consumer, format_args!("epoch {} goes on after {position}", known.epoch));
        self.workers[nth].stage = Stage::Working { position, number: 0, batch: None };
        Ok(())
    }

    fn offer_of_worker(&mut self, nth: usize, core: usize) -> Result<(), String> {
        let server = &mut self.machine.hub().server;
        let now = server.now();
        let Some(worker) = self.workers.get_mut(nth) else { return Ok(()) };
        for batch in worker.batches().filter(|batch| batch.core == core) {
            let Some(offer) = &mut batch.offer else { continue };
            if server.engine(core).publish_together(now, batch.token, offer) {
                batch.offer = None;
            }
        }
        self.take_replies(core)
    }

    /// A batch of a worker is answered.
    pub(super) fn answered(&mut self, answer: &Answered) -> Result<(), String> {
        let has = |worker: &mut Worker| worker.batches().any(|batch| batch.token == answer.token);
        let Some(nth) = self.workers.iter_mut().position(has) else { return Ok(()) };
        let Worker { epoch, stage } = &mut self.workers[nth];
        let epoch = *epoch;
        let mut number = None;
        match (stage, answer.fate) {
            (Stage::TakingOver { waiting, last }, Ok(sequence)) => {
                waiting.retain(|batch| batch.token != answer.token);
                let last = sequence.max(*last);
                self.workers[nth].stage = match &mut self.workers[nth].stage {
                    Stage::TakingOver { waiting, .. } if !waiting.is_empty() => {
                        Stage::TakingOver { waiting: std::mem::take(waiting), last }
                    }
                    _ => Stage::Reaching { last },
                };
            }
            (Stage::Working { position, number: of, batch }, Ok(_)) => {
                (number, *batch) = (Some(*of), None);
                *position += 1;
            }
            (stage, Err(refused)) => {
                if let Stage::Working { number, .. } = stage {
                    self.promises.given_up(*number);
                }
                // Whether it came into the log nobody knows: somebody has to look.
                self.workers.remove(nth);
                if refused == Refused::Fenced && epoch == self.claimed {
                    return Err(format!("epoch {epoch} is the newest one and was fenced"));
                }
            }
            (Stage::Reaching { .. }, Ok(_)) => {}
        }
        match number {
            Some(number) if answer.is_logged => {
                self.judge_durable(number)?;
                self.promises.acknowledged(TOPIC, number);
            }
            Some(number) => self.promises.given_up(number),
            None => {}
        }
        self.note(Actor::Consumer, format_args!("epoch {epoch} hears {:?}", answer.fate));
        Ok(())
    }

    /// Whether a worker waits for an answer.
    pub(super) fn workers_wait(&mut self) -> bool {
        self.workers.iter_mut().any(|worker| worker.batches().next().is_some())
    }

    /// They died with the hub, and nobody says again what they said.
    pub(super) fn workers_are_gone(&mut self) {
        for worker in std::mem::take(&mut self.workers) {
            if let Stage::Working { number, batch: Some(_), .. } = worker.stage {
                self.promises.given_up(number);
            }
        }
    }
}
