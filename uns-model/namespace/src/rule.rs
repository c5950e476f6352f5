//! What a node asks of its publishes beside what its plane asks. This is where contracts stand. Rules
//! may change while their nodes live: a change takes effect with the next publish.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use ahash::AHashMap;
use bytes::Bytes;
use fabric::{Inbound, Points, PointsBuilder, Rejection};
use parking_lot::RwLock;
use uns_model::{Finding, NodeNo, OrgId, Quality};

use crate::node::{Node, Retain};
use crate::registry::Registry;

/// What one node asks of its publishes.
pub trait Rule: Send + Sync {
    /// Whether they are retained.
    fn retain(&self) -> Retain {
        Retain::AsPublished
    }

    /// Judges a publish whose size and form were found to be right (NS-22). What it causes is noted in
    /// the verdict.
    ///
    /// # Errors
    /// It is refused. Of what the verdict says, the messages to `$uns/…` go out all the same (NS-17): a
    /// refusal is a violation too. No sample comes of it.
    fn check(&self, publish: &Judged<'_>, verdict: &mut Verdict) -> Result<(), Rejection>;
}

/// Which rule a node has.
pub trait Rules: Send + Sync {
    /// The rule of the node on a topic. It is asked once for each node after each change, and for each
    /// publish to a topic that is no node yet.
    fn of(&self, org: OrgId, topic: &str) -> Option<Arc<dyn Rule>>;
}

/// A publish as a rule sees it.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// Whose it is.
    pub org: OrgId,
    /// The topic of the node.
    pub topic: &'a str,
    /// What was published.
    pub inbound: &'a Inbound<'a>,
    /// What was understood of it.
    pub points: Points<'a>,
}

/// What becomes of a publish.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Its Message Expiry Interval in seconds, as published unless a rule shortens it.
    pub expiry: Option<u32>,
    /// Whether it is retained.
    pub(crate) retain: bool,
    /// Points whose quality is lowered, by their place among the points of the publish, ascending.
    pub lowered: Vec<(usize, Quality)>,
    /// What the rule found remarkable: kept with the points.
    pub findings: Vec<Finding>,
    /// The version of the contract it was held against: kept with the points.
    pub contract_version: Option<u64>,
    /// Messages of the fabric about it, in the order they go out. Those to `$uns/…` go to subscribers;
    /// those to a data topic are samples of it as well.
    pub outputs: Vec<Emitted>,
}

impl Verdict {
    /// Whether the record says something else of the payload than was read from it.
    pub(crate) fn changes_points(&self) -> bool {
        !self.lowered.is_empty() || !self.findings.is_empty() || self.contract_version.is_some()
    }

    /// The points as the rule wants them. No quality is raised.
    pub(crate) fn apply(&self, read: &Points<'_>, judged: &mut PointsBuilder<'_>) {
        let mut lowered = self.lowered.iter().peekable();
        for (nth, mut point) in read.iter().enumerate() {
            while let Some((_, quality)) = lowered.next_if(|(at, _)| *at == nth) {
                point.quality = point.quality.worst(*quality);
            }
            judged.push(&point);
        }
        read.findings().chain(self.findings.iter().copied()).for_each(|one| judged.finding(one));
        if let Some(version) = self.contract_version {
            judged.contract_version(version);
        }
    }
}

/// A message that a rule adds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Emitted {
    /// Where to.
    pub topic: Arc<str>,
    /// What.
    pub payload: Bytes,
    /// MQTT QoS, 0 or 1.
    pub qos: u8,
    /// MQTT RETAIN of a message to `$uns/…`; samples are not retained.
    pub retain: bool,
}

/// The rules of a namespace, and how often they changed. A node remembers the epoch in which it asked
/// for its rule, and asks again when that is over.
#[derive(Default)]
pub(crate) struct RuleBook {
    rules: RwLock<Option<Arc<dyn Rules>>>,
    /// As far as a node has room to remember it: from 1 to 255, and again. 0 before any rules.
    epoch: AtomicU8,
    changes: AtomicU64,
}

impl fmt::Debug for RuleBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuleBook").field("changes", &self.changes).finish_non_exhaustive()
    }
}

impl Retain {
    /// Whether a publish is retained, of which RETAIN says this.
    pub(crate) fn applied(self, asked: bool) -> bool {
        match self {
            Self::AsPublished => asked,
            Self::Forced => true,
            Self::Never => false,
        }
    }
}

impl RuleBook {
    /// Puts other rules in place of those of all nodes. Every publish that is admitted after this returns
    /// is judged by them.
    pub(crate) fn set(&self, rules: Arc<dyn Rules>, nodes: &Registry) {
        let mut current = self.rules.write();
        *current = Some(rules);
        let epoch = match self.epoch.load(Ordering::Relaxed) {
            u8::MAX => {
                // The numbers begin again: no node may take an old one for the new.
                nodes.each(Node::forget_rule);
                1
            }
            epoch => epoch + 1,
        };
        self.changes.fetch_add(1, Ordering::Release);
        self.epoch.store(epoch, Ordering::Release);
    }

    /// Numbers of nodes may be given a second time: who remembers rules by them asks again.
    pub(crate) fn forget_numbers(&self) {
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// Asks which rule a node has now, and has the node remember what each publish needs to know.
    fn bind(&self, node: &Node) -> Option<Arc<dyn Rule>> {
        // While this is held the rules do not change.
        let rules = self.rules.read();
        let rule = rules.as_ref().and_then(|rules| rules.of(node.org, &node.name));
        if node.is_prospect() {
            // It has nothing to be found by when its answer is out of date.
            return rule;
        }
        node.bind(self.epoch.load(Ordering::Acquire), rule.as_ref().map(|rule| rule.retain()));
        rule
    }
}

/// The rules of the nodes that have published through one gate lately.
#[derive(Default)]
pub(crate) struct KnownRules {
    changes: u64,
    known: AHashMap<NodeNo, Arc<dyn Rule>>,
}

/// So many rules one gate remembers; the others it asks for.
const KNOWN_MAX: usize = 65_536;

impl KnownRules {
    /// The rule of a node, which few have.
    #[inline]
    pub(crate) fn of(&mut self, book: &RuleBook, node: &Node) -> Option<Arc<dyn Rule>> {
        let bound = node.is_bound(book.epoch.load(Ordering::Acquire));
        if bound && !node.has_rule() {
            return None;
        }
        self.find(book, node, bound)
    }

    #[cold]
    fn find(&mut self, book: &RuleBook, node: &Node, bound: bool) -> Option<Arc<dyn Rule>> {
        let changes = book.changes.load(Ordering::Acquire);
        if self.changes != changes || self.known.len() >= KNOWN_MAX {
            self.known.clear();
            self.changes = changes;
        }
        if bound && let Some(rule) = self.known.get(&node.number) {
            return Some(Arc::clone(rule));
        }
        let rule = book.bind(node)?;
        if node.is_prospect() {
            return Some(rule);
        }
        self.known.insert(node.number, Arc::clone(&rule));
        Some(rule)
    }
}
