//! Applying committed records. Payloads are decoded before the lock is taken, and one turn under
//! the lock is bounded in records and points, so readers never wait long.

use std::sync::Arc;

use fabric::{Frame, Message, Publish, Record};
use parking_lot::RwLock;
use schemas::payload::{DecodeContext, Decoded, Units, decode};
use uns_model::fold::{Effect, TimeFinding, Verdict};
use uns_model::{Kept, NodeNo, Point, Sequence, Timestamp};

use super::clocks::worse;
use super::last::follows;
use super::more::Kind;
use super::{Arrived, Entry, Field, FoldCounts, Last, View, share_field};
use crate::node::{Minted, Node};
use crate::properties::content_type;
use crate::{Config, registry::Registry};

/// Most records applied in one turn.
const RECORDS_MAX: usize = 512;
/// A turn takes no further record once it has so many points.
const POINTS_MAX: usize = 8_192;

/// What applying needs besides the view; the buffers are reused.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    points: Vec<Point>,
    /// Per record of the turn, where its points end, and what was remarkable about them.
    ends: Vec<(usize, Decoded)>,
    /// The nodes the turn publishes to.
    nodes: Vec<NodeNo>,
    broken: u64,
    units: Units,
}

impl Scratch {
    /// Applies a frame; how many records it had.
    pub(crate) fn apply(
        &mut self,
        view: &RwLock<View>,
        registry: &Registry,
        config: &Config,
        frame: &Frame,
    ) -> u64 {
        let mut records = frame.records();
        let mut applied = 0;
        while records.len() > 0 {
            let turn = records.clone();
            let taken = self.decode(&mut records, config);
            let mut view = view.write();
            view.entries.touch(&self.nodes);
            let mut start = 0;
            let mut points = self.points.drain(..);
            for ((sequence, record), (end, decoded)) in turn.take(taken).zip(&self.ends) {
                let own = points.by_ref().take(end - start);
                view.apply(registry, sequence, &record, (*decoded, own));
                start = *end;
            }
            drop(points);
            view.counts.broken_json += std::mem::take(&mut self.broken);
            applied += taken as u64;
        }
        applied
    }

    /// Decodes the records of one turn.
    fn decode<'f>(
        &mut self,
        records: &mut impl Iterator<Item = (Sequence, Record<'f>)>,
        config: &Config,
    ) -> usize {
        self.points.clear();
        self.ends.clear();
        self.nodes.clear();
        while self.ends.len() < RECORDS_MAX && self.points.len() < POINTS_MAX {
            let Some((_, record)) = records.next() else { break };
            let mut remarkable = Decoded::default();
            if let Record::Publish(publish) = record {
                self.nodes.push(publish.node);
                let content_type = content_type(publish.properties);
                let context = DecodeContext::new(&config.zone, publish.ingest).sharing(&self.units);
                let decoded = decode(publish.payload, content_type, &context, &mut self.points);
                // Only brownfield gets here with it.
                self.broken += u64::from(decoded.malformed);
                remarkable = Decoded { malformed: false, ..decoded };
            }
            self.ends.push((self.points.len(), remarkable));
        }
        self.ends.len()
    }
}

impl View {
    /// Applies one record.
    pub(crate) fn apply(
        &mut self,
        registry: &Registry,
        sequence: Sequence,
        record: &Record<'_>,
        payload: (Decoded, impl Iterator<Item = Point>),
    ) {
        if self.known.holds(record, sequence) {
            // The checkpoint has it: what it says of these nodes is newer than where it begins.
            payload.1.for_each(drop);
            self.applied = sequence;
            return;
        }
        match *record {
            Record::Publish(publish) => self.publish(registry, sequence, &publish, payload),
            Record::NodeMinted { org, topic, node, id, name, .. } => {
                if self.entry(node).is_none() {
                    let minted = Minted { org, topic, number: node, id, name: name.into() };
                    self.insert(Entry::new(known_node(registry, minted)));
                }
            }
            Record::NodeDeleted { node, .. } => self.delete(registry, node, sequence),
            Record::Message(message) if message.retain => self.supersede(sequence, &message),
            Record::Publisher { .. } | _ => {}
        }
        self.applied = sequence;
    }

