//! `current`: the last values of the nodes a filter matches.

use super::{Arc, Error, NodeId, NodeNo, OrgId, PAGE_BYTES_MAX, PAGE_MAX, Quality, STEPS_MAX};
use super::{Below, Everywhere, Sight, WORK_MAX};
use super::{Sequence, Timestamp, Token, Value, size};
use uns_model::Filter;

use crate::Namespace;
use crate::view::{Entry, Field, Last, Pattern, Walk};

/// Which last values.
#[derive(Clone, Debug)]
pub struct CurrentQuery {
    /// The asking organisation.
    pub org: OrgId,
    /// The MQTT filter.
    pub filter: Filter,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// At most so many values; a node's values may be on two pages.
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
    /// What is said of it beside its value.
    pub remarks: ValueRemarks,
}

/// What is said of a last value beside it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ValueRemarks {
    /// The unit of its series (NS-23a).
    pub unit: Option<Arc<str>>,
    /// A field that the newest document no longer has: value and time are those of the last one that
    /// had it (NS-19f).
    pub superseded: bool,
    /// The fields of the document there was no room for (NS-20).
    pub fields_left_out: u32,
    /// The payload was no UTF-8 and read as Windows-1252 (NS-19d).
    pub windows_1252: bool,
}

impl ValueRemarks {
    /// Those of a node's own value.
    pub(super) fn of(entry: &Entry) -> Self {
        let Some(remarks) = entry.remarks() else { return Self::default() };
        Self {
            unit: remarks.unit.clone(),
            superseded: false,
            fields_left_out: remarks.fields_left_out,
            windows_1252: remarks.windows_1252,
        }
    }
}

impl Namespace {
    /// One page of last values.
    ///
    /// # Errors
    /// When `after` is no page token.
    pub fn current(&self, query: &CurrentQuery) -> Result<CurrentPage, Error> {
        self.current_for(query, &Everywhere)
    }

    /// The same, as somebody sees it.
    ///
    /// # Errors
    /// When `after` is no page token.
    pub fn current_for(
        &self,
        query: &CurrentQuery,
        sight: &dyn Sight,
    ) -> Result<CurrentPage, Error> {
        let token = query.after.as_deref().map(Token::parse).transpose()?;
        let mut sequence = token.as_ref().map(|token| token.sequence);
        let mut after = token.as_ref().map(|token| token.path.to_owned());
        let mut rest = token.and_then(|token| token.value.map(str::to_owned));
        let pattern = Pattern::filter(query.filter.as_str());
        let (mut values, mut work) = (Values::new(query.limit), 0);
        loop {
            let view = self.view.read();
            let as_of = *sequence.get_or_insert(view.applied);
            if let (Some(path), Some(given)) = (&after, rest.take())
                && sight.sees(path)
                && let Some(seen) = view.tree.find(query.org, path.split('/'))
                && let Some(entry) = seen.node.and_then(|node| view.entry(node))
                && let Some(last) = values.take(entry, Some(&given))
            {
                return Ok(values.page(as_of, Some(Token::within(as_of, path, &last))));
            }
            let mut walk = Walk::new(&view.tree, query.org, &pattern, after.as_deref());
            for _ in 0..STEPS_MAX {
                let Some(step) = walk.step() else { return Ok(values.page(as_of, None)) };
                let node = step.node.filter(|_| step.matched && sight.sees(walk.path()));
                if let Some(entry) = node.and_then(|node| view.entry(node))
                    && let Some(last) = values.take(entry, None)
                {
                    let next = Token::within(as_of, walk.path(), &last);
                    return Ok(values.page(as_of, Some(next)));
                }
                if step.children > 0 && sight.below(walk.path()) == Below::Nothing {
                    walk.leave(step.depth);
                }
                work += 1;
                if work >= WORK_MAX {
                    return Ok(values.page(as_of, Some(Token::write(as_of, walk.path()))));
                }
            }
            after = Some(walk.path().to_owned());
        }
    }
}

/// The values of a page, as they are gathered.
struct Values {
    values: Vec<CurrentValue>,
    limit: usize,
    bytes: usize,
}

impl Values {
    fn new(limit: usize) -> Self {
        Self { values: Vec::new(), limit: limit.clamp(1, PAGE_MAX), bytes: 0 }
    }

    /// Takes the values of a node, of which those up to a name were given before; its own has the
    /// empty name. Answers with the last one's once the page is full.
    fn take(&mut self, entry: &Entry, given: Option<&str>) -> Option<String> {
        let own = entry.own.as_ref().filter(|_| given.is_none()).map(|last| (None, last));
        let left = entry.fields().iter().filter(|field| given.is_none_or(|g| &*field.name > g));
        let left = left.map(|field| (Some(field), &field.last));
        for (field, last) in own.into_iter().chain(left) {
            let value = shown(entry, field, last);
            self.bytes += value.topic.len() + size(&value.value);
            self.values.push(value);
            if self.values.len() >= self.limit || self.bytes >= PAGE_BYTES_MAX {
                return Some(field.map(|field| field.name.to_string()).unwrap_or_default());
            }
        }
        None
    }

    fn page(self, sequence: Sequence, next: Option<String>) -> CurrentPage {
        CurrentPage { sequence, values: self.values, next }
    }
}

fn shown(entry: &Entry, field: Option<&Field>, last: &Last) -> CurrentValue {
    CurrentValue {
        topic: entry.node.name.clone(),
        field: field.map(|field| Arc::clone(&field.name)),
        node: entry.node.number,
        node_id: entry.node.id,
        value: last.value(),
        quality: last.quality(),
        timestamp: last.time(),
        ingest: last.ingest(),
        sequence: last.sequence,
        remarks: match field {
            None => ValueRemarks::of(entry),
            Some(field) => {
                let superseded = entry.is_superseded(field);
                ValueRemarks { superseded, ..ValueRemarks::default() }
            }
        },
    }
}
