//! Nodes and their series, folded from the log.

use std::collections::HashMap;
use std::sync::Arc;

use ahash::RandomState;
use historian_segment::SeriesId;
use uns_model::{NodeId, NodeNo, OrgId, Plane, TopicId, Value};

/// The type of a series. Int and float are one numeric series; a value of another type opens a
/// series of its own, a further generation of the same node or field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ValueType {
    /// Integers and doubles.
    Number,
    /// Booleans.
    Bool,
    /// Strings.
    Text,
    /// JSON objects and arrays.
    Document,
}

impl ValueType {
    /// Every type, in catalog order.
    pub const ALL: [Self; 4] = [Self::Number, Self::Bool, Self::Text, Self::Document];

    /// Its name in the catalog and in `series.parquet`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Text => "text",
            Self::Document => "document",
        }
    }
}

/// One series.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    pub(crate) node: NodeNo,
    pub(crate) field: Option<Arc<str>>,
    pub(crate) value_type: ValueType,
    /// 0 for the first type seen, then counting up.
    pub(crate) generation: u8,
}

/// One node.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) org: OrgId,
    pub(crate) topic: TopicId,
    pub(crate) name: Arc<str>,
    pub(crate) id: NodeId,
    pub(crate) deleted: bool,
    pub(crate) purged: bool,
    brownfield: bool,
    own: Types,
    fields: HashMap<Arc<str>, Types, RandomState>,
}

/// The series of one node or field, by type.
#[derive(Clone, Copy, Debug, Default)]
struct Types {
    series: [Option<SeriesId>; 4],
    latest: Option<SeriesId>,
}

impl Types {
    fn iter(&self) -> impl Iterator<Item = SeriesId> {
        self.series.iter().copied().flatten()
    }
}

/// Why a value has no series.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NoSeries {
    UnknownNode,
    Opaque,
    TooMany,
}

/// Node numbers are dense; beyond this a record is nonsense.
const NODES_MAX: u32 = 1 << 26;

/// All nodes and series.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    nodes: Vec<Option<Box<Node>>>,
    series: Vec<Series>,
    topics: HashMap<(OrgId, Arc<str>), Vec<NodeNo>, RandomState>,
    changed: Vec<NodeNo>,
    saved_series: usize,
}

/// What a checkpoint has to add to the catalog.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) nodes: Vec<(NodeNo, Node)>,
    pub(crate) series: Vec<(SeriesId, Series)>,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.series.is_empty()
    }
}

impl Registry {
    /// Introduces a node, or gives it another topic.
    pub(crate) fn mint(
        &mut self,
        number: NodeNo,
        (org, topic, id): (OrgId, TopicId, NodeId),
        name: &str,
    ) {
        let index = number.0 as usize;
        if number.0 >= NODES_MAX {
            return;
        }
        let name: Arc<str> = name.into();
        if self.nodes.len() <= index {
            self.nodes.resize_with(index + 1, || None);
        }
        let (own, fields) = match self.nodes[index].take() {
            Some(old) if !old.purged => (old.own, old.fields),
            // What was purged stays gone, even if its number should come back.
            _ => Default::default(),
        };
        let node = Node {
            org,
            topic,
            name: Arc::clone(&name),
            id,
            deleted: false,
            purged: false,
            brownfield: is_brownfield(&name),
            own,
            fields,
        };
        self.nodes[index] = Some(Box::new(node));
        let known = self.topics.entry((org, name)).or_default();
        if !known.contains(&number) {
            known.push(number);
        }
        self.changed.push(number);
    }

    /// Marks a node deleted; gives the series to forget when it is purged.
    pub(crate) fn delete(&mut self, number: NodeNo, purge: bool) -> Vec<SeriesId> {
        let Some(node) = self.nodes.get_mut(number.0 as usize).and_then(Option::as_mut) else {
            return Vec::new();
        };
        node.deleted = true;
        node.purged |= purge;
        self.changed.push(number);
        if !purge {
            return Vec::new();
        }
        node.own.iter().chain(node.fields.values().flat_map(Types::iter)).collect()
    }

