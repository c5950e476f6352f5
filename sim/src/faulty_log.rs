//! The log as one of its users sees it, with a mistake in between. Without a fault it changes nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use fabric::{Batch, Commit, Error, Health, Log, OnCommit, Record, SessionChange, Tail, TailItem};
use tokio::sync::watch;
use uns_model::{Sequence, SessionNo};

use crate::Fault;

/// Of so many records or frames one is lost.
const ONE_IN: u32 = 20;
/// No session has this number: what is said of it changes nothing.
const NOBODY: SessionNo = SessionNo(0);
/// No audience has this number.
const NO_AUDIENCE: u32 = u32::MAX;

/// Who uses the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum User {
    /// The gates, and the view.
    Namespace,
    Ledger,
}

/// A log with a mistake.
pub(crate) struct FaultyLog {
    log: Arc<dyn Log>,
    user: User,
    fault: Option<Fault>,
    owed: AtomicU32,
}

impl FaultyLog {
    pub(crate) fn new(log: Arc<dyn Log>, user: User, fault: Option<Fault>) -> Arc<Self> {
        Arc::new(Self { log, user, fault, owed: AtomicU32::new(0) })
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// Whether this user does not see some frames.
    fn skips(&self) -> bool {
        match self.user {
            User::Namespace => self.is(Fault::NamespaceSkipsFrames),
            User::Ledger => self.is(Fault::LedgerSkipsFrames),
        }
    }

    /// A batch with its mistakes. Records keep their places, since others name them by place: what is
    /// to be lost is said of somebody who does not exist.
    fn spoil(&self, batch: Batch) -> Batch {
        use Fault::{
            EndsWhicheverWill, ForgetsWhatItTook, KeepsWhatWasReleased, LosesOwed, NeverSettles,
        };
        let spoils =
            [EndsWhicheverWill, ForgetsWhatItTook, KeepsWhatWasReleased, LosesOwed, NeverSettles];
        if !self.fault.is_some_and(|fault| spoils.contains(&fault)) {
            return batch;
        }
        let mut spoilt = Batch::new();
        batch.records().for_each(|record| spoilt.push(&self.spoil_record(record)));
        spoilt
    }

    fn spoil_record<'a>(&self, record: Record<'a>) -> Record<'a> {
        match record {
            Record::Owed { back, ingest, .. }
                if self.is(Fault::LosesOwed)
                    && self.owed.fetch_add(1, Relaxed).is_multiple_of(ONE_IN) =>
            {
                Record::Owed { audience: NO_AUDIENCE, back, ingest }
            }
            Record::Session { session, change, ingest } => {
                let lost = match change {
                    SessionChange::Took { .. } => self.is(Fault::ForgetsWhatItTook),
                    SessionChange::Forgot { .. } => self.is(Fault::KeepsWhatWasReleased),
                    SessionChange::Settled { .. } => self.is(Fault::NeverSettles),
                    _ => false,
                };
                let change = match change {
                    SessionChange::WillGone { .. } if self.is(Fault::EndsWhicheverWill) => {
                        SessionChange::WillGone { will: None }
                    }
                    change => change,
                };
                Record::Session { session: if lost { NOBODY } else { session }, change, ingest }
            }
            record => record,
        }
    }
}

impl Log for FaultyLog {
    fn append(&self, batch: Batch, on_commit: Option<OnCommit>) -> Result<(), Error> {
        let batch = self.spoil(batch);
        match on_commit {
            Some(on_commit) if self.is(Fault::AcknowledgesBeforeCommit) => {
                self.log.append(batch, None)?;
                let last = self.log.committed();
                on_commit(Ok(Commit { first: last.next(), last }));
                Ok(())
            }
            on_commit => self.log.append(batch, on_commit),
        }
    }

    fn committed(&self) -> Sequence {
        self.log.committed()
    }

    fn oldest(&self) -> Sequence {
        self.log.oldest()
    }

    fn watch(&self) -> watch::Receiver<Sequence> {
        self.log.watch()
    }

    fn tail(&self, after: Sequence) -> Box<dyn Tail> {
        let tail = self.log.tail(after);
        if self.skips() { Box::new(SkippingTail { tail, frames: 0 }) } else { tail }
    }

    fn hold(&self, name: &str, at: Sequence) {
        self.log.hold(name, at);
    }

    fn begin_after(&self, fold: &str, at: Sequence) {
        self.log.begin_after(fold, at);
    }

    fn health(&self) -> Health {
        self.log.health()
    }
}

/// A tail that skips a frame now and then without a word.
struct SkippingTail {
    tail: Box<dyn Tail>,
    frames: u32,
}

impl Tail for SkippingTail {
    fn next(&mut self) -> Result<Option<TailItem>, Error> {
        let item = self.tail.next()?;
        if matches!(item, Some(TailItem::Frame(_))) {
            self.frames += 1;
            if self.frames.is_multiple_of(ONE_IN) {
                return self.tail.next();
            }
        }
        Ok(item)
    }
}
