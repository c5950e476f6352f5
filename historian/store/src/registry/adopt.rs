//! Nodes and series that only files tell of: what a lost catalog knew.

use std::sync::Arc;

use historian_segment::{SeriesId, SeriesOrigin};
use uns_model::{NodeId, NodeNo, OrgId, Plane};

use super::latest::{KNOWN, Latest};
use super::{Node, Registry, SeriesRow, TOPIC_LOST, UNNUMBERED, ValueType};

/// A file says of a series what cannot be so beside what is known of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Contradiction(pub(crate) SeriesId);

impl Registry {
    /// Whether what files tell of their series goes with what is known.
    pub(crate) fn agrees(&self, series: &[SeriesOrigin]) -> Result<(), Contradiction> {
        let agrees = |told: &&SeriesOrigin| {
            let known = self.row(told.sid.0 as usize).filter(|row| !self.is_nobodys(row.node));
            known.is_none_or(|known| {
                let of = (ValueType::of_number(told.value_type), &told.field, &told.unit);
                let node = self.node(known.node);
                of == (Some(known.value_type), &known.field, &known.unit)
                    && node.is_none_or(|node| {
                        node.org == told.org
                            && match told.node.0 < UNNUMBERED && known.node.0 < UNNUMBERED {
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
            let known = self.series.get(place).map(|series| series.node);
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
                self.replace_series(&row);
            }
        }
    }

    fn adopt_node(&mut self, told: &SeriesOrigin) -> NodeNo {
        if told.node.0 >= UNNUMBERED {
            let named = self.nodes_of(told.org, &told.topic).map(|(number, _)| number);
            let known = named.into_iter().find(|number| number.0 >= UNNUMBERED);
            return known.unwrap_or_else(|| self.add_unnumbered(told.org, &told.topic));
        }
        if self.node(told.node).is_none() {
            self.mint(told.node, (told.org, TOPIC_LOST, NodeId(0)), Arc::clone(&told.topic));
        }
        told.node
    }

    /// A node of a topic, without a number of the log's.
    fn add_unnumbered(&mut self, org: OrgId, topic: &Arc<str>) -> NodeNo {
        let number = self.insert_unnumbered(org, topic);
        self.minted.push((number, TOPIC_LOST, [0; 16]));
        number
    }

    pub(super) fn insert_unnumbered(&mut self, org: OrgId, name: &Arc<str>) -> NodeNo {
        let number = NodeNo(UNNUMBERED + u32::try_from(self.unnumbered.len()).unwrap_or_default());
        let latest = Latest::default().minted(Plane::of(name) == Plane::Brownfield);
        self.unnumbered
            .push((Node { name: Arc::clone(name), org, older: None, more: None }, latest));
        let older = self.link(number, (org, name));
        if let Some((node, _)) = self.unnumbered.last_mut() {
            node.older = older;
        }
        number
    }

    /// Whether a number is the log's, not our own.
    pub(crate) fn is_numbered(number: NodeNo) -> bool {
        number.0 < UNNUMBERED
    }

    /// A node nobody told of yet; others know it by its number.
    pub(crate) fn knows(&self, number: NodeNo) -> bool {
        self.latest.get(number.0 as usize).is_some_and(|latest| latest.is(KNOWN))
    }

    /// How many topics are known by name only.
    pub(crate) fn unnumbered_count(&self) -> usize {
        self.unnumbered.iter().filter(|(node, _)| !node.name.is_empty()).count()
    }

    /// Whether a node only stands for series nobody tells of: no topic is empty.
    fn is_nobodys(&self, node: NodeNo) -> bool {
        node.0 >= UNNUMBERED && self.node(node).is_some_and(|node| node.name.is_empty())
    }

    fn nobodys_series(&mut self) -> SeriesRow {
        let places = (UNNUMBERED..).take(self.unnumbered.len()).map(NodeNo);
        let known = places.into_iter().find(|number| self.is_nobodys(*number));
        let node = known.unwrap_or_else(|| self.add_unnumbered(OrgId::default(), &"".into()));
        let sid = SeriesId(u32::try_from(self.series.len()).unwrap_or(u32::MAX));
        let value_type = ValueType::Number;
        SeriesRow { sid, node, field: None, value_type, generation: 0, unit: None }
    }
}

/// The number to give a node whose number is lost; [`Registry::adopt`] finds the real one by topic.
pub(crate) const NO_NUMBER: NodeNo = NodeNo(UNNUMBERED);

impl Registry {
    /// A series of nobody turns out to be somebody's.
    fn replace_series(&mut self, row: &SeriesRow) {
        let place = row.sid.0 as usize;
        self.push_row(row);
        self.series.swap_remove(place);
        self.make_latest(row.sid, row);
        self.saved_series = self.saved_series.min(place);
    }
}
