//! The engine's gate: the one of the namespace, or none where the broker has no namespace.

use std::sync::Arc;

use broker_engine::{
    Action, CoreNo, DeadLetterNo, Gate, Member, OnStored, OwedTo, Rights, Signal, Ticket,
};
use fabric::{
    Admitted, Audience, Commit, Inbound, Mark, Message, Place, Record, Rejection, Resolved,
    SessionChange,
};
use uns_model::{OrgId, PublisherId, Reason, Sequence, SessionNo, Timestamp};
use uns_namespace::{Namespace, Node, PublisherRights};

use crate::inboxes::{CommitOutcome, Inboxes};

/// What stands between the publishers of one core and the log.
#[derive(Debug)]
pub struct ServerGate {
    namespace: Option<uns_namespace::Gate>,
    /// Whether there is a ledger, which keeps sessions and messages without a node.
    has_ledger: bool,
    inboxes: Arc<Inboxes>,
    core: CoreNo,
    /// The audience being encoded; kept for its memory.
    audience: Audience,
}

impl ServerGate {
    pub(crate) fn new(
        namespace: Option<&Arc<Namespace>>,
        has_ledger: bool,
        inboxes: Arc<Inboxes>,
        core: CoreNo,
    ) -> Self {
        Self {
            namespace: namespace.map(uns_namespace::Gate::new),
            has_ledger,
            inboxes,
            core,
            audience: Audience::default(),
        }
    }

    fn note(&mut self, record: &Record<'_>) {
        if let Some(gate) = &mut self.namespace {
            gate.note(record);
        }
    }

    /// Says in the open batch who an audience is.
    fn define(&mut self, now: Timestamp, number: u32, members: &[Member]) {
        let mut audience = std::mem::take(&mut self.audience);
        audience.clear();
        for Member { session, qos, retain, ids, share } in members {
            let who = (*session, share.as_ref().map(|share| &*share.filter));
            audience.push_chosen(who, *qos, *retain, ids.as_deref().unwrap_or_default());
        }
        self.note(&Record::Audience { number, members: audience.members(), ingest: now });
        self.audience = audience;
    }

    /// Where the next record of the open batch will stand.
    fn place(&self) -> Place {
        self.namespace.as_ref().map_or_else(Place::default, uns_namespace::Gate::place)
    }
}

impl Gate for ServerGate {
    type Node = Arc<Node>;
    type Receipt = Commit;

    fn resolve(
        &mut self,
        org: OrgId,
        topic: &str,
        rights: Rights<'_>,
    ) -> Result<Resolved<Arc<Node>>, Rejection> {
        let Some(gate) = &mut self.namespace else { return Ok(Resolved::Plain) };
        gate.resolve(org, topic, &Publisher(rights))
    }

    fn expect(&self, org: OrgId, topics: &[&str]) {
        if let Some(gate) = &self.namespace {
            gate.expect(org, topics);
        }
    }

    fn name(node: &Arc<Node>) -> Option<Arc<str>> {
        Some(Arc::clone(&node.name))
    }

    fn is_gone(node: &Arc<Node>) -> bool {
        node.is_deleted()
    }

    #[inline]
    fn room(&self) -> u64 {
        self.namespace.as_ref().map_or(0, uns_namespace::Gate::room)
    }

    fn growth(node: &Arc<Node>, payload: &[u8]) -> usize {
        node.growth(payload)
    }

    fn take_grown(&mut self) -> usize {
        self.namespace.as_mut().map_or(0, uns_namespace::Gate::take_grown)
    }

    fn publisher(&mut self, org: OrgId, client_id: &str) -> PublisherId {
        let gate = self.namespace.as_mut();
        gate.map_or_else(PublisherId::default, |gate| gate.publisher(org, client_id))
    }

    fn retains(node: &Arc<Node>, asked: bool) -> bool {
        node.retains(asked)
    }

    fn admit(
        &mut self,
        node: &Arc<Node>,
        inbound: &Inbound<'_>,
        rights: Rights<'_>,
    ) -> Result<Admitted, Rejection> {
        let Some(gate) = &mut self.namespace else { return Ok(Admitted::unchanged(inbound)) };
        gate.admit(node, inbound, &Publisher(rights))
    }

