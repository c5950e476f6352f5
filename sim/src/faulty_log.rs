//! The log as one of its users sees it, with a mistake in between. Without a fault it changes nothing.

mod audiences;
mod nodes;
mod tails;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use fabric::{
    Batch, Commit, Error, Health, Log, Mark, MarkDoes, OnCommit, Record, SessionChange, Tail,
};
use tokio::sync::watch;
use uns_model::{NodeNo, Sequence, SessionNo};

use crate::Fault;
use audiences::forget_connections;
use nodes::{Gone, Minted, forget_a_deletion};
use tails::{DeletingTail, NamingTail, Says, SkippingTail};

/// Of so many records or frames one is lost.
const ONE_IN: u32 = 20;
/// So many sequences are read again.
const READ_AGAIN: u64 = 30;
/// No session has this number: what is said of it changes nothing.
const NOBODY: SessionNo = SessionNo(u32::MAX);
/// No audience has this number.
const NO_AUDIENCE: u32 = u32::MAX;

/// Who uses the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum User {
    /// The gates, and the view.
    Namespace,
    Ledger,
    Historian,
    Auditor,
}

/// A log with a mistake.
pub(crate) struct FaultyLog {
    log: Arc<dyn Log>,
    user: User,
    fault: Option<Fault>,
    owed: AtomicU32,
    nodes: Minted,
    gone: Gone,
}

impl FaultyLog {
    pub(crate) fn new(log: Arc<dyn Log>, user: User, fault: Option<Fault>) -> Arc<Self> {
        let (owed, nodes, gone) = Default::default();
        Arc::new(Self { log, user, fault, owed, nodes, gone })
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// Whether this user does not see some frames.
    fn skips(&self) -> bool {
        match self.user {
            User::Namespace => self.is(Fault::NamespaceSkipsFrames),
            User::Ledger => self.is(Fault::LedgerSkipsFrames),
            User::Historian => self.is(Fault::HistorySkipsFrames),
            User::Auditor => false,
        }
    }

    /// What history hears of deletions, if that is not what the log says.
    fn says_of_deletions(&self) -> Option<Says> {
        match self.fault.filter(|_| self.user == User::Historian)? {
            Fault::HistoryPurgesAnother => Some(|node, purge| (NodeNo(node.0 ^ 1), purge)),
            Fault::HistoryPurgesAlways => Some(|node, _| (node, true)),
            Fault::HistoryPurgesNever => Some(|node, _| (node, false)),
            _ => None,
        }
    }

    /// Whether what this user still needs is not held for it.
    fn holds_nothing(&self) -> bool {
        match self.user {
            User::Namespace => self.is(Fault::NamespaceHoldsNothing),
            User::Ledger => self.is(Fault::LedgerHoldsNothing),
            User::Historian => self.is(Fault::HistoryHoldsNothing),
            User::Auditor => false,
        }
    }

    /// A batch with its mistakes. Records keep their places, since others name them by place: what is
    /// to be lost is said of somebody who does not exist.
    fn spoil(&self, batch: Batch) -> Batch {
        use Fault::{
            EndsWhicheverWill, ForgetsWhatItTook, KeepsWhatWasReleased, LosesOwed, MarksSayNothing,
            NeverSettles,
        };
        match self.fault {
            Some(Fault::PublishesToTheDeleted) => return self.gone.publish_to_the_deleted(&batch),
            Some(Fault::MintsTwice) => return self.nodes.mint_twice(&batch),
            Some(Fault::DeletionForgetsANode) => return forget_a_deletion(&batch),
            Some(Fault::LosesOwedToConnections) => return forget_connections(&batch),
            _ => {}
        }
        let spoils = [
            EndsWhicheverWill,
            ForgetsWhatItTook,
            KeepsWhatWasReleased,
            LosesOwed,
            MarksSayNothing,
            NeverSettles,
        ];
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
            Record::Mark(mark) if self.is(Fault::MarksSayNothing) => {
                Record::Mark(Mark { does: MarkDoes::TakesOver, ..mark })
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
        let is_history = self.user == User::Historian;
        if is_history && self.is(Fault::HistoryReadsAgain) {
            return self.log.tail(Sequence(after.0.saturating_sub(READ_AGAIN)));
        }
        let tail = self.log.tail(after);
        match self.says_of_deletions() {
            Some(says) => Box::new(DeletingTail::new(tail, says)),
            None if self.is(Fault::DamageIsNotNamed) => Box::new(NamingTail::new(tail, None)),
            None if self.is(Fault::DamageIsNamedTooWide) => {
                Box::new(NamingTail::new(tail, Some(1)))
            }
            None if self.skips() => Box::new(SkippingTail::new(tail, ONE_IN)),
            None => tail,
        }
    }

    fn hold(&self, name: &str, at: Sequence) {
        if !self.holds_nothing() {
            self.log.hold(name, at);
        }
    }

    fn begin_after(&self, fold: &str, at: Sequence) {
        self.log.begin_after(fold, at);
    }

    fn health(&self) -> Health {
        self.log.health()
    }
}
