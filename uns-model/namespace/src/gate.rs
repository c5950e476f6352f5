//! The publish gate: name → node → payload → batch. One per core, used by that core alone.

mod batch;
mod claim;
mod introduce;
mod judge;
mod mint;
mod newcomers;
mod read;
mod renew;
mod rights;

use std::fmt;
use std::sync::Arc;

use fabric::{
    Admitted, Batch, Inbound, Mark, OnCommit, Place, Points, Publish, Record, Rejection, Resolved,
};
use uns_model::{OrgId, Plane, PublisherId, Sequence};

pub(crate) use read::fill;
pub use rights::{AllRights, PublisherRights};

use newcomers::Newcomers;
use read::Reading;

use crate::node::Node;
use crate::rejections::Rejections;
use crate::rule::KnownRules;
use crate::{Brownfield, Namespace};

/// About what a node takes in registry, view and tree beside its topic and its value.
const NODE_BYTES: usize = 512;

/// The gate of one core.
pub struct Gate {
    space: Arc<Namespace>,
    batch: Batch,
    rejections: Arc<Rejections>,
    rules: KnownRules,
    /// What was read last; out while a publish is judged.
    reading: Option<Box<Reading>>,
    /// About how much memory what was admitted takes once it is folded, since that was asked last.
    grown: usize,
    /// The new nodes whose records are in the batch.
    newcomers: Newcomers,
    /// The deletions of nodes that this gate's batch takes into account.
    deletions: u64,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("pending", &self.pending()).finish_non_exhaustive()
    }
}

impl Gate {
    /// A gate onto the namespace.
    pub fn new(space: &Arc<Namespace>) -> Self {
        let rejections = Arc::new(Rejections::default());
        space.gates.lock().push(rejections.clone());
        let (space, deletions) = (space.clone(), *space.deletions.read());
        Self {
            space,
            batch: Batch::new(),
            rejections,
            rules: KnownRules::default(),
            reading: None,
            grown: 0,
            newcomers: Newcomers::default(),
            deletions,
        }
    }

    /// Where a topic leads. A data topic without a node leads to what may become one: the first publish
    /// that is admitted mints it (NS-7), and a refused one leaves nothing behind. A refusal tells nothing
    /// that `rights` keep from the publisher; whether it may publish to the topic itself was decided
    /// before.
    ///
    /// # Errors
    /// `topic_invalid`, `not_authorized`, `case_collision`, `node_unknown`, `quota_exceeded`,
    /// `storage_full`, `memory_full`; counted.
    pub fn resolve(
        &mut self,
        org: OrgId,
        topic: &str,
        rights: &dyn PublisherRights,
    ) -> Result<Resolved<Arc<Node>>, Rejection> {
        // Where brownfield was on before, nodes of such topics may be left.
        if self.leaves_alone(topic) {
            return Ok(Resolved::Plain);
        }
        if let Some(node) = self.space.registry.find(org, topic)
            && !node.is_deleted()
        {
            return Ok(Resolved::Node(node));
        }
        self.counted(self.space.resolve_unknown(org, topic, rights))
    }

    /// Whether a topic is one of those that no namespace is wanted for.
    fn leaves_alone(&self, topic: &str) -> bool {
        self.space.config.brownfield == Brownfield::Off && Plane::of(topic) == Plane::Brownfield
    }

    /// Rises when nodes are deleted: a topic that was [`Resolved::Guarded`] for want of room may become
    /// a node then. Of use to who asks before [`Gate::resolve`].
    #[inline]
    pub fn room(&self) -> u64 {
        self.space.registry.room()
    }

    /// Brings what is known of topics near the processor, all at the same time: of those that will
    /// be resolved next.
    pub fn expect(&self, org: OrgId, topics: &[&str]) {
        // Neighbours are alike: where the first has no node, the others are not looked for.
        if topics.first().is_some_and(|topic| self.leaves_alone(topic)) {
            return;
        }
        self.space.registry.touch(org, topics);
    }