    fn keep(
        &mut self,
        org: OrgId,
        topic: &str,
        inbound: &Inbound<'_>,
    ) -> Result<Option<Place>, Rejection> {
        if !self.has_log() {
            return Ok(None);
        }
        let place = self.place();
        self.note(&message(org, topic, inbound));
        Ok(Some(place))
    }

    fn owe(&mut self, now: Timestamp, owed: &OwedTo<'_>) {
        if let Some(members) = owed.members {
            self.define(now, owed.audience, members);
        }
        let back = self.place().0 - owed.place.0;
        self.note(&Record::Owed { audience: owed.audience, back, ingest: now });
    }

    fn mark(&mut self, mark: &Mark<'_>) -> Result<Place, Rejection> {
        match &mut self.namespace {
            Some(gate) if self.has_ledger => gate.mark(mark),
            _ => Err(Rejection::new(Reason::StorageFull, "there is no log that keeps marks")),
        }
    }

    fn session(&mut self, now: Timestamp, session: SessionNo, change: &SessionChange<'_>) {
        self.note(&Record::Session { session, change: *change, ingest: now });
    }

    fn has_log(&self) -> bool {
        self.has_ledger && self.namespace.is_some()
    }

    fn is_folded(&self) -> bool {
        self.namespace.is_some()
    }

    fn check(&mut self, topic: &str, inbound: &Inbound<'_>) -> Result<Admitted, Rejection> {
        let Some(gate) = &mut self.namespace else { return Ok(Admitted::unchanged(inbound)) };
        gate.check(topic, inbound)
    }

    fn sequence(commit: &Commit, place: Place) -> Sequence {
        sequence_of(commit, place)
    }

    fn committed(&self) -> Sequence {
        self.namespace.as_ref().map_or(Sequence::ZERO, uns_namespace::Gate::committed)
    }

    fn pending_bytes(&self) -> usize {
        self.namespace.as_ref().map_or(0, |gate| gate.pending().1)
    }

    fn on_stored(&self, letter: DeadLetterNo) -> Option<OnStored> {
        let (inboxes, core) = (Arc::clone(&self.inboxes), self.core);
        Some(Arc::new(move |kept| inboxes.signal(core, Signal::DeadLetterStored(letter, kept))))
    }

    fn flush(&mut self, ticket: Option<Ticket>) -> Result<(), Rejection> {
        let Some(gate) = &mut self.namespace else { return Ok(()) };
        let on_commit = ticket.map(|ticket| {
            let (inboxes, core) = (Arc::clone(&self.inboxes), self.core);
            let report: fabric::OnCommit = Box::new(move |result| {
                let refused =
                    |error: Arc<fabric::Error>| Rejection::new(Reason::StorageFull, error);
                let result = result.map_err(refused);
                inboxes.commit(core, CommitOutcome { ticket, result });
            });
            report
        });
        gate.flush(on_commit)
    }
}

/// The sequence of a record: the first one of its batch plus its place.
pub(crate) fn sequence_of(commit: &Commit, Place(place): Place) -> Sequence {
    Sequence(commit.first.0 + u64::from(place))
}

/// The rights of a publisher, in the form in which the namespace asks for them.
struct Publisher<'a>(Rights<'a>);

impl PublisherRights for Publisher<'_> {
    fn may_publish(&self, topic: &str) -> bool {
        self.0.may(Action::Publish, topic)
    }

    fn may_read(&self, topic: &str) -> bool {
        self.0.may(Action::Receive, topic)
    }
}

fn message<'a>(org: OrgId, topic: &'a str, inbound: &Inbound<'a>) -> Record<'a> {
    Record::Message(Message {
        org,
        publisher: inbound.publisher,
        qos: inbound.qos,
        retain: inbound.retain,
        expiry: inbound.expiry,
        ingest: inbound.ingest,
        topic,
        properties: inbound.properties,
        payload: inbound.payload,
    })
}
