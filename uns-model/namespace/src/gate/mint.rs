//! The first publish on a topic: which plane it is on, and whether it may become a node. It becomes one
//! when the publish is admitted (NS-7); until then there is a prospect, which nobody else knows of.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use fabric::{Rejection, Resolved};
use uns_model::{NodeId, OrgId, Plane, Reason, TopicError, grammar, validate_publish_topic};

use super::PublisherRights;
use crate::node::{self, Node};
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

/// What is there where a node is wanted.
enum Place {
    /// A node that somebody else made.
    Node(Arc<Node>),
    /// Room for one.
    Free,
    /// No room: the topic passes as plain MQTT.
    Plain,
}

/// The node of a prospect.
pub(super) struct Minted {
    pub(super) node: Arc<Node>,
    /// Whether it is new: then who minted it has the first claim on it.
    pub(super) is_new: bool,
}

impl Namespace {
    /// Resolves a topic that has no living node, for a publisher with these rights.
    pub(super) fn resolve_unknown(
        &self,
        org: OrgId,
        topic: &str,
        rights: &dyn PublisherRights,
    ) -> Result<Resolved<Arc<Node>>, Rejection> {
        let resolved = self.resolve_or_refuse(org, topic);
        resolved.map_err(|unminted| self.refusal(unminted, (org, topic), rights))
    }

    /// Makes a node of a prospect, unless its topic has one by now; `None`: it passes as plain MQTT.
    pub(super) fn mint(
        &self,
        prospect: &Node,
        rights: &dyn PublisherRights,
    ) -> Result<Option<Minted>, Rejection> {
        let minted = self.try_mint(prospect);
        minted.map_err(|unminted| self.refusal(unminted, (prospect.org, &prospect.name), rights))
    }

    /// What the publisher is told.
    fn refusal(
        &self,
        unminted: Unminted,
        (org, topic): (OrgId, &str),
        rights: &dyn PublisherRights,
    ) -> Rejection {
        match unminted {
            Unminted::Refused(reject) => reject,
            // Not sooner: here the lock of minting is free again.
            Unminted::Collides(known) => self.case_collision((org, topic), &known, rights),
        }
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

    fn resolve_or_refuse(&self, org: OrgId, topic: &str) -> Result<Resolved<Arc<Node>>, Unminted> {
        self.check_name(topic)?;
        match Plane::of(topic) {
            Plane::Data => self.prospect(org, topic),
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
            Plane::Brownfield => self.prospect(org, topic),
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

    /// The node on a topic, or what a publish to it may make a node of.
    fn prospect(&self, org: OrgId, topic: &str) -> Result<Resolved<Arc<Node>>, Unminted> {
        let mut mint = self.registry.mint();
        Ok(match self.place(&mut mint, org, topic)? {
            Place::Node(node) => Resolved::Node(node),
            Place::Plain => Resolved::Guarded,
            Place::Free => {
                // The string of a topic that had a node is kept.
                let known = self.registry.find(org, topic).map(|node| Arc::clone(&node.name));
                let name = known.unwrap_or_else(|| topic.into());
                Resolved::Node(Arc::new(Node::prospect(org, name)))
            }
        })
    }

    fn try_mint(&self, prospect: &Node) -> Result<Option<Minted>, Unminted> {
        let mut mint = self.registry.mint();
        let org = prospect.org;
        match self.place(&mut mint, org, &prospect.name)? {
            Place::Node(node) => return Ok(Some(Minted { node, is_new: false })),
            Place::Plain => return Ok(None),
            Place::Free => {}
        }
        let millis = u64::try_from(self.clock.now().0 / 1_000_000).unwrap_or_default();
        let random = u128::from(self.random.u64()) << 64 | u128::from(self.random.u64());
        let id = NodeId::v7(millis, random);
        let (topic, number, name) = self.registry.next(&mint, org, &prospect.name);
        self.underway.begin(number);
        let node = Node::new(node::Minted { org, topic, number, id, name }).unlogged();
        Ok(Some(Minted { node: self.registry.insert(&mut mint, node), is_new: true }))
    }

    /// What there is on a topic that may be a node's.
    fn place(&self, mint: &mut Mint, org: OrgId, topic: &str) -> Result<Place, Unminted> {
        self.registry.settle(mint, &self.underway);
        if let Some(node) = self.registry.find(org, topic)
            && !node.is_deleted()
        {
            return Ok(Place::Node(node));
        }
        if self.memory_short.load(Ordering::Relaxed) {
            let detail = "the hub is short of memory and takes new topics later";
            return Err(Rejection::new(Reason::MemoryFull, detail).into());
        }
        if Plane::of(topic) == Plane::Brownfield {
            let is_plain = self.is_plain_brownfield(topic);
            return Ok(if is_plain { Place::Plain } else { Place::Free });
        }
        self.check_mint(mint, org, topic)?;
        Ok(Place::Free)
    }

    /// Takes back the nodes of a batch that will never be in the log, but for those that other batches
    /// carry as well.
    pub(super) fn take_back(&self, nodes: &[Arc<Node>]) {
        if nodes.is_empty() {
            return;
        }
        let mut mint = self.registry.mint();
        // The newest first: their numbers are free again then.
        for node in nodes.iter().rev() {
            if self.underway.lose(node) {
                self.registry.take_back(&mut mint, node);
            }
        }
        // Gates remember rules by number.
        self.rules.forget_numbers();
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

pub(super) fn storage_full(error: &fabric::Error) -> Rejection {
    Rejection::new(Reason::StorageFull, error.to_string())
}

/// The beginning of a topic, for messages to people.
fn shortened(topic: &str) -> &str {
    let cut = topic.char_indices().nth(120).map_or(topic.len(), |(at, _)| at);
    topic.get(..cut).unwrap_or_default()
}
