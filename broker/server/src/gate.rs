//! The namespace's gate, or none, as the engine's.

use std::sync::Arc;

use broker_codec::ReasonCode;
use broker_engine::{
    Action, CoreNo, Derived, Gate, Inbound, LetterNo, May, Member, OnKept, Place, RefusedRow,
    Rejection, Resolved, Signal, Ticket,
};
use fabric::{Audience, Commit, Message, Record, SessionChange};
use uns_model::{OrgId, Plane, PublisherId, Sequence, SessionNo, Timestamp};
use uns_namespace::{Namespace, Node, PublisherRights, Reason, Reject};

use crate::post::Post;

/// What stands between the publishers of one core and the log.
#[derive(Debug)]
pub(crate) struct ServerGate {
    namespace: Option<uns_namespace::Gate>,
    /// Whether somebody keeps sessions, and messages without a node.
    sessions: bool,
    post: Arc<Post>,
    core: CoreNo,
    /// Batches so far, the open one included.
    batch: u64,
    /// Audiences defined in the open batch.
    audiences: u32,
    /// An audience on its way into the batch.
    audience: Audience,
}

impl ServerGate {
    pub(crate) fn new(
        namespace: Option<&Arc<Namespace>>,
        sessions: bool,
        post: Arc<Post>,
        core: CoreNo,
    ) -> Self {
        Self {
            namespace: namespace.map(uns_namespace::Gate::new),
            sessions,
            post,
            core,
            batch: 1,
            audiences: 0,
            audience: Audience::default(),
        }
    }

    fn note(&mut self, record: &Record<'_>) {
        if let Some(gate) = &mut self.namespace {
            gate.note(record);
        }
    }

    /// Where the next record of the open batch will stand.
    fn place(&self) -> Place {
        let records = self.namespace.as_ref().map_or(0, |gate| gate.pending().0);
        Place(u32::try_from(records).expect("a batch has far fewer records"))
    }
}

impl Gate for ServerGate {
    type Node = Arc<Node>;
    type Receipt = Commit;

    fn resolve(
        &mut self,
        org: OrgId,
        topic: &str,
        rights: &May<'_>,
    ) -> Result<Resolved<Arc<Node>>, Rejection> {
        let Some(gate) = &mut self.namespace else { return Ok(Resolved::Plain) };
        match gate.resolve(org, topic, &Publisher(rights)).map_err(rejection)? {
            uns_namespace::Resolved::Node(node) => Ok(Resolved::Node(node)),
            uns_namespace::Resolved::Plain => Ok(match Plane::of(topic) {
                // Brownfield without a node is counted.
                Plane::Command | Plane::Descriptor | Plane::Brownfield => Resolved::Guarded,
                _ => Resolved::Plain,
            }),
        }
    }

    fn expect(&self, org: OrgId, topics: &[&str]) {
        if let Some(gate) = &self.namespace {
            gate.expect(org, topics);
        }
    }

    fn name(node: &Arc<Node>) -> Option<Arc<str>> {
        Some(Arc::clone(&node.name))
    }

    fn growth(node: &Arc<Node>, payload: &[u8]) -> usize {
        node.growth(payload)
    }

    fn take_grown(&mut self) -> usize {
        self.namespace.as_mut().map_or(0, uns_namespace::Gate::take_grown)
    }

    fn publisher(&mut self, client_id: &str) -> PublisherId {
        self.namespace.as_mut().map_or_else(PublisherId::default, |gate| gate.publisher(client_id))
    }

