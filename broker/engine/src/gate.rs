//! The line between the connections of a core and the owner of topics and log. What crosses it is a
//! message: a topic to be resolved, a publish, an audience, a change of a session, a mark, a flush. In this
//! process each is handed over by reference, in a direct call. The namespace is adapted to it by the server;
//! tests bring their own.

pub(crate) mod member;
mod request;
mod rights;
mod rows;

use std::sync::Arc;

use broker_codec::ReasonCode;
use fabric::{Admitted, Inbound, Mark, Place, Rejection, Resolved, SessionChange};
use uns_model::{OrgId, PublisherId, Reason, Sequence, SessionNo, Timestamp};

use crate::dead_letter::{DeadLetterNo, OnStored};
pub use member::Member;
pub use request::{OwedTo, PublishOutcome, PublishRequest};
pub use rights::Rights;
pub use rows::{RefusedRows, ToldRow};

/// A promise that everything admitted before a flush will be reported committed, or not, once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ticket(pub u64);

/// A publish that was taken.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Taken {
    /// Where it stands in the batch that goes to the log; nowhere if it is not logged.
    pub place: Option<Place>,
    /// The rows of it that were refused (NS-21), if any were.
    pub refused: Option<Box<RefusedRows>>,
}

/// What became of a publish before its commit.
pub type Placed = Result<Taken, Rejection>;

/// The MQTT 5 reason code of a refusal.
pub(crate) fn reason_code(rejection: &Rejection) -> ReasonCode {
    let code = ReasonCode::from_byte(rejection.code);
    code.unwrap_or(ReasonCode::ImplementationSpecificError)
}

/// The gate of one core.
pub trait Gate {
    /// A resolved topic, kept in the core's routes.
    type Node: Clone;
    /// What a commit tells an in-process publisher.
    type Receipt: Clone;

    /// Which node a topic is. A refusal tells a publisher with these rights nothing of topics it may not
    /// receive.
    ///
    /// # Errors
    /// The topic may not be published to.
    fn resolve(
        &mut self,
        org: OrgId,
        topic: &str,
        rights: Rights<'_>,
    ) -> Result<Resolved<Self::Node>, Rejection>;

    /// These topics will probably be resolved next. A gate may bring what it knows of them near
    /// the processor, all at the same time; it need not do anything.
    fn expect(&self, _: OrgId, _: &[&str]) {}

    /// The topic of a node, where its string is kept anyway.
    fn name(_: &Self::Node) -> Option<Arc<str>> {
        None
    }

    /// Whether a resolved topic has to be resolved again: its node was deleted, or the first publish to it
    /// has just made one. Until then it is resolved once, however often subscriptions change.
    fn is_gone(_: &Self::Node) -> bool {
        false
    }

    /// A number that rises when topics without a node may have become ones for which there is room: what
    /// is [`Resolved::Guarded`] is resolved again then.
    fn room(&self) -> u64 {
        0
    }

    /// About how much memory a publish to a node will take for good, beyond what the one before has.
    fn growth(_: &Self::Node, _: &[u8]) -> usize {
        0
    }

    /// The same of everything admitted, new nodes included, since this was asked last.
    fn take_grown(&mut self) -> usize {
        0
    }

    /// The number of a publisher.
    fn publisher(&mut self, org: OrgId, client_id: &str) -> PublisherId;

    /// Whether a publish to a node is retained, of which RETAIN says this: what a node's rules force
    /// or refuse has to be known before the publish is admitted, as there may be no room for it.
    #[inline]
    fn retains(_: &Self::Node, asked: bool) -> bool {
        asked
    }

    /// Takes a publish into the open batch, and answers what became of it. It has a record if its topic is a
    /// node, or if it is retained or owed.
    ///
    /// # Errors
    /// It was not taken.
    #[inline]
    fn publish(
        &mut self,
        request: &PublishRequest<'_, Self::Node>,
    ) -> Result<PublishOutcome, Rejection> {
        let PublishRequest { org, rights, topic, node, inbound, owed, .. } = *request;
        let admitted = match node {
            Resolved::Plain => Admitted::unchanged(inbound),
            Resolved::Guarded => self.check(topic, inbound)?,
            Resolved::Node(node) => self.admit(node, inbound, rights)?,
        };
        let Admitted { mut place, retain, expiry, points, findings, outputs } = admitted;
        if place.is_none() && (retain || owed) {
            place = self.keep(org, topic, &Inbound { retain, expiry, ..*inbound })?;
        }
        Ok(PublishOutcome { place, retain, expiry, points, findings, outputs })
    }

