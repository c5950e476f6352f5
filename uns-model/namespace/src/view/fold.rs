//! Applying committed records. One turn under the lock is bounded in records and points, so readers
//! never wait long. Nothing is read here: a record says what the gate understood of its payload.

use std::sync::Arc;

use fabric::{Frame, Message, Publish, Record};
use parking_lot::RwLock;
use uns_model::fold::{self, Effect, TimeFinding, Verdict};
use uns_model::{Kept, NodeNo, PointRef, Sequence, Timestamp};

use super::clocks::worse;
use super::last::follows;
use super::more::{Ended, Found};
use super::{Arrived, Entry, Field, FoldCounts, Last, View, share_field};
use crate::node::{Minted, Node};
use crate::registry::Registry;

/// Most records applied in one turn.
const RECORDS_MAX: usize = 512;
/// A turn takes no further record once it has so many points.
const POINTS_MAX: u64 = 8_192;

/// What the fields of a payload belong to: the point of the node itself before them.
#[derive(Clone, Copy, Default)]
struct Belonging {
    /// It became the last value of the node, or is it already.
    is_newest: bool,
    /// When it was, if it is one value and no document.
    beside: Option<Timestamp>,
}

/// What applying needs besides the view; reused.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// The nodes the turn publishes to.
    nodes: Vec<NodeNo>,
}

impl Scratch {
    /// Applies a frame; how many records it had.
    pub(crate) fn apply(&mut self, view: &RwLock<View>, registry: &Registry, frame: &Frame) -> u64 {
        let mut records = frame.skim();
        let mut applied = 0;
        while records.len() > 0 {
            self.nodes.clear();
            self.nodes.extend(records.clone().take(RECORDS_MAX).filter_map(|raw| raw.node()));
            let mut view = view.write();
            view.entries.touch(&self.nodes);
            let until = view.counts.points + POINTS_MAX;
            for raw in records.by_ref().take(RECORDS_MAX) {
                view.apply(registry, raw.sequence(), &raw.record());
                applied += 1;
                if view.counts.points >= until {
                    break;
                }
            }
        }
        applied
    }
}

impl View {
    /// Applies one record.
    pub(crate) fn apply(&mut self, registry: &Registry, sequence: Sequence, record: &Record<'_>) {
        if self.known.holds(record, sequence) {
            // The checkpoint has it: what it says of these nodes is newer than where it begins.
            self.applied = sequence;
            return;
        }
        match *record {
            Record::Publish(publish) => self.publish(registry, sequence, &publish),
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

    fn publish(&mut self, registry: &Registry, sequence: Sequence, publish: &Publish<'_>) {
        let Publish { node, publisher, ingest, .. } = *publish;
        if self.entry(node).is_none_or(|entry| !entry.is_living()) {
            self.counts.orphans += 1;
            match self.deleted.get_mut(&node) {
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
        // The log gives older records theirs.
        let points = publish.points.unwrap_or_default();
        let found = Found::of(points.findings());
        // Under our own prefix most of it is refused before.
        self.counts.broken_json += u64::from(found.malformed);
        let arrived = Arrived { publisher, ingest, sequence };
        let mut finding = None;
        let mut of = Belonging::default();
        for point in points.iter() {
            let verdict = match point.field {
                None => {
                    let verdict = self.own_point(node, &point, arrived, found);
                    of.is_newest = verdict.effect != Effect::HistoryOnly;
                    of.beside = fold::ends_fields(&point.value).then_some(verdict.time);
                    verdict
                }
                Some(_) => self.field_point(node, &point, arrived, of),
            };
            self.counts.count(&verdict);
            finding = worse(finding, verdict.finding);
        }
        if let Some(finding) = finding {
            self.clocks.note((publish.org, publisher), finding, node, ingest);
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

    /// A point of the node itself.
    fn own_point(
        &mut self,
        node: NodeNo,
        point: &PointRef<'_>,
        arrived: Arrived,
        found: Found,
    ) -> Verdict {
        let Self { entries, shared_fields, .. } = self;
        let entry = entries.get_mut(node).expect("whoever asks has looked");
        let ends_fields = fold::ends_fields(&point.value);
        if !ends_fields {
            entry.keep_ended();
        }
        let known_end = entry.known_end();
        let unit = entry.new_unit(point);
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
            entry.remark(unit, arrived, found);
        }
        if ends_fields {
            let Arrived { ingest, sequence, .. } = arrived;
            entry.end_fields(Ended { time: verdict.time, sequence, ingest }, known_end);
        }
        entry.note_ingest(arrived.ingest);
        verdict
    }

    /// A point of a field.
    fn field_point(
        &mut self,
        node: NodeNo,
        point: &PointRef<'_>,
        arrived: Arrived,
        of: Belonging,
    ) -> Verdict {
        let name = point.field.expect("whoever asks has looked");
        let Self { entries, shared_fields, fields_max, .. } = self;
        let entry = entries.get_mut(node).expect("whoever asks has looked");
        let verdict = match entry.find_field(name) {
            Ok(field) => {
                if of.is_newest {
                    field.seen = arrived.sequence;
                }
                let verdict = field.last.next_unless(field.is_ended, point, arrived);
                if follows(&verdict) {
                    field.is_beside = of.beside == Some(verdict.time);
                    if let Some(unit) =
                        point.unit.filter(|unit| field.unit.as_deref() != Some(unit))
                    {
                        field.unit = Some(share_field(shared_fields, unit));
                    }
                }
                verdict
            }
            Err(place) => {
                let (verdict, first) = Last::first(point, arrived);
                if let Some(last) = first {
                    let name = share_field(shared_fields, name);
                    let seen = if of.is_newest { arrived.sequence } else { Sequence::ZERO };
                    let unit = point.unit.map(|unit| share_field(shared_fields, unit));
                    let is_beside = of.beside == Some(verdict.time);
                    let field = Field { name, last, seen, unit, is_beside, is_ended: false };
                    entry.add_field(place, field, *fields_max);
                }
                verdict
            }
        };
        if follows(&verdict) {
            if !of.is_newest {
                entry.note_document();
            }
            entry.open_field(name);
        }
        entry.note_ingest(arrived.ingest);
        verdict
    }

    pub(crate) fn delete(&mut self, registry: &Registry, node: NodeNo, sequence: Sequence) {
        let Some(entry) = self.entry_mut(node).filter(|entry| entry.is_living()) else { return };
        entry.set_deletion_folded();
        let node = entry.node.clone();
        registry.delete(&mut registry.mint(), &node);
        self.tree.remove(&node);
        self.deleted.insert(node.number, sequence);
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
            Some(TimeFinding::OutOfRange(Timestamp::UNREADABLE)) => self.unreadable += 1,
            Some(TimeFinding::OutOfRange(_)) => self.out_of_range += 1,
            Some(TimeFinding::Ahead(_)) => self.ahead += 1,
            Some(TimeFinding::ClockStep(_)) => self.clock_steps += 1,
        }
    }
}

/// The registry's node of a record; made here when the log is replayed.
fn known_node(registry: &Registry, minted: Minted) -> Arc<Node> {
    // Gates register nodes ahead of the log: what is found here is this node, or an earlier or later one
    // of the same topic.
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
    registry.insert(&mut mint, Node::new(minted))
}
