//! `current`: the last values of the nodes a filter matches.

use super::{Arc, Error, NodeId, NodeNo, OrgId, PAGE_MAX, Quality, STEPS_MAX, Sequence, Timestamp};
use super::{Token, Value};
use uns_model::Filter;

use crate::Namespace;
use crate::view::{Entry, Last, Pattern, Walk};

/// Which last values.
#[derive(Clone, Debug)]
pub struct CurrentQuery {
    /// The asking organisation.
    pub org: OrgId,
    /// The MQTT filter.
    pub filter: Filter,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// At most so many values; a node's values stay together, so the last node of a page may
    /// exceed it by its fields.
    pub limit: usize,
}

/// One page of last values.
#[derive(Clone, PartialEq, Debug)]
pub struct CurrentPage {
    /// What every page of the walk is at least as new as (NS-39): the same on all of them.
    pub sequence: Sequence,
    /// The values in topic order, a node's own before those of its fields.
    pub values: Vec<CurrentValue>,
    /// Pass as `after` for the next page; `None` on the last.
    pub next: Option<String>,
}

/// The last value of a node or of one of its fields.
#[derive(Clone, PartialEq, Debug)]
pub struct CurrentValue {
    /// The topic.
    pub topic: Arc<str>,
    /// The JSON field; `None` is the node's own value.
    pub field: Option<Arc<str>>,
    /// The node.
    pub node: NodeNo,
    /// The node's identity.
    pub node_id: NodeId,
    /// The value.
    pub value: Value,
    /// Its quality.
    pub quality: Quality,
    /// Source time, or ingest time where the source named none.
    pub timestamp: Timestamp,
    /// When the hub took it in.
    pub ingest: Timestamp,
    /// The record it came with.
    pub sequence: Sequence,
}

impl Namespace {
    /// One page of last values.
    ///
    /// # Errors
    /// When `after` is no page token.
    pub fn current(&self, query: &CurrentQuery) -> Result<CurrentPage, Error> {
        let token = query.after.as_deref().map(Token::parse).transpose()?;
        let mut sequence = token.as_ref().map(|token| token.sequence);
        let mut after = token.map(|token| token.path.to_owned());
        let pattern = Pattern::filter(query.filter.as_str());
        let limit = query.limit.clamp(1, PAGE_MAX);
        let mut values = Vec::new();
        loop {
            let view = self.view.read();
            let as_of = *sequence.get_or_insert(view.applied);
            let mut walk = Walk::new(&view.tree, query.org, &pattern, after.as_deref());
            for _ in 0..STEPS_MAX {
                let Some(step) = walk.step() else {
                    return Ok(CurrentPage { sequence: as_of, values, next: None });
                };
                let node = step.node.filter(|_| step.matched);
                if let Some(entry) = node.and_then(|node| view.entry(node)) {
                    push_values(entry, &mut values);
                }
                if values.len() >= limit {
                    let next = Some(Token::write(as_of, walk.path()));
                    return Ok(CurrentPage { sequence: as_of, values, next });
                }
            }
            after = Some(walk.path().to_owned());
        }
    }
}

fn push_values(entry: &Entry, values: &mut Vec<CurrentValue>) {
    let shown = |field: Option<&Arc<str>>, last: &Last| CurrentValue {
        topic: entry.node.name.clone(),
        field: field.cloned(),
        node: entry.node.number,
        node_id: entry.node.id,
        value: last.value(),
        quality: last.quality(),
        timestamp: last.time(),
        ingest: last.ingest(),
        sequence: last.sequence,
    };
    values.extend(entry.own.as_ref().map(|last| shown(None, last)));
    values.extend(entry.fields().iter().map(|field| shown(Some(&field.name), &field.last)));
}