    fn publish(
        &mut self,
        registry: &Registry,
        sequence: Sequence,
        publish: &Publish<'_>,
        (decoded, points): (Decoded, impl Iterator<Item = Point>),
    ) {
        let Publish { node, publisher, ingest, .. } = *publish;
        if self.entry(node).is_none_or(|entry| !entry.is_living()) {
            points.for_each(drop);
            self.counts.orphans += 1;
            match self.buried.get_mut(&node) {
                Some(last) => *last = sequence,
                None => registry.reserve(publish.topic, node),
            }
            return;
        }
        if publish.retain {
            let kept = (!publish.payload.is_empty()).then(|| {
                Kept::new(publish.qos, publish.expiry, publish.properties, publish.payload)
            });
            self.retain(node, kept, ingest);
        }
        let arrived = Arrived { publisher, ingest, sequence };
        let mut finding = None;
        for point in points {
            let verdict = self.point(node, point, (arrived, decoded));
            self.counts.count(&verdict);
            finding = worse(finding, verdict.finding);
        }
        if let Some(finding) = finding {
            self.clocks.note((publish.org, publisher), finding, (node, ingest));
        }
    }

    /// What is retained on a topic while it is no node's, as it is with another setting, is newer
    /// than what was before: the ledger keeps that, or knows that it was cleared.
    fn supersede(&mut self, sequence: Sequence, message: &Message<'_>) {
        let entry = self.node_of_topic(message.org, message.topic);
        let is_known = |entry: &&Entry| self.known.holds_node(entry.node.number, sequence);
        let entry = entry.filter(|entry| entry.retained.is_some() && !is_known(entry));
        if let Some(entry) = entry {
            self.retain(entry.node.number, None, Timestamp::default());
        }
        self.sink.message(message);
    }

    fn point(
        &mut self,
        node: NodeNo,
        mut point: Point,
        (arrived, decoded): (Arrived, Decoded),
    ) -> Verdict {
        let Self { entries, shared_fields, .. } = self;
        let entry = entries.get_mut(node).expect("whoever asks has looked");
        let verdict = match point.field.take() {
            None => {
                let kind = Kind::of(&point.value);
                let unit = entry.new_unit(&mut point);
                let verdict = match &mut entry.own {
                    Some(own) => own.next(point, arrived),
                    None => {
                        let (verdict, first) = Last::first(point, arrived);
                        entry.own = first;
                        verdict
                    }
                };
                if follows(&verdict) {
                    let unit = unit.map(|unit| share_field(shared_fields, unit));
                    entry.remark((kind, unit), (arrived, verdict.time), decoded);
                }
                verdict
            }
            Some(name) => match entry.find_field(&name) {
                Ok(field) => {
                    let verdict = field.last.next(point, arrived);
                    if verdict.effect != Effect::HistoryOnly {
                        field.seen = arrived.sequence;
                    }
                    verdict
                }
                Err(place) => {
                    let (verdict, first) = Last::first(point, arrived);
                    if let Some(last) = first {
                        let name = share_field(shared_fields, name);
                        entry.add_field(place, Field { name, last, seen: arrived.sequence });
                    }
                    verdict
                }
            },
        };
        entry.note_ingest(arrived.ingest);
        verdict
    }

    pub(crate) fn delete(&mut self, registry: &Registry, node: NodeNo, sequence: Sequence) {
        let Some(entry) = self.entry_mut(node).filter(|entry| entry.is_living()) else { return };
        entry.bury();
        let node = entry.node.clone();
        registry.delete(&mut registry.mint(), &node);
        self.tree.remove(&node);
        self.buried.insert(node.number, sequence);
        self.retain(node.number, None, Timestamp::default());
    }
}

impl FoldCounts {
    fn count(&mut self, verdict: &Verdict) {
        self.points += 1;
        match verdict.effect {
            Effect::Follow => {}
            Effect::Correct => self.corrections += 1,
            Effect::HistoryOnly => self.history_only += 1,
            Effect::Duplicate => self.duplicates += 1,
        }
        match verdict.finding {
            None => {}
            Some(TimeFinding::OutOfRange(_)) => self.out_of_range += 1,
            Some(TimeFinding::Ahead(_)) => self.ahead += 1,
            Some(TimeFinding::ClockStep(_)) => self.clock_steps += 1,
        }
    }
}

/// The registry's node of a record; made here when the log is replayed.
fn known_node(registry: &Registry, minted: Minted) -> Arc<Node> {
    // A gate holds this lock from before the record is appended until the node is registered.
    let mut mint = registry.mint();
    if let Some(node) = registry.find(minted.org, &minted.name) {
        if node.number == minted.number {
            return node;
        }
        if node.number > minted.number {
            // The gates are ahead: this one's deletion follows in the log.
            let node = Arc::new(Node::new(minted));
            node.set_deleted(true);
            return node;
        }
    }
    registry.insert(&mut mint, minted)
}