    /// Checks a publish and takes it into the open batch. Whether this client may publish to the
    /// topic was decided before the topic was resolved; what the publish says is judged here and
    /// in [`Gate::check`], and nowhere else: the place for contracts. Where it stands for messages
    /// on other topics, `rights` are asked for each before anything comes of it. Everything it
    /// causes is in the same batch: a record of an output stands where the output says.
    ///
    /// # Errors
    /// It was not taken.
    fn admit(
        &mut self,
        node: &Self::Node,
        inbound: &Inbound<'_>,
        rights: Rights<'_>,
    ) -> Result<Admitted, Rejection>;

    /// Takes a publish without a node into the open batch: it is retained, or owed to sessions.
    /// `None` if there is no log.
    ///
    /// # Errors
    /// It was not taken.
    fn keep(
        &mut self,
        org: OrgId,
        topic: &str,
        inbound: &Inbound<'_>,
    ) -> Result<Option<Place>, Rejection>;

    /// Notes in the open batch whom a record of it is owed to.
    fn owe(&mut self, now: Timestamp, owed: &OwedTo<'_>);

    /// Takes the mark of a consumer into the open batch.
    ///
    /// # Errors
    /// A mark of a higher epoch was taken before (`fenced`), there is no room for one more consumer, or
    /// there is no log.
    fn mark(&mut self, _: &Mark<'_>) -> Result<Place, Rejection> {
        Err(Rejection::new(Reason::StorageFull, "there is no log that could keep a mark"))
    }

    /// Notes in the open batch what happened to a session.
    fn session(&mut self, now: Timestamp, session: SessionNo, change: &SessionChange<'_>);

    /// Whether sessions can outlive their connections.
    fn has_log(&self) -> bool;

    /// Whether somebody keeps what is retained as a fold over the log; else it is retained when it is
    /// taken.
    fn is_folded(&self) -> bool {
        self.has_log()
    }

    /// Checks a publish to a topic without a node, which [`Gate::keep`] takes if it is retained or owed.
    ///
    /// # Errors
    /// It may not be delivered.
    fn check(&mut self, _: &str, inbound: &Inbound<'_>) -> Result<Admitted, Rejection> {
        Ok(Admitted::unchanged(inbound))
    }

    /// The sequence of a record of a batch that is committed.
    fn sequence(_: &Self::Receipt, _: Place) -> Sequence {
        Sequence::ZERO
    }

    /// The last committed sequence.
    fn committed(&self) -> Sequence {
        Sequence::ZERO
    }

    /// Bytes in the open batch, 0 if it is empty.
    fn pending_bytes(&self) -> usize;

    /// How this core hears that a dead letter is on disk, or will not be: by
    /// [`Signal::DeadLetterStored`](crate::Signal::DeadLetterStored). `None` where answers do not wait for dead letters.
    fn on_stored(&self, _: DeadLetterNo) -> Option<OnStored> {
        None
    }

    /// Hands the open batch to the log; an empty one with a ticket is decided after everything that
    /// was handed to it before, by whichever core. With a ticket somebody waits for the commit, which the
    /// embedder reports with [`crate::Engine::committed`].
    ///
    /// # Errors
    /// Nothing of the batch was taken.
    fn flush(&mut self, ticket: Option<Ticket>) -> Result<(), Rejection>;
}

/// No namespace and no log: every topic is plain MQTT.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenGate;

/// A node of [`OpenGate`], of which there is none.
#[derive(Clone, Copy, Debug)]
pub enum NoNode {}

impl Gate for OpenGate {
    type Node = NoNode;
    type Receipt = ();

    fn resolve(&mut self, _: OrgId, _: &str, _: Rights<'_>) -> Result<Resolved<NoNode>, Rejection> {
        Ok(Resolved::Plain)
    }

    fn publisher(&mut self, _: OrgId, _: &str) -> PublisherId {
        PublisherId::default()
    }

    fn admit(
        &mut self,
        node: &NoNode,
        _: &Inbound<'_>,
        _: Rights<'_>,
    ) -> Result<Admitted, Rejection> {
        match *node {}
    }

    fn keep(&mut self, _: OrgId, _: &str, _: &Inbound<'_>) -> Result<Option<Place>, Rejection> {
        Ok(None)
    }

    fn owe(&mut self, _: Timestamp, _: &OwedTo<'_>) {}

    fn session(&mut self, _: Timestamp, _: SessionNo, _: &SessionChange<'_>) {}

    fn has_log(&self) -> bool {
        false
    }

    fn pending_bytes(&self) -> usize {
        0
    }

    fn flush(&mut self, _: Option<Ticket>) -> Result<(), Rejection> {
        Ok(())
    }
}
