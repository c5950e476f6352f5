//! `current`: the last values of the nodes a filter matches.

use std::sync::Arc;

use uns_model::query::{CurrentQuery, CurrentValue};
use uns_model::{Coverage, Sequence};

use super::last::{last_value, own_remarks, value_of};
use super::page::{PAGE_BYTES_MAX, PAGE_MAX, Page, STEPS_MAX, Token, WORK_MAX, size};
use super::sight::{Everywhere, Sight};
use crate::view::{Entry, Field, Last, Pattern, Walk};
use crate::{Error, Namespace};

impl Namespace {
    /// One page of last values.
    ///
    /// # Errors
    /// When `after` is no page token.
    pub fn current(&self, query: &CurrentQuery) -> Result<Page<CurrentValue>, Error> {
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
    ) -> Result<Page<CurrentValue>, Error> {
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
                if step.children > 0 && sight.below(walk.path()) == Coverage::None {
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
            self.bytes += value.topic.len() + size(&value.last.value);
            self.values.push(value);
            if self.values.len() >= self.limit || self.bytes >= PAGE_BYTES_MAX {
                return Some(field.map(|field| field.name.to_string()).unwrap_or_default());
            }
        }
        None
    }

    fn page(self, sequence: Sequence, next: Option<String>) -> Page<CurrentValue> {
        Page { sequence, items: self.values, next }
    }
}

fn shown(entry: &Entry, field: Option<&Field>, own: &Last) -> CurrentValue {
    CurrentValue {
        topic: entry.node.name.clone(),
        field: field.map(|field| Arc::clone(&field.name)),
        last: match field {
            None => last_value(own, own_remarks(entry)),
            Some(field) => value_of(entry, field),
        },
    }
}
