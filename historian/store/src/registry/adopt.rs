//! Nodes and series that only files tell of: what a lost catalog knew.

use std::sync::Arc;

use historian_segment::{SeriesId, SeriesOrigin};
use uns_model::{NodeId, NodeNo, OrgId, TopicId};

use super::Registry;
use super::nodes::is_numbered;
use super::rows::SeriesRow;
use super::types::ValueType;

/// The topic of a node of which only files told.
const TOPIC_LOST: TopicId = TopicId(u32::MAX);

/// A file says of a series what cannot be so beside what is known of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Contradiction(pub(crate) SeriesId);

impl Registry {
    /// Whether what files tell of their series goes with what is known.
    pub(crate) fn agrees(&self, series: &[SeriesOrigin]) -> Result<(), Contradiction> {
        let agrees = |told: &&SeriesOrigin| {
            let known = self.series.row(told.sid).filter(|row| !self.is_nobodys(row.node));
            known.is_none_or(|known| {
                let of = (ValueType::of_number(told.value_type), &told.field, &told.unit);
                let node = self.nodes.get(known.node);
                of == (Some(known.value_type), &known.field, &known.unit)
                    && node.is_none_or(|node| {
                        node.org == told.org
                            && match is_numbered(told.node) && is_numbered(known.node) {
                                true => known.node == told.node,
                                false => node.name == told.topic,
                            }
                    })
            })
        };
        match series.iter().find(|told| !agrees(told)) {
            Some(told) => Err(Contradiction(told.sid)),
            None => Ok(()),
        }
    }

    /// Takes in series in ascending order of their numbers, as files tell of them. Numbers left out
    /// between them stay taken, by a series of nobody.
    pub(crate) fn adopt(&mut self, series: &[SeriesOrigin]) {
        for told in series {
            let Some(value_type) = ValueType::of_number(told.value_type) else { continue };
            let place = told.sid.0 as usize;
            let known = self.series.node_of(told.sid);
            if known.is_some_and(|node| !self.is_nobodys(node)) {
                continue;
            }
            while self.series.len() < place {
                let row = self.nobodys_series();
                self.add_series(&row);
            }
            let node = self.adopt_node(told);
            let row = SeriesRow {
                sid: told.sid,
                node,
                field: told.field.clone(),
                value_type,
                generation: told.generation,
                unit: told.unit.clone(),
            };
            if known.is_none() {
                self.add_series(&row);
            } else {
                // A series of nobody turns out to be somebody's.
                self.series.replace(&row);
                self.make_latest(row.sid, &row);
                self.saved_series = self.saved_series.min(place);
            }
        }
    }

    fn adopt_node(&mut self, told: &SeriesOrigin) -> NodeNo {
        if !is_numbered(told.node) {
            let named = self.nodes.of_topic(told.org, &told.topic).map(|(number, _)| number);
            let known = named.into_iter().find(|number| !is_numbered(*number));
            return known.unwrap_or_else(|| self.add_unnumbered(told.org, &told.topic));
        }
        if self.nodes.get(told.node).is_none() {
            self.mint(told.node, (told.org, TOPIC_LOST, NodeId(0)), Arc::clone(&told.topic));
        }
        told.node
    }

    /// A node of a topic, without a number of the log's.
    fn add_unnumbered(&mut self, org: OrgId, topic: &Arc<str>) -> NodeNo {
        let number = self.nodes.insert_unnumbered(org, topic);
        self.minted.push((number, TOPIC_LOST, [0; 16]));
        number
    }

    /// How many topics are known by name only.
    pub(crate) fn unnumbered_count(&self) -> usize {
        self.nodes.unnumbered().filter(|(_, node)| !node.name.is_empty()).count()
    }

    /// Whether a node only stands for series nobody tells of: no topic is empty.
    fn is_nobodys(&self, number: NodeNo) -> bool {
        !is_numbered(number) && self.nodes.get(number).is_some_and(|node| node.name.is_empty())
    }

    fn nobodys_series(&mut self) -> SeriesRow {
        let known = self.nodes.unnumbered().find(|(_, node)| node.name.is_empty());
        let known = known.map(|(number, _)| number);
        let node = known.unwrap_or_else(|| self.add_unnumbered(OrgId::default(), &"".into()));
        let sid = self.series.next().unwrap_or(SeriesId(u32::MAX));
        let value_type = ValueType::Number;
        SeriesRow { sid, node, field: None, value_type, generation: 0, unit: None }
    }
}
