//! The first publish on a topic: which plane it is on, whether it becomes a node, and the record
//! that says so.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use fabric::{Batch, OnCommit, Record, Rejection, Resolved};
use parking_lot::RwLock;
use uns_model::{NodeId, OrgId, Plane, Reason, TopicError, grammar, validate_publish_topic};

use super::PublisherRights;
use crate::node::{Minted, Node, Side};
use crate::registry::{Collision, Mint};
use crate::{Brownfield, Namespace};

/// Why no node was minted.
enum Unminted {
    Refused(Rejection),
    /// What exists already; what of it is told depends on whom.
    Collides(Collision),
}

impl From<Rejection> for Unminted {
    fn from(reject: Rejection) -> Self {
        Self::Refused(reject)
    }
}

impl Namespace {
    /// Resolves a topic that has no living node, for a publisher with these rights.
    pub(super) fn resolve_unknown(
        &self,
        org: OrgId,
        topic: &str,
        rights: &dyn PublisherRights,
    ) -> Result<Resolved<Arc<Node>>, Rejection> {
        let minted = self.resolve_or_mint(org, topic);
        minted.map_err(|unminted| match unminted {
            Unminted::Refused(reject) => reject,
            // Not sooner: here the lock of minting is free again.
            Unminted::Collides(known) => self.case_collision((org, topic), &known, rights),
        })
    }

    /// Whether a topic is one at all, and below our own prefixes one by their grammar.
    pub(super) fn check_name(&self, topic: &str) -> Result<(), Rejection> {
        let invalid = |error: TopicError| {
            Rejection::new(Reason::TopicInvalid, format!("`{}`: {error}", shortened(topic)))
        };
        validate_publish_topic(topic).map_err(invalid)?;
        match Plane::split(topic) {
            (Plane::Data | Plane::Descriptor | Plane::Command, path) => {
                grammar::check(path, self.config.names).map(drop).map_err(invalid)
            }
            _ => Ok(()),
        }
    }

    fn resolve_or_mint(&self, org: OrgId, topic: &str) -> Result<Resolved<Arc<Node>>, Unminted> {
        self.check_name(topic)?;
        match Plane::of(topic) {
            Plane::Data => self.mint(org, topic, Side::Uns),
            Plane::Descriptor | Plane::Command => Ok(Resolved::Guarded),
            Plane::Fabric => Err(Rejection::new(
                Reason::NotAuthorized,
                "topics below `$SYS`, `$uns` and their like are written by the hub alone",
            )
            .into()),
            Plane::OtherVersion => Err(Rejection::new(
                Reason::TopicInvalid,
                format!("`{}`: this release serves version v1 of the prefix", shortened(topic)),
            )
            .into()),
            Plane::Sparkplug | Plane::Foreign => Ok(Resolved::Plain),
            Plane::Brownfield if self.is_plain_brownfield(topic) => Ok(Resolved::Guarded),
            Plane::Brownfield => self.mint(org, topic, Side::Brownfield),
        }
    }

    fn is_plain_brownfield(&self, topic: &str) -> bool {
        let config = &self.config;
        let levels = || topic.bytes().filter(|byte| *byte == b'/').count() + 1;
        let (living, brownfield) = self.registry.living();
        config.brownfield == Brownfield::Off
            || !config.create_nodes
            || brownfield >= config.brownfield_nodes_max
            || living >= config.nodes_max
            || topic.len() > config.brownfield_topic_bytes_max
            || levels() > config.brownfield_levels_max
    }

    /// Mints a node unless another gate was faster.
    fn mint(&self, org: OrgId, topic: &str, side: Side) -> Result<Resolved<Arc<Node>>, Unminted> {
        let mut mint = self.registry.mint();
        match self.registry.find(org, topic) {
            Some(node) if !node.is_deleted() => return Ok(Resolved::Node(node)),
            Some(refused) => self.registry.delete(&mut mint, &refused),
            None => {}
        }
        if self.memory_short.load(Ordering::Relaxed) {
            let detail = "the hub is short of memory and takes new topics later";
            return Err(Rejection::new(Reason::MemoryFull, detail).into());
        }
        match side {
            Side::Brownfield if self.is_plain_brownfield(topic) => return Ok(Resolved::Guarded),
            Side::Brownfield => {}
            Side::Uns => self.check_mint(&mint, org, topic)?,
        }
        let ingest = self.clock.now();
        let millis = u64::try_from(ingest.0 / 1_000_000).unwrap_or_default();
        let random = u128::from(self.random.u64()) << 64 | u128::from(self.random.u64());
        let id = NodeId::v7(millis, random);
        let (topic, number, name) = self.registry.next(&mint, org, topic);
        let minted = Minted { org, topic, number, id, name };
        let deletions = Arc::clone(&self.deletions);
        let fate =
            Arc::new(Fate { deletions, failed: AtomicBool::new(false), node: OnceLock::new() });
        let mut batch = Batch::new();
        let name = &minted.name;
        batch.push(&Record::NodeMinted { org, topic, node: number, id, name, ingest });
        // Somebody waits, so a full disk refuses the batch now instead of dropping it in silence.
        let on_commit = fate.clone().on_commit();
        self.log.append(batch, Some(on_commit)).map_err(|error| storage_full(&error))?;
        let node = self.registry.insert(&mut mint, minted);
        fate.decides(&node);
        Ok(Resolved::Node(node))
    }

    fn check_mint(&self, mint: &Mint, org: OrgId, topic: &str) -> Result<(), Unminted> {
        if !self.config.create_nodes {
            let detail = format!("no node lives on `{topic}` and publishing does not make one");
            return Err(Rejection::new(Reason::NodeUnknown, detail).into());
        }
        if let Some(known) = self.registry.collision(mint, org, topic) {
            return Err(Unminted::Collides(known));
        }
        let (living, _) = self.registry.living();
        if living >= self.config.nodes_max {
            // How many there are is nothing that every publisher may know.
            let detail = "the namespace is full: delete nodes, or raise `namespace.nodes_max`";
            return Err(Rejection::new(Reason::QuotaExceeded, detail).into());
        }
        Ok(())
    }
}

/// Ties a node to the commit of its record: if that fails after all, the node counts as deleted,
/// publishes that wait in a gate's batch are resolved again, and the next one mints another node.
struct Fate {
    deletions: Arc<RwLock<u64>>,
    failed: AtomicBool,
    node: OnceLock<Arc<Node>>,
}

impl Fate {
    fn on_commit(self: Arc<Self>) -> OnCommit {
        Box::new(move |result| {
            if result.is_err() {
                self.failed.store(true, Ordering::SeqCst);
                self.node.get().inspect(|node| node.set_refused());
                *self.deletions.write() += 1;
            }
        })
    }

    fn decides(&self, node: &Arc<Node>) {
        self.node.get_or_init(|| node.clone());
        if self.failed.load(Ordering::SeqCst) {
            node.set_refused();
        }
    }
}

pub(super) fn storage_full(error: &fabric::Error) -> Rejection {
    Rejection::new(Reason::StorageFull, error.to_string())
}

/// The beginning of a topic, for messages to people.
fn shortened(topic: &str) -> &str {
    let cut = topic.char_indices().nth(120).map_or(topic.len(), |(at, _)| at);
    topic.get(..cut).unwrap_or_default()
}