    fn admit(
        &mut self,
        node: &Arc<Node>,
        inbound: &Inbound<'_>,
        rights: &May<'_>,
    ) -> Result<Place, Rejection> {
        let place = self.place();
        let Some(gate) = &mut self.namespace else { return Ok(place) };
        gate.admit(node, &translated(inbound), &Publisher(rights)).map_err(rejection)?;
        if self.place() == place {
            // The node was deleted meanwhile, and its topic is plain now.
            self.note(&message(node.org, &node.name, inbound));
        }
        Ok(place)
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

    fn batch(&self) -> u64 {
        self.batch
    }

    fn audience(&mut self, now: Timestamp, members: &[Member]) -> u32 {
        let number = self.audiences;
        self.audiences += 1;
        let mut audience = std::mem::take(&mut self.audience);
        audience.clear();
        for Member { session, qos, retain, ids, share } in members {
            let who = (*session, share.as_ref().map(|share| &*share.filter));
            audience.push_chosen(who, *qos, *retain, ids.as_deref().unwrap_or_default());
        }
        self.note(&Record::Audience { number, members: audience.members(), ingest: now });
        self.audience = audience;
        number
    }

    fn owe(&mut self, now: Timestamp, place: Place, audience: u32) {
        let back = self.place().0 - place.0;
        self.note(&Record::Owed { audience, back, ingest: now });
    }

    fn session(&mut self, now: Timestamp, session: SessionNo, change: &SessionChange<'_>) {
        self.note(&Record::Session { session, change: *change, ingest: now });
    }

    fn has_log(&self) -> bool {
        self.sessions && self.namespace.is_some()
    }

    fn is_folded(&self) -> bool {
        self.namespace.is_some()
    }

    fn check(&mut self, topic: &str, inbound: &Inbound<'_>) -> Result<(), Rejection> {
        let Some(gate) = &mut self.namespace else { return Ok(()) };
        gate.admit_plain(topic, &translated(inbound)).map_err(rejection)
    }

    fn derived(&mut self) -> Option<Box<Derived>> {
        let expansion = self.namespace.as_mut()?.take_expansion()?;
        let children = expansion.children.into_iter();
        let refused = expansion.refused.into_iter().map(|row| RefusedRow {
            index: row.index,
            topic: row.topic.into(),
            payload: row.payload,
            rejection: rejection(row.reject),
        });
        Some(Box::new(Derived {
            messages: children.map(|child| (Arc::clone(&child.node.name), child.payload)).collect(),
            refused: refused.collect(),
        }))
    }

    fn committed(&self) -> Sequence {
        self.namespace.as_ref().map_or(Sequence::ZERO, uns_namespace::Gate::committed)
    }

    fn pending_bytes(&self) -> usize {
        self.namespace.as_ref().map_or(0, |gate| gate.pending().1)
    }

    fn on_kept(&self, letter: LetterNo) -> Option<OnKept> {
        let (post, core) = (Arc::clone(&self.post), self.core);
        Some(Arc::new(move |kept| post.signal(core, Signal::Kept(letter, kept))))
    }

    fn flush(&mut self, ticket: Option<Ticket>) -> Result<(), Rejection> {
        self.batch += 1;
        self.audiences = 0;
        let Some(gate) = &mut self.namespace else { return Ok(()) };
        let on_commit = ticket.map(|ticket| {
            let (post, core) = (Arc::clone(&self.post), self.core);
            let report: fabric::OnCommit = Box::new(move |outcome| {
                let refused = |error: Arc<fabric::Error>| {
                    rejection(Reject::new(Reason::StorageFull, error.to_string()))
                };
                post.committed(core, ticket, outcome.map_err(refused));
            });
            report
        });
        gate.flush(on_commit).map_err(rejection)
    }
}

/// The rights of whoever publishes, as the namespace asks for them.
struct Publisher<'a>(&'a May<'a>);

impl PublisherRights for Publisher<'_> {
    fn may_publish(&self, topic: &str) -> bool {
        self.0(Action::Publish, topic)
    }

    fn may_read(&self, topic: &str) -> bool {
        self.0(Action::Receive, topic)
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

fn translated<'a>(inbound: &Inbound<'a>) -> uns_namespace::Inbound<'a> {
    uns_namespace::Inbound {
        publisher: inbound.publisher,
        qos: inbound.qos,
        retain: inbound.retain,
        expiry: inbound.expiry,
        properties: inbound.properties,
        payload: inbound.payload,
        ingest: inbound.ingest,
    }
}

fn rejection(reject: Reject) -> Rejection {
    let code = ReasonCode::from_byte(reject.reason.mqtt5());
    let code = code.unwrap_or(ReasonCode::ImplementationSpecificError);
    Rejection::new(code, reject.reason.name(), reject.detail)
}
