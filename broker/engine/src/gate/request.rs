//! What the side of the connections asks of the owner of topics, and what it is answered: numbers, topics
//! and bytes that could travel over a network, and two handles, the rights and the node (ADR 0020).

use fabric::{Findings, Inbound, Outputs, Place, Resolved};
use uns_model::OrgId;

use super::member::Member;
use super::rights::Rights;

/// One publish.
#[derive(Debug)]
pub struct PublishRequest<'a, N> {
    /// Whose topics.
    pub org: OrgId,
    /// What its author may publish and receive. Whether this is the topic itself was decided before it was
    /// resolved; a message that stands for others is asked about each of them.
    pub rights: Rights<'a>,
    /// Where to.
    pub topic: &'a str,
    /// What the owner said the topic is.
    pub node: &'a Resolved<N>,
    /// The message, with the number of its publisher.
    pub inbound: &'a Inbound<'a>,
    /// Durable sessions are owed it, so it needs a record even where it has no node and is not retained.
    pub owed: bool,
}

/// A publish that was taken. All it caused is in the same batch.
#[derive(Debug, Default)]
pub struct PublishOutcome {
    /// Where its record stands in the open batch; nowhere if it has none.
    pub place: Option<Place>,
    /// Whether it is retained, which the owner may force or refuse.
    pub retain: bool,
    /// Its Message Expiry Interval in seconds, which the owner may shorten.
    pub expiry: Option<u32>,
    /// How many points were read from it.
    pub points: u32,
    /// What was remarkable about it.
    pub findings: Findings,
    /// What it caused beside its own record, with the rows of it that were refused.
    pub outputs: Option<Box<Outputs>>,
}

/// A record is owed to an audience: durable sessions, which get it from the ledger.
#[derive(Clone, Copy, Debug)]
pub struct OwedTo<'a> {
    /// The record, by its place in the open batch.
    pub place: Place,
    /// The number of the audience, given anew in each batch.
    pub audience: u32,
    /// Who that is, where the batch does not say so yet.
    pub members: Option<&'a [Member]>,
}
