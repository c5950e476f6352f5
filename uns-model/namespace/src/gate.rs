//! The publish gate: name → node → payload → batch. One per core, used by that core alone.

mod batch;
mod introduce;
mod mint;
mod payload;
mod renew;
mod rights;

use std::fmt;
use std::sync::Arc;

use fabric::{Batch, OnCommit, Publish, Record};
use uns_model::{OrgId, Plane, PublisherId, Sequence, Timestamp};

pub use batch::{Child, Expansion, RefusedRow};
pub use rights::{AllRights, PublisherRights};

use crate::node::{Node, Rules};
use crate::{Brownfield, Namespace, Reason, Reject, Rejections};

/// Where a topic leads.
#[derive(Clone, Debug)]
pub enum Resolved {
    /// A node: its publishes are admitted and logged.
    Node(Arc<Node>),
    /// Plain MQTT: no node, no last value, no history.
    Plain,
}

/// One publish as it arrives.
#[derive(Clone, Copy, Debug)]
pub struct Inbound<'a> {
    /// Who publishes.
    pub publisher: PublisherId,
    /// MQTT QoS.
    pub qos: u8,
    /// MQTT RETAIN.
    pub retain: bool,
    /// MQTT 5 Message Expiry Interval in seconds.
    pub expiry: Option<u32>,
    /// MQTT 5 PUBLISH properties that pass unchanged, in wire form without their length.
    pub properties: &'a [u8],
    /// The payload.
    pub payload: &'a [u8],
    /// When it came in.
    pub ingest: Timestamp,
}

/// About what a node takes in registry, view and tree beside its topic and its value.
const NODE_BYTES: usize = 512;

/// The gate of one core.
pub struct Gate {
    space: Arc<Namespace>,
    batch: Batch,
    rejections: Arc<Rejections>,
    expansion: Option<Box<Expansion>>,
    /// About how much memory what was admitted takes once it is folded, since that was asked last.
    grown: usize,
    /// The deletions this gate's batch takes into account.
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
        Self { space, batch: Batch::new(), rejections, expansion: None, grown: 0, deletions }
    }

    /// Where a topic leads; the first publish on a data topic mints its node (NS-7). A refusal tells
    /// nothing that `rights` keep from the publisher; whether it may publish to the topic itself was
    /// decided before.
    ///
    /// # Errors
    /// `topic_invalid`, `not_authorized`, `case_collision`, `node_unknown`, `quota_exceeded`,
    /// `storage_full`, `memory_full`; counted.
    pub fn resolve(
        &mut self,
        org: OrgId,
        topic: &str,
        rights: &dyn PublisherRights,
    ) -> Result<Resolved, Reject> {
        // Where brownfield was on before, nodes of such topics may be left.
        if self.leaves_alone(topic) {
            return Ok(Resolved::Plain);
        }
        if let Some(node) = self.space.registry.find(org, topic)
            && !node.is_deleted()
        {
            return Ok(Resolved::Node(node));
        }
        let resolved = self.space.resolve_unknown(org, topic, rights);
        if let Ok(Resolved::Node(node)) = &resolved {
            self.grown += NODE_BYTES + node.name.len();
        }
        self.counted(resolved)
    }

    /// Whether a topic is one of those that no namespace is wanted for.
    fn leaves_alone(&self, topic: &str) -> bool {
        self.space.config.brownfield == Brownfield::Off && Plane::of(topic) == Plane::Brownfield
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
    /// hands over: who acknowledges must know which commit to wait for. A node deleted meanwhile
    /// is resolved again. Whether its publisher may publish to the node's own topic was decided
    /// before; `rights` decide for the topics of a batch's rows. What a batch expanded into is in
    /// [`Gate::take_expansion`].
    ///
    /// # Errors
    /// `payload_malformed`, `payload_too_large`, and those of [`Gate::resolve`]; counted.
    pub fn admit(
        &mut self,
        node: &Arc<Node>,
        inbound: &Inbound<'_>,
        rights: &dyn PublisherRights,
    ) -> Result<(), Reject> {
        self.expansion = None;
        if node.is_deleted() {
            return match self.resolve(node.org, &node.name, rights)? {
                Resolved::Node(fresh) => self.admit_living(&fresh, inbound, rights),
                Resolved::Plain => Ok(()),
            };
        }
        self.admit_living(node, inbound, rights)
    }

    /// Checks a publish that passes as plain MQTT, and counts it where brownfield should have had
    /// a node.
    ///
    /// # Errors
    /// `command_retained` (NS-3) and `payload_too_large` on our own planes; counted.
    pub fn admit_plain(&mut self, topic: &str, inbound: &Inbound<'_>) -> Result<(), Reject> {
        let checked = match Plane::of(topic) {
            Plane::Command if inbound.retain => Err(Reject::new(
                Reason::CommandRetained,
                "a command runs once, so it cannot be retained: publish it with RETAIN=0",
            )),
            Plane::Command | Plane::Descriptor => {
                payload::check_size(inbound.payload, &self.space.config)
            }
            Plane::Brownfield => {
                if self.space.config.brownfield != Brownfield::Off {
                    self.rejections.count_plain_brownfield();
                }
                Ok(())
            }
            Plane::Data
            | Plane::Fabric
            | Plane::Foreign
            | Plane::Sparkplug
            | Plane::OtherVersion => Ok(()),
        };
        self.counted(checked)
    }

    /// What the last [`Gate::admit`] caused beside its own record (NS-21).
    pub fn take_expansion(&mut self) -> Option<Box<Expansion>> {
        self.expansion.take()
    }

    /// About how many bytes the fold will take for what was admitted, or became a node, since this was
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
    pub fn flush(&mut self, on_commit: Option<OnCommit>) -> Result<(), Reject> {
        if self.batch.is_empty() && on_commit.is_none() {
            return Ok(());
        }
        let records = self.batch.len();
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

    /// The number of a publisher; its record enters the log at its first use.
    pub fn publisher(&mut self, client_id: &str) -> PublisherId {
        self.space.publisher(client_id)
    }

    fn admit_living(
        &mut self,
        node: &Arc<Node>,
        inbound: &Inbound<'_>,
        rights: &dyn PublisherRights,
    ) -> Result<(), Reject> {
        if node.rules == Rules::Uns {
            let checked = payload::check(inbound.payload, &self.space.config);
            if let Some(batch) = self.counted(checked)? {
                return self.admit_batch(node, inbound, batch, rights);
            }
        }
        self.push(node, inbound);
        Ok(())
    }

    fn push(&mut self, node: &Node, inbound: &Inbound<'_>) {
        self.grown += node.admitted(inbound.payload);
        self.batch.push(&Record::Publish(Publish {
            org: node.org,
            topic: node.topic,
            node: node.number,
            publisher: inbound.publisher,
            qos: inbound.qos,
            retain: inbound.retain,
            expiry: inbound.expiry,
            points: None,
            ingest: inbound.ingest,
            properties: inbound.properties,
            payload: inbound.payload,
        }));
    }

    fn counted<T>(&self, result: Result<T, Reject>) -> Result<T, Reject> {
        if let Err(reject) = &result {
            self.rejections.count(reject.reason);
        }
        result
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let mut gates = self.space.gates.lock();
        gates.retain(|other| !Arc::ptr_eq(other, &self.rejections));
        self.space.gates_gone.absorb(&self.rejections);
    }
}