    /// The series a value belongs to; created on first use.
    pub(crate) fn series_for(
        &mut self,
        number: NodeNo,
        field: Option<&Arc<str>>,
        value: &Value,
        series_max: usize,
    ) -> Result<SeriesId, NoSeries> {
        let node = self.nodes.get_mut(number.0 as usize).and_then(Option::as_mut);
        let node = node.filter(|node| !node.deleted).ok_or(NoSeries::UnknownNode)?;
        let full = self.series.len() >= series_max;
        let types = match field {
            None => &mut node.own,
            Some(field) => match node.fields.get_mut(field) {
                Some(types) => types,
                None if full => return Err(NoSeries::TooMany),
                None => node.fields.entry(Arc::clone(field)).or_default(),
            },
        };
        let value_type = match value {
            Value::Int(_) | Value::UInt(_) | Value::Float(_) => ValueType::Number,
            Value::Bool(_) => ValueType::Bool,
            Value::Text(_) => ValueType::Text,
            Value::Document(_) => ValueType::Document,
            Value::Bytes(_) => return Err(NoSeries::Opaque),
            // A mark without a value stays with the type the tag has; a tag that never had a
            // value counts as numeric.
            Value::Null => match types.latest {
                Some(latest) => return Ok(latest),
                None => ValueType::Number,
            },
        };
        if let Some(sid) = types.series[value_type as usize] {
            types.latest = Some(sid);
            return Ok(sid);
        }
        let sid = SeriesId(u32::try_from(self.series.len()).map_err(|_| NoSeries::TooMany)?);
        if full {
            return Err(NoSeries::TooMany);
        }
        let generation = u8::try_from(types.iter().count()).unwrap_or(u8::MAX);
        types.series[value_type as usize] = Some(sid);
        types.latest = Some(sid);
        self.series.push(Series { node: number, field: field.cloned(), value_type, generation });
        Ok(sid)
    }

    /// The series of a topic or field: every generation, of every node the topic has had and that
    /// was not purged. `None` when the topic was never seen.
    pub(crate) fn find(
        &self,
        org: OrgId,
        topic: &str,
        field: Option<&str>,
    ) -> Option<Vec<SeriesId>> {
        let nodes = self.topics.get(&(org, Arc::from(topic)))?;
        let mut found = Vec::new();
        let mut known = false;
        for number in nodes {
            let node = self.nodes.get(number.0 as usize).and_then(Option::as_ref);
            let Some(node) = node.filter(|node| !node.purged) else { continue };
            known = true;
            match field {
                None => found.extend(node.own.iter()),
                Some(field) => found.extend(node.fields.get(field).iter().flat_map(|t| t.iter())),
            }
        }
        found.sort_unstable();
        known.then_some(found)
    }

    pub(crate) fn is_purged(&self, sid: SeriesId) -> bool {
        self.series.get(sid.0 as usize).is_some_and(|series| {
            let node = self.nodes.get(series.node.0 as usize).and_then(Option::as_ref);
            node.is_some_and(|node| node.purged)
        })
    }

    /// Whether a node lives outside our own prefixes.
    pub(crate) fn is_brownfield(&self, number: NodeNo) -> bool {
        let node = self.nodes.get(number.0 as usize).and_then(Option::as_ref);
        node.is_some_and(|node| node.brownfield)
    }

    pub(crate) fn series_count(&self) -> usize {
        self.series.len()
    }

    /// What changed since this was last asked.
    pub(crate) fn take_changes(&mut self) -> Changes {
        let mut numbers = std::mem::take(&mut self.changed);
        numbers.sort_unstable();
        numbers.dedup();
        let node = |number: NodeNo| {
            let node = self.nodes.get(number.0 as usize).and_then(Option::as_ref)?;
            let slim =
                Node { own: Types::default(), fields: HashMap::default(), ..(**node).clone() };
            Some((number, slim))
        };
        let nodes = numbers.into_iter().filter_map(node).collect();
        let ids = (0u32..).map(SeriesId).skip(self.saved_series);
        let series = ids.zip(self.series[self.saved_series..].iter().cloned()).collect();
        self.saved_series = self.series.len();
        Changes { nodes, series }
    }

    /// Puts back a node from the catalog.
    pub(crate) fn restore_node(&mut self, number: NodeNo, node: &Node) {
        self.mint(number, (node.org, node.topic, node.id), &node.name);
        if node.deleted {
            self.delete(number, node.purged);
        }
        self.changed.clear();
    }

    /// Puts back a series from the catalog; they come in order of their ids.
    pub(crate) fn restore_series(&mut self, series: Series) {
        let sid = SeriesId(u32::try_from(self.series.len()).unwrap_or(u32::MAX));
        if let Some(node) = self.nodes.get_mut(series.node.0 as usize).and_then(Option::as_mut) {
            let types = match &series.field {
                None => &mut node.own,
                Some(field) => node.fields.entry(Arc::clone(field)).or_default(),
            };
            types.series[series.value_type as usize] = Some(sid);
            types.latest = Some(sid);
        }
        self.series.push(series);
        self.saved_series = self.series.len();
    }

    /// Every series that can be named, with its node.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (SeriesId, &Series, &Node)> {
        (0u32..).map(SeriesId).zip(&self.series).filter_map(|(sid, series)| {
            let node = self.nodes.get(series.node.0 as usize)?.as_deref()?;
            (!node.purged).then_some((sid, series, node))
        })
    }
}

fn is_brownfield(topic: &str) -> bool {
    Plane::of(topic) == Plane::Brownfield
}

impl Node {
    /// A node as the catalog keeps it.
    pub(crate) fn stored(org: OrgId, topic: TopicId, id: NodeId, name: Arc<str>) -> Self {
        let (own, fields) = (Types::default(), HashMap::default());
        let brownfield = is_brownfield(&name);
        Self { org, topic, name, id, deleted: false, purged: false, brownfield, own, fields }
    }
}
