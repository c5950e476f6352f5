//! The gate of a simulation: every topic is plain MQTT, and what is owed or retained goes into a log
//! in memory, in the records that the real one has.

use std::collections::VecDeque;
use std::sync::Arc;

use broker_engine::{Gate, May, Member, NoNode, Ticket};
use fabric::sim::SimLog;
use fabric::{
    Admitted, Audience, Batch, Commit, Inbound, Log, Message, Place, Record, Rejection, Resolved,
    SessionChange,
};
use parking_lot::Mutex;
use uns_model::{OrgId, PublisherId, Reason, Sequence, SessionNo, Timestamp};

/// Commits that their cores have not heard of.
pub(crate) type Commits = Arc<Mutex<VecDeque<(usize, Ticket, Commit)>>>;

/// A mistake built in on purpose: the model has to find it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    None,
    /// QoS 2 packet ids of clients are not noted.
    ForgetsWhatItTook,
    /// The release of QoS 2 packet ids of clients is not noted.
    KeepsWhatWasReleased,
    /// What was acknowledged by a client is not noted.
    NeverSettles,
    /// Now and then nobody is told whom a message is owed to.
    LosesOwed,
    /// The end of a will says not which.
    EndsWhicheverWill,
    /// A will that is due is published whatever its account may do by then.
    ForgetsWhoseWill,
    /// What an ended session left to its share goes to nobody.
    LosesWhatIsLeft,
}

pub(crate) struct SimGate {
    pub(crate) core: usize,
    pub(crate) log: Arc<SimLog>,
    pub(crate) commits: Commits,
    pub(crate) fault: Fault,
    batch: Batch,
    number: u64,
    audiences: u32,
    owed: u32,
}

impl SimGate {
    pub(crate) fn new(core: usize, log: Arc<SimLog>, commits: Commits, fault: Fault) -> Self {
        let batch = Batch::new();
        Self { core, log, commits, fault, batch, number: 1, audiences: 0, owed: 0 }
    }

    fn place(&self) -> Place {
        Place(u32::try_from(self.batch.len()).expect("few"))
    }
}

impl Gate for SimGate {
    type Node = NoNode;
    type Receipt = Commit;

    fn resolve(&mut self, _: OrgId, _: &str, _: &May<'_>) -> Result<Resolved<NoNode>, Rejection> {
        Ok(Resolved::Plain)
    }

    fn publisher(&mut self, _: OrgId, _: &str) -> PublisherId {
        PublisherId(1)
    }

    fn admit(
        &mut self,
        node: &NoNode,
        _: &Inbound<'_>,
        _: &May<'_>,
    ) -> Result<Admitted, Rejection> {
        match *node {}
    }

    fn keep(
        &mut self,
        org: OrgId,
        topic: &str,
        inbound: &Inbound<'_>,
    ) -> Result<Option<Place>, Rejection> {
        let place = self.place();
        self.batch.push(&Record::Message(Message {
            org,
            publisher: inbound.publisher,
            qos: inbound.qos,
            retain: inbound.retain,
            expiry: inbound.expiry,
            ingest: inbound.ingest,
            topic,
            properties: inbound.properties,
            payload: inbound.payload,
        }));
        Ok(Some(place))
    }

    fn batch(&self) -> u64 {
        self.number
    }

    fn audience(&mut self, now: Timestamp, members: &[Member]) -> u32 {
        self.audiences += 1;
        let mut audience = Audience::new();
        for member in members {
            let ids = member.ids.as_deref().unwrap_or_default();
            let share = member.share.as_ref().map(|share| &*share.filter);
            audience.push_chosen((member.session, share), member.qos, member.retain, ids);
        }
        let (number, members) = (self.audiences, audience.members());
        self.batch.push(&Record::Audience { number, members, ingest: now });
        number
    }

    fn owe(&mut self, now: Timestamp, place: Place, audience: u32) {
        self.owed += 1;
        if self.fault == Fault::LosesOwed && self.owed.is_multiple_of(20) {
            return;
        }
        let back = self.place().0 - place.0;
        self.batch.push(&Record::Owed { audience, back, ingest: now });
    }

    fn session(&mut self, now: Timestamp, session: SessionNo, change: &SessionChange<'_>) {
        let forgotten = match change {
            SessionChange::Took { .. } => self.fault == Fault::ForgetsWhatItTook,
            SessionChange::Forgot { .. } => self.fault == Fault::KeepsWhatWasReleased,
            SessionChange::Settled { .. } => self.fault == Fault::NeverSettles,
            _ => false,
        };
        let change = match *change {
            SessionChange::WillGone { .. } if self.fault == Fault::EndsWhicheverWill => {
                SessionChange::WillGone { will: None }
            }
            change => change,
        };
        if !forgotten {
            self.batch.push(&Record::Session { session, change, ingest: now });
        }
    }

    fn has_log(&self) -> bool {
        true
    }

    fn committed(&self) -> Sequence {
        self.log.committed()
    }

    fn pending_bytes(&self) -> usize {
        self.batch.bytes_len()
    }

    fn flush(&mut self, ticket: Option<Ticket>) -> Result<(), Rejection> {
        self.number += 1;
        self.audiences = 0;
        let on_commit = ticket.map(|ticket| {
            let (core, commits) = (self.core, Arc::clone(&self.commits));
            let report: fabric::OnCommit = Box::new(move |outcome| {
                commits.lock().extend(outcome.ok().map(|commit| (core, ticket, commit)));
            });
            report
        });
        let batch = std::mem::take(&mut self.batch);
        let refused = |error| Rejection::new(Reason::StorageFull, error);
        self.log.append(batch, on_commit).map_err(refused)
    }
}