    /// Checks a publish to a node and adds it to this gate's batch, which nobody but the caller
    /// hands over: who acknowledges must know which commit to wait for. What it causes is in the same
    /// batch, and before it the record of a node it makes. A node deleted meanwhile is resolved again. Whether its publisher may publish to the
    /// node's own topic was decided before; `rights` decide for the topics of a batch's rows.
    ///
    /// # Errors
    /// `payload_malformed`, `payload_too_large`, what a rule of the node says, and those of
    /// [`Gate::resolve`]; counted.
    pub fn admit(
        &mut self,
        node: &Arc<Node>,
        inbound: &Inbound<'_>,
        rights: &dyn PublisherRights,
    ) -> Result<Admitted, Rejection> {
        if node.is_deleted() {
            return match self.resolve(node.org, &node.name, rights)? {
                Resolved::Node(fresh) => self.judge(&fresh, inbound, rights),
                // Its topic is plain now.
                Resolved::Guarded | Resolved::Plain => Ok(Admitted::unchanged(inbound)),
            };
        }
        self.judge(node, inbound, rights)
    }

    /// About how many bytes the fold will take for what was admitted, new nodes included, since this was
    /// asked last: what holds a value as long as the one before takes nothing.
    pub fn take_grown(&mut self) -> usize {
        std::mem::take(&mut self.grown)
    }

    /// Records and bytes waiting for [`Gate::flush`].
    pub fn pending(&self) -> (usize, usize) {
        (self.batch.len(), self.batch.bytes_len())
    }

    /// Hands the batch to the log. With nothing pending, `on_commit` waits as a barrier. Publishes
    /// whose node was deleted since they were admitted go to a new node (NS-14).
    ///
    /// # Errors
    /// `storage_full`, or `payload_too_large` for a single publish beyond what the log can ever
    /// take: nothing of the batch was taken and `on_commit` is never called; counted once per
    /// record.
    pub fn flush(&mut self, on_commit: Option<OnCommit>) -> Result<(), Rejection> {
        if self.batch.is_empty() && on_commit.is_none() {
            return Ok(());
        }
        let records = self.batch.len() - self.newcomers.records();
        self.hand_over(on_commit).inspect_err(|reject| {
            for _ in 0..records {
                self.rejections.count(reject.reason);
            }
        })
    }

    /// The last committed sequence of the log.
    pub fn committed(&self) -> Sequence {
        self.space.log.committed()
    }

    /// Adds a record that is not the gate's to judge, such as what happened to a session: it shares
    /// the batch, and so the order and the commit, of the publishes around it.
    pub fn note(&mut self, record: &Record<'_>) {
        self.batch.push(record);
    }

    /// Adds the mark of a durable consumer, so that it is in the log with what is published beside it
    /// or not at all.
    ///
    /// # Errors
    /// `fenced`: a mark of a higher epoch was admitted before. `quota_exceeded`. Counted.
    pub fn mark(&mut self, mark: &Mark<'_>) -> Result<Place, Rejection> {
        self.counted(self.space.consumers.admit(mark))?;
        let place = self.place();
        self.batch.push(&Record::Mark(*mark));
        Ok(place)
    }

    /// The number of a publisher; its record enters the log at its first use.
    pub fn publisher(&mut self, org: OrgId, client_id: &str) -> PublisherId {
        self.space.publisher(org, client_id)
    }

    /// Adds the record of a publish to the batch.
    fn push(&mut self, node: &Node, inbound: &Inbound<'_>, points: Points<'_>) -> Place {
        self.introduce(node, inbound.ingest);
        let place = self.place();
        self.grown += node.admitted(inbound.payload);
        self.batch.push(&Record::Publish(Publish {
            org: node.org,
            topic: node.topic,
            node: node.number,
            publisher: inbound.publisher,
            qos: inbound.qos,
            retain: inbound.retain,
            expiry: inbound.expiry,
            points: Some(points),
            ingest: inbound.ingest,
            properties: inbound.properties,
            payload: inbound.payload,
        }));
        place
    }

    /// Where the next record will stand.
    pub fn place(&self) -> Place {
        Place(u32::try_from(self.batch.len()).expect("a batch has far fewer records"))
    }

    fn counted<T>(&self, result: Result<T, Rejection>) -> Result<T, Rejection> {
        if let Err(reject) = &result {
            self.rejections.count(reject.reason);
        }
        result
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.space.take_back(&self.newcomers.take());
        let mut gates = self.space.gates.lock();
        gates.retain(|other| !Arc::ptr_eq(other, &self.rejections));
        self.space.gates_gone.absorb(&self.rejections);
    }
}
